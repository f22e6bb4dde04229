'use strict'

// A part of a file that the pump carries into a socket, from when JavaScript
// has let go of the socket until it gets it back.

const { setRunning, unacknowledged } = require('./accounting.js')
const { native } = require('./engine.js')
const { SocketHold } = require('./socket-hold.js')

class Stretch {
  #hold

  /**
   * @param {number} id the pump's number for it
   * @param {import('node:net').Socket} socket
   * @param {import('node:http').ServerResponse | null} response whose body it
   *   is part of
   * @param {number} owed bytes that the response owed at its beginning
   */
  constructor(id, socket, response, owed) {
    this.id = id
    this.socket = socket
    this.response = response
    this.owed = owed
    /** Bytes of the file that the source counts as read already. */
    this.credited = 0
    this.#hold = new SocketHold(socket, {
      progress: () => this.wire() - unacknowledged(socket),
      interrupt: () => this.stop(),
      abandon: () => native.abandon(id),
    })
    setRunning(socket, () => this.wire())
  }

  /** Bytes of the file sent so far. */
  sent() {
    return native.progress(this.id)?.[0] ?? 0
  }

  /** Bytes sent so far, framing included. */
  wire() {
    return native.progress(this.id)?.[1] ?? 0
  }

  /** Has it end as soon as a writer may go on. */
  stop() {
    native.stop(this.id)
  }

  /** The pump has ended, and its bytes are no longer counted here. */
  forget() {
    setRunning(this.socket, null)
  }

  /** Gives the socket back. */
  release() {
    this.#hold.release()
  }
}

module.exports = { Stretch }
