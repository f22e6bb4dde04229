'use strict'

// Many numbers at once: readUInt32LEArray and its kin.

const { checkBytes, checkInteger } = require('./arguments.js')
const { native } = require('./dispatch.js')
const { forEachElement } = require('./elements.js')
const { methods, statics } = require('./nodes.js')

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

/** `readUInt32LEArray(bytes, offset, count)` and its kin, by name. */
module.exports = forEachElement('read', readerOf)
