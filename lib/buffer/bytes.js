'use strict'

// fill, compare, equals, copy and swap, as methods of Buffer.

const { isUint8Array } = require('node:util/types')

const { below, isEverNative, least, native } = require('./dispatch.js')
const { numberOf } = require('./encodings.js')
const { lengthOf, methods, statics } = require('./nodes.js')

// Constants, so that the compiler knows what is called.
const { fill: nodesFill, compare: nodesCompare, equals: nodesEquals, copy: nodesCopy } = methods
const { swap16: nodesSwap16, swap32: nodesSwap32, swap64: nodesSwap64 } = methods
const { from: nodesFrom } = statics

/** Node 24 and earlier copy wrongly beyond this. */
const LONGEST_COPY = Number.parseInt(process.versions.node, 10) > 24 ? Infinity : 2 ** 32 - 1
const leastCopy = native === null ? Infinity : Math.min(least.copy, LONGEST_COPY + 1)

// Read once: these are compared in every call.
const leastFill = least.fill
const belowFill = below.fill
const leastCompare = least.compare
const belowCompare = below.compare
const leastEquals = least.equals
const belowEquals = below.equals
const belowCopy = below.copy
const { swap16: leastSwap16, swap32: leastSwap32, swap64: leastSwap64 } = least
const { swap16: belowSwap16, swap32: belowSwap32, swap64: belowSwap64 } = below

/** The length of bytes that are what they seem, or NaN: then Node has them. */
function sizeOf(bytes) {
  if (!isUint8Array(bytes)) return NaN
  const { length } = bytes
  return length === lengthOf(bytes) ? length : NaN
}

/** An integer from 0 to `most`, or undefined, for which there is a value. */
function position(value, byDefault, most) {
  if (value === undefined) return byDefault
  return Number.isInteger(value) && value >= 0 && value <= most ? value : -1
}

/** Fills with a pattern by the addon; false when it is for Node to do. */
function filled(bytes, length, value, offset, end, encoding) {
  let pattern = value
  if (typeof value === 'string') {
    if (offset === undefined || typeof offset === 'string') {
      encoding = offset
      offset = undefined
      end = undefined
    } else if (typeof end === 'string') {
      encoding = end
      end = undefined
    }
    if (encoding !== undefined && numberOf(encoding) === undefined) return false
    // One byte is Node's to fill with.
    if (value.length === 1 && value.charCodeAt(0) < 128) return false
    pattern = nodesFrom(value, encoding)
  }
  const size = sizeOf(pattern)
  const from = position(offset, 0, length)
  const to = offset === undefined ? length : position(end, length, length)
  const isWithin = from >= 0 && to - from >= leastFill && to - from < belowFill
  if (!isWithin || to <= from || !(size > 0)) return false
  return native.fill(bytes, pattern, from, to) === true
}

function fill(value, offset, end, encoding) {
  if (typeof value !== 'number') {
    const length = sizeOf(this)
    if (length >= leastFill && filled(this, length, value, offset, end, encoding)) return this
  }
  return nodesFill.call(this, value, offset, end, encoding)
}

function compare(target, targetStart, targetEnd, sourceStart, sourceEnd) {
  const length = sizeOf(this)
  if (length >= leastCompare && length < belowCompare) {
    const size = sizeOf(target)
    const to = position(targetEnd, size, size)
    const end = position(sourceEnd, length, length)
    const from = position(targetStart, 0, to)
    const start = position(sourceStart, 0, end)
    if (from >= 0 && start >= 0 && to >= 0 && end >= 0) {
      const order = native.compare(this, start, end, target, from, to)
      if (order !== undefined) return order
    }
  }
  // It counts its arguments.
  if (arguments.length === 1) return nodesCompare.call(this, target)
  return nodesCompare.call(this, target, targetStart, targetEnd, sourceStart, sourceEnd)
}

function equals(otherBuffer) {
  const length = sizeOf(this)
  const isWithin = length >= leastEquals && length < belowEquals
  if (isWithin && this !== otherBuffer && sizeOf(otherBuffer) >= 0) {
    const isEqual = native.equals(this, otherBuffer)
    if (isEqual !== undefined) return isEqual
  }
  return nodesEquals.call(this, otherBuffer)
}

function copy(target, targetStart, sourceStart, sourceEnd) {
  const length = sizeOf(this)
  const isWithin = length >= leastCopy && (length < belowCopy || length > LONGEST_COPY)
  if (isWithin && length > 0 && sizeOf(target) >= 0) {
    const from = position(sourceStart, 0, length)
    const to = position(sourceEnd, length, Infinity)
    const at = position(targetStart, 0, Infinity)
    if (from >= 0 && to >= 0 && at >= 0) {
      const count = native.copy(this, from, to, target, at)
      if (count !== undefined) return count
    }
  }
  return nodesCopy.call(this, target, targetStart, sourceStart, sourceEnd)
}

// Three, and not one made three times over: the compiler then knows what each calls.

function swap16() {
  const length = isUint8Array(this) ? this.length : NaN
  if (length >= leastSwap16 && length < belowSwap16 && isSwapped(this, length, 2)) return this
  return nodesSwap16.call(this)
}

function swap32() {
  const length = isUint8Array(this) ? this.length : NaN
  if (length >= leastSwap32 && length < belowSwap32 && isSwapped(this, length, 4)) return this
  return nodesSwap32.call(this)
}

function swap64() {
  const length = isUint8Array(this) ? this.length : NaN
  if (length >= leastSwap64 && length < belowSwap64 && isSwapped(this, length, 8)) return this
  return nodesSwap64.call(this)
}

/** Swaps by the addon; false when it is for Node to do. */
function isSwapped(bytes, length, width) {
  if (length % width !== 0 || length !== lengthOf(bytes)) return false
  return native.swap(bytes, width) === true
}

module.exports = {
  // Node's own, where there is nothing to choose.
  fill: isEverNative('fill') ? fill : nodesFill,
  compare: isEverNative('compare') ? compare : nodesCompare,
  equals: isEverNative('equals') ? equals : nodesEquals,
  copy: leastCopy === Infinity ? nodesCopy : copy,
  swap16: isEverNative('swap16') ? swap16 : nodesSwap16,
  swap32: isEverNative('swap32') ? swap32 : nodesSwap32,
  swap64: isEverNative('swap64') ? swap64 : nodesSwap64,
}
