'use strict'

// All that can stand in the place of Node's own, and looks like it.

const bytes = require('./bytes.js')
const conversions = require('./conversions.js')
const { isEverNative } = require('./dispatch.js')
const { NAMES } = require('./encodings.js')
const find = require('./find.js')
const nodes = require('./nodes.js')
const statics = require('./statics.js')
const strings = require('./strings.js')

const READING = NAMES.map((name) => `toString.${name}`)
const WRITING = NAMES.map((name) => `write.${name}`)
const TRANSCODING = NAMES.slice(0, 4).flatMap((from) => {
  return NAMES.slice(0, 4).map((to) => `transcode.${from}.${to}`)
})
const WORDS = ['utf8', 'ucs2', 'latin1', 'ascii', 'hex', 'base64', 'base64url']

/** Ours, and the operations without any of which Node's own stays. */
const ofPrototype = {
  indexOf: [find.indexOf, ['indexOf']],
  lastIndexOf: [find.lastIndexOf, ['lastIndexOf']],
  // Node 22 and earlier come from these to other methods, which are ours:
  // `indexOf`, `hexSlice`, `utf8Write`.
  ...(nodes.takesEnd && {
    includes: [find.includes, ['indexOf']],
    toString: [strings.toString, READING],
    write: [strings.write, WRITING],
  }),
  fill: [bytes.fill, ['fill']],
  compare: [bytes.compare, ['compare']],
  equals: [bytes.equals, ['equals']],
  copy: [bytes.copy, ['copy']],
  swap16: [bytes.swap16, ['swap16']],
  swap32: [bytes.swap32, ['swap32']],
  swap64: [bytes.swap64, ['swap64']],
}
for (const [code, word] of WORDS.entries()) {
  ofPrototype[`${word}Slice`] = [strings.slices[`${word}Slice`], [READING[code]]]
  ofPrototype[`${word}Write`] = [strings.writes[`${word}Write`], [WRITING[code]]]
}

const ofClass = {
  from: [statics.from, WRITING],
  alloc: [statics.alloc, ['fill']],
  compare: [statics.compare, ['compare']],
  concat: [statics.concat, ['concat']],
  byteLength: [statics.byteLength, ['byteLength']],
}

const ofModule = {
  transcode: [conversions.transcode, TRANSCODING],
  isUtf8: [conversions.isUtf8, ['isUtf8']],
  isAscii: [conversions.isAscii, ['isAscii']],
}

/** Those that the addon has a part in, dressed as Node's own. */
function inUse(wrappers, originals) {
  const used = {}
  for (const [name, [ours, operations]] of Object.entries(wrappers)) {
    const original = originals[name]
    if (original === undefined || !isEverNative(...operations)) continue
    Object.defineProperties(ours, {
      name: { configurable: true, value: original.name },
      length: { configurable: true, value: original.length },
      [nodes.kNodes]: { value: original },
    })
    used[name] = ours
  }
  return used
}

module.exports = {
  methods: inUse(ofPrototype, nodes.methods),
  statics: inUse(ofClass, nodes.statics),
  functions: inUse(ofModule, nodes.functions),
}
