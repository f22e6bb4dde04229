'use strict'

// Whether others want the core that this thread runs on: then the kernel has it wait
// for its turn, and says for how long.

const { Buffer } = require('node:buffer')
const { closeSync, openSync, readSync } = require('node:fs')
const { performance } = require('node:perf_hooks')

// As it is now, not as a test's clock will have it.
const now = performance.now.bind(performance)

const STATISTICS = '/proc/thread-self/schedstat'
const text = Buffer.alloc(100)

/** Share of the time that a thread waits for its turn by chance. */
const LITTLE = 0.08

/** Nanoseconds that this thread has waited for a turn; NaN where nobody knows. */
function waited() {
  try {
    const descriptor = openSync(STATISTICS, 'r')
    try {
      const length = readSync(descriptor, text, 0, text.length, 0)
      return Number(text.latin1Slice(0, length).split(' ')[1])
    } finally {
      closeSync(descriptor)
    }
  } catch {
    return Number.NaN
  }
}

let since = Number.NaN
let before = Number.NaN

/** True if this thread waited for its turn since the last call, or if nobody can tell. */
function isCrowded() {
  const time = now()
  const wait = waited()
  const share = (wait - before) / 1e6 / (time - since)
  since = time
  before = wait
  return !(share < LITTLE)
}

module.exports = { isCrowded }
