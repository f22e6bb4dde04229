'use strict'

// Transforms between bytes and text.

const { Transform, addAbortSignal } = require('node:stream')

const { invalidArgType, invalidArgValue } = require('../errors.js')
const { checkBoolean, checkOptions } = require('../validators.js')
const { unshared } = require('../chunks.js')
const { duplexOptionsOf } = require('../duplex-options.js')
const { binaryCodec } = require('./binary-codecs.js')
const { CharacterEncoder, textDecoder } = require('./text-codecs.js')

/** The encodings, under all names that Buffer has for them. */
const NAMES = {
  hex: 'hex',
  base64: 'base64',
  base64url: 'base64url',
  utf8: 'utf8',
  'utf-8': 'utf8',
  utf16le: 'utf16le',
  'utf-16le': 'utf16le',
  ucs2: 'utf16le',
  'ucs-2': 'utf16le',
  latin1: 'latin1',
  binary: 'latin1',
}

const BINARY = new Set(['hex', 'base64', 'base64url'])

class Codec extends Transform {
  #codec

  constructor(codec, options) {
    super(options)
    this.#codec = codec
  }

  _transform(chunk, encoding, callback) {
    const written = typeof chunk === 'string' ? chunk : unshared(chunk)
    this.#give(() => this.#codec.push(written, encoding), callback)
  }

  _flush(callback) {
    this.#give(() => this.#codec.finish(), callback)
  }

  #give(make, callback) {
    let made
    try {
      made = make()
    } catch (error) {
      callback(error)
      return
    }
    if (made.length > 0) this.push(made)
    callback()
  }
}

function prepare(encoding, options) {
  if (typeof encoding !== 'string') throw invalidArgType('encoding', 'string', encoding, 'argument')
  const name = NAMES[encoding.toLowerCase()]
  if (name === undefined) {
    throw invalidArgValue('encoding', encoding, `must be one of: ${Object.keys(NAMES).join(', ')}`)
  }
  checkOptions(options)
  const { strict = true } = options
  checkBoolean('options.strict', strict)
  return { name, isStrict: strict, limits: duplexOptionsOf(options) }
}

function finish(stream, { signal }) {
  return signal === undefined ? stream : addAbortSignal(signal, stream)
}

/**
 * A Transform that takes text or bytes in `encoding`: of hex and base64 it makes
 * bytes, of all others strings.
 * @param {string} encoding
 * @param {object} [options] `strict: false` to skip or replace what is wrong;
 *   `signal` and those of Transform that limit its buffers
 * @returns {Transform}
 */
function createDecoder(encoding, options = {}) {
  const { name, isStrict, limits } = prepare(encoding, options)
  const stream = BINARY.has(name)
    ? new Codec(binaryCodec(name, true, isStrict), limits)
    : new Codec(textDecoder(name, isStrict), { ...limits, encoding: 'utf8' })
  return finish(stream, options)
}

/**
 * A Transform that makes bytes: of bytes their hex or base64, of text, as strings
 * or as UTF-8, what it is in any other `encoding`.
 * @param {string} encoding
 * @param {object} [options] as for `createDecoder`
 * @returns {Transform}
 */
function createEncoder(encoding, options = {}) {
  const { name, isStrict, limits } = prepare(encoding, options)
  const stream = BINARY.has(name)
    ? new Codec(binaryCodec(name, false, isStrict), limits)
    : new Codec(new CharacterEncoder(name, isStrict), { ...limits, decodeStrings: false })
  return finish(stream, options)
}

module.exports = { createDecoder, createEncoder }
