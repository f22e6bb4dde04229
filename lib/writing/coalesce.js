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
  /** Bytes at its beginning that come in front of the next chunks. */
  #kept = 0

  /** Copies a chunk, of up to `STAGE` bytes, that comes in front of the next ones. */
  keep(chunk) {
    this.#stage ??= Buffer.allocUnsafeSlow(STAGE)
    set.call(this.#stage, chunk)
    this.#kept = chunk.length
  }

  /**
   * @param {Uint8Array[]} chunks
   * @param {number} skip bytes at their beginning to leave out
   * @returns {Uint8Array[]} what was kept and the same bytes in fewer buffers,
   *   none of them empty; good until the next call
   */
  coalesce(chunks, skip) {
    const buffers = []
    /** What is staged, and since where it is not among the buffers yet. */
    let filled = this.#kept
    let from = 0
    const flush = () => {
      if (filled > from) buffers.push(this.#stage.subarray(from, filled))
      from = filled
    }
    const isMany = chunks.length > 1 || filled > 0
    this.#kept = 0
    for (let i = 0; i < chunks.length; i += 1) {
      let chunk = chunks[i]
      // One that is detached has no parts.
      if (chunk.length === 0) continue
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
