'use strict'

// The JavaScript thread waits awake for a short write.
//
// A stream that is written to without a pause waits for each write, and a write into memory
// takes less time than it takes the kernel to put this thread to sleep and to
// wake it up again. So while such a write is under way the event loop turns
// instead of sleeping. It is as free as ever, for everything else, and the
// processor time is what the sleep would have cost. One that takes longer is slept
// through, and so are those that follow, until they are short again.
//
// Where others want the same core, who stays awake is made to wait for longer than who
// sleeps. That is seen by a write that takes long soon; then it takes more to try again.

const os = require('node:os')
const { performance } = require('node:perf_hooks')
const { setImmediate } = require('node:timers')

// As it is now, not as a test's clock will have it.
const now = performance.now.bind(performance)

/** Milliseconds that a short write takes, and that there are between two of them. */
const SHORT = 0.2

/** As many short writes in a row make it worth it, at first. */
const FEW = 4
const MOST = 2 ** 13

/** As many that were waited for awake show that nobody wants the core. */
const ENOUGH = 500

/** Milliseconds of one that had to wait for somebody's turn. */
const LONG = 1

/** With one core the thread that writes would have to wait for this one. */
const isWorthIt = os.availableParallelism() > 1

/** Streams that wait awake. */
let count = 0
/** When the last of their writes is no longer short. */
let deadline = 0
let isTurning = false

/** Short writes in a row that make it worth it now. */
let wanted = FEW
/** Those that were waited for awake, in a row. */
let enjoyed = 0

function turn() {
  isTurning = count > 0 && now() < deadline
  if (isTurning) setImmediate(turn)
}

function learn(milliseconds) {
  if (milliseconds > LONG) {
    if (enjoyed < ENOUGH) wanted = Math.min(MOST, 2 * wanted)
    enjoyed = 0
  } else {
    enjoyed += 1
    if (enjoyed === ENOUGH) wanted = FEW
  }
}

/** Of one stream. */
class Wakefulness {
  /** Short writes in a row. */
  #shorts = 0
  #begun = 0
  #ended = -Infinity
  #isAwake = false

  /** A write begins. */
  begin() {
    if (!isWorthIt) return
    this.#begun = now()
    if (this.#begun - this.#ended > SHORT) this.#shorts = 0
    if (this.#shorts < wanted) return
    this.#isAwake = true
    count += 1
    deadline = this.#begun + SHORT
    if (isTurning) return
    isTurning = true
    setImmediate(turn)
  }

  /** It has ended. */
  end() {
    if (!isWorthIt) return
    this.#ended = now()
    this.#shorts = this.#ended - this.#begun > SHORT ? 0 : this.#shorts + 1
    if (!this.#isAwake) return
    this.#isAwake = false
    count -= 1
    learn(this.#ended - this.#begun)
  }
}

module.exports = { Wakefulness }
