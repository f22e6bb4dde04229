'use strict'

// lib/transfer/pace.js by a clock of the test's own: how fast JavaScript reads.

const assert = require('node:assert/strict')
const { performance } = require('node:perf_hooks')
const timers = require('node:timers')
const { test } = require('node:test')

let time = 1000
let timer = null

// The module takes hold of both when it is loaded.
const { setTimeout: originalTimeout } = timers
timers.setTimeout = (callback, delay) => (timer = { callback, at: time + delay })
Object.defineProperty(performance, 'now', { configurable: true, value: () => time })
const { Pace } = require('../lib/transfer/pace.js')
timers.setTimeout = originalTimeout
delete performance.now

const TICK = 1

/** Bytes that are read within `seconds`, every timer being late by what `late` says. */
function run(rate, seconds, late) {
  const pace = new Pace(rate)
  const end = time + seconds * 1000
  let total = 0
  let isDue = false
  while (time < end) {
    pace.account(total, false)
    if (pace.isEarly(() => (isDue = true))) {
      assert.equal(isDue, false)
      time = Math.max(time + TICK, timer.at + late())
      timer.callback()
      assert.equal(isDue, true)
      isDue = false
    } else {
      total += pace.portion
    }
  }
  return total
}

for (const rate of [1, 1000, 64 * 2 ** 10, 1_000_000, 12_345_678, 100 * 2 ** 20]) {
  test(`${rate} bytes a second are read, though timers are late`, () => {
    for (const lateness of [[0], [1, 3], [40, 0, 60]]) {
      let calls = 0
      const total = run(rate, 20, () => lateness[(calls += 1) % lateness.length])
      const most = rate * 20
      const { portion } = new Pace(rate)
      assert.ok(Math.abs(total - most) <= most / 50 + portion, `${total} of ${most}`)
    }
  })
}

test('time that was lost is not hoarded', () => {
  const pace = new Pace(1_000_000)
  time += 60_000
  let total = 0
  for (;;) {
    pace.account(total, false)
    if (pace.isEarly(() => {})) break
    total += pace.portion
  }
  assert.ok(total >= 100_000 && total <= 200_000, `${total}`)
})

test('bytes that go nowhere cost no time', () => {
  const pace = new Pace(1000)
  pace.account(1_000_000, true)
  assert.equal(
    pace.isEarly(() => {}),
    false,
  )
  pace.account(1_000_100, false)
  assert.equal(
    pace.isEarly(() => {}),
    true,
  )
})
