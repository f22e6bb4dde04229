'use strict'

// Node's own Buffer and its functions, as they were when this module was
// loaded. Where another copy of this package has put its own in their place,
// what stood there before.

const buffer = require('node:buffer')

const { Buffer } = buffer
const { call } = Function.prototype
const { get } = Object.getOwnPropertyDescriptor(
  Object.getPrototypeOf(Uint8Array.prototype),
  'length',
)

/** Marks a function of ours as standing in for one of Node's. */
const kNodes = Symbol.for('millrace.nodes')

function own(holder) {
  const found = {}
  for (const name of Reflect.ownKeys(holder)) {
    const { value } = Object.getOwnPropertyDescriptor(holder, name)
    if (typeof value === 'function') found[name] = value[kNodes] ?? value
  }
  return found
}

/** The methods of `Buffer.prototype`, by name. */
const methods = own(Buffer.prototype)

/** The static methods of `Buffer`, by name. */
const statics = own(Buffer)

const { transcode, isUtf8, isAscii, atob, btoa, kMaxLength } = buffer

/** Functions of `node:buffer`, by name; no `transcode` in a Node without ICU. */
const functions = {}
for (const [name, value] of Object.entries({ transcode, isUtf8, isAscii, atob, btoa })) {
  if (typeof value === 'function') functions[name] = value[kNodes] ?? value
}

/** True where `indexOf` and its kin take an end: `(value, offset, end, encoding)`. */
const takesEnd = methods.indexOf.length === 4

/**
 * How many elements a typed array has, whatever its own `length` says.
 * @type {(bytes: Uint8Array) => number}
 */
const lengthOf = call.bind(get)

const { from, alloc } = statics

/**
 * The bytes as what `toString` and `write` work on: Node 22 and earlier want a
 * Buffer, which is one over the same memory.
 * @param {Uint8Array} bytes
 */
function asBuffer(bytes) {
  if (takesEnd || bytes instanceof Buffer) return bytes
  const { buffer, byteOffset, byteLength } = bytes
  return byteLength === 0 ? alloc(0) : from(buffer, byteOffset, byteLength)
}

module.exports = {
  Buffer,
  methods,
  statics,
  functions,
  takesEnd,
  kMaxLength,
  kNodes,
  lengthOf,
  asBuffer,
}
