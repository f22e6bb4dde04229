'use strict'

// A Transform that cuts a stream into records.

const { Buffer } = require('node:buffer')
const { Transform, addAbortSignal } = require('node:stream')

const { MillraceError, invalidArgType, invalidArgValue } = require('../errors.js')
const { checkBoolean, checkNumber, checkOneOf, checkOptions } = require('../validators.js')
const { unshared } = require('../chunks.js')
const { Finder } = require('./finder.js')

const { RecordsIterator } = require('./records-iterator.js')

const CR = 0x0d

/** Records as what they can be had. */
const ENCODINGS = ['utf8', 'utf-8', 'latin1', 'binary', 'ascii', 'buffer']

class Splitter extends Transform {
  #separator
  /** The same in text; undefined where bytes do not say what it is there. */
  #text
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
    this.#text = textOf(separator)
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
    this.#hand()
    callback(error)
  }

  _flush(callback) {
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

  [Symbol.asyncIterator]() {
    return this.#batch ? super[Symbol.asyncIterator]() : new RecordsIterator(this)
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
    let rest = from
    this.#finder.find(chunk, from, (places, count, isAscii) => {
      const end = places[count - 1] + this.#separator.length
      if (this.#encoding === null) this.#slice(chunk, rest, places, count)
      else this.#decode(chunk, rest, { places, count, end, isAscii })
      rest = end
      return true
    })
    return rest
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
  #decode(chunk, from, { places, count, end, isAscii }) {
    const text = isAscii ? chunk.latin1Slice(from, end) : chunk.toString(this.#encoding, from, end)
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

  /** Pushes the records, as `push` alone would, but faster. */
  #hand() {
    const records = this.#records
    if (records.length === 0) return
    this.#records = []
    if (this.#batch) {
      this.push(records)
      return
    }
    const state = this._readableState
    let i = 0
    while (i < records.length) {
      this.push(records[i])
      i += 1
      // Then `push` would emit the next at once as well, and do nothing else.
      while (
        i < records.length &&
        state.flowing &&
        state.length === 0 &&
        !state.sync &&
        !this.destroyed &&
        this.listenerCount('data') > 0
      ) {
        this.emit('data', records[i])
        i += 1
      }
    }
  }
}

/** What is not text becomes U+FFFD, and so may other things. */
function textOf(separator) {
  const text = String(Buffer.from(separator))
  return text.includes('\ufffd') ? undefined : text
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
