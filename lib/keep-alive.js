'use strict'

// Work on the addon's threads keeps the process up until it has ended, as
// work on libuv's does.

const { setInterval } = require('node:timers')

/** A delay that no process lives to see: the timer is there to be referenced. */
const FOREVER = 2 ** 31 - 1

// Set here, because a timer holds on to the asynchronous context (a request,
// say) that sets it.
const timer = setInterval(() => {}, FOREVER)
timer.unref()

let count = 0

/** Keeps the process up until as many calls of `release`. */
function hold() {
  count += 1
  if (count === 1) timer.ref()
}

function release() {
  count -= 1
  if (count === 0) timer.unref()
}

module.exports = { hold, release }
