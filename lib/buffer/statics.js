'use strict'

// The static methods of Buffer that make or measure bytes.

const { fill: fillWith } = require('./bytes.js')
const { below, least, native } = require('./dispatch.js')
const { BASE64, HEX, NAMES, UTF16LE, UTF8, numberOf } = require('./encodings.js')
const { Buffer, kMaxLength, methods, statics } = require('./nodes.js')
const { isWritten, writing } = require('./strings.js')

/** What Node allocates for a string: enough, and for base64 perhaps more. */
function sizeOf(string, code) {
  if (code === UTF8 || code >= BASE64) return statics.byteLength(string, NAMES[code])
  if (code === UTF16LE) return string.length * 2
  return code === HEX ? string.length >>> 1 : string.length
}

/** A Buffer of a string, by the addon; undefined when it is for Node to do. */
function made(string, encoding) {
  const code = !encoding || typeof encoding !== 'string' ? UTF8 : numberOf(encoding)
  if (code === undefined || !isWritten(code, string)) return undefined
  const size = sizeOf(string, code)
  if (size === 0) return undefined
  // As Node's: from the pool, or not.
  const isPooled = string.length < Buffer.poolSize >>> 1
  const target = isPooled ? statics.allocUnsafe(size) : statics.allocUnsafeSlow(size)
  const count = native.write(target, string, code, 0, size)
  if (count === undefined || count === size) return count && target
  return methods.subarray.call(target, 0, count)
}

function from(value, encodingOrOffset, length) {
  if (typeof value === 'string' && value.length >= writing.smallest) {
    const buffer = made(value, encodingOrOffset)
    if (buffer !== undefined) return buffer
  }
  return statics.from(value, encodingOrOffset, length)
}

function alloc(size, fill, encoding) {
  if (size >= least.fill && typeof fill !== 'number' && fill !== undefined) {
    // What it does with these arguments is its to say, and what it throws.
    const isPlain = encoding === undefined || typeof encoding === 'string'
    if (isPlain && Number.isInteger(size) && size > 0) {
      return fillWith.call(statics.allocUnsafeSlow(size), fill, 0, size, encoding)
    }
  }
  return statics.alloc(size, fill, encoding)
}

function compare(buf1, buf2) {
  const size = buf1?.length
  if (size >= least.compare && size < below.compare && buf1 !== buf2) {
    const order = native.compare(buf1, 0, size, buf2, 0, Infinity)
    if (order !== undefined) return order
  }
  return statics.compare(buf1, buf2)
}

function concat(list, length) {
  if (least.concat !== Infinity && Array.isArray(list) && list.length > 0) {
    const sum = total(list)
    const size = length === undefined || Number.isNaN(sum) ? sum : length
    if (
      Number.isInteger(size) &&
      size >= least.concat &&
      size < below.concat &&
      size <= kMaxLength
    ) {
      const target = statics.allocUnsafe(size)
      const count = native.concat(list, target)
      if (count !== undefined) return count < size ? methods.fill.call(target, 0, count) : target
    }
  }
  return statics.concat(list, length)
}

/** NaN if there is an empty one, which may be detached: Node throws then, or not. */
function total(list) {
  let size = 0
  for (const part of list) size += part?.length || NaN
  return size
}

function byteLength(string, encoding) {
  if (typeof string === 'string') {
    const size = string.length
    if (size >= least.byteLength && size < below.byteLength) {
      const code = encoding ? numberOf(encoding) : UTF8
      if (code !== undefined) {
        const count = native.byteLength(string, code)
        if (count !== undefined) return count
      }
    }
  }
  return statics.byteLength(string, encoding)
}

module.exports = { from, alloc, compare, concat, byteLength }
