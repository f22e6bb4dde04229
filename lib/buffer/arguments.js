'use strict'

// The arguments of functions that Node does not have, checked in its words.

const { inspect } = require('node:util')
const { isUint8Array } = require('node:util/types')

const { numberOf } = require('./encodings.js')
const { statics } = require('./nodes.js')

const BYTES = 'an instance of Buffer or Uint8Array'

function coded(error, code) {
  return Object.assign(error, { code })
}

/** "Received ..." of Node's own errors, for what is no Uint8Array. */
function received(value) {
  if (isUint8Array(value)) return `an instance of ${value.constructor?.name ?? 'Uint8Array'}`
  try {
    return statics.compare(value, value)
  } catch ({ message }) {
    return message.slice(message.indexOf('Received ') + 'Received '.length)
  }
}

/** @param {string} wanted in Node's words: "of type number", "an instance of Buffer" */
function invalidType(name, wanted, value) {
  const message = `The "${name}" argument must be ${wanted}. Received ${received(value)}`
  return coded(new TypeError(message), 'ERR_INVALID_ARG_TYPE')
}

function invalidValue(name, value, reason) {
  let shown = inspect(value)
  if (shown.length > 128) shown = `${shown.slice(0, 128)}...`
  const message = `The argument '${name}' ${reason}. Received ${shown}`
  return coded(new TypeError(message), 'ERR_INVALID_ARG_VALUE')
}

function outOfRange(name, range, value) {
  const isLong = Number.isInteger(value) && Math.abs(value) > 2 ** 32
  const shown = isLong ? value.toLocaleString('en-US').replaceAll(',', '_') : inspect(value)
  const message = `The value of "${name}" is out of range. It must be ${range}. Received ${shown}`
  return coded(new RangeError(message), 'ERR_OUT_OF_RANGE')
}

function outOfBounds(name) {
  const message = `"${name}" is outside of buffer bounds`
  return coded(new RangeError(message), 'ERR_BUFFER_OUT_OF_BOUNDS')
}

function unknownEncoding(encoding) {
  return coded(new TypeError(`Unknown encoding: ${encoding}`), 'ERR_UNKNOWN_ENCODING')
}

/** @throws {TypeError} ERR_INVALID_ARG_TYPE */
function checkBytes(value, name = 'buffer') {
  if (!isUint8Array(value)) throw invalidType(name, BYTES, value)
}

/**
 * An integer from 0 to `most`, or the value for undefined.
 * @throws {TypeError | RangeError} ERR_INVALID_ARG_TYPE, ERR_OUT_OF_RANGE
 */
function checkInteger(value, name, byDefault, most = Number.MAX_SAFE_INTEGER) {
  if (value === undefined) return byDefault
  if (typeof value !== 'number') throw invalidType(name, 'of type number', value)
  if (!Number.isInteger(value)) throw outOfRange(name, 'an integer', value)
  if (value < 0 || value > most) throw outOfRange(name, `>= 0 && <= ${most}`, value)
  return value
}

/**
 * The number of an encoding; utf8's for undefined.
 * @throws {TypeError} ERR_INVALID_ARG_TYPE, ERR_UNKNOWN_ENCODING
 */
function checkEncoding(encoding) {
  if (encoding === undefined) return 0
  if (typeof encoding !== 'string') throw invalidType('encoding', 'of type string', encoding)
  const number = numberOf(encoding)
  if (number === undefined) throw unknownEncoding(encoding)
  return number
}

/**
 * The bytes to search for: a string in its encoding, bytes, or one byte as a
 * number, of which the low eight bits count.
 * @returns {Uint8Array} not empty
 * @throws {TypeError} ERR_INVALID_ARG_TYPE, ERR_INVALID_ARG_VALUE, ERR_UNKNOWN_ENCODING
 */
function needleOf(value, encoding, name = 'value') {
  checkEncoding(encoding)
  const needle =
    typeof value === 'string'
      ? statics.from(value, encoding)
      : typeof value === 'number'
        ? Uint8Array.of(value >>> 0)
        : value
  if (!isUint8Array(needle)) {
    throw invalidType(name, `one of type number or string or ${BYTES}`, value)
  }
  if (needle.length === 0) throw invalidValue(name, value, 'must not be empty')
  return needle
}

module.exports = {
  checkBytes,
  checkEncoding,
  checkInteger,
  invalidType,
  invalidValue,
  needleOf,
  outOfBounds,
  outOfRange,
}
