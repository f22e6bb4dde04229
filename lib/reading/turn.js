'use strict'

// When the result of a read that took no time is delivered. Node's come from
// the event loop, one by one, with everything in between that a tick brings.
// Ours come after all that too, but without waiting for the loop's next turn,
// as long as nobody else is kept waiting.

const { performance } = require('node:perf_hooks')
const { setImmediate } = require('node:timers')

const { nextTick } = process

// As it is now, not as a test's clock will have it.
const now = performance.now.bind(performance)

/** Milliseconds for which results may follow each other in one turn. */
const SHARE = 0.5

const resolved = Promise.resolve()

/** When the results of this turn began to follow each other, or null. */
let begin = null

/** Results that wait for the next turn. */
let waiting = 0

function endTurn() {
  begin = null
}

/** Calls `callback` when the promises and ticks that are due have run. */
function afterTick(callback, a, b, c) {
  // A tick that adds a tick runs before any promise; Node's promises have
  // their turn between two chunks.
  resolved.then(() => nextTick(callback, a, b, c))
}

function inNextTurn(callback, a, b, c) {
  waiting += 1
  setImmediate(() => {
    waiting -= 1
    callback(a, b, c)
  })
}

/**
 * Calls `callback` with up to three arguments, never within this call.
 * @param {Function} callback
 */
function deliver(callback, a, b, c) {
  const time = now()
  if (begin === null) {
    begin = time
    setImmediate(endTurn)
  }
  // Whoever waits goes first: then all go on by turns, one result each.
  if (waiting === 0 && time - begin < SHARE) afterTick(callback, a, b, c)
  else inNextTurn(callback, a, b, c)
}

module.exports = { deliver }
