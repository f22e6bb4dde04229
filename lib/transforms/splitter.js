'use strict'

// A Transform that cuts a stream into records.

const { Buffer, isAscii } = require('node:buffer')
const { EventEmitter } = require('node:events')
const { Transform, addAbortSignal } = require('node:stream')

const { MillraceError, invalidArgType, invalidArgValue } = require('../errors.js')
const { checkBoolean, checkNumber, checkOneOf, checkOptions } = require('../validators.js')
const { unshared } = require('../chunks.js')
const { isEmitOriginal } = require('../originals.js')
const { kShow, showBeforeListening } = require('../show.js')
const { Finder } = require('./finder.js')
const { RecordsIterator } = require('./records-iterator.js')

const CR = 0x0d

/** Records as what they can be had. */
const ENCODINGS = ['utf8', 'utf-8', 'latin1', 'binary', 'ascii', 'buffer']

class Splitter extends Transform {
  #separator
  /** The same in text; undefined where bytes do not say what it is there. */
  #text
  /** Records are those of the text, which is cut at `#text`. */
  #isText
  #finder
  /** A carriage return before the separator belongs to it. */
  #isLines
  #keep
  #maxLength
  #encoding
  #batch
  /** Chunks of a record whose end has not come, and their bytes. */
  #carry = []
  #carried = 0
  /** Records that are to be pushed. */
  #records = []
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
    const { highWaterMark, readableHighWaterMark, writableHighWaterMark } = options
    super({
      readableObjectMode: true,
      // Strings that are written are of the encoding that is read.
      defaultEncoding: encoding === 'buffer' ? 'utf8' : encoding,
      highWaterMark,
      readableHighWaterMark,
      writableHighWaterMark,
    })
    this.#separator = Buffer.from(separator)
    this.#text = textOf(this.#separator, encoding)
    this.#isText =
      encoding !== 'buffer' && !keep && this.#text !== undefined && !hasBorder(this.#separator)
    this.#isLines = separator === '\n'
    this.#finder = new Finder(this.#separator)
    this.#keep = keep
    this.#maxLength = maxLength
    this.#encoding = encoding === 'buffer' ? null : encoding
    this.#batch = batch
  }

  _transform(written, _, callback) {
    const chunk = unshared(written)
    let error = null
    try {
      const from = this.#carried === 0 ? 0 : this.#completeCarry(chunk)
      if (from >= 0) {
        const rest = this.#cut(chunk, from)
        if (rest < chunk.length) this.#keepRest(rest === 0 ? chunk : chunk.subarray(rest))
      } else {
        this.#keepRest(chunk)
      }
    } catch (reason) {
      error = reason
    }
    // Records in front of one that is too long are records.
    if (error === null && this.#records.length > 0 && this.#isPassable()) {
      this.#passage.add(this.#takeRecords(), callback)
      return
    }
    this.#hand()
    callback(error)
  }

  _flush(callback) {
    // The end goes through the stream's buffer.
    this[kShow]()
    if (this.#carried > 0) {
      const last = this.#takeCarry()
      this.#carry = []
      this.#carried = 0
      try {
        this.#checkLength(last.length)
      } catch (error) {
        callback(error)
        return
      }
      this.#records.push(this.#encoding === null ? last : last.toString(this.#encoding))
      this.#hand()
    }
    callback()
  }

  _destroy(error, callback) {
    this.#passage?.clear()
    this.#carry = []
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
    this[kShow]()
    this.#isEncoded = true
    return super.setEncoding(encoding)
  }

  /**
   * Ends the record whose beginning was carried over, if `chunk` has its end.
   * @returns {number} where the next begins in `chunk`, or -1
   */
  #completeCarry(chunk) {
    const { length } = this.#separator
    // One that begins in what was carried ends within its length.
    if (length > 1) {
      const tail = this.#tail(length - 1)
      const border = Buffer.concat([tail, chunk.subarray(0, length - 1)])
      const at = border.indexOf(this.#separator)
      if (at !== -1) {
        const from = at + length - tail.length
        this.#endCarry(chunk.subarray(0, from))
        return from
      }
    }
    const at = chunk.indexOf(length === 1 ? this.#separator[0] : this.#separator)
    if (at === -1) return -1
    this.#endCarry(chunk.subarray(0, at + length))
    return at + length
  }

  /** The last `length` bytes of what is carried, or all. */
  #tail(length) {
    let pieces = 0
    let bytes = 0
    while (bytes < length && pieces < this.#carry.length) {
      pieces += 1
      bytes += this.#carry.at(-pieces).length
    }
    const last = pieces === 1 ? this.#carry.at(-1) : Buffer.concat(this.#carry.slice(-pieces))
    return last.subarray(Math.max(0, last.length - length))
  }

  #endCarry(end) {
    this.#keepPiece(end)
    const record = this.#takeCarry()
    this.#carry = []
    this.#carried = 0
    const until = this.#endOf(record, 0, record.length - this.#separator.length)
    this.#checkLength(until)
    const kept = this.#keep ? record : record.subarray(0, until)
    this.#records.push(this.#encoding === null ? kept : kept.toString(this.#encoding))
  }

  #takeCarry() {
    return this.#carry.length === 1 ? this.#carry[0] : Buffer.concat(this.#carry)
  }

  #keepPiece(piece) {
    this.#carry.push(piece)
    this.#carried += piece.length
  }

  #keepRest(piece) {
    // Who wrote it may use its memory again, unless slices of it are wanted.
    this.#keepPiece(this.#encoding === null ? piece : Buffer.from(piece))
    // As much of it may be the beginning of a separator.
    const open = this.#separator.length - 1 + (this.#isLines ? 1 : 0)
    this.#checkLength(this.#carried - open)
    // Many small pieces are more than their bytes.
    if (this.#carry.length >= 64) this.#carry = [Buffer.concat(this.#carry)]
  }

  #checkLength(length) {
    if (length <= this.#maxLength) return
    throw new MillraceError(
      'ERR_MILLRACE_RECORD_TOO_LONG',
      `A record is longer than ${this.#maxLength} bytes`,
    )
  }

  /** Where a record ends whose separator begins at `at`. */
  #endOf(chunk, begin, at) {
    return this.#isLines && at > begin && chunk[at - 1] === CR ? at - 1 : at
  }

  /**
   * Cuts what there is of whole records.
   * @returns {number} where the rest begins
   */
  #cut(chunk, from) {
    if (this.#isText && chunk.length <= this.#maxLength) {
      const isPlain = isAscii(chunk)
      if (isPlain || this.#encoding !== 'ascii') return this.#cutText(chunk, from, isPlain)
    }
    let rest = from
    this.#finder.find(chunk, from, (places, count, isPlain) => {
      const end = places[count - 1] + this.#separator.length
      if (this.#encoding === null) this.#slice(chunk, rest, places, count)
      else this.#decode(chunk, rest, { places, count, end, isPlain })
      rest = end
      return true
    })
    return rest
  }

  /** Has V8 look for the separators, in text. */
  #cutText(chunk, from, isPlain) {
    const { length } = this.#separator
    const last = chunk.lastIndexOf(length === 1 ? this.#separator[0] : this.#separator)
    if (last < from) return from
    const text = isPlain
      ? chunk.latin1Slice(from, last)
      : chunk.toString(this.#encoding, from, last)
    const records = text.split(this.#text)
    if (this.#isLines && text.includes('\r')) withoutReturns(records)
    this.#records = this.#records.length === 0 ? records : this.#records.concat(records)
    return last + length
  }

  #slice(chunk, from, places, count) {
    const { length } = this.#separator
    let begin = from
    for (let i = 0; i < count; i += 1) {
      const at = places[i]
      const until = this.#endOf(chunk, begin, at)
      this.#checkLength(until - begin)
      this.#records.push(chunk.subarray(begin, this.#keep ? at + length : until))
      begin = at + length
    }
  }

  /** Decodes all records together, and then cuts the text: it costs a third. */
  #decode(chunk, from, { places, count, end, isPlain }) {
    const text = isPlain ? chunk.latin1Slice(from, end) : chunk.toString(this.#encoding, from, end)
    // A byte may be part of a character; then the text has other places.
    const isAligned = text.length === end - from
    const { length } = this.#separator
    const textual = isAligned ? length : this.#text?.length
    let begin = from
    let textBegin = 0
    for (let i = 0; i < count; i += 1) {
      const at = places[i]
      const until = this.#endOf(chunk, begin, at)
      if (until - begin > this.#maxLength) this.#checkLength(until - begin)
      const last = this.#keep ? at + length : until
      if (textual === undefined) {
        this.#records.push(chunk.toString(this.#encoding, begin, last))
      } else {
        const textAt = isAligned ? at - from : text.indexOf(this.#text, textBegin)
        const textLast = this.#keep ? textAt + textual : textAt + last - at
        this.#records.push(text.slice(textBegin, textLast))
        textBegin = textAt + textual
      }
      begin = at + length
    }
  }

  #takeRecords() {
    const records = this.#records
    this.#records = []
    return records
  }

  /** Pushes the records, as `push` alone would, but faster. */
  #hand() {
    if (this.#records.length === 0) return
    const records = this.#takeRecords()
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
    const listener = this._events.data
    if (typeof listener !== 'function' || this.#capturesRejections) return from
    let i = from
    while (
      i < records.length &&
      state.flowing &&
      state.length === 0 &&
      !state.sync &&
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

/** As what the separator is found in text; what is not UTF-8 becomes U+FFFD there. */
function textOf(separator, encoding) {
  if (encoding !== 'utf8' && encoding !== 'utf-8') return separator.latin1Slice()
  const text = String(separator)
  return text.includes('\ufffd') ? undefined : text
}

/** True when one may begin within another: the last is not found from the end. */
function hasBorder(separator) {
  const { length } = separator
  for (let i = 1; i < length; i += 1) {
    if (separator.subarray(i).equals(separator.subarray(0, length - i))) return true
  }
  return false
}

/** Takes the carriage return at the end of each record away. */
function withoutReturns(records) {
  for (let i = 0; i < records.length; i += 1) {
    const record = records[i]
    if (record.length > 0 && record.charCodeAt(record.length - 1) === CR) {
      records[i] = record.slice(0, -1)
    }
  }
}

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
