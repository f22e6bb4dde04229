'use strict'

// fs.ReadStream, opened and closed natively, and sent natively where it is
// piped to a plain socket. A subclass in the style of Node's own classes:
// callable without `new`, and with Node's constructor behind it, so that
// validation, events and their order are the running Node's.

const { isGone, releaseLater, releaseWithConnection } = require('./abandoned.js')
const { limitsOf } = require('./limits.js')
const { NativeFs } = require('./native-fs.js')
const { NodeReadStream, markMillraceClass } = require('./originals.js')
const { exclusionOf, withFs } = require('./stream-options.js')
const { noTransfer } = require('./transfer/no-transfer.js')
const { Transfer } = require('./transfer/transfer.js')

const kTransfer = Symbol('millrace.transfer')

const Base = NodeReadStream
const { prototype: base } = Base
const isInstance = Function.prototype[Symbol.hasInstance]

/**
 * @param {import('node:fs').PathLike} path
 * @param {string | object} [options] those of `fs.createReadStream`; and
 *   `native: false` to go through JavaScript, `bytesPerSecond`, `stallTimeout`
 */
function ReadStream(path, options) {
  if (!isInstance.call(ReadStream, this)) {
    // A class that was derived, in the old style, from what stood here before.
    if (isInstance.call(Base, this)) return Base.call(this, path, options)
    return new ReadStream(path, options)
  }
  const excludedBecause = exclusionOf(options)
  const nativeFs = NativeFs === null || excludedBecause !== null ? null : new NativeFs()
  // First of all: Node's constructor may already destroy the stream.
  const limits = typeof options === 'object' && options !== null ? limitsOf(options) : null
  this[kTransfer] = new Transfer(this, excludedBecause, nativeFs, limits)
  Base.call(this, path, nativeFs === null ? options : withFs(options, nativeFs))
}
Object.setPrototypeOf(ReadStream.prototype, base)
Object.setPrototypeOf(ReadStream, Base)
markMillraceClass(ReadStream, Base)

// Of a class derived from ours, in the old style, whose constructor calls what
// stands in our place by now.
Object.defineProperty(ReadStream.prototype, kTransfer, { writable: true, value: noTransfer })

ReadStream.prototype._read = function (size) {
  if (!this[kTransfer].putOff(read, size)) read(this, size)
}

function read(stream, size) {
  const transfer = stream[kTransfer]
  if (transfer.observer.read() && !transfer.take())
    base._read.call(stream, transfer.portionOf(size))
}

// Not in _destroy, which an option or a derived class may replace.
ReadStream.prototype.destroy = function (error, callback) {
  this[kTransfer].detach(error)
  return base.destroy.call(this, error, callback)
}

ReadStream.prototype.pipe = function (destination, options) {
  this[kTransfer].stop()
  base.pipe.call(this, destination, options)
  const { data } = this._events
  this[kTransfer].pipedBy(Array.isArray(data) ? data.at(-1) : data)
  if (isGone(destination)) releaseLater(this)
  else releaseWithConnection(this, destination)
  return destination
}

ReadStream.prototype.unpipe = function (destination, options) {
  this[kTransfer].stop()
  this[kTransfer].observer.unpipe(destination)
  const isPiped = this._readableState.pipes.includes(destination)
  base.unpipe.call(this, destination, options)
  if (destination !== undefined && isGone(destination, isPiped)) releaseLater(this)
  return this
}

ReadStream.prototype.pause = function () {
  this[kTransfer].stop()
  return base.pause.call(this)
}

ReadStream.prototype.resume = function () {
  this[kTransfer].resume()
  return base.resume.call(this)
}

ReadStream.prototype.setEncoding = function (encoding) {
  this[kTransfer].stop()
  return base.setEncoding.call(this, encoding)
}

// Whoever listens for bytes gets the next one.
const baseOn = base.on
const basePrependListener = base.prependListener

ReadStream.prototype.on = function (event, listener) {
  if (event === 'data' || event === 'readable') this[kTransfer].stop()
  return baseOn.call(this, event, listener)
}
ReadStream.prototype.addListener = ReadStream.prototype.on

ReadStream.prototype.prependListener = function (event, listener) {
  if (event === 'data' || event === 'readable') this[kTransfer].stop()
  return basePrependListener.call(this, event, listener)
}

// Without its listener, what a pipe would get is dropped.
ReadStream.prototype.removeListener = function (event, listener) {
  if (event === 'data') this[kTransfer].stop()
  return base.removeListener.call(this, event, listener)
}
ReadStream.prototype.off = ReadStream.prototype.removeListener

ReadStream.prototype.removeAllListeners = function (...events) {
  if (events.length === 0 || events[0] === 'data') this[kTransfer].stop()
  return base.removeAllListeners.apply(this, events)
}

Object.defineProperty(ReadStream.prototype, 'transfer', {
  configurable: true,
  enumerable: false,
  /** How the stream is sent: see the README. */
  get() {
    return this[kTransfer].describe()
  },
})

/**
 * `fs.createReadStream`, and natively sent where it is piped to a plain
 * HTTP/1 response or to a TCP or Unix socket.
 * @param {import('node:fs').PathLike} path
 * @param {string | object} [options]
 * @returns {ReadStream}
 */
function createReadStream(path, options) {
  return new ReadStream(path, options)
}

module.exports = { ReadStream, createReadStream }
