'use strict'

// When the result of a read, or a write, that took no time is delivered: like Node's, in a
// callback of the event loop, before which all ticks and promises of the last
// one have run. Unlike Node's, several in one turn of the loop, for a share of
// time: a turn costs as much as a small read.
//
// Node runs all ticks and promises between two immediates of a turn. So a few
// immediates are set at once, and each delivers what is ready when it runs:
// first what one is used for makes the next read, which the next one delivers.

const { AsyncResource } = require('node:async_hooks')
const { performance } = require('node:perf_hooks')
const { setImmediate } = require('node:timers')

// As it is now, not as a test's clock will have it.
const now = performance.now.bind(performance)

/** Milliseconds after which a turn delivers nothing more. */
const SHARE = 0.5

const MOST_SLOTS = 32
const FEWEST_SLOTS = 2

/** Results that wait, in the order of their reads. */
const ready = []

/** Immediates that are set and have not run. */
let slots = 0

/** How many of the last ones were of use. */
let used = 0

/** When the turn began that delivers now. */
let begin = 0

function setSlots() {
  slots = Math.min(MOST_SLOTS, Math.max(FEWEST_SLOTS, 2 * used))
  used = 0
  setImmediate(runFirstSlot)
  for (let i = 1; i < slots; i += 1) setImmediate(runSlot)
}

function runFirstSlot() {
  begin = now()
  deliverNext()
}

function runSlot() {
  if (ready.length > 0 && now() - begin < SHARE) deliverNext()
  else skip()
}

function skip() {
  slots -= 1
  if (slots === 0 && ready.length > 0) setSlots()
}

function deliverNext() {
  const { resource, callback, a, b, c } = ready.shift()
  slots -= 1
  used += 1
  if (slots === 0 && ready.length > 0) setSlots()
  resource.runInAsyncScope(callback, null, a, b, c)
}

/**
 * Calls `callback` with up to three arguments, never within this call.
 * @param {Function} callback
 */
function deliver(callback, a, b, c) {
  deliverAs('MILLRACEREAD', callback, a, b, c)
}

/** The same, as an asynchronous resource of another type. */
function deliverAs(type, callback, a, b, c) {
  ready.push({ resource: new AsyncResource(type), callback, a, b, c })
  if (slots === 0) setSlots()
}

module.exports = { deliver, deliverAs }
