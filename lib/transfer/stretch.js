'use strict'

// A part of a file that the pump carries, from when JavaScript has let go of
// the destination until it gets it back. One object for all who ask about it:
// closures of each take more memory than all the rest.

const { AsyncResource } = require('node:async_hooks')

const { setRunning, unacknowledged } = require('./accounting.js')
const { native, whenEnded } = require('./engine.js')
const { SocketHold } = require('./socket-hold.js')

/** Keeps the asynchronous context in which it began. */
class Stretch extends AsyncResource {
  #id
  /** Bytes of the file that the source counts as read already. */
  credited = 0

  /**
   * @param {number} id the pump's number for it
   * @param {string} engine that begins it
   * @param {(completion: import('../../binding.js').Completion, told: number) => void} onEnd
   *   called in the context of the beginning; see `whenEnded`
   */
  constructor(id, engine, onEnd) {
    super('MILLRACETRANSFER')
    this.#id = id
    whenEnded(id, engine, (...end) => this.runInAsyncScope(onEnd, null, ...end))
  }

  /** Bytes of the file sent so far. */
  sent() {
    return native.progress(this.#id)?.[0] ?? 0
  }

  /** Bytes sent so far, framing included. */
  wire() {
    return native.progress(this.#id)?.[1] ?? 0
  }

  /** Has it end as soon as a writer may go on. */
  stop() {
    native.stop(this.#id)
  }

  /** Has it end wherever it is. */
  abandon() {
    native.abandon(this.#id)
  }
}

/** One that goes into a socket. */
class SocketStretch extends Stretch {
  #hold

  /**
   * @param {number} id
   * @param {string} engine
   * @param {object} parties
   * @param {import('node:net').Socket} parties.socket
   * @param {import('node:http').ServerResponse | null} parties.response whose
   *   body it is part of
   * @param {number} parties.owed bytes that the response owed at its beginning
   * @param {Function} onEnd
   */
  constructor(id, engine, { socket, response, owed }, onEnd) {
    super(id, engine, onEnd)
    this.socket = socket
    this.response = response
    this.owed = owed
    setRunning(socket, this)
    this.#hold = new SocketHold(socket, this)
  }

  get destination() {
    return this.response ?? this.socket
  }

  /** Grows with every byte that arrives. */
  progress() {
    return this.wire() - unacknowledged(this.socket)
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

/** One that goes into a file. */
class FileStretch extends Stretch {
  #fs
  /** Bytes that it came to, once it has ended. */
  #written = 0

  /**
   * @param {number} id
   * @param {string} engine
   * @param {object} parties
   * @param {import('node:fs').WriteStream} parties.destination
   * @param {import('../native-write-fs.js').NativeWriteFs} parties.fs what it
   *   writes with
   * @param {Function} onEnd
   */
  constructor(id, engine, { destination, fs }, onEnd) {
    super(id, engine, onEnd)
    this.destination = destination
    this.#fs = fs
    fs.hold(this)
  }

  /** @param {number} written bytes that it came to */
  end(written) {
    this.#written = written
  }

  /** Gives the file back. */
  release() {
    this.#fs.release(this.#written)
  }
}

module.exports = { SocketStretch, FileStretch }
