'use strict'

// Many numbers at once: writeUInt32LEArray and its kin.

const { checkBytes, checkInteger, invalidType, outOfBounds } = require('./arguments.js')
const { native } = require('./dispatch.js')
const { forEachElement } = require('./elements.js')
const { asBuffer, methods, statics } = require('./nodes.js')

function writerOf(Type, isOwnOrder, name) {
  const width = Type.BYTES_PER_ELEMENT
  const writeOne = methods[`write${name}`]
  return (bytes, values, offset) => {
    checkBytes(bytes)
    const isArray = Array.isArray(values)
    if (!isArray && !isOf(values, Type)) {
      throw invalidType('values', `an instance of ${Type.name} or Array`, values)
    }
    const size = values.length * width
    const most = bytes.length - size
    if (most < 0) throw outOfBounds('values')
    const from = checkInteger(offset, 'offset', 0, most)
    if (isArray) {
      const target = asBuffer(bytes)
      for (const [i, value] of values.entries()) writeOne.call(target, value, from + i * width)
    } else if (isOwnOrder) {
      bytes.set(bytesOf(values), from)
    } else if (native?.copySwapped(values, 0, bytes, from, values.length, width) !== true) {
      const turned = statics.from(bytesOf(values))
      bytes.set(methods[`swap${width * 8}`].call(turned), from)
    }
    return from + size
  }
}

/** Of whatever realm. */
function isOf(values, Type) {
  return ArrayBuffer.isView(values) && values[Symbol.toStringTag] === Type.name
}

function bytesOf({ buffer, byteOffset, byteLength }) {
  return new Uint8Array(buffer, byteOffset, byteLength)
}

/** `writeUInt32LEArray(bytes, values, offset)` and its kin, by name. */
module.exports = forEachElement('write', writerOf)
