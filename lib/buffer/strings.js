'use strict'

// Strings from bytes and bytes from strings, as methods of Buffer: toString,
// write, and what is beneath them (hexSlice, utf8Write and their kin).

const { isUint8Array } = require('node:util/types')

const { boundsOf, native } = require('./dispatch.js')
const { NAMES, UTF8, numberOf } = require('./encodings.js')
const { Buffer, lengthOf, methods, takesEnd } = require('./nodes.js')
const { isWorthIt } = require('./sniff.js')

// Constants, so that the compiler knows what is called.
const { toString: nodesToString, write: nodesWrite } = methods

const reading = boundsOf(NAMES.map((name) => `toString.${name}`))
const writing = boundsOf(NAMES.map((name) => `write.${name}`))

// Read once: these are compared in every call.
const { least: leastReads, below: belowReads } = reading
const { least: leastWrites, below: belowWrites } = writing
const leastRead = reading.smallest
const leastWritten = writing.smallest
const leastRead8 = reading.least[UTF8]
const belowRead8 = reading.below[UTF8]

/** The part of the names of Node's methods that tells the encoding. */
const WORDS = ['utf8', 'ucs2', 'latin1', 'ascii', 'hex', 'base64', 'base64url']

function isRead(code, size) {
  return size >= leastReads[code] && size < belowReads[code]
}

function isWritten(code, string) {
  const size = string.length
  return size >= leastWrites[code] && size < belowWrites[code] && isWorthIt(string, code)
}

/**
 * Whether bytes are what they seem, and not too odd: Node 22 and earlier have
 * `toString` and `write` for nothing but Buffers.
 */
function isSuitable(bytes, length) {
  return length === lengthOf(bytes) && (takesEnd || bytes instanceof Buffer)
}

/**
 * The string of a range, by the addon.
 * @returns {string | undefined} undefined when it is for Node to do
 */
function textOf(bytes, length, code, start, end) {
  if (start === undefined) start = 0
  else if (typeof start !== 'number') return undefined
  else if (start <= 0) start = 0
  else if (start >= length) return undefined
  else start = Math.trunc(start) || 0
  if (end === undefined) end = length
  else if (typeof end !== 'number') return undefined
  else end = Math.min(Math.trunc(end) || 0, length)
  if (end <= start) return undefined
  return isRead(code, end - start) ? native.toString(bytes, code, start, end) : undefined
}

function toString(encoding, start, end) {
  const length = isUint8Array(this) ? this.length : NaN
  if (arguments.length === 0) {
    if (length >= leastRead8 && length < belowRead8 && isSuitable(this, length)) {
      const text = native.toString(this, UTF8, 0, length)
      if (text !== undefined) return text
    }
    return nodesToString.call(this)
  }
  if (length >= leastRead) {
    const code = encoding === undefined ? UTF8 : numberOf(encoding)
    if (code !== undefined && length >= leastReads[code] && isSuitable(this, length)) {
      const text = textOf(this, length, code, start, end)
      if (text !== undefined) return text
    }
  }
  return nodesToString.call(this, encoding, start, end)
}

/** The number of the encoding among the arguments of `write`; undefined for none. */
function encodingOf(offset, length, encoding) {
  if (offset === undefined) return UTF8
  if (typeof offset === 'string' && length === undefined) encoding = offset
  else if (typeof length === 'string') encoding = length
  return encoding ? numberOf(encoding) : UTF8
}

/**
 * Writes a string by the addon.
 * @returns {number | undefined} undefined when it is for Node to do
 */
function written(bytes, string, offset, length, code) {
  if (!isWritten(code, string)) return undefined
  const size = bytes.length
  if (!isSuitable(bytes, size)) return undefined
  // The last of them may be the encoding; behind no offset, Node looks at nothing.
  if (offset === undefined || (typeof offset === 'string' && length === undefined)) {
    offset = 0
    length = size
  } else if (!isPosition(offset, size)) return undefined
  if (length === undefined || typeof length === 'string') length = size
  else if (!isPosition(length, size)) return undefined
  return native.write(bytes, string, code, offset, Math.min(length, size - offset))
}

function isPosition(value, size) {
  return Number.isInteger(value) && value >= 0 && value <= size
}

function write(string, offset, length, encoding) {
  if (typeof string === 'string' && string.length >= leastWritten) {
    const code = encodingOf(offset, length, encoding)
    // What is none is Node's to refuse.
    if (code !== undefined && string.length >= leastWrites[code] && isUint8Array(this)) {
      const count = written(this, string, offset, length, code)
      if (count !== undefined) return count
    }
  }
  return nodesWrite.call(this, string, offset, length, encoding)
}

/** One of `hexSlice(start, end)` and its kin. */
function sliceOf(code) {
  const original = methods[`${WORDS[code]}Slice`]
  const least = reading.least[code]
  if (least === Infinity) return original
  return function (start, end) {
    const length = isUint8Array(this) ? this.length : NaN
    if (length >= least && length === lengthOf(this)) {
      const from = start === undefined ? 0 : start
      const to = end === undefined ? length : end
      if (isPosition(to, length) && isPosition(from, to) && isRead(code, to - from)) {
        const text = native.toString(this, code, from, to)
        if (text !== undefined) return text
      }
    }
    return original.call(this, start, end)
  }
}

/** One of `hexWrite(string, offset, length)` and its kin. */
function writeOf(code) {
  const original = methods[`${WORDS[code]}Write`]
  const least = writing.least[code]
  if (least === Infinity) return original
  return function (string, offset, length) {
    const isLong = typeof string === 'string' && string.length >= least
    if (isLong && isUint8Array(this) && isWritten(code, string)) {
      const size = lengthOf(this)
      const from = offset === undefined ? 0 : offset
      if (isPosition(from, size)) {
        const most = length === undefined ? size - from : length
        if (isPosition(most, size - from)) {
          const count = native.write(this, string, code, from, most)
          if (count !== undefined) return count
        }
      }
    }
    return original.call(this, string, offset, length)
  }
}

const slices = {}
const writes = {}
for (const [code, word] of WORDS.entries()) {
  slices[`${word}Slice`] = sliceOf(code)
  writes[`${word}Write`] = writeOf(code)
}

module.exports = {
  toString: leastRead === Infinity ? nodesToString : toString,
  write: leastWritten === Infinity ? nodesWrite : write,
  slices,
  writes,
  writing,
  isWritten,
}
