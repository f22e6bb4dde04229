'use strict'

// What a call came to, in a form that can be compared.

const { isProxy } = require('node:util/types')

const MADE = new Set([Buffer.prototype, Uint8Array.prototype])

/** A value by kind and content; bytes with their class and how their memory was got. */
function portrait(value, receiver) {
  if (value === receiver && typeof value === 'object') return 'the receiver'
  if (ArrayBuffer.isView(value) && !(value instanceof DataView)) {
    const prototype = Object.getPrototypeOf(value)
    return {
      kind: MADE.has(prototype) ? prototype.constructor.name : `${value.constructor.name}`,
      memory: value.buffer.byteLength,
      isShared: value.buffer instanceof SharedArrayBuffer,
      bytes: Buffer.from(value.buffer, value.byteOffset, value.byteLength).toString('hex'),
    }
  }
  if (Object.is(value, -0)) return '-0'
  return value
}

/** The bytes of what is left of a thing after a call. */
function remains(thing) {
  if (!ArrayBuffer.isView(thing) || isProxy(thing) || thing.byteLength === 0) return undefined
  return Buffer.from(thing.buffer, thing.byteOffset, thing.byteLength).toString('hex')
}

/**
 * Calls a function, and tells what became of it.
 * @param {Function} run
 * @param {unknown} receiver `this`
 * @param {unknown[]} args
 */
function outcome(run, receiver, args) {
  const result = {}
  try {
    result.value = portrait(run.apply(receiver, args), receiver)
  } catch (error) {
    const { name, code, errno, message } = error
    result.thrown = { name, code, errno, message, kind: error?.constructor?.name }
  }
  result.remains = [receiver, ...args].map(remains)
  return result
}

module.exports = { outcome, portrait }
