'use strict'

// What is left to do once all of a file is out. Its last packet may wait for
// the bytes that end the response, so that both share it; and whoever ends the
// response may leave its client waiting for more.

const { binding } = require('../native.js')
const { isShort } = require('./framing.js')

/** The packet is on its way. */
const PUSHED = 0
/** It waits for the next write, which will be the last chunk. */
const HELD_BACK = 1
/** The socket is corked. */
const CORKED = 2

class LastPacket {
  #socket
  #response
  #state

  /**
   * @param {import('node:net').Socket} socket
   * @param {import('node:http').ServerResponse | null} response
   * @param {number} state PUSHED, HELD_BACK or CORKED
   */
  constructor(socket, response, state) {
    this.#socket = socket
    this.#response = response
    this.#state = state
  }

  /**
   * The source has emitted 'end', or never will.
   * @returns {boolean} whether the response was short of what it promised
   */
  settle() {
    // A client must not wait for bytes that never come, nor take the next
    // response for them.
    const isCut = this.#response !== null && isShort(this.#response)
    if (isCut) this.#socket.destroy()
    this.push()
    return isCut
  }

  /** Sends the packet, if it still waits. */
  push() {
    const socket = this.#socket
    const isPushed =
      this.#state === PUSHED || (this.#state === HELD_BACK && this.#response.finished)
    if (!isPushed && socket._handle) binding.push(socket._handle.fd)
    this.#state = PUSHED
  }
}

module.exports = { LastPacket, PUSHED, HELD_BACK, CORKED }
