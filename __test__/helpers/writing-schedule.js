'use strict'

// Random lives of a WriteStream. The same seed makes the same life.

const fs = require('node:fs')

const { bytes } = require('./files.js')
const { pick, randomOf } = require('./schedule.js')

const SIZES = [0, 1, 10, 10, 100, 100, 1000, 4097, 16_384, 16_385, 65_536, 70_000, 131_073, 300_000]
const ENCODINGS = ['utf8', 'latin1', 'ascii', 'hex', 'base64', 'base64url', 'utf16le', 'ucs2']

/** What is done between two moments; the first ones are done most. */
const STEPS = [
  ...Array(8).fill('write'),
  ...Array(4).fill('text'),
  ...Array(3).fill('many'),
  'array',
  'view',
  'cork',
  'uncork',
  'wrong',
  'encoding',
  'patch-write',
  'patch-writev',
  'patch-instance',
  'repair',
]

/** Moments that come after the same events, however long a write takes. */
const FIXED = ['none', 'none', 'tick', 'microtask', 'called-back', 'called-back']

/** Moments that come sooner or later. */
const LOOSE = [...FIXED, 'immediate', 'turns', 'millisecond']

const FATAL = ['destroy', 'fail', 'close', 'abort', 'abort', 'end-and-destroy']

const OPTIONS = {
  flags: ['w', 'w', 'a', 'r+', 'w+', 'as', fs.constants.O_RDWR],
  highWaterMark: [1, 7, 1000, 16_384, 2 ** 20],
  start: [0, 1, 5000, 100_000],
  autoClose: [false],
  emitClose: [false],
  flush: [true],
  encoding: ENCODINGS,
  decodeStrings: [false],
  defaultEncoding: ENCODINGS,
}

function someOptions(random) {
  const options = {}
  for (const [name, values] of Object.entries(OPTIONS)) {
    if (random(6) === 0) options[name] = pick(random, values)
  }
  return options
}

/**
 * @param {number} seed
 * @param {boolean} isStrict nothing depends on how long something takes
 */
function writingSchedule(seed, isStrict) {
  const random = randomOf(seed * 2 + (isStrict ? 1 : 0))
  const moments = isStrict ? FIXED : LOOSE
  const steps = Array.from({ length: 1 + random(25) }, () => ({
    act: pick(random, isStrict ? [...STEPS, 'fill'] : STEPS),
    size: pick(random, SIZES),
    encoding: pick(random, ENCODINGS),
    moment: pick(random, moments),
    turns: 1 + random(4),
  }))
  const isFatal = !isStrict && random(2) === 0
  if (isFatal) {
    const fatal = { act: pick(random, FATAL), moment: 'none' }
    // What is corked is not written before the end.
    steps.splice(1 + random(steps.length), Infinity, fatal)
  }
  return {
    seed,
    options: someOptions(random),
    opens: pick(random, ['path', 'path', 'path', 'descriptor', 'handle']),
    fs: pick(random, [null, null, null, null, 'whole', 'write']),
    kind: pick(random, ['plain', 'plain', 'plain', 'called', 'class', 'old class']),
    waitsForOpen: random(3) > 0,
    isFatal,
    steps,
    end: pick(random, ['end', 'end', 'chunk', 'callback']),
  }
}

/** A chunk of a schedule, by its place in it. */
function chunkOf(place, size) {
  return bytes(size, 1 + place)
}

module.exports = { writingSchedule, chunkOf }
