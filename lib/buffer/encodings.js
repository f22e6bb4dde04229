'use strict'

// The encodings, by the numbers that the addon knows them by.

const NAMES = ['utf8', 'utf16le', 'latin1', 'ascii', 'hex', 'base64', 'base64url']
const ALIASES = { 'utf-8': 0, ucs2: 1, 'ucs-2': 1, 'utf-16le': 1, binary: 2 }

const numbers = new Map([
  ...NAMES.map((name, number) => [name, number]),
  ...Object.entries(ALIASES),
])

/**
 * The number of an encoding, however it is written; undefined for one that
 * Node does not know either, and for what is not a string.
 * @param {unknown} encoding
 * @returns {number | undefined}
 */
function numberOf(encoding) {
  if (typeof encoding !== 'string') return undefined
  // As it is mostly written: quicker than the Map, and than one after the other.
  switch (encoding.length) {
    case 3:
      if (encoding === 'hex') return 4
      break
    case 4:
      if (encoding === 'utf8') return 0
      break
    case 5:
      if (encoding === 'ascii') return 3
      break
    case 6:
      if (encoding === 'base64') return 5
      if (encoding === 'latin1') return 2
      break
    case 7:
      if (encoding === 'utf16le') return 1
      break
    case 9:
      if (encoding === 'base64url') return 6
  }
  return numbers.get(encoding) ?? numbers.get(encoding.toLowerCase())
}

module.exports = {
  NAMES,
  numberOf,
  UTF8: 0,
  UTF16LE: 1,
  LATIN1: 2,
  ASCII: 3,
  HEX: 4,
  BASE64: 5,
  BASE64URL: 6,
}
