'use strict'

// Puts our streams in the place of fs's, for programs that never heard of us.
// `fs.createReadStream` itself stays: Node's creates whatever `fs.ReadStream`
// is, also for those who took hold of the function before.

const fs = require('node:fs')
const { syncBuiltinESMExports } = require('node:module')

const { invalidArgType, invalidArgValue } = require('./errors.js')
const { binding } = require('./native.js')
const { isMillraceClass } = require('./originals.js')
const { ReadStream } = require('./read-stream.js')
const { setNativeByDefault } = require('./stream-options.js')
const { WriteStream } = require('./write-stream.js')

/** What can be replaced, by the name of the function that makes it. */
const FEATURES = {
  createReadStream: { ours: ReadStream, names: ['ReadStream', 'FileReadStream'] },
  createWriteStream: { ours: WriteStream, names: ['WriteStream', 'FileWriteStream'] },
}

/** What stood in the place of ours: [name, value]. */
const replaced = new Map()

/** Gives Node's buffers back what was theirs; null when nothing was taken. */
let releaseBuffer = null

/**
 * Replaces the streams of `node:fs`. Called again, it takes the new options.
 * @param {object} [options]
 * @param {string[]} [options.only] what to replace, by the name of the
 *   function of `fs`; by default all that there is: `createReadStream`,
 *   `createWriteStream`
 * @param {boolean} [options.buffer] puts Buffer's operations in the place of
 *   Node's as well, as `buffer.install` does; by default whether `MILLRACE_BUFFER`
 *   is `install`
 * @param {boolean} [options.native] the option `native` of streams that have
 *   none of their own; by default `true`
 * @returns {boolean} whether there is a native engine; where there is none, `fs`
 *   stays as it is
 * @throws {TypeError} ERR_INVALID_ARG_TYPE, ERR_INVALID_ARG_VALUE
 */
function register(options = {}) {
  if (typeof options !== 'object' || options === null) {
    throw invalidArgType('options', 'object', options, 'argument')
  }
  const { only = Object.keys(FEATURES), native = true } = options
  const { buffer = process.env.MILLRACE_BUFFER === 'install' } = options
  if (typeof native !== 'boolean') throw invalidArgType('options.native', 'boolean', native)
  if (typeof buffer !== 'boolean') throw invalidArgType('options.buffer', 'boolean', buffer)
  if (!Array.isArray(only)) throw invalidArgType('options.only', 'Array', only)
  for (const name of only) {
    if (!Object.hasOwn(FEATURES, name)) {
      throw invalidArgValue('options.only', only, `knows only ${Object.keys(FEATURES).join(', ')}`)
    }
  }

  restore()
  if (binding !== null) {
    setNativeByDefault(native)
    for (const name of only) replace(FEATURES[name])
    if (buffer) holdBuffer()
  }
  syncBuiltinESMExports()
  return binding !== null
}

/** Gives `node:fs` back what `register` took. */
function unregister() {
  restore()
  setNativeByDefault(true)
  syncBuiltinESMExports()
}

function replace({ ours, names }) {
  let isReplaced = false
  for (const name of names) {
    const theirs = fs[name]
    // Another copy of this package was first.
    if (typeof theirs !== 'function' || isMillraceClass(theirs)) continue
    // What a program has frozen stays as it is.
    if (!Reflect.set(fs, name, ours)) continue
    replaced.set(name, { theirs, ours })
    isReplaced = true
  }
  if (isReplaced) claimInstances(ours)
}

/** Loaded late: most programs do without. */
function holdBuffer() {
  const installed = require('./buffer/install.js')
  installed.hold('register')
  releaseBuffer = () => installed.release('register')
}

function restore() {
  releaseBuffer?.()
  releaseBuffer = null
  for (const [name, { theirs, ours }] of replaced) {
    // What someone put over ours since uses ours, and is theirs to take away.
    if (fs[name] === ours) Reflect.set(fs, name, theirs)
    delete ours[Symbol.hasInstance]
  }
  replaced.clear()
}

/**
 * Streams that Node makes by itself (process.stdin, those of a FileHandle)
 * are of its own class, and still `instanceof fs.ReadStream` or `fs.WriteStream`.
 */
function claimInstances(ours) {
  const nodes = Object.getPrototypeOf(ours)
  const isInstance = Function.prototype[Symbol.hasInstance]
  Object.defineProperty(ours, Symbol.hasInstance, {
    configurable: true,
    // Derived classes inherit this.
    value(object) {
      return isInstance.call(this === ours ? nodes : this, object)
    },
  })
}

module.exports = { register, unregister }
