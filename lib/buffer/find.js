'use strict'

// indexOf, lastIndexOf and includes, as methods: the addon's where it is
// faster, and right beyond 2 GiB, where Node's own count in 32 bits.

const { isUint8Array } = require('node:util/types')

const { invalidType } = require('./arguments.js')
const { below, least, native } = require('./dispatch.js')
const { LATIN1, UTF16LE, UTF8, numberOf } = require('./encodings.js')
const { findInWindows } = require('./huge.js')
const { lengthOf, methods, statics, takesEnd } = require('./nodes.js')
const { goOn, probeBackward, probeForward } = require('./probe.js')

// Constants, so that the compiler knows what is called.
const { indexOf: nodesIndexOf, lastIndexOf: nodesLastIndexOf } = methods
const { from: nodesFrom } = statics

/**
 * From the middle of a unit, Node 26.12 and later look for strings from the next one on,
 * and those before from that one on, as all do for bytes and from the end.
 */
const roundsUp = nodesIndexOf.call(nodesFrom('aabbcc', 'latin1'), '\u6262', 3, 'utf16le') === -1

/** Beyond this, Node's own are wrong. */
const LONGEST = 2 ** 31 - 1

const leastForward = Math.min(least.indexOf, LONGEST + 1)
const belowForward = below.indexOf
const belowBackward = below.lastIndexOf
const leastBackward = Math.min(least.lastIndexOf, LONGEST + 1)

/**
 * The offset as Node takes it, in whole bytes; below 0 when nothing can be
 * found. undefined for one that Node is to convert.
 */
function startOf(offset, length, isForward) {
  if (offset === undefined) return isForward ? 0 : length
  if (typeof offset !== 'number') return undefined
  if (Number.isNaN(offset)) return isForward ? 0 : length
  const whole = Math.trunc(offset)
  if (whole >= 0) return Math.min(whole, length)
  if (length + whole >= 0) return length + whole
  return isForward ? 0 : -1
}

/**
 * Finds a string, bytes or a byte.
 * @returns {number | undefined} undefined when it is for Node to do
 */
function find(bytes, length, value, offset, end, encoding, isForward) {
  if (typeof offset === 'string') {
    encoding = offset
    offset = undefined
  }
  const code = encoding === undefined ? 0 : numberOf(encoding)
  if (code === undefined) return undefined
  if (end === undefined) end = length
  else if (!Number.isSafeInteger(end) || end < 0) return undefined
  else if (end > length) end = length
  const from = startOf(offset, length, isForward)
  if (from === undefined) return undefined

  const isUnits = code === UTF16LE && typeof value !== 'number'
  if (typeof value === 'string') {
    if (value === '') return undefined
    // As bytes, where the addon takes no string.
    const isOther = code > LATIN1 || length > LONGEST || (isUnits && length % 2 === 1)
    if (isOther) value = nodesFrom(value, encoding)
  } else if (typeof value === 'number') {
    value = Uint8Array.of(value >>> 0)
  } else if (!isUint8Array(value) || value.length !== lengthOf(value)) return undefined
  if (value.length === 0 || length !== lengthOf(bytes)) return undefined
  if (from < 0) return -1
  if (typeof value !== 'string') {
    if (isUnits) return findUnits(bytes, length, value, from, end, isForward)
    return findBytes(bytes, length, value, from, end, isForward)
  }
  // How long it is in bytes is not known here.
  if (!isForward && end < length) return undefined
  return findString(bytes, value, code, from, end, isForward)
}

function findString(bytes, value, code, from, end, isForward) {
  if (code === UTF16LE) {
    // Node counts in units, but looks for room from where it is to begin.
    end -= end % 2
    if (isForward && from + 2 * value.length > end) return -1
    from += isForward && roundsUp ? from % 2 : -(from % 2)
  } else {
    const found = isForward
      ? probeForward(bytes, value, from, end)
      : probeBackward(bytes, value, from)
    if (found >= -1) return found
    from = goOn(found)
  }
  // Up to Node 22, lone surrogates are found as themselves, which UTF-8 does not have.
  if (native === null || (!takesEnd && code === UTF8 && !value.isWellFormed())) return undefined
  return isForward
    ? native.indexOfString(bytes, value, code, from, end)
    : native.lastIndexOfString(bytes, value, code, from)
}

function findBytes(bytes, length, value, from, end, isForward) {
  if (!isForward) from = Math.min(from, end - value.length)
  if (from < 0) return -1
  if (length <= LONGEST) {
    const found = isForward
      ? probeForward(bytes, value, from, end)
      : probeBackward(bytes, value, from)
    if (found >= -1) return found
    from = goOn(found)
  }
  return findByAddon(bytes, length, value, from, end, 1, isForward)
}

/** In UTF-16. */
function findUnits(bytes, length, value, from, end, isForward) {
  if (value.length < 2) return undefined
  if (length % 2 === 1 || value.length % 2 === 1) {
    // Half a unit at the end: Node's answers are its own.
    if (length <= LONGEST) return undefined
    value = value.subarray(0, value.length - (value.length % 2))
  }
  end -= end % 2
  if (!isForward) from = Math.min(from, end - value.length)
  // Node looks for room from where it is to begin, and not from that unit.
  if (from < 0 || from + value.length > end) return -1
  return findByAddon(bytes, length, value, from - (from % 2), end, 2, isForward)
}

function findByAddon(bytes, length, value, from, end, step, isForward) {
  if (native !== null) {
    const found = isForward
      ? native.indexOf(bytes, value, from, end, step)
      : native.lastIndexOf(bytes, value, from, step)
    if (found !== undefined) return found
  }
  return length > LONGEST ? findInWindows(bytes, value, from, end, step, isForward) : undefined
}

/** The same beyond 2 GiB, where nothing is left to Node but what it refuses. */
function findInHuge(bytes, value, offset, end, encoding, isForward) {
  const length = lengthOf(bytes)
  if (bytes.length !== length) return undefined
  if (offset !== undefined && typeof offset !== 'string') offset = Number(offset)
  if (end !== undefined) end = Math.min(Math.max(0, Math.trunc(end) || 0), length)
  if (value?.length === 0 && (typeof value === 'string' || isUint8Array(value))) {
    const from = startOf(typeof offset === 'string' ? undefined : offset, length, isForward)
    return Math.min(Math.max(0, from), end ?? length)
  }
  return find(bytes, length, value, offset, end, encoding, isForward)
}

/**
 * UTF-16 at an odd address: Node's own search never ends there, or ends the
 * process.
 */
function findUnaligned(bytes, value, offset, end, encoding, isForward) {
  const name = typeof offset === 'string' ? offset : encoding
  if (numberOf(name) !== UTF16LE) return undefined
  const found = find(bytes, bytes.length, value, offset, end, encoding, isForward)
  if (found !== undefined || typeof value === 'number') return found
  const aligned = nodesFrom(bytes)
  const args = takesEnd ? [value, offset, end, encoding] : [value, offset, encoding]
  return (isForward ? nodesIndexOf : nodesLastIndexOf).apply(aligned, args)
}

/** For a DataView, which has no `length`, the same end of the process. */
function endOf(bytes) {
  return ArrayBuffer.isView(bytes) && bytes.length === undefined ? bytes.byteLength : undefined
}

function isOdd(bytes, offset, encoding) {
  return (encoding !== undefined || typeof offset === 'string') && (bytes.byteOffset & 1) === 1
}

/** Node 24 and later end the process for an `end` of another type. */
function checkEnd(end) {
  if (typeof end !== 'number') throw invalidType('end', 'of type number', end)
}

/** What is not short and plain: the arguments as the running Node has them. */
function search(bytes, value, offset, end, encoding, isForward) {
  if (!takesEnd) {
    encoding = end
    end = undefined
  } else if (typeof end === 'string') {
    encoding = end
    end = undefined
  } else if (end !== undefined) checkEnd(end)
  const length = isUint8Array(bytes) ? bytes.length : undefined
  const least = isForward ? leastForward : leastBackward
  if (length >= least) {
    const found =
      length > LONGEST
        ? findInHuge(bytes, value, offset, end, encoding, isForward)
        : typeof value !== 'number' && length < (isForward ? belowForward : belowBackward)
          ? find(bytes, length, value, offset, end, encoding, isForward)
          : undefined
    if (found !== undefined) return found
  }
  if (length !== undefined && typeof value !== 'number' && isOdd(bytes, offset, encoding)) {
    const found = findUnaligned(bytes, value, offset, end, encoding, isForward)
    if (found !== undefined) return found
  }
  if (!takesEnd) {
    return isForward
      ? nodesIndexOf.call(bytes, value, offset, encoding)
      : nodesLastIndexOf.call(bytes, value, offset, encoding)
  }
  if (end === undefined && length === undefined) end = endOf(bytes)
  return isForward
    ? nodesIndexOf.call(bytes, value, offset, end, encoding)
    : nodesLastIndexOf.call(bytes, value, offset, end, encoding)
}

// Short, so that they are compiled into their callers: what is plain, and is
// Node's to find, costs a comparison or two.

function indexOf(value, offset, end, encoding) {
  const isPlain = end === undefined && encoding === undefined && typeof offset !== 'string'
  if (isPlain && isUint8Array(this)) {
    if (this.length < (typeof value === 'number' ? LONGEST : leastForward)) {
      return nodesIndexOf.call(this, value, offset)
    }
  }
  return search(this, value, offset, end, encoding, true)
}

function lastIndexOf(value, offset, end, encoding) {
  const isPlain = end === undefined && encoding === undefined && typeof offset !== 'string'
  if (isPlain && isUint8Array(this)) {
    if (this.length < (typeof value === 'number' ? LONGEST : leastBackward)) {
      return nodesLastIndexOf.call(this, value, offset)
    }
  }
  return search(this, value, offset, end, encoding, false)
}

function includes(value, offset, end, encoding) {
  return indexOf.call(this, value, offset, end, encoding) !== -1
}

module.exports = { indexOf, lastIndexOf, includes }
