'use strict'

// Cuts chunks into records. Pure: what becomes of records is the stream's.

const { Buffer, isAscii } = require('node:buffer')

const { MillraceError } = require('../errors.js')
const { Carry } = require('./carry.js')
const { Finder } = require('./finder.js')

const CR = 0x0d

class Cutter {
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
  /** Of a record whose end has not come. */
  #carry = new Carry()
  /** Records that were not taken. */
  #records = []

  /**
   * @param {string | Uint8Array} separator
   * @param {{ keep: boolean, maxLength: number, encoding: string }} options
   */
  constructor(separator, { keep, maxLength, encoding }) {
    this.#separator = Buffer.from(separator)
    this.#text = textOf(this.#separator, encoding)
    this.#isText =
      encoding !== 'buffer' && !keep && this.#text !== undefined && !hasBorder(this.#separator)
    this.#isLines = separator === '\n'
    this.#finder = new Finder(this.#separator)
    this.#keep = keep
    this.#maxLength = maxLength
    this.#encoding = encoding === 'buffer' ? null : encoding
  }

  /** Whether there are records to be taken. */
  get hasRecords() {
    return this.#records.length > 0
  }

  /** The records that are whole, those before an error included. */
  takeRecords() {
    const records = this.#records
    this.#records = []
    return records
  }

  /** @param {Buffer} chunk */
  push(chunk) {
    const from = this.#carry.length === 0 ? 0 : this.#completeCarry(chunk)
    if (from === -1) {
      this.#keepRest(chunk)
      return
    }
    const rest = this.#cut(chunk, from)
    if (rest < chunk.length) this.#keepRest(rest === 0 ? chunk : chunk.subarray(rest))
  }

  /** What is left is a record. */
  finish() {
    if (this.#carry.length === 0) return
    const last = this.#carry.take()
    this.#checkLength(last.length)
    this.#records.push(this.#encoding === null ? last : last.toString(this.#encoding))
  }

  /** Forgets everything. */
  clear() {
    this.#carry.clear()
    this.#records = []
  }

  /**
   * Ends the record whose beginning was carried over, if `chunk` has its end.
   * @returns {number} where the next begins in `chunk`, or -1
   */
  #completeCarry(chunk) {
    const { length } = this.#separator
    // One that begins in what was carried ends within its length.
    if (length > 1) {
      const tail = this.#carry.tail(length - 1)
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

  #endCarry(end) {
    this.#carry.push(end)
    const record = this.#carry.take()
    const until = this.#endOf(record, 0, record.length - this.#separator.length)
    this.#checkLength(until)
    const kept = this.#keep ? record : record.subarray(0, until)
    this.#records.push(this.#encoding === null ? kept : kept.toString(this.#encoding))
  }

  #keepRest(piece) {
    // Who wrote it may use its memory again, unless slices of it are wanted.
    this.#carry.push(this.#encoding === null ? piece : Buffer.from(piece))
    // As much of it may be the beginning of a separator.
    const open = this.#separator.length - 1 + (this.#isLines ? 1 : 0)
    this.#checkLength(this.#carry.length - open)
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
}

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

module.exports = { Cutter }
