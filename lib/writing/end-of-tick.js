'use strict'

// What is put off until the end of the tick, and done before the process ends,
// should that come first: `process.exit()` in the same tick must lose nothing
// that Node would have handed to a thread by then.

const waiting = new Set()

let isListening = false
let isExiting = false

/**
 * Calls `act` at the end of the tick, or when the process exits within it; at
 * once when it is exiting.
 * @param {() => void} act
 */
function atEndOfTick(act) {
  if (!isListening) {
    isListening = true
    process.on('exit', flush)
  }
  // No tick comes any more.
  if (isExiting) return act()
  waiting.add(act)
  process.nextTick(run, act)
}

function run(act) {
  if (waiting.delete(act)) act()
}

function flush() {
  isExiting = true
  for (const act of waiting) run(act)
}

module.exports = { atEndOfTick }
