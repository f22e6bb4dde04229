'use strict'

// Pieces of a record whose end has not come, in about as much memory as they
// have bytes, and copied a few times, however many they are.

const { Buffer } = require('node:buffer')

/** So many pieces become one. */
const MANY = 64

class Carry {
  /** Pieces, and behind them those that were made of `MANY`, and so on. */
  #levels = [[]]
  /** Bytes in all. */
  length = 0

  /** @param {Buffer} piece */
  push(piece) {
    this.length += piece.length
    this.#add(piece, 0)
  }

  #add(piece, level) {
    if (level === this.#levels.length) this.#levels.push([])
    const pieces = this.#levels[level]
    pieces.push(piece)
    if (pieces.length < MANY) return
    this.#levels[level] = []
    this.#add(Buffer.concat(pieces), level + 1)
  }

  /** The last `length` bytes, or all. */
  tail(length) {
    const last = []
    let bytes = 0
    for (const pieces of this.#levels) {
      for (let i = pieces.length - 1; i >= 0 && bytes < length; i -= 1) {
        last.unshift(pieces[i])
        bytes += pieces[i].length
      }
    }
    const all = last.length === 1 ? last[0] : Buffer.concat(last)
    return all.subarray(Math.max(0, all.length - length))
  }

  /** All of it, which is nobody's then. */
  take() {
    const pieces = this.#levels.toReversed().flat()
    this.clear()
    return pieces.length === 1 ? pieces[0] : Buffer.concat(pieces)
  }

  clear() {
    this.#levels = [[]]
    this.length = 0
  }
}

module.exports = { Carry }
