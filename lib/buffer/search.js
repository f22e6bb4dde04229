'use strict'

// Searches that Node does not have: count, indexOfAll, indexOfAny, split.

const { checkBytes, checkEncoding, checkInteger, invalidType, needleOf } = require('./arguments.js')
const { native } = require('./dispatch.js')
const { UTF16LE } = require('./encodings.js')
const { indexOf } = require('./find.js')
const { Finder } = require('./finder.js')
const { lengthOf, statics } = require('./nodes.js')

const { alloc: nodesAlloc, from: nodesFrom } = statics

/** How many matches one call of the addon tells. */
const BATCH = 1024

/**
 * The whole units, where a search of Node takes them for such: it has answers of its
 * own about half a unit at the end, and none about memory at an odd address.
 */
function unitsOf(bytes) {
  const length = lengthOf(bytes)
  if (length < 2) return nodesAlloc(0)
  const units = nodesFrom(bytes.buffer, bytes.byteOffset, length - (length % 2))
  return bytes.byteOffset % 2 === 0 ? units : nodesFrom(units)
}

/** Calls `found` with every match, the first at `from` or behind it. */
function eachMatch(bytes, needle, from, isUtf16, most, found) {
  if (native !== null && !isUtf16) {
    const positions = new Float64Array(Math.min(BATCH, most))
    for (let left = most; left > 0;) {
      const count = native.findAll(bytes, needle, from, Infinity, positions)
      if (count === undefined) break
      const taken = Math.min(count, left)
      for (let i = 0; i < taken; i += 1) found(positions[i])
      left -= taken
      if (count < positions.length) return
      from = positions[count - 1] + needle.length
      if (left === 0) return
    }
  }
  const encoding = isUtf16 ? 'utf16le' : 'latin1'
  const searched = isUtf16 ? unitsOf(bytes) : bytes
  for (let left = most; left > 0; left -= 1) {
    const position = indexOf.call(searched, needle, from, encoding)
    if (position === -1) return
    found(position)
    from = position + needle.length
  }
}

/** Arguments of the functions below, in the order of `indexOf`'s. */
function parse(bytes, value, byteOffset, encoding) {
  checkBytes(bytes)
  if (typeof byteOffset === 'string') {
    encoding = byteOffset
    byteOffset = undefined
  }
  const isUtf16 = typeof value === 'string' && checkEncoding(encoding) === UTF16LE
  const needle = needleOf(value, encoding)
  const from = checkInteger(byteOffset, 'byteOffset', 0)
  return { needle, isUtf16, from: Math.min(from + (isUtf16 ? from % 2 : 0), bytes.length) }
}

/**
 * How often a value occurs; matches do not overlap.
 * @param {Uint8Array} bytes
 * @param {string | number | Uint8Array} value not empty
 * @param {number} [byteOffset] where to begin, 0 by default
 * @param {string} [encoding] of a string, utf8 by default; in utf16le only even
 *   positions count, as in `indexOf`
 * @throws {TypeError | RangeError} ERR_INVALID_ARG_TYPE, ERR_INVALID_ARG_VALUE,
 *   ERR_OUT_OF_RANGE, ERR_UNKNOWN_ENCODING
 */
function count(bytes, value, byteOffset, encoding) {
  const { needle, isUtf16, from } = parse(bytes, value, byteOffset, encoding)
  if (native !== null && !isUtf16) {
    const number = native.count(bytes, needle, from, Infinity)
    if (number !== undefined) return number
  }
  let number = 0
  eachMatch(bytes, needle, from, isUtf16, Infinity, () => (number += 1))
  return number
}

/** The positions of all that `count` counts. */
function indexOfAll(bytes, value, byteOffset, encoding) {
  const { needle, isUtf16, from } = parse(bytes, value, byteOffset, encoding)
  const positions = []
  eachMatch(bytes, needle, from, isUtf16, Infinity, (position) => positions.push(position))
  return positions
}

/**
 * The first position of any of several values, or -1. A Finder of them is
 * quicker when it is used more than once.
 * @param {Uint8Array} bytes
 * @param {(string | number | Uint8Array)[]} values none of them empty
 * @throws as `count`
 */
function indexOfAny(bytes, values, byteOffset, encoding) {
  checkBytes(bytes)
  if (!Array.isArray(values)) throw invalidType('values', 'an instance of Array', values)
  if (typeof byteOffset === 'string') {
    encoding = byteOffset
    byteOffset = undefined
  }
  return new Finder(values, encoding).indexOf(bytes, byteOffset)
}

/**
 * The parts between the matches of a separator, as views of the same memory.
 * @param {Uint8Array} bytes
 * @param {string | number | Uint8Array} separator not empty
 * @param {number} [limit] of parts: what is behind the last is left out
 * @returns {Uint8Array[]} of the class of `bytes`; one part where there is no match
 * @throws as `count`
 */
function split(bytes, separator, limit, encoding) {
  if (typeof limit === 'string') {
    encoding = limit
    limit = undefined
  }
  const { needle, isUtf16 } = parse(bytes, separator, 0, encoding)
  const most = checkInteger(limit, 'limit', Infinity)
  const parts = []
  if (most === 0) return parts
  let start = 0
  eachMatch(bytes, needle, 0, isUtf16, most, (position) => {
    parts.push(bytes.subarray(start, position))
    start = position + needle.length
  })
  if (parts.length < most) parts.push(bytes.subarray(start))
  return parts
}

module.exports = { count, indexOfAll, indexOfAny, split }
