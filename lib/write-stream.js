'use strict'

// fs.WriteStream, written to by the addon's threads. A subclass in the style
// of Node's own classes: callable without `new`, and with Node's constructor
// behind it, so that validation, events and their order are the running Node's.

const { incompatibleOptions, invalidArgType, invalidArgValue, outOfRange } = require('./errors.js')
const { NativeWriteFs } = require('./native-write-fs.js')
const { binding } = require('./native.js')
const { NodeWriteStream, markMillraceClass } = require('./originals.js')
const { exclusionOf, withFs } = require('./stream-options.js')

const Base = NodeWriteStream
const { prototype: base } = Base
const isInstance = Function.prototype[Symbol.hasInstance]

/**
 * @param {import('node:fs').PathLike} path
 * @param {string | object} [options] those of `fs.createWriteStream`; and
 *   `native: false` to go through JavaScript, `atomic`, `preallocate`
 */
function WriteStream(path, options) {
  if (!isInstance.call(WriteStream, this)) {
    // A class that was derived, in the old style, from what stood here before.
    if (isInstance.call(Base, this)) return Base.call(this, path, options)
    return new WriteStream(path, options)
  }
  const isNative = exclusionOf(options) === null && binding !== null
  const { atomic, preallocate } = ownOptionsOf(options)
  if (!isNative && !atomic) return Base.call(this, path, options)
  const fs = new NativeWriteFs(this, { isNative, isReplacing: atomic, preallocate })
  Base.call(this, path, withFs(options, fs))
  if (atomic) holdFinal(this, fs)
}
Object.setPrototypeOf(WriteStream.prototype, base)
Object.setPrototypeOf(WriteStream, Base)
markMillraceClass(WriteStream, Base)

/** Has the file take its place when all is written, and whatever else a `_final` does. */
function holdFinal(stream, fs) {
  const isEnumerable = Object.hasOwn(stream, '_final')
  let { _final } = stream
  const final = (callback) => {
    const finish = (error) => (error ? callback(error) : fs.finish(callback))
    if (typeof _final === 'function') _final.call(stream, finish)
    else finish()
  }
  Object.defineProperty(stream, '_final', {
    configurable: true,
    enumerable: isEnumerable,
    get: () => final,
    // One that comes later goes first as well.
    set(value) {
      _final = value
    },
  })
}

function ownOptionsOf(options) {
  if (typeof options !== 'object' || options === null) return { atomic: false, preallocate: 0 }
  const { atomic = false, preallocate = 0, flags = 'w' } = options
  if (typeof atomic !== 'boolean') throw invalidArgType('options.atomic', 'boolean', atomic)
  if (typeof preallocate !== 'number') {
    throw invalidArgType('options.preallocate', 'number', preallocate)
  }
  if (!Number.isInteger(preallocate))
    throw outOfRange('options.preallocate', 'an integer', preallocate)
  if (preallocate < 0 || preallocate > Number.MAX_SAFE_INTEGER) {
    throw outOfRange('options.preallocate', `>= 0 && <= ${Number.MAX_SAFE_INTEGER}`, preallocate)
  }
  for (const [name, isOn] of Object.entries({ atomic, preallocate: preallocate > 0 })) {
    if (isOn && options.fd != null) throw incompatibleOptions(name, 'fd')
    if (isOn && options.fs) throw incompatibleOptions(name, 'fs')
  }
  // Others add to a file, or want none to be there.
  if (atomic && flags !== 'w') {
    throw invalidArgValue('options.flags', flags, "must be 'w' with options.atomic")
  }
  return { atomic, preallocate }
}

/**
 * `fs.createWriteStream`, written to by the addon's threads.
 * @param {import('node:fs').PathLike} path
 * @param {string | object} [options]
 * @returns {WriteStream}
 */
function createWriteStream(path, options) {
  return new WriteStream(path, options)
}

module.exports = { WriteStream, createWriteStream }
