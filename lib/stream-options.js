'use strict'

// Options of our own that all file streams have, and handing Node's theirs.

const { invalidArgType } = require('./errors.js')

/** The option `native` of streams that have none. */
let isNativeByDefault = true

/** @param {boolean} isNative */
function setNativeByDefault(isNative) {
  isNativeByDefault = isNative
}

/** Why streams with these options are left to Node altogether, or null. */
function exclusionOf(options) {
  if (typeof options !== 'object' || options === null) {
    return isNativeByDefault ? null : 'native-false'
  }
  const { native = isNativeByDefault } = options
  if (typeof native !== 'boolean') throw invalidArgType('options.native', 'boolean', native)
  if (native === false) return 'native-false'
  if (options.fs) return 'custom-fs'
  if (typeof options.fd === 'object' && options.fd !== null) return 'file-handle'
  return null
}

/** The options, with an `fs`, where they are of a kind that Node accepts. */
function withFs(options, fs) {
  if (options === undefined || options === null) return { fs }
  if (typeof options === 'string') return { encoding: options, fs }
  if (typeof options !== 'object') return options
  // The caller's object stays as it is, what it inherits counts, and its
  // getters are called on itself. (A prototype costs as much as to open a
  // file; so plain objects are copied.)
  if (Object.getPrototypeOf(options) === Object.prototype) return { ...options, fs }
  const descriptors = { fs: { value: fs, enumerable: true } }
  for (const name in options) {
    if (name !== 'fs') descriptors[name] = { value: options[name], enumerable: true }
  }
  return Object.create(options, descriptors)
}

module.exports = { exclusionOf, setNativeByDefault, withFs }
