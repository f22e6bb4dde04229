'use strict'

// `Buffer` of this package: Node's prototype, so that what it makes are
// Node's Buffers in every respect, and static methods that are ours where
// the addon is faster.

const { Buffer: NodeBuffer } = require('./nodes.js')
const wrappers = require('./wrappers.js')

function Buffer(arg, encodingOrOffset, length) {
  return NodeBuffer(arg, encodingOrOffset, length)
}

for (const key of Reflect.ownKeys(NodeBuffer)) {
  if (['length', 'name', 'prototype', 'poolSize'].includes(key)) continue
  const descriptor = Object.getOwnPropertyDescriptor(NodeBuffer, key)
  if (Object.hasOwn(wrappers.statics, key)) descriptor.value = wrappers.statics[key]
  Object.defineProperty(Buffer, key, descriptor)
}
Object.defineProperty(Buffer, 'poolSize', {
  configurable: true,
  enumerable: true,
  get: () => NodeBuffer.poolSize,
  set(size) {
    NodeBuffer.poolSize = size
  },
})
Buffer.prototype = NodeBuffer.prototype
Object.setPrototypeOf(Buffer, Object.getPrototypeOf(NodeBuffer))

module.exports = { Buffer }
