'use strict'

// Buffer's operations as functions of any Uint8Array.

const { checkBytes } = require('./arguments.js')
const bytesMethods = require('./bytes.js')
const { atob, btoa, isAscii, isUtf8, transcode } = require('./conversions.js')
const find = require('./find.js')
const { asBuffer } = require('./nodes.js')
const { byteLength, concat, from } = require('./statics.js')
const strings = require('./strings.js')

function indexOf(bytes, value, byteOffset, end, encoding) {
  checkBytes(bytes)
  return find.indexOf.call(bytes, value, byteOffset, end, encoding)
}

function lastIndexOf(bytes, value, byteOffset, end, encoding) {
  checkBytes(bytes)
  return find.lastIndexOf.call(bytes, value, byteOffset, end, encoding)
}

function includes(bytes, value, byteOffset, end, encoding) {
  checkBytes(bytes)
  return find.indexOf.call(bytes, value, byteOffset, end, encoding) !== -1
}

function toString(bytes, encoding, start, end) {
  checkBytes(bytes)
  return strings.toString.call(asBuffer(bytes), encoding, start, end)
}

function write(bytes, string, offset, length, encoding) {
  checkBytes(bytes)
  return strings.write.call(asBuffer(bytes), string, offset, length, encoding)
}

function fill(bytes, value, offset, end, encoding) {
  checkBytes(bytes)
  return bytesMethods.fill.call(bytes, value, offset, end, encoding)
}

function compare(bytes, target, targetStart, targetEnd, sourceStart, sourceEnd) {
  checkBytes(bytes)
  return bytesMethods.compare.call(bytes, target, targetStart, targetEnd, sourceStart, sourceEnd)
}

function equals(bytes, other) {
  checkBytes(bytes)
  return bytesMethods.equals.call(bytes, other)
}

function copy(bytes, target, targetStart, sourceStart, sourceEnd) {
  checkBytes(bytes)
  return bytesMethods.copy.call(bytes, target, targetStart, sourceStart, sourceEnd)
}

function swap16(bytes) {
  checkBytes(bytes)
  return bytesMethods.swap16.call(bytes)
}

function swap32(bytes) {
  checkBytes(bytes)
  return bytesMethods.swap32.call(bytes)
}

function swap64(bytes) {
  checkBytes(bytes)
  return bytesMethods.swap64.call(bytes)
}

module.exports = {
  indexOf,
  lastIndexOf,
  includes,
  toString,
  write,
  fill,
  compare,
  equals,
  copy,
  swap16,
  swap32,
  swap64,
  byteLength,
  concat,
  from,
  transcode,
  isUtf8,
  isAscii,
  atob,
  btoa,
}
