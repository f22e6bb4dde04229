'use strict'

// Chunks in order, in about as much memory as they have bytes.

const { Buffer } = require('node:buffer')

/** Shorter chunks are copied together. In bytes. */
const SMALL = 4096

const BLOCK = 4 * SMALL

/** A chunk may keep as many times its bytes alive. */
const WASTE = 4

class Chunks {
  #list = []
  /** How many of the list were taken. */
  #taken = 0
  /** The block that has room, which is the last of the list, and its bytes. */
  #block = null
  #filled = 0
  /** Bytes in all. */
  length = 0

  /** @param {Buffer} chunk */
  add(chunk) {
    this.length += chunk.length
    if (chunk.length >= SMALL) {
      this.#close()
      const isWasteful = chunk.buffer.byteLength > WASTE * chunk.length
      this.#list.push(isWasteful ? Buffer.from(chunk) : chunk)
      return
    }
    if (this.#block !== null && this.#filled + chunk.length > BLOCK) this.#close()
    if (this.#block === null) {
      this.#block = Buffer.allocUnsafeSlow(BLOCK)
      this.#filled = 0
      this.#list.push(this.#block)
    }
    this.#filled += chunk.copy(this.#block, this.#filled)
  }

  /** Takes the first chunk; there is one. */
  take() {
    if (this.#taken === this.#list.length - 1) this.#close()
    const chunk = this.#list[this.#taken]
    this.#list[this.#taken] = undefined
    this.#taken += 1
    if (this.#taken === this.#list.length) {
      this.#list = []
      this.#taken = 0
    } else if (this.#taken >= 1024) {
      this.#list = this.#list.slice(this.#taken)
      this.#taken = 0
    }
    this.length -= chunk.length
    return chunk
  }

  /** The first chunks, of at most `most` bytes unless one alone has more. */
  peek(most) {
    this.#close()
    const chunks = []
    let bytes = 0
    for (let i = this.#taken; i < this.#list.length; i += 1) {
      const chunk = this.#list[i]
      if (bytes > 0 && bytes + chunk.length > most) break
      bytes += chunk.length
      chunks.push(chunk)
    }
    return chunks
  }

  #close() {
    if (this.#block === null) return
    this.#list[this.#list.length - 1] = this.#block.subarray(0, this.#filled)
    this.#block = null
  }
}

module.exports = { Chunks }
