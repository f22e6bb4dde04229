'use strict'

// Many small chunks become few buffers: to hand a buffer over costs more than
// to copy what is small.

const { Buffer } = require('node:buffer')

/** Longest chunk that is copied, in bytes. */
const SMALL = 2 ** 12

/** Size of the memory that they are copied to: a full buffer of Node's, and more. */
const STAGE = 2 ** 17

const { set } = Uint8Array.prototype

class Coalescer {
  /** One for all writes of a stream, which come one at a time. */
  #stage = null

  /**
   * @param {Uint8Array[]} chunks
   * @param {number} skip bytes at their beginning to leave out
   * @returns {Uint8Array[]} the same bytes in fewer buffers, none of them empty;
   *   good until the next call
   */
  coalesce(chunks, skip) {
    const buffers = []
    /** What is staged, and since where it is not among the buffers yet. */
    let filled = 0
    let from = 0
    const flush = () => {
      if (filled > from) buffers.push(this.#stage.subarray(from, filled))
      from = filled
    }
    const isMany = chunks.length > 1
    for (let i = 0; i < chunks.length; i += 1) {
      let chunk = chunks[i]
      if (skip > 0) {
        const part = Math.min(skip, chunk.length)
        skip -= part
        chunk = chunk.subarray(part)
      }
      const { length } = chunk
      if (length === 0) continue
      if (isMany && length <= SMALL && filled + length <= STAGE) {
        this.#stage ??= Buffer.allocUnsafeSlow(STAGE)
        set.call(this.#stage, chunk, filled)
        filled += length
      } else {
        flush()
        buffers.push(chunk)
      }
    }
    flush()
    return buffers
  }
}

module.exports = { Coalescer }
