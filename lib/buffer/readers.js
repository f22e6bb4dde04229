'use strict'

// Many numbers at once: readUInt32LEArray and its kin.

const { endianness } = require('node:os')

const { checkBytes, checkInteger } = require('./arguments.js')
const { native } = require('./dispatch.js')
const { methods, statics } = require('./nodes.js')

const TYPES = {
  Int16: Int16Array,
  UInt16: Uint16Array,
  Int32: Int32Array,
  UInt32: Uint32Array,
  BigInt64: BigInt64Array,
  BigUInt64: BigUint64Array,
  Float: Float32Array,
  Double: Float64Array,
}

/** `readUInt32LEArray(bytes, offset, count)` and its kin, by name. */
const readers = {}
for (const [name, Type] of Object.entries(TYPES)) {
  for (const order of ['LE', 'BE']) {
    readers[`read${name}${order}Array`] = readerOf(Type, order === endianness())
  }
}

function readerOf(Type, isOwnOrder) {
  const width = Type.BYTES_PER_ELEMENT
  return (bytes, offset, count) => {
    checkBytes(bytes)
    const from = checkInteger(offset, 'offset', 0, bytes.length)
    const most = Math.floor((bytes.length - from) / width)
    const values = new Type(checkInteger(count, 'count', most, most))
    if (isOwnOrder || native?.copySwapped(bytes, from, values, 0, values.length, width) !== true) {
      copy(bytes, from, values, isOwnOrder)
    }
    return values
  }
}

function copy(bytes, from, values, isOwnOrder) {
  const { buffer, byteLength } = values
  if (byteLength === 0) return
  const own = statics.from(buffer, 0, byteLength)
  own.set(new Uint8Array(bytes.buffer, bytes.byteOffset + from, byteLength))
  if (!isOwnOrder) methods[`swap${values.BYTES_PER_ELEMENT * 8}`].call(own)
}

module.exports = readers
