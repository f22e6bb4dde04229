'use strict'

// What is measured of Buffer's operations: for each one, the kinds of content
// that make a difference to either side.

const data = require('./buffer-data.js')

/** Encodings of text from bytes: what, of which kind, from which bytes. */
const READING = [
  ['utf8', 'ASCII', data.english],
  ['utf8', 'French', data.french],
  ['utf8', 'Arabic', data.arabic],
  ['utf8', 'Chinese', data.chinese],
  ['utf8', 'malformed, every 64th byte', data.malformed],
  ['utf8', 'malformed, latin1', data.mistaken],
  ['hex', 'random', data.randomBytes],
  ['base64', 'random', data.randomBytes],
  ['base64url', 'random', data.randomBytes],
  ['latin1', 'random', data.randomBytes],
  ['ascii', 'English', data.english],
  ['ascii', 'random', data.randomBytes],
  ['utf16le', 'random', (size) => Buffer.from(data.words(data.ARABIC, size / 2), 'utf16le')],
]

const base64 = (encoding) => (size) => data.randomBytes(size).toString(encoding).slice(0, size)

/** Strings of so many units, to be written. */
const WRITING = [
  ['utf8', 'ASCII', (size) => data.words(data.WORDS, size)],
  ['utf8', 'French', (size) => data.words(data.FRENCH, size)],
  ['utf8', 'Arabic', (size) => data.words(data.ARABIC, size)],
  ['hex', 'valid', (size) => data.randomBytes(size / 2).toString('hex')],
  [
    'hex',
    'upper case',
    (size) =>
      data
        .randomBytes(size / 2)
        .toString('hex')
        .toUpperCase(),
  ],
  ['base64', 'clean', base64('base64')],
  ['base64', 'in lines', data.lines],
  ['base64', 'dirty', data.dirty],
  ['base64', 'mixed alphabets', data.mixed],
  ['base64url', 'clean', base64('base64url')],
  ['base64url', 'mixed alphabets', data.mixed],
  ['latin1', 'French', (size) => data.words(data.FRENCH, size)],
  ['ascii', 'ASCII', (size) => data.words(data.WORDS, size)],
  ['utf16le', 'Arabic', (size) => data.words(data.ARABIC, size)],
]

/** Needles that are nowhere in English text, and begin with its most frequent byte. */
const absent = (length) =>
  Buffer.from(
    ` th\x01${'e of and to in is that for it as was with be by on not he his but'}`,
  ).subarray(0, length)
const SEARCHING = [
  ['2 bytes, the first is common', () => Buffer.from('e\x01')],
  ['4 bytes, the first is common', () => absent(4)],
  ['16 bytes, the first is common', () => absent(16)],
  ['64 bytes, the first is common', () => absent(64)],
  ['4 bytes, the first is rare', () => Buffer.from('\x01the')],
  ['string of 4, the first is common', () => ' th\x01'],
]

const PAIRS = [
  ['utf8', 'utf16le', data.arabic],
  ['utf8', 'latin1', data.french],
  ['utf8', 'ascii', data.french],
  ['utf8', 'utf8', data.french],
  ['utf16le', 'utf8', (size) => Buffer.from(data.words(data.ARABIC, size / 2), 'utf16le')],
  ['utf16le', 'utf16le', (size) => Buffer.from(data.words(data.ARABIC, size / 2), 'utf16le')],
  ['utf16le', 'latin1', (size) => Buffer.from(data.words(data.FRENCH, size / 2), 'utf16le')],
  ['utf16le', 'ascii', (size) => Buffer.from(data.words(data.FRENCH, size / 2), 'utf16le')],
  ['latin1', 'utf8', data.mistaken],
  ['latin1', 'utf16le', data.mistaken],
  ['latin1', 'latin1', data.mistaken],
  ['latin1', 'ascii', data.mistaken],
  ['ascii', 'utf8', data.english],
  ['ascii', 'utf16le', data.english],
  ['ascii', 'latin1', data.english],
  ['ascii', 'ascii', data.english],
]

/**
 * @param nodes Node's own: `methods`, `statics`, `functions`
 * @param ours the same of ours, and `buffer`, the functions
 * @returns {{ operation: string, kind: string, make: (size: number) =>
 *   { node: object, ours: object } }[]} calls, as `measure` takes them
 */
function createCases(nodes, ours) {
  const cases = []
  /** `prepare(size)` gives a function that takes either side. */
  const add = (operation, kind, prepare) => {
    const make = (size) => {
      const run = prepare(size)
      return { node: run(nodes), ours: run(ours) }
    }
    cases.push({ operation, kind, make })
  }
  const addMethod = (name, operation, kind, prepare) =>
    add(operation, kind, (size) => {
      const [self, ...args] = prepare(size)
      return ({ methods: { [name]: call } }) => ({ call, self, args })
    })

  for (const method of ['indexOf', 'lastIndexOf']) {
    for (const [kind, needle] of SEARCHING) {
      addMethod(method, method, kind, (size) => {
        // From the end it is the last byte that is looked for.
        const value = needle()
        const turned = typeof value === 'string' ? [...value].reverse().join('') : value.reverse()
        return [data.english(size), method === 'indexOf' ? needle() : turned]
      })
    }
    addMethod(method, method, 'found at once', (size) => {
      const bytes = data.english(size)
      bytes.write('\r\n', method === 'indexOf' ? 7 : size - 9)
      return [bytes, '\r\n']
    })
  }
  for (const [encoding, kind, bytes] of READING) {
    addMethod('toString', `toString.${encoding}`, kind, (size) => [bytes(size), encoding])
  }
  for (const [encoding, kind, string] of WRITING) {
    const operation = `write.${encoding}`
    addMethod('write', operation, `write, ${kind}`, (size) => {
      return [Buffer.alloc(size * 3), string(size), encoding]
    })
    add(operation, `from, ${kind}`, (size) => {
      const text = string(size)
      return ({ statics: { from } }) => ({ call: from, args: [text, encoding] })
    })
  }
  addOthers(add, addMethod)
  return cases
}

function addOthers(add, addMethod) {
  addMethod('fill', 'fill', 'pattern of 3', (size) => [Buffer.alloc(size), Buffer.from('abc')])
  addMethod('fill', 'fill', 'string of 11', (size) => [Buffer.alloc(size), 'hello world'])
  for (const width of [16, 32, 64]) {
    addMethod(`swap${width}`, `swap${width}`, 'random', (size) => [data.randomBytes(size)])
  }
  addMethod('compare', 'compare', 'equal', (size) => [data.english(size), data.english(size)])
  addMethod('equals', 'equals', 'equal', (size) => [data.english(size), data.english(size)])
  addMethod('copy', 'copy', 'whole', (size) => [data.english(size), Buffer.alloc(size)])
  add('concat', '16 parts', (size) => {
    const list = Array.from({ length: 16 }, () => data.randomBytes(Math.max(1, size >> 4)))
    return ({ statics: { concat } }) => ({ call: concat, args: [list] })
  })
  for (const [kind, list] of [
    ['ASCII', data.WORDS],
    ['Arabic', data.ARABIC],
  ]) {
    add('byteLength', kind, (size) => {
      const text = data.words(list, size)
      return ({ statics: { byteLength } }) => ({ call: byteLength, args: [text] })
    })
  }
  for (const [name, kind, bytes] of [
    ['isUtf8', 'Arabic', data.arabic],
    ['isUtf8', 'ASCII', data.english],
    ['isAscii', 'ASCII', data.english],
  ]) {
    add(name, kind, (size) => {
      const input = bytes(size)
      return ({ functions: { [name]: call } }) => ({ call, args: [input] })
    })
  }
  for (const [name, text] of [
    ['atob', base64('base64')],
    ['btoa', (size) => data.words(data.FRENCH, size)],
  ]) {
    add(name, 'valid', (size) => {
      const input = text(size - (size % 4))
      return ({ functions: { [name]: call } }) => ({ call, args: [input] })
    })
  }
  for (const [from, to, bytes] of PAIRS) {
    add(`transcode.${from}.${to}`, 'text', (size) => {
      const source = bytes(size)
      return ({ functions: { transcode } }) => ({ call: transcode, args: [source, from, to] })
    })
  }
  addCodecs(add)
}

/** Where Node has to go by way of a string. */
function addCodecs(add) {
  for (const [encoding, word] of [
    ['hex', 'Hex'],
    ['base64', 'Base64'],
    ['base64url', 'Base64Url'],
  ]) {
    const sources = {
      encode: (size) => data.randomBytes(size),
      decode: (size) => Buffer.from(data.randomBytes(size).toString(encoding).slice(0, size)),
    }
    for (const [direction, make] of Object.entries(sources)) {
      // Text comes from bytes, or goes to them, as latin1.
      const [first, second] = direction === 'encode' ? [encoding, 'latin1'] : ['latin1', encoding]
      const viaString = ({ methods, statics }, source) => ({
        call: () => statics.from(methods.toString.call(source, first), second),
      })
      const name = `${direction}${word}`
      add(`${direction}.${encoding}`, 'to a new Buffer', (size) => {
        const source = make(size)
        return (side) =>
          side.buffer === undefined
            ? viaString(side, source)
            : { call: side.buffer[name], args: [source] }
      })
      add(`${direction}.${encoding}`, 'into a Buffer that is there', (size) => {
        const source = make(size)
        const target = Buffer.alloc(size * 2 + 4)
        return (side) =>
          side.buffer === undefined
            ? viaString(side, source)
            : { call: side.buffer[name], args: [source, target], result: () => target }
      })
    }
  }
}

module.exports = { createCases }
