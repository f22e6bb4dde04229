'use strict'

// Hex and base64 from bytes to bytes, with no string in between.

const { checkBytes, outOfBounds } = require('./arguments.js')
const { isDoneBy, native } = require('./dispatch.js')
const { BASE64, BASE64URL, HEX, NAMES } = require('./encodings.js')
const { asBuffer, methods, statics } = require('./nodes.js')

/** The length of the text of so many bytes. */
function encodedLength(size, code) {
  if (code === HEX) return size * 2
  return code === BASE64 ? Math.ceil(size / 3) * 4 : Math.ceil((size * 4) / 3)
}

function encoderOf(code) {
  const isDone = isDoneBy(`encode.${NAMES[code]}`)
  return (source, target) => {
    checkBytes(source, 'source')
    const size = encodedLength(source.length, code)
    if (target === undefined) {
      const made = statics.allocUnsafe(size)
      return (encode(source, made, size), made)
    }
    checkBytes(target, 'target')
    if (target.length < size) throw outOfBounds('target')
    return encode(source, target, size)
  }

  function encode(source, target, size) {
    if (isDone(source.length)) {
      const count = native.encode(source, target, code)
      if (count !== undefined) return count
    }
    const text = methods.toString.call(asBuffer(source), NAMES[code])
    return methods.latin1Write.call(asBuffer(target), text, 0, size)
  }
}

function decoderOf(code) {
  const isDone = isDoneBy(`decode.${NAMES[code]}`)
  return (source, target) => {
    checkBytes(source, 'source')
    if (target === undefined) {
      const made = statics.allocUnsafe(decodedLength(source))
      const count = decode(source, made)
      return count === made.length ? made : methods.subarray.call(made, 0, count)
    }
    checkBytes(target, 'target')
    return decode(source, target)
  }

  function decodedLength(source) {
    if (code === HEX) return source.length >>> 1
    // As Node: what padding there is at the end does not count.
    let { length } = source
    if (source[length - 1] === 0x3d) length -= 1
    if (length > 1 && source[length - 1] === 0x3d) length -= 1
    return Math.floor((length * 3) / 4)
  }

  function decode(source, target) {
    if (isDone(source.length)) {
      const count = native.decode(source, target, code)
      if (count !== undefined) return count
    }
    const text = methods.latin1Slice.call(source, 0, source.length)
    return methods.write.call(asBuffer(target), text, NAMES[code])
  }
}

/**
 * Writes a string of hex to bytes, two bytes of text for each byte.
 * @param {Uint8Array} source
 * @param {Uint8Array} [target] by default a new Buffer
 * @returns {number | Buffer} how many bytes were written, or the new Buffer
 * @throws {TypeError | RangeError} ERR_INVALID_ARG_TYPE; ERR_BUFFER_OUT_OF_BOUNDS
 *   for a target that is too small
 */
const encodeHex = encoderOf(HEX)
/** The same in base64, padded with `=`. */
const encodeBase64 = encoderOf(BASE64)
/** The same in base64url, which has no padding. */
const encodeBase64Url = encoderOf(BASE64URL)

/**
 * Decodes text that is in bytes, as `Buffer.from(text, encoding)` does: hex
 * ends at the first pair that is none; base64 takes both alphabets and leaves
 * out what is in neither.
 * @param {Uint8Array} source
 * @param {Uint8Array} [target] by default a new Buffer; a full one ends it
 * @returns {number | Buffer} how many bytes were written, or the new Buffer
 * @throws {TypeError} ERR_INVALID_ARG_TYPE
 */
const decodeHex = decoderOf(HEX)
const decodeBase64 = decoderOf(BASE64)
const decodeBase64Url = decoderOf(BASE64URL)

module.exports = {
  encodeHex,
  encodeBase64,
  encodeBase64Url,
  decodeHex,
  decodeBase64,
  decodeBase64Url,
}
