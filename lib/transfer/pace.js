'use strict'

// How fast a stream may read, where JavaScript reads: the same portions as in
// src/transfer/pace.rs, where the pump does.

const { performance } = require('node:perf_hooks')
const { clearTimeout, setTimeout } = require('node:timers')

// As it is now, not as a test's clock will have it.
const now = performance.now.bind(performance)

/** How often a stream that is fast enough for it reads. */
const PERIODS_PER_SECOND = 10

/** Less is not worth a packet, unless a second has no more. In bytes. */
const LEAST = 2 ** 12

/** Longest portion, in bytes. */
const MOST = 2 ** 20

/** Time that was lost is made up for as far as this. In milliseconds. */
const MADE_UP = 100

/** Highest pace that the pump knows; a higher one is none. */
const HIGHEST = 2 ** 32 - 1

class Pace {
  #due = now()
  #timer = null
  /** Bytes that went, as far as they are accounted for. */
  #total = 0

  /** @param {number} bytesPerSecond */
  constructor(bytesPerSecond) {
    /** Bytes a second, whole. */
    this.rate = Math.min(Math.floor(bytesPerSecond), HIGHEST)
    const tenth = Math.floor(this.rate / PERIODS_PER_SECOND)
    /** Bytes that are read at once. */
    this.portion = Math.min(this.rate, Math.min(MOST, Math.max(LEAST, tenth)))
  }

  /**
   * Spends the time of what went since the last call.
   * @param {number} total bytes that went, all in all
   * @param {boolean} isFree they went nowhere, so that nothing is too fast
   */
  account(total, isFree) {
    const count = isFree ? 0 : total - this.#total
    this.#total = total
    this.#due += (count / this.rate) * 1000
  }

  /**
   * True while the next portion is not due.
   * @param {() => void} onDue called then, once it is
   */
  isEarly(onDue) {
    const time = now()
    this.#due = Math.max(this.#due, time - MADE_UP)
    if (this.#due <= time) return false
    clearTimeout(this.#timer)
    this.#timer = setTimeout(onDue, this.#due - time)
    return true
  }

  /** Nobody waits any more. */
  stop() {
    clearTimeout(this.#timer)
  }
}

module.exports = { Pace }
