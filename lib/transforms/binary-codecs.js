'use strict'

// Text that stands for bytes: hex, base64 and base64url. By the addon, or by
// Buffer.

const { Buffer } = require('node:buffer')

const { invalidText } = require('../errors.js')
const { countAllocated } = require('../kept-memory.js')
const { binding } = require('../native.js')

const NOTHING = Buffer.alloc(0)

/** Longest chunk that the addon takes at once. */
const LONGEST = 2 ** 30

class NativeCodec {
  #encoding
  #codec

  constructor(encoding, decodes, isStrict) {
    this.#encoding = encoding
    this.#codec = new binding.StreamCodec(encoding, decodes, isStrict)
  }

  /**
   * What `chunk` brings.
   * @param {Buffer} chunk
   * @returns {Buffer}
   */
  push(chunk) {
    if (chunk.length > LONGEST) {
      const first = this.push(chunk.subarray(0, LONGEST))
      return Buffer.concat([first, this.push(chunk.subarray(LONGEST))])
    }
    const bound = this.#codec.bound(chunk.length)
    countAllocated(bound)
    const output = Buffer.allocUnsafe(bound)
    return this.#take(output, this.#codec.push(chunk, output))
  }

  /** What the end brings. */
  finish() {
    const output = Buffer.allocUnsafe(this.#codec.bound(0))
    return this.#take(output, this.#codec.finish(output))
  }

  #take(output, answer) {
    if (answer < 0) throw invalidText(this.#encoding, -1 - answer)
    return answer === output.length ? output : output.subarray(0, answer)
  }
}

/** What is not a character of the encoding: of a strict stream, and of a lenient one. */
const FOREIGN = {
  hex: { strict: /[^0-9A-Fa-f\t\n\f\r ]/, lenient: /[^0-9A-Fa-f]+/g },
  base64: { strict: /[^0-9A-Za-z+/=\t\n\f\r ]/, lenient: /[^0-9A-Za-z+/\-_=]+/g },
  base64url: { strict: /[^0-9A-Za-z\-_=\t\n\f\r ]/, lenient: /[^0-9A-Za-z+/\-_=]+/g },
}

class Decoder {
  #encoding
  #isStrict
  /** Characters in a group. */
  #group
  /** Those of a group that is not whole. */
  #pending = ''
  /** How much padding came. */
  #padding = 0
  /** Bytes of input that are done. */
  #offset = 0

  constructor(encoding, isStrict) {
    this.#encoding = encoding
    this.#isStrict = isStrict
    this.#group = encoding === 'hex' ? 2 : 4
  }

  push(chunk) {
    const text = chunk.latin1Slice()
    const known = this.#isStrict ? this.#checked(text) : this.#sifted(text)
    this.#offset += text.length
    const all = this.#pending + known
    const whole = all.length - (all.length % this.#group)
    this.#pending = all.slice(whole)
    return Buffer.from(all.slice(0, whole), this.#encoding)
  }

  finish() {
    const filled = this.#pending.length
    if (this.#isStrict && filled > 0 && !this.#isWhole(filled)) {
      throw invalidText(this.#encoding, this.#offset)
    }
    if (this.#group === 2 || filled < 2) return NOTHING
    return Buffer.from(this.#pending, this.#encoding)
  }

  #isWhole(filled) {
    if (this.#group === 2 || filled === 1) return false
    if (this.#padding === 0) return this.#encoding === 'base64url'
    return filled + this.#padding === 4
  }

  #sifted(text) {
    if (this.#padding > 0) return ''
    const known = text.replaceAll(FOREIGN[this.#encoding].lenient, '')
    const end = known.indexOf('=')
    if (end === -1) return known
    this.#padding = 1
    return known.slice(0, end)
  }

  #checked(text) {
    const foreign = text.search(FOREIGN[this.#encoding].strict)
    const end = text.indexOf('=')
    const isPadded = this.#padding > 0 || end !== -1
    if (isPadded) this.#checkPadding(text, foreign === -1 ? text.length : foreign)
    if (foreign !== -1) throw invalidText(this.#encoding, this.#offset + foreign)
    return text.replaceAll(/[\t\n\f\r =]+/g, '')
  }

  /** Byte by byte: it comes at the end, if all is well. */
  #checkPadding(text, until) {
    const { length } = this.#pending
    const first = this.#padding > 0 ? 0 : text.indexOf('=')
    const before = text.slice(0, first).replaceAll(/[\t\n\f\r ]+/g, '').length
    const filled = (length + before) % 4
    for (let i = first; i < until; i += 1) {
      const character = text[i]
      if (character === '=' && filled >= 2 && filled + this.#padding < 4) this.#padding += 1
      else if (!/[\t\n\f\r ]/.test(character)) {
        throw invalidText(this.#encoding, this.#offset + i)
      }
    }
  }
}

class Encoder {
  #encoding
  /** Bytes in a group. */
  #group
  #pending = NOTHING

  constructor(encoding) {
    this.#encoding = encoding
    this.#group = encoding === 'hex' ? 1 : 3
  }

  push(chunk) {
    const all = this.#pending.length === 0 ? chunk : Buffer.concat([this.#pending, chunk])
    const whole = all.length - (all.length % this.#group)
    // A copy: who wrote it may use its memory again.
    this.#pending = Buffer.from(all.subarray(whole))
    return Buffer.from(all.toString(this.#encoding, 0, whole), 'latin1')
  }

  finish() {
    return Buffer.from(this.#pending.toString(this.#encoding), 'latin1')
  }
}

/**
 * @param {'hex' | 'base64' | 'base64url'} encoding
 * @param {boolean} decodes
 * @param {boolean} isStrict
 * @returns {{ push: (chunk: Buffer) => Buffer, finish: () => Buffer }}
 */
function binaryCodec(encoding, decodes, isStrict) {
  if (binding !== null) return new NativeCodec(encoding, decodes, isStrict)
  return decodes ? new Decoder(encoding, isStrict) : new Encoder(encoding)
}

module.exports = { binaryCodec }
