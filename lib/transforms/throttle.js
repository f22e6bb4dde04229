'use strict'

// A Transform that lets bytes through at a pace. In front of a destination that
// the kernel can write to, a transfer passes it by and keeps the pace itself, for
// as long as nobody can tell.

const { performance } = require('node:perf_hooks')
const { Transform, addAbortSignal } = require('node:stream')
const { clearTimeout, setTimeout } = require('node:timers')

const { duplexOptionsOf } = require('../duplex-options.js')
const { kShow, showBefore } = require('../show.js')
const { kRelay } = require('../transfer/relay.js')
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
  /** The transfer that passes this by. */
  #passedBy = null

  constructor({ bytesPerSecond, burst, ...limits }) {
    super(limits)
    this.#burst = burst
    this.#bucket = new Bucket(bytesPerSecond, burst, now())
  }

  /** What a transfer asks; see transfer/relay.js. */
  get [kRelay]() {
    return {
      lookThrough: () => this.#lookThrough(),
      passBy: (transfer) => {
        this.#passedBy = transfer
        this.#bucket.bypass(now())
      },
      passed: (sent) => {
        this.#passedBy = null
        this.#bucket.settle(sent, now())
      },
    }
  }

  #lookThrough() {
    const state = this._readableState
    // Whoever says how large bursts are wants them to be so.
    const isPlain =
      this.#burst === undefined &&
      state.pipes.length === 1 &&
      this.readableEncoding === null &&
      this.listenerCount('data') === 1 &&
      this.listenerCount('readable') === 0 &&
      !this.destroyed &&
      !this.writableEnded &&
      METHODS.every((name) => this[name] === Throttle.prototype[name])
    if (!isPlain) return null
    const isBusy =
      this.readableFlowing !== true ||
      this.readableLength !== 0 ||
      this.writableLength !== 0 ||
      this.writableCorked !== 0 ||
      this.#waiting !== null ||
      this.#bucket.isInDebt(now())
    return { destination: state.pipes[0], rate: this.#bucket.rate, isBusy }
  }

  /** Someone wants to see bytes, or to go between them. */
  [kShow]() {
    this.#passedBy?.stop()
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
    // It goes on at the new pace.
    this[kShow]()
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

const METHODS = ['write', 'push', 'emit', 'read', '_read', '_write', '_transform', '_flush']

showBefore(Throttle.prototype, ['write', 'end'])

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
  const throttle = new Throttle({ bytesPerSecond, burst, ...duplexOptionsOf(options) })
  return signal === undefined ? throttle : addAbortSignal(signal, throttle)
}

module.exports = { createThrottle }
