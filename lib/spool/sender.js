'use strict'

// Part of a spool's file on its way to the spool's one destination: a ReadStream
// of the same descriptor, which the kernel sends where it can. It can be turned
// around at any byte, and then gives the spool what is left.

const http = require('node:http')
const net = require('node:net')

const { createReadStream } = require('../read-stream.js')
const { obstacleOf } = require('../transfer/destination.js')
const { isPassing } = require('../transfer/report.js')

/** Less is as well read. In bytes. */
const LEAST = 2 ** 18

/** Sent at once; then it is seen what else there is to do. */
const MOST = 2 ** 22

/** Where folios of the page cache may be larger than holes, see the spool's. */
const isSafe = process.arch === 'x64'

const METHODS = ['push', 'emit', 'read', '_read', 'resume']

/**
 * What the file of `spool` can be sent to without its help, or null.
 * @param {import('node:stream').Duplex} spool
 * @param {import('./temporary-file.js').TemporaryFile} file
 * @param {number} available bytes
 * @returns {{ destination: import('node:stream').Writable, isBusy: boolean } | null}
 *   `isBusy` until it has drained; what is read meanwhile would come first
 */
function destinationOf(spool, file, available) {
  if (!isSafe || !file.isNative || available < LEAST) return null
  const { pipes, awaitDrainWriters } = spool._readableState
  const [destination] = pipes
  const isPlain =
    pipes.length === 1 &&
    spool.readableLength === 0 &&
    spool.readableEncoding === null &&
    spool.listenerCount('data') === 1 &&
    spool.listenerCount('readable') === 0 &&
    METHODS.every((name) => !Object.hasOwn(spool, name))
  if (!isPlain) return null
  if (!(destination instanceof http.ServerResponse) && !(destination instanceof net.Socket)) {
    return null
  }
  // Who listens for pipes is to hear of none but the spool's.
  if (destination.listenerCount('pipe') > 0) return null
  const obstacle = obstacleOf(destination)
  if (awaitDrainWriters === destination && (obstacle === null || isPassing(obstacle))) {
    return { destination, isBusy: true }
  }
  if (obstacle !== null || spool.readableFlowing !== true) return null
  return { destination, isBusy: false }
}

class Sender {
  #source
  #destination
  #owner
  #isClosed = false

  /**
   * @param {number} fd
   * @param {{ from: number, available: number }} range
   * @param {import('node:stream').Writable} destination
   * @param {object} owner
   * @param {(length: number, sent: number) => void} owner.onEnd all is sent, or given
   *   back; `sent` is what the kernel sent
   * @param {(error: Error) => void} owner.onError
   * @param {(chunk: Buffer) => boolean} owner.onChunk what is given back; false: no
   *   more of it now
   */
  constructor(fd, { from, available }, destination, owner) {
    this.#owner = owner
    this.#destination = destination
    this.length = Math.min(available, MOST)
    const end = from + this.length - 1
    this.#source = createReadStream('', { fd, start: from, end, autoClose: false })
    this.#source.on('error', owner.onError)
    this.#source.on('end', () => {
      // One that is destroyed may still emit it.
      if (!this.#isClosed) owner.onEnd(this.length, this.sent)
    })
    this.#source.pipe(destination, { end: false })
  }

  /** Bytes that the kernel has sent. */
  get sent() {
    return this.#source.transfer.bytes
  }

  /** Someone wants the bytes of the spool, or to go between them. */
  turnAround() {
    if (this.#destination === null) return
    const source = this.#source
    source.unpipe(this.#destination)
    this.#destination = null
    source.on('data', (chunk) => {
      if (!this.#owner.onChunk(chunk)) source.pause()
    })
    source.resume()
  }

  /** The spool is read again. */
  resume() {
    if (this.#destination === null) this.#source.resume()
  }

  /**
   * Ends it, wherever it is, and closes the descriptor.
   * @param {() => void} callback
   */
  close(callback) {
    this.#isClosed = true
    this.#source.once('close', callback)
    this.#source.destroy()
  }
}

module.exports = { Sender, destinationOf }
