'use strict'

// A Transform that lets bytes through at a pace.

const { performance } = require('node:perf_hooks')
const { Transform, addAbortSignal } = require('node:stream')
const { clearTimeout, setTimeout } = require('node:timers')

const { checkNumber, checkOptions } = require('../validators.js')
const { Bucket } = require('./bucket.js')

// As it is now, not as a test's clock will have it.
const now = performance.now.bind(performance)

/** Longest delay of a timer, in milliseconds. */
const LONGEST = 2 ** 31 - 1

class Throttle extends Transform {
  #bucket
  #burst
  #timer = null
  /** What is left of a chunk, and whom to tell when it has gone. */
  #waiting = null

  constructor({ bytesPerSecond, burst, ...limits }) {
    super(limits)
    this.#burst = burst
    this.#bucket = new Bucket(bytesPerSecond, burst, now())
  }

  get bytesPerSecond() {
    return this.#bucket.rate
  }

  set bytesPerSecond(value) {
    checkNumber('bytesPerSecond', value, 1)
    this.#change(value, this.#burst)
  }

  get burst() {
    return this.#bucket.burst
  }

  set burst(value) {
    checkNumber('burst', value, 1)
    this.#change(this.#bucket.rate, value)
  }

  #change(rate, burst) {
    this.#burst = burst
    this.#bucket.change(rate, burst, now())
    // What waits, waits for another time now.
    if (this.#timer !== null) this.#go()
  }

  _transform(chunk, _, callback) {
    this.#bucket.rest(now())
    this.#waiting = { chunk, callback }
    this.#go()
  }

  _destroy(error, callback) {
    clearTimeout(this.#timer)
    this.#timer = null
    this.#waiting = null
    callback(error)
  }

  #go() {
    clearTimeout(this.#timer)
    this.#timer = null
    const { chunk, callback } = this.#waiting
    const count = chunk.length === 0 ? 0 : this.#bucket.take(chunk.length, now())
    if (count === chunk.length) {
      this.#waiting = null
      callback(null, chunk)
      return
    }
    this.#waiting.chunk = chunk.subarray(count)
    // Before bytes are handed on, because who gets them may change the pace.
    const delay = this.#bucket.delay(chunk.length - count)
    this.#timer = setTimeout(() => this.#go(), Math.min(LONGEST, Math.ceil(delay)))
    if (count > 0) this.push(chunk.subarray(0, count))
  }
}

/**
 * A Transform that lets bytes through at a pace, by a token bucket.
 * @param {object} options
 * @param {number} options.bytesPerSecond at least 1; Infinity for no limit
 * @param {number} [options.burst] bytes that may be saved up; by default a tenth
 *   of a second's
 * @returns {Transform & { bytesPerSecond: number, burst: number }}
 */
function createThrottle(options) {
  checkOptions(options)
  const { bytesPerSecond, burst, signal } = options
  checkNumber('options.bytesPerSecond', bytesPerSecond, 1)
  if (burst !== undefined) checkNumber('options.burst', burst, 1)
  const { highWaterMark, readableHighWaterMark, writableHighWaterMark } = options
  const limits = { highWaterMark, readableHighWaterMark, writableHighWaterMark }
  const throttle = new Throttle({ bytesPerSecond, burst, ...limits })
  return signal === undefined ? throttle : addAbortSignal(signal, throttle)
}

module.exports = { createThrottle }
