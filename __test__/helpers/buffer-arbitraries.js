'use strict'

// What the fuzzer of Buffer's operations is fed with: bytes and strings that
// are nearly right, memory of every kind, and arguments that nobody expects.

const fc = require('fast-check')

const ENCODINGS = [
  'utf8',
  'utf-8',
  'UTF8',
  'ucs2',
  'utf16le',
  'UTF-16LE',
  'latin1',
  'binary',
  'Binary',
  'ascii',
  'hex',
  'HEX',
  'base64',
  'base64url',
  'BASE64URL',
]

const encoding = fc.oneof(
  { weight: 20, arbitrary: fc.constantFrom(...ENCODINGS) },
  { weight: 2, arbitrary: fc.constant(undefined) },
  { weight: 1, arbitrary: fc.constantFrom('', 'utf9', 'buffer', 'utf16', null, 5, {}, 'latin-1') },
)

const HEX = [
  '00',
  'ff',
  'aB',
  '7',
  'g',
  '9Z',
  '  ',
  '0x',
  'é',
  'ā',
  'deadbeef',
  '0123456789abcdefABCDEF',
]
const BASE64 = [
  'AAAA',
  'aGk',
  '/+',
  '-_',
  '=',
  '==',
  '\n',
  ' ',
  '*',
  'é',
  'Ī',
  'QUJD',
  'a',
  'b/-',
  '\ud800',
]
const TEXT = [
  'a',
  'hello, ',
  'é',
  'ÿ',
  '\0',
  '€',
  '日本',
  '😀',
  '\ud83d',
  '\ude00',
  '\ufeff',
  '\ufffd',
  'مرحبا',
  // Left out by ICU, and not by others.
  '\u00ad',
  '\u200b\u2060\u{e0041}',
  'a'.repeat(37),
]
const SEARCHED = ['a', 'b', 'ab', 'aab', 'aaaaaaaa', 'é', '\0', 'x']

/** Strings of fragments, now and then repeated until they are long. */
function stringOf(fragments) {
  return fc
    .tuple(
      fc.array(fc.constantFrom(...fragments), { maxLength: 12 }),
      fc.oneof({ weight: 12, arbitrary: fc.constant(1) }, fc.integer({ min: 2, max: 40 })),
      fc.array(fc.constantFrom(...fragments), { maxLength: 2 }),
    )
    .map(([parts, times, tail]) => parts.join('').repeat(times) + tail.join(''))
}

const string = fc.oneof(
  stringOf(TEXT),
  stringOf(HEX),
  stringOf(BASE64),
  stringOf(SEARCHED),
  stringOf([...HEX, ...BASE64, ...TEXT]),
  stringOf(['00', 'ff', '1a', 'C3']),
  stringOf(['AAAA', 'QUJD', 'aGk/', '+/+/', 'aGk_']),
)

/** Pieces of UTF-8, whole and broken. */
const UTF8 = [
  'a',
  'plain text, ',
  'é',
  '€',
  '😀',
  [0x80],
  [0xbf, 0xbf],
  [0xc0, 0x80],
  [0xc1, 0xbf],
  [0xc3],
  [0xe0, 0x80, 0xaf],
  [0xe2, 0x82],
  [0xe2],
  [0xed, 0xa0, 0x80],
  [0xed, 0xbf, 0xbf],
  [0xef, 0xbb, 0xbf],
  [0xf0, 0x9f, 0x98],
  [0xf0, 0x9f],
  [0xf0, 0x80, 0x80, 0x80],
  [0xf4, 0x8f, 0xbf, 0xbf],
  [0xf4, 0x90, 0x80, 0x80],
  [0xf8, 0x88, 0x80, 0x80, 0x80],
  [0xff],
  [0xfe, 0xff],
].map((piece) => Buffer.from(piece))

const utf8 = fc
  .tuple(
    fc.array(fc.constantFrom(...UTF8), { maxLength: 14 }),
    fc.oneof({ weight: 12, arbitrary: fc.constant(1) }, fc.integer({ min: 2, max: 40 })),
  )
  .map(([parts, times]) => Array.from({ length: times }, () => parts).flat())
  .map((parts) => Buffer.concat(parts))

const plain = fc.uint8Array({ maxLength: 70 })

const content = fc.oneof(
  utf8,
  plain,
  fc.uint8Array({ minLength: 100, maxLength: 300 }),
  string.map((text) => Buffer.from(text)),
  stringOf(SEARCHED).map((text) => Buffer.from(text)),
  stringOf(TEXT).map((text) => Buffer.from(text, 'utf16le')),
)

/** The kinds of memory that bytes may be in. */
class Derived extends Uint8Array {}

function fillIn(view, bytes) {
  new Uint8Array(view.buffer, view.byteOffset, bytes.length).set(bytes)
  return view
}

const KINDS = {
  buffer: (bytes) => fillIn(Buffer.allocUnsafeSlow(bytes.length), bytes),
  unaligned: (bytes, shift) => {
    const memory = Buffer.alloc(bytes.length + 16)
    return fillIn(memory.subarray(shift, shift + bytes.length), bytes)
  },
  array: (bytes) => Uint8Array.from(bytes),
  derived: (bytes) => Derived.from(bytes),
  shared: (bytes) => {
    const memory = new SharedArrayBuffer(bytes.length + 8)
    return fillIn(Buffer.from(memory, 8), bytes)
  },
  resizable: (bytes, shift) => {
    const memory = new ArrayBuffer(bytes.length + 8, { maxByteLength: bytes.length + 64 })
    return fillIn(Buffer.from(memory, shift % 9, bytes.length), bytes)
  },
  tracking: (bytes) => {
    const memory = new ArrayBuffer(bytes.length, { maxByteLength: bytes.length + 64 })
    return fillIn(new Uint8Array(memory), bytes)
  },
  shrunk: (bytes) => {
    const memory = new ArrayBuffer(bytes.length + 32, { maxByteLength: bytes.length + 64 })
    const view = fillIn(Buffer.from(memory, 8), bytes)
    memory.resize(bytes.length >>> 1)
    return view
  },
  detached: (bytes) => {
    const view = KINDS.buffer(bytes)
    structuredClone(view.buffer, { transfer: [view.buffer] })
    return view
  },
}

/** Those that only methods meet, by `call`: of functions they are refused. */
const STRANGE = {
  view: (bytes) => new DataView(Uint8Array.from(bytes).buffer),
  words: (bytes) => Uint16Array.from(bytes),
  clamped: (bytes) => Uint8ClampedArray.from(bytes),
  fake: (bytes) => ({ length: bytes.length, byteLength: bytes.length }),
  arrayBuffer: (bytes) => Uint8Array.from(bytes).buffer,
  list: (bytes) => [...bytes],
}

/**
 * Bytes as a recipe: `make()` makes them anew, so that two implementations get
 * the same and cannot see each other's changes.
 */
function recipe(kinds, bytes = content) {
  return fc
    .tuple(bytes, fc.constantFrom(...Object.keys(kinds)), fc.nat({ max: 15 }))
    .map(([data, kind, shift]) => ({
      length: data.length,
      make: () => kinds[kind](data, shift),
      toString: () => `${kind}+${shift} of ${Buffer.from(data).toString('hex')}`,
    }))
}

const ORDINARY = { buffer: KINDS.buffer, unaligned: KINDS.unaligned, array: KINDS.array }
const sound = (bytes) =>
  fc.oneof(
    { weight: 4, arbitrary: recipe(ORDINARY, bytes) },
    { weight: 1, arbitrary: recipe(KINDS, bytes) },
  )
const receiver = (bytes) =>
  fc.oneof(
    { weight: 20, arbitrary: sound(bytes) },
    { weight: 1, arbitrary: recipe(STRANGE, bytes) },
  )

const { view, words, clamped, ...OBJECTS } = STRANGE
const without = (kinds) => (bytes) =>
  fc.oneof({ weight: 20, arbitrary: sound(bytes) }, { weight: 1, arbitrary: recipe(kinds, bytes) })
/** Without DataViews: searching one, Node 24 ends the process. */
const searchable = without({ words, clamped, ...OBJECTS })
/** Without what is no view: `utf8Write` of Node 24 ends the process. */
const writable = without({ view, words, clamped })

const JUNK = [null, NaN, -1, 1.5, -0, Infinity, -Infinity, '3', '', {}, [], [2], true, false, 5n]
const HUGE = [2 ** 31 - 1, 2 ** 31, -(2 ** 31), 2 ** 32, 2 ** 32 + 1, -(2 ** 33), 2 ** 53]
const junk = fc.constantFrom(undefined, ...JUNK, ...HUGE)

/** A position, mostly within the first bytes; now and then anything. */
const position = fc.oneof(
  { weight: 4, arbitrary: fc.constant(undefined) },
  { weight: 10, arbitrary: fc.integer({ min: 0, max: 40 }) },
  { weight: 3, arbitrary: fc.integer({ min: -300, max: 300 }) },
  { weight: 2, arbitrary: junk },
)
/** The same of a type that does not end Node 24, which tests it with an assertion. */
const endPosition = fc.oneof(
  { weight: 6, arbitrary: fc.constant(undefined) },
  { weight: 6, arbitrary: fc.integer({ min: 0, max: 300 }) },
  { weight: 1, arbitrary: fc.constantFrom(-1, -5, NaN, 1.5, Infinity, ...HUGE) },
)

module.exports = {
  ENCODINGS,
  SEARCHED,
  content,
  encoding,
  endPosition,
  junk,
  position,
  receiver,
  searchable,
  writable,
  sound,
  string,
  stringOf,
  utf8,
}
