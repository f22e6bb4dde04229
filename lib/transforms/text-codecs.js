'use strict'

// Text as bytes: UTF-8, UTF-16, Latin-1. Node decodes and validates whole
// characters with SIMD instructions, so only their cutting is done here.

const { isUtf8 } = require('node:buffer')
const { Buffer } = require('node:buffer')

const { invalidText } = require('../errors.js')

const NOTHING = Buffer.alloc(0)

/** Bytes of the character that begins with `byte`; 1 where none does. */
function lengthOf(byte) {
  if (byte < 0xc2 || byte > 0xf4) return 1
  if (byte < 0xe0) return 2
  return byte < 0xf0 ? 3 : 4
}

function isContinuation(byte) {
  return byte >= 0x80 && byte < 0xc0
}

/** How many of the last bytes may be the beginning of a character. */
function openBytes(bytes) {
  for (let i = 1; i <= Math.min(3, bytes.length); i += 1) {
    const byte = bytes[bytes.length - i]
    if (!isContinuation(byte)) return lengthOf(byte) > i ? i : 0
  }
  return 0
}

/** The first byte of what is not UTF-8 in bytes that are not. */
function firstInvalid(bytes) {
  let at = 0
  while (at < bytes.length) {
    const length = lengthOf(bytes[at])
    if (!isUtf8(bytes.subarray(at, at + length)) || at + length > bytes.length) return at
    at += length
  }
  return at
}

class Utf8Decoder {
  #isStrict
  #carry = NOTHING
  #offset = 0

  constructor(isStrict) {
    this.#isStrict = isStrict
  }

  push(chunk) {
    const all = this.#carry.length === 0 ? chunk : Buffer.concat([this.#carry, chunk])
    const whole = all.subarray(0, all.length - openBytes(all))
    if (this.#isStrict && !isUtf8(whole)) {
      throw invalidText('utf8', this.#offset + firstInvalid(whole))
    }
    this.#offset += whole.length
    // A copy: who wrote it may use its memory again.
    this.#carry = Buffer.from(all.subarray(whole.length))
    return whole.toString('utf8')
  }

  finish() {
    if (this.#isStrict && this.#carry.length > 0) throw invalidText('utf8', this.#offset)
    const text = this.#carry.toString('utf8')
    this.#carry = NOTHING
    return text
  }
}

function isHighSurrogate(unit) {
  return unit >= 0xd800 && unit < 0xdc00
}

/** Text of UTF-16 units, whose pairs may be cut. */
class Units {
  #encoding
  #isStrict
  /** Bytes of a unit, in what offsets count. */
  #size
  #carry = ''
  #offset = 0

  constructor(encoding, isStrict, size) {
    this.#encoding = encoding
    this.#isStrict = isStrict
    this.#size = size
  }

  push(text) {
    const all = this.#carry + text
    const isOpen = isHighSurrogate(all.charCodeAt(all.length - 1))
    this.#carry = isOpen ? all.slice(-1) : ''
    return this.#checked(isOpen ? all.slice(0, -1) : all)
  }

  finish() {
    const text = this.#carry
    this.#carry = ''
    return this.#checked(text)
  }

  #checked(text) {
    if (this.#isStrict && !text.isWellFormed()) {
      // Halves of pairs are no surrogates to a pattern of characters.
      throw invalidText(this.#encoding, this.#offset + this.#size * text.search(/\p{Surrogate}/u))
    }
    this.#offset += this.#size * text.length
    return text
  }
}

class Utf16Decoder {
  #isStrict
  #units
  /** The first byte of a unit whose second is not there yet. */
  #carry = NOTHING
  #length = 0

  constructor(isStrict) {
    this.#isStrict = isStrict
    this.#units = new Units('utf16le', isStrict, 2)
  }

  push(chunk) {
    const all = this.#carry.length === 0 ? chunk : Buffer.concat([this.#carry, chunk])
    const whole = all.length - (all.length % 2)
    this.#carry = Buffer.from(all.subarray(whole))
    this.#length += whole
    return this.#units.push(all.toString('utf16le', 0, whole))
  }

  finish() {
    const text = this.#units.finish()
    if (this.#isStrict && this.#carry.length > 0) throw invalidText('utf16le', this.#length)
    return text
  }
}

class Latin1Decoder {
  push(chunk) {
    return chunk.latin1Slice()
  }

  finish() {
    return ''
  }
}

/** Encodings of strings that stand for bytes, and not for text. */
const OF_BYTES = new Set(['hex', 'base64', 'base64url'])

class CharacterEncoder {
  #encoding
  #isStrict
  /** Of text that comes as UTF-8. */
  #bytes
  #units
  #offset = 0

  constructor(encoding, isStrict) {
    this.#encoding = encoding
    this.#isStrict = isStrict
    this.#bytes = new Utf8Decoder(isStrict)
    // Of Latin-1, all but 256 characters are wrong anyway.
    this.#units = new Units(encoding, isStrict && encoding !== 'latin1', 1)
  }

  /**
   * @param {string | Buffer} chunk
   * @param {string} encoding of a string
   */
  push(chunk, encoding) {
    if (typeof chunk === 'string' && !OF_BYTES.has(encoding)) {
      return this.#encode(this.#units.push(this.#bytes.finish() + chunk))
    }
    const bytes = typeof chunk === 'string' ? Buffer.from(chunk, encoding) : chunk
    return this.#encode(this.#units.push(this.#bytes.push(bytes)))
  }

  finish() {
    const first = this.#encode(this.#units.push(this.#bytes.finish()))
    return Buffer.concat([first, this.#encode(this.#units.finish())])
  }

  #encode(text) {
    if (this.#isStrict && this.#encoding === 'latin1') {
      const foreign = text.search(/[^\0-\xff]/)
      if (foreign !== -1) throw invalidText('latin1', this.#offset + foreign)
    }
    this.#offset += text.length
    return Buffer.from(text, this.#encoding)
  }
}

/**
 * @param {'utf8' | 'utf16le' | 'latin1'} encoding
 * @param {boolean} isStrict
 * @returns {{ push: (chunk: Buffer) => string, finish: () => string }}
 */
function textDecoder(encoding, isStrict) {
  if (encoding === 'latin1') return new Latin1Decoder()
  return encoding === 'utf8' ? new Utf8Decoder(isStrict) : new Utf16Decoder(isStrict)
}

module.exports = { textDecoder, CharacterEncoder }
