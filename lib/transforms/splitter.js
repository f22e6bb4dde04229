'use strict'

// A Transform that cuts a stream into records.

const { EventEmitter } = require('node:events')
const { Transform, addAbortSignal } = require('node:stream')

const { invalidArgType, invalidArgValue } = require('../errors.js')
const { checkBoolean, checkNumber, checkOneOf, checkOptions } = require('../validators.js')
const { unshared } = require('../chunks.js')
const { duplexOptionsOf } = require('../duplex-options.js')
const { isEmitOriginal } = require('../originals.js')
const { kShow, showBeforeListening } = require('../show.js')
const { Cutter } = require('./cutter.js')
const { RecordsIterator } = require('./records-iterator.js')

/** Records as what they can be had. */
const ENCODINGS = ['utf8', 'utf-8', 'latin1', 'binary', 'ascii', 'buffer']

class Splitter extends Transform {
  #cutter
  #batch
  /** The way to an iterator past the stream's buffer, see Passage. */
  #passage = null
  /** A rejection of what a listener returns is for `emit` to see. */
  #capturesRejections = EventEmitter.captureRejections
  /** Records are decoded once more. */
  #isEncoded = false

  constructor(separator, options) {
    const { keep = false, maxLength = Infinity, encoding = 'utf8', batch = false } = options
    checkBoolean('options.keep', keep)
    checkBoolean('options.batch', batch)
    checkNumber('options.maxLength', maxLength, 1)
    checkOneOf('options.encoding', encoding, ENCODINGS)
    super({
      ...duplexOptionsOf(options),
      readableObjectMode: true,
      // Strings that are written are of the encoding that is read.
      defaultEncoding: encoding === 'buffer' ? 'utf8' : encoding,
    })
    this.#cutter = new Cutter(separator, { keep, maxLength, encoding })
    this.#batch = batch
  }

  _transform(chunk, _, callback) {
    const error = this.#attempt(() => this.#cutter.push(unshared(chunk)))
    if (error === null && this.#cutter.hasRecords && this.#isPassable()) {
      this.#passage.add(this.#cutter.takeRecords(), callback)
      return
    }
    // Records in front of one that is too long are records.
    this.#hand()
    callback(error)
  }

  _flush(callback) {
    // The end goes through the stream's buffer.
    this[kShow]()
    const error = this.#attempt(() => this.#cutter.finish())
    this.#hand()
    callback(error)
  }

  #attempt(work) {
    try {
      work()
    } catch (error) {
      return error
    }
    return null
  }

  _destroy(error, callback) {
    this.#passage?.clear()
    this.#cutter.clear()
    super._destroy(error, callback)
  }

  [Symbol.asyncIterator]() {
    if (this.#batch) return super[Symbol.asyncIterator]()
    return new RecordsIterator(this, (passage) => {
      this.#passage = passage
    })
  }

  /** True while one iterator is all that reads, and has read. */
  #isPassable() {
    if (this.#passage === null || !this.readableDidRead) return false
    const { length, pipes } = this._readableState
    const listeners = this.rawListeners('readable')
    return (
      length === 0 &&
      pipes.length === 0 &&
      !this.#isEncoded &&
      this.listenerCount('data') === 0 &&
      listeners.length === 1 &&
      listeners[0] === this.#passage.wake &&
      !Object.hasOwn(this, 'read') &&
      !Object.hasOwn(this, 'push') &&
      // Chunks that were written together come behind an error as well.
      this.errored === null &&
      !this.destroyed
    )
  }

  /** Someone else wants to read, or to go between the records. */
  [kShow]() {
    if (this.#passage === null) return
    const { records, callback } = this.#passage.clear()
    for (const record of records) super.push(record)
    callback?.()
  }

  get readableLength() {
    return super.readableLength + (this.#passage?.length ?? 0)
  }

  read(size) {
    this[kShow]()
    return super.read(size)
  }

  push(record, encoding) {
    this[kShow]()
    return super.push(record, encoding)
  }

  unshift(record, encoding) {
    this[kShow]()
    return super.unshift(record, encoding)
  }

  setEncoding(encoding) {
    this.#isEncoded = true
    this[kShow]()
    return super.setEncoding(encoding)
  }

  /** Pushes the records, as `push` alone would, but faster. */
  #hand() {
    if (!this.#cutter.hasRecords) return
    const records = this.#cutter.takeRecords()
    if (this.#batch) {
      this.push(records)
      return
    }
    let i = 0
    while (i < records.length) {
      this.push(records[i])
      i = this.#emit(records, i + 1)
    }
  }

  /**
   * Calls the one listener for as long as `push` would emit at once as well, and
   * do nothing else.
   * @returns {number} the first record that is not emitted
   */
  #emit(records, from) {
    const state = this._readableState
    const listener = this._events?.data
    if (typeof listener !== 'function' || this.#capturesRejections) return from
    let i = from
    while (
      i < records.length &&
      state.flowing &&
      state.length === 0 &&
      !state.sync &&
      // Of chunks that were written together, one may have an error in front.
      state.errored === null &&
      !this.destroyed &&
      !this.#isEncoded &&
      this._events.data === listener &&
      this.push === Splitter.prototype.push &&
      isEmitOriginal(this)
    ) {
      listener.call(this, records[i])
      i += 1
    }
    return i
  }
}

showBeforeListening(Splitter.prototype)

function checkSeparator(separator) {
  if (typeof separator !== 'string' && !(separator instanceof Uint8Array)) {
    throw invalidArgType('separator', 'string', separator, 'argument')
  }
  if (separator.length === 0) throw invalidArgValue('separator', separator, 'must not be empty')
}

/**
 * A Transform that cuts what is written to it into records.
 * @param {string | Uint8Array} [separator] `'\n'` takes a carriage return before
 *   it along; any other, and one of bytes, is taken as it is
 * @param {object} [options]
 * @returns {Transform}
 */
function createSplitter(separator = '\n', options = {}) {
  checkSeparator(separator)
  checkOptions(options)
  const splitter = new Splitter(separator, options)
  if (options.signal !== undefined) addAbortSignal(options.signal, splitter)
  return splitter
}

module.exports = { createSplitter }
