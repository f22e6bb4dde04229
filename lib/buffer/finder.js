'use strict'

// One value or several, prepared once for many searches.

const {
  checkBytes,
  checkEncoding,
  checkInteger,
  invalidValue,
  needleOf,
} = require('./arguments.js')
const { native } = require('./dispatch.js')
const { indexOf, lastIndexOf } = require('./find.js')
const { statics } = require('./nodes.js')

/** How many matches one call of the addon tells. */
const BATCH = 1024

/**
 * Behind each match of several values the addon begins again, though it has looked for
 * the longest value from there before. Longer than this it might take hours.
 */
const LONGEST_OF_SEVERAL = 64

/** Searches for the same value, or the same values, again and again. */
class Finder {
  #needles
  /** The addon's own, or null without it. */
  #prepared
  /** The same, or null where all matches are better found one value at a time. */
  #counted = null

  /**
   * @param {string | number | Uint8Array | (string | number | Uint8Array)[]} values
   *   what to search for: one, or several of which the first in the bytes counts,
   *   and of those at the same position the first in the list. They are copied
   * @param {string} [encoding] of strings, utf8 by default; matches may be at any
   *   position, in utf16le too
   * @throws {TypeError} ERR_INVALID_ARG_TYPE, ERR_INVALID_ARG_VALUE, ERR_UNKNOWN_ENCODING
   */
  constructor(values, encoding) {
    checkEncoding(encoding)
    if (Array.isArray(values)) {
      if (values.length === 0) throw invalidValue('values', values, 'must not be empty')
      // What is missing in the list is undefined.
      this.#needles = Array.from(values, (value, i) => needleOf(value, encoding, `values[${i}]`))
    } else {
      this.#needles = [needleOf(values, encoding, 'values')]
    }
    this.#needles = this.#needles.map((needle) => statics.from(needle))
    this.#prepared = native?.createFinder(this.#needles) ?? null
    const longest = Math.max(...this.#needles.map(({ length }) => length))
    if (this.#needles.length === 1 || longest <= LONGEST_OF_SEVERAL) this.#counted = this.#prepared
  }

  /**
   * The first position, or -1.
   * @param {Uint8Array} bytes
   * @param {number} [byteOffset] where to begin, 0 by default
   * @throws {TypeError | RangeError} ERR_INVALID_ARG_TYPE, ERR_OUT_OF_RANGE
   */
  indexOf(bytes, byteOffset) {
    checkBytes(bytes)
    const from = checkInteger(byteOffset, 'byteOffset', 0)
    if (this.#prepared !== null) {
      const position = native.finderIndexOf(this.#prepared, bytes, from, Infinity)
      if (position !== undefined) return position
    }
    return this.#next(bytes, from)[0]
  }

  /** Whether there is any. */
  includes(bytes, byteOffset) {
    return this.indexOf(bytes, byteOffset) !== -1
  }

  /**
   * The last position, at `byteOffset` or before, or -1.
   * @param {Uint8Array} bytes
   * @param {number} [byteOffset] the end by default
   * @throws as `indexOf`
   */
  lastIndexOf(bytes, byteOffset) {
    checkBytes(bytes)
    const from = checkInteger(byteOffset, 'byteOffset', bytes.length)
    if (this.#prepared !== null && this.#needles.length === 1) {
      const position = native.finderLastIndexOf(this.#prepared, bytes, from)
      if (position !== undefined) return position
    }
    const find = (needle) => lastIndexOf.call(bytes, needle, from)
    return Math.max(...this.#needles.map(find))
  }

  /**
   * How many there are; they do not overlap.
   * @throws as `indexOf`
   */
  count(bytes, byteOffset) {
    checkBytes(bytes)
    const from = checkInteger(byteOffset, 'byteOffset', 0)
    if (this.#counted !== null) {
      const number = native.finderCount(this.#counted, bytes, from, Infinity)
      if (number !== undefined) return number
    }
    let number = 0
    this.#each(bytes, from, () => (number += 1))
    return number
  }

  /** The positions of all that `count` counts. */
  indexOfAll(bytes, byteOffset) {
    return this.matches(bytes, byteOffset).map(({ position }) => position)
  }

  /**
   * All that `count` counts, with what was found there.
   * @returns {{ position: number, value: number }[]} `value` is its number in the
   *   list that the Finder was made of
   * @throws as `indexOf`
   */
  matches(bytes, byteOffset) {
    checkBytes(bytes)
    let from = checkInteger(byteOffset, 'byteOffset', 0)
    const found = []
    if (this.#counted !== null) {
      const pairs = new Float64Array(BATCH * 2)
      for (;;) {
        const count = native.finderAll(this.#counted, bytes, from, Infinity, pairs)
        if (count === undefined) break
        for (let i = 0; i < count; i += 1) {
          found.push({ position: pairs[i * 2], value: pairs[i * 2 + 1] })
        }
        if (count < BATCH) return found
        const { position, value } = found.at(-1)
        from = position + this.#needles[value].length
      }
    }
    this.#each(bytes, from, (position, value) => found.push({ position, value }))
    return found
  }

  #each(bytes, from, found) {
    const ahead = this.#needles.map(() => undefined)
    for (;;) {
      const [position, value] = this.#next(bytes, from, ahead)
      if (position === -1) return
      found(position, value)
      from = position + this.#needles[value].length
    }
  }

  /** The next match in JavaScript: position and value. `ahead`: where each is next. */
  #next(bytes, from, ahead = []) {
    let first = -1
    let value = 0
    for (const [i, needle] of this.#needles.entries()) {
      if (ahead[i] === undefined || (ahead[i] !== -1 && ahead[i] < from)) {
        ahead[i] = from > bytes.length ? -1 : indexOf.call(bytes, needle, from)
      }
      if (ahead[i] !== -1 && (first === -1 || ahead[i] < first)) {
        first = ahead[i]
        value = i
      }
    }
    return [first, value]
  }
}

module.exports = { Finder }
