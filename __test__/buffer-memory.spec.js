'use strict'

// Long strings are outside of V8's heap: it has to know what they take, or it
// does not collect them before the machine has no more memory.

const assert = require('node:assert/strict')
const { execFileSync } = require('node:child_process')
const path = require('node:path')
const { test } = require('node:test')

const { binding } = require('../lib/native.js')

const dispatch = path.join(__dirname, '..', 'lib', 'buffer', 'dispatch.js')
const MIB = 2 ** 20

/** How much memory a process has taken at most, in MiB, while it made long strings. */
function peakOf(expression) {
  const script = `
    const { native } = require(${JSON.stringify(dispatch)})
    const bytes = Buffer.alloc(${2 * MIB}, 'aé')
    const before = process.memoryUsage.rss()
    for (let i = 0; i < 300; i += 1) {
      if (${expression}.length < ${(2 * MIB) / 2}) throw new Error('too short')
    }
    console.log((process.resourceUsage().maxRSS * 1024 - before) / ${MIB})`
  const env = { ...process.env, MILLRACE_BUFFER: 'native' }
  return Number(execFileSync(process.execPath, ['-e', script], { encoding: 'utf8', env }))
}

test(
  'strings that nobody has any more are collected in time',
  { skip: binding === null && 'there is no addon here' },
  () => {
    // 1,200 MiB each, and half of it.
    for (const expression of [
      'native.toString(bytes, 4, 0, bytes.length)',
      'native.toString(bytes, 1, 0, bytes.length)',
    ]) {
      const peak = peakOf(expression)
      assert.ok(peak < 256, `${expression} took ${Math.round(peak)} MiB`)
    }
  },
)
