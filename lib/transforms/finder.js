'use strict'

// Where the separators in a chunk are: by the addon, or by Buffer's own search.

const { Buffer } = require('node:buffer')

const { binding } = require('../native.js')

/** Separators that are looked up by one call. */
const ROOM = 4096

/** Shared by all finders: what it holds is used up before the next search. */
const places = new Uint32Array(ROOM)
const placesAsBytes = Buffer.from(places.buffer)

/** Below this many bytes a call of the addon costs more than it saves. */
const WORTH_A_CALL = 512

/** Longest chunk that is searched at once. */
const LONGEST = 2 ** 31 - 1

class Finder {
  #separator
  #native

  /** @param {Buffer} separator of at least one byte */
  constructor(separator) {
    this.#separator = separator
    this.#native = binding === null ? null : new binding.Separator(separator)
  }

  /**
   * Looks for separators from byte `from` on.
   * @param {Buffer} chunk
   * @param {number} from
   * @param {(places: Uint32Array, count: number, isAscii: boolean) => boolean} use
   *   called with where some of them begin, in order, and with whether all that
   *   was searched is known to be ASCII; says whether to go on
   */
  find(chunk, from, use) {
    let next = from
    for (;;) {
      const found = this.#some(chunk, next)
      const count = found < 0 ? -1 - found : found
      const last = count === 0 ? 0 : places[count - 1]
      if (count > 0 && !use(places, count, found >= 0)) return
      if (count < ROOM) return
      next = last + this.#separator.length
    }
  }

  #some(chunk, from) {
    const length = chunk.length - from
    if (this.#native !== null && length >= WORTH_A_CALL && chunk.length <= LONGEST) {
      return this.#native.find(chunk, from, placesAsBytes)
    }
    const separator = this.#separator.length === 1 ? this.#separator[0] : this.#separator
    let count = 0
    let at = from
    while (count < ROOM) {
      at = chunk.indexOf(separator, at)
      if (at === -1) break
      places[count] = at
      count += 1
      at += this.#separator.length
    }
    return -1 - count
  }
}

module.exports = { Finder }
