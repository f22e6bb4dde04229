'use strict'

// The JavaScript thread waits awake for short writes, where that pays.
//
// A stream that is written to without a pause waits for each write, and a write into memory
// takes less time than it takes the kernel to put this thread to sleep and to
// wake it up again. So while such a write is under way the event loop turns
// instead of sleeping. It is as free as ever, for everything else, and the
// processor time is what the sleep would have cost.
//
// Where others want the same core, who stays awake is made to wait by the kernel for
// longer than who sleeps. So it is looked after that, and tried less and less often.

const os = require('node:os')
const { performance } = require('node:perf_hooks')
const { setImmediate } = require('node:timers')

const { isCrowded } = require('./crowd.js')

// As it is now, not as a test's clock will have it.
const now = performance.now.bind(performance)

/** Milliseconds that a short write takes, and that there are between two of them. */
const SHORT = 0.2

/** As many short writes in a row are a stream without a pause. */
const MANY = 4

/** Writes of which is decided at once. */
const PERIOD = 256

/** Milliseconds of a write after which it is looked again at once. */
const LONG = 1

/** Most periods that are slept through when there were others. */
const MOST = 64

/** As many good ones in a row, and they are forgotten. */
const ENOUGH = 8

/** With one core the thread that writes would have to wait for this one. */
const isPossible = os.availableParallelism() > 1

/** Whether this period is one to stay awake in. */
let isOne = false
/** Writes that are left of it. */
let left = PERIOD
/** Periods to sleep through, the next time, and of this time. */
let pause = 1
let pausing = 1
/** Good ones in a row. */
let good = 0

function learn(milliseconds) {
  left -= 1
  if (left > 0 && !(isOne && milliseconds > LONG)) return
  left = PERIOD
  const isBad = isCrowded()
  if (isOne && isBad) {
    pausing = pause
    pause = Math.min(MOST, 2 * pause)
    good = 0
  } else if (isOne) {
    good += 1
    if (good === ENOUGH) pause = 1
  } else {
    pausing -= 1
  }
  isOne = !isBad && pausing <= 0
}

/** Streams that wait awake. */
let count = 0
/** When the last of their writes is no longer short. */
let deadline = 0
let isTurning = false

function turn() {
  isTurning = count > 0 && now() < deadline
  if (isTurning) setImmediate(turn)
}

/** Of one stream. */
class Wakefulness {
  /** Short writes in a row. */
  #shorts = 0
  #begun = 0
  #ended = -Infinity
  #isSteady = false
  #isAwake = false

  /** A write begins. */
  begin() {
    if (!isPossible) return
    this.#begun = now()
    this.#isSteady = this.#shorts >= MANY
    if (this.#begun - this.#ended > SHORT) this.#shorts = 0
    if (this.#shorts < MANY || !isOne) return
    this.#isAwake = true
    count += 1
    deadline = this.#begun + SHORT
    if (isTurning) return
    isTurning = true
    setImmediate(turn)
  }

  /** It has ended. */
  end() {
    if (!isPossible) return
    this.#ended = now()
    this.#shorts = this.#ended - this.#begun > SHORT ? 0 : this.#shorts + 1
    if (this.#isSteady) learn(this.#ended - this.#begun)
    if (!this.#isAwake) return
    this.#isAwake = false
    count -= 1
  }
}

module.exports = { Wakefulness }
