'use strict'

// Every operation, on this Node's own and on ours, with the same random
// arguments: same results, same errors, same bytes left behind.
// MILLRACE_FUZZ_CASES sets the number of cases, MILLRACE_SEED repeats a run.

const assert = require('node:assert/strict')
const { describe, test } = require('node:test')

const fc = require('fast-check')

const arbitraries = require('./helpers/buffer-arbitraries.js')
const { load } = require('./helpers/buffer-modes.js')
const { outcome } = require('./helpers/buffer-outcome.js')

const {
  content,
  encoding,
  endPosition,
  junk,
  position,
  receiver,
  searchable,
  sound,
  string,
  writable,
} = arbitraries

const CASES = Number(process.env.MILLRACE_FUZZ_CASES ?? 20_000)
const seed = Number(process.env.MILLRACE_SEED ?? Date.now() % 2 ** 31)

const native = load('native')
const measured = load('measured')
const { methods, statics, functions, takesEnd } = native.nodes

const searched = arbitraries.stringOf(arbitraries.SEARCHED)
const haystack = fc.oneof(
  searched.map((text) => Buffer.from(text)),
  searched.map((text) => Buffer.from(text, 'utf16le')),
  content,
)
/** Node 24 ends the process at lone surrogates in long strings. */
const searchedFor = (text) => (takesEnd ? text.toWellFormed() : text)
const needle = fc.oneof(
  { weight: 4, arbitrary: searched },
  { weight: 4, arbitrary: sound(searched.map((text) => Buffer.from(text.slice(0, 9)))) },
  { weight: 2, arbitrary: fc.oneof(sound(content), string.map(searchedFor)) },
  { weight: 1, arbitrary: fc.oneof(fc.integer({ min: -300, max: 600 }), junk) },
)
const where = fc.oneof({ weight: 8, arbitrary: position }, encoding)
const search = takesEnd
  ? fc.oneof(
      fc.tuple(
        needle,
        where,
        encoding.filter((name) => name === undefined || typeof name === 'string'),
      ),
      fc.tuple(needle, where, endPosition, encoding),
    )
  : fc.tuple(needle, where, encoding)

/** An offset may be the encoding, and a length too. */
const written = fc.oneof(
  fc.tuple(string, encoding),
  fc.tuple(string, position, encoding),
  fc.tuple(string, position, position, encoding),
  fc.tuple(fc.oneof(junk, sound(content)), position, position, encoding),
  fc.tuple(string),
)
const pattern = fc.oneof(
  { weight: 4, arbitrary: string },
  { weight: 3, arbitrary: sound(content) },
  { weight: 1, arbitrary: junk },
)
const filled = fc.oneof(
  fc.tuple(pattern),
  fc.tuple(pattern, encoding),
  fc.tuple(pattern, position, encoding),
  fc.tuple(pattern, position, position, encoding),
)
const other = fc.oneof({ weight: 9, arbitrary: receiver(content) }, junk)
const range = fc.tuple(position, position)
const list = fc.oneof(
  { weight: 9, arbitrary: fc.array(sound(content), { maxLength: 5 }) },
  { weight: 1, arbitrary: fc.array(fc.oneof(sound(content), junk), { maxLength: 4 }) },
  { weight: 1, arbitrary: junk },
)
/** None that would take gigabytes. */
const sizes = fc.oneof(
  { weight: 9, arbitrary: fc.integer({ min: 0, max: 400 }) },
  junk.filter((size) => !(size >= 1e6 && size <= 2 ** 33)),
)
const none = fc.constant([])

const slices = Object.keys(methods).filter((name) => /^[a-z0-9]+Slice$/.test(name))
const writes = Object.keys(methods).filter((name) => /^[a-z0-9]+Write$/.test(name))

/** Method: [arbitrary of the receiver, of the arguments]. */
const METHODS = {
  indexOf: [haystack, search],
  lastIndexOf: [haystack, search],
  // Before that, Node's own stays: it asks `this.indexOf`.
  ...(takesEnd && { includes: [haystack, search] }),
  toString: [
    content,
    fc.oneof(
      none,
      fc.tuple(encoding),
      fc.tuple(encoding, range).map((args) => args.flat()),
    ),
  ],
  write: [content, written],
  fill: [content, filled],
  equals: [content, fc.tuple(other)],
  compare: [
    content,
    fc.oneof(
      fc.tuple(other),
      fc.tuple(other, range, range).map((args) => args.flat()),
    ),
  ],
  copy: [content, fc.tuple(other, position, position, position)],
  swap16: [content, none],
  swap32: [content, none],
  swap64: [content, none],
  ...Object.fromEntries(slices.map((name) => [name, [content, range]])),
  ...Object.fromEntries(
    writes.map((name) => [name, [content, fc.tuple(string, position, position)]]),
  ),
}

const STATICS = {
  from: fc.oneof(
    { weight: 6, arbitrary: fc.tuple(string, encoding) },
    { weight: 1, arbitrary: fc.tuple(fc.oneof(other, list), position, position) },
  ),
  alloc: fc.oneof(fc.tuple(sizes, pattern, encoding), fc.tuple(sizes, pattern)),
  compare: fc.tuple(other, other),
  concat: fc.oneof(fc.tuple(list), fc.tuple(list, sizes)),
  byteLength: fc.oneof(
    { weight: 6, arbitrary: fc.tuple(string, encoding) },
    { weight: 1, arbitrary: fc.tuple(other) },
  ),
}

const FUNCTIONS = {
  transcode: fc.oneof(
    fc.tuple(other, encoding, encoding),
    fc.tuple(
      fc.oneof(sound(arbitraries.utf8), sound(content)),
      fc.constantFrom('utf8', 'utf16le', 'ucs2', 'latin1', 'ascii', 'binary'),
      fc.constantFrom('utf8', 'utf16le', 'ucs2', 'latin1', 'ascii', 'binary'),
    ),
  ),
  isUtf8: fc.oneof(fc.tuple(sound(arbitraries.utf8)), fc.tuple(other)),
  isAscii: fc.oneof(fc.tuple(sound(content)), fc.tuple(other)),
  atob: fc.oneof(fc.tuple(string), none, fc.tuple(junk)),
  btoa: fc.oneof(fc.tuple(string), none, fc.tuple(junk)),
}

/**
 * Node's own search for UTF-16 at an odd address does not end, so Node gets
 * the same bytes at an even one.
 */
function aligned(method) {
  return function (...args) {
    const isOdd = this instanceof Uint8Array && this.byteOffset % 2 === 1
    return method.apply(isOdd ? Buffer.from(this) : this, args)
  }
}
const theirs = {
  ...methods,
  indexOf: aligned(methods.indexOf),
  lastIndexOf: aligned(methods.lastIndexOf),
  includes: aligned(methods.includes),
}

/**
 * Node's own UTF-16 decoder writes behind its memory for an odd number of
 * bytes at an odd address: buffer-alignment.spec.js has those.
 */
function isHazard(method, self, args) {
  const isUtf16 = method === 'ucs2Slice' || /^u(cs|tf-?16)/i.test(args[0])
  if (!isUtf16 || !['ucs2Slice', 'toString'].includes(method)) return false
  const [start = 0] = method === 'toString' ? args.slice(1) : args
  return Math.trunc(make(self)?.byteOffset + Number(start ?? 0)) % 2 !== 0
}

function make(value) {
  if (Array.isArray(value)) return value.map(make)
  return typeof value?.make === 'function' ? value.make() : value
}

/** Fails unless both come to the same. */
function compare(nodes, ours, self, args) {
  const expected = outcome(nodes, make(self), make(args))
  const actual = outcome(ours, make(self), make(args))
  assert.deepEqual(actual, expected)
}

/** The number of cases of each operation, of those of all. */
const OPERATIONS =
  Object.keys(METHODS).length + Object.keys(STATICS).length + Object.keys(FUNCTIONS).length
const each = Math.ceil(CASES / OPERATIONS / 2)
const parameters = { numRuns: each, seed, endOnFailure: false }

for (const [name, loaded] of Object.entries({ native, measured })) {
  const { bytes, conversions, find, strings } = loaded
  const ours = { ...find, ...bytes, toString: strings.toString, write: strings.write }
  Object.assign(ours, strings.slices, strings.writes)

  describe(`operations, ${name}, seed ${seed}`, () => {
    for (const [method, [self, args]] of Object.entries(METHODS)) {
      test(`Buffer.prototype.${method}`, () => {
        const isRaw = slices.includes(method) || writes.includes(method)
        const strange = isRaw ? writable : self === haystack ? searchable : receiver
        const property = fc.property((takesEnd ? strange : receiver)(self), args, (one, rest) => {
          if (isHazard(method, one, rest)) return
          compare(theirs[method], ours[method], one, rest)
        })
        fc.assert(property, parameters)
      })
    }
    for (const [method, args] of Object.entries(STATICS)) {
      test(`Buffer.${method}`, () => {
        const property = fc.property(args, (all) => {
          compare(statics[method], loaded.statics[method], undefined, all)
        })
        fc.assert(property, parameters)
      })
    }
    for (const [method, args] of Object.entries(FUNCTIONS)) {
      test(`${method}`, { skip: functions[method] === undefined && 'this Node has none' }, () => {
        const property = fc.property(args, (all) => {
          // For half a unit Node 22 and earlier write behind their memory.
          const isUtf16 = /^u(cs|tf-?16)/i.test(all[1])
          if (method === 'transcode' && isUtf16 && !takesEnd && all[0]?.length % 2 === 1) return
          compare(functions[method], conversions[method], undefined, all)
        })
        fc.assert(property, parameters)
      })
    }
  })
}
