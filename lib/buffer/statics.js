'use strict'

// The static methods of Buffer that make or measure bytes.

const { isUint8Array } = require('node:util/types')

const { fill: fillWith } = require('./bytes.js')
const { below, isDoneBy, isEverNative, least, native } = require('./dispatch.js')
const { BASE64, HEX, NAMES, UTF16LE, UTF8, numberOf } = require('./encodings.js')
const { Buffer, kMaxLength, lengthOf, methods, statics } = require('./nodes.js')
const { isWorthCounting } = require('./sniff.js')
const { isWritten, writing } = require('./strings.js')

// Constants, so that the compiler knows what is called.
const {
  from: nodesFrom,
  alloc: nodesAlloc,
  allocUnsafe: nodesAllocUnsafe,
  allocUnsafeSlow: nodesAllocUnsafeSlow,
  compare: nodesCompare,
  concat: nodesConcat,
  byteLength: nodesByteLength,
} = statics
const { subarray: nodesSubarray, fill: nodesFill } = methods

const isCompareDone = isDoneBy('compare')
const isConcatDone = isDoneBy('concat')
const leastFill = least.fill
const leastByteLength = least.byteLength
const belowByteLength = below.byteLength
const leastWritten = writing.smallest

/** What Node allocates for a string: enough, and for base64 perhaps more. */
function sizeOf(string, code) {
  if (code === UTF8 || code >= BASE64) return nodesByteLength(string, NAMES[code])
  if (code === UTF16LE) return string.length * 2
  return code === HEX ? string.length >>> 1 : string.length
}

/** A Buffer of a string, by the addon; undefined when it is for Node to do. */
function made(string, code) {
  const size = sizeOf(string, code)
  if (size === 0) return undefined
  // As Node's: from the pool, or not.
  const isPooled = string.length < Buffer.poolSize >>> 1
  const target = isPooled ? nodesAllocUnsafe(size) : nodesAllocUnsafeSlow(size)
  const count = native.write(target, string, code, 0, size)
  if (count === undefined || count === size) return count && target
  return nodesSubarray.call(target, 0, count)
}

function from(value, encodingOrOffset, length) {
  // Small enough to be compiled into its callers, up to where the addon begins.
  if (typeof value === 'string' && value.length >= leastWritten) {
    const isName = typeof encodingOrOffset === 'string' && encodingOrOffset !== ''
    const code = isName ? numberOf(encodingOrOffset) : UTF8
    if (code !== undefined && isWritten(code, value)) {
      const buffer = made(value, code)
      if (buffer !== undefined) return buffer
    }
  }
  return nodesFrom(value, encodingOrOffset, length)
}

function alloc(size, fill, encoding) {
  if (
    typeof size === 'number' &&
    size >= leastFill &&
    typeof fill !== 'number' &&
    fill !== undefined
  ) {
    // What it does with these arguments is its to say, and what it throws.
    const isPlain = encoding === undefined || typeof encoding === 'string'
    if (isPlain && Number.isInteger(size) && size > 0) {
      return fillWith.call(nodesAllocUnsafeSlow(size), fill, 0, size, encoding)
    }
  }
  return nodesAlloc(size, fill, encoding)
}

function compare(buf1, buf2) {
  if (isUint8Array(buf1) && isUint8Array(buf2) && buf1 !== buf2) {
    const size = lengthOf(buf1)
    if (isCompareDone(size)) {
      const order = native.compare(buf1, 0, size, buf2, 0, Infinity)
      if (order !== undefined) return order
    }
  }
  return nodesCompare(buf1, buf2)
}

function concat(list, length) {
  const isPlain = length === undefined || typeof length === 'number'
  if (isPlain && Array.isArray(list) && list.length > 0) {
    const sum = total(list)
    const size = length === undefined || Number.isNaN(sum) ? sum : length
    if (Number.isInteger(size) && isConcatDone(size) && size <= kMaxLength) {
      const target = nodesAllocUnsafe(size)
      const count = native.concat(list, target)
      if (count !== undefined) return count < size ? nodesFill.call(target, 0, count) : target
    }
  }
  return nodesConcat(list, length)
}

/** NaN if there is an empty one, which may be detached: Node throws then, or not. */
function total(list) {
  let size = 0
  for (let i = 0; i < list.length; i += 1) {
    const part = list[i]
    if (!isUint8Array(part) || part.length !== lengthOf(part)) return NaN
    size += part.length || NaN
  }
  return size
}

function byteLength(string, encoding) {
  if (typeof string === 'string') {
    const size = string.length
    if (size >= leastByteLength && size < belowByteLength) {
      const code = encoding ? numberOf(encoding) : UTF8
      if (code !== undefined && isWorthCounting(string, code)) {
        const count = native.byteLength(string, code)
        if (count !== undefined) return count
      }
    }
  }
  return nodesByteLength(string, encoding)
}

module.exports = {
  from: writing.smallest === Infinity ? nodesFrom : from,
  // Node's own, where there is nothing to choose.
  alloc: isEverNative('fill') ? alloc : nodesAlloc,
  compare: isEverNative('compare') ? compare : nodesCompare,
  concat: isEverNative('concat') ? concat : nodesConcat,
  byteLength: isEverNative('byteLength') ? byteLength : nodesByteLength,
}
