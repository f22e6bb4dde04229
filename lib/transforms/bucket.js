'use strict'

// A token bucket: how many bytes may go now, or when some may. Pure: the time
// is given, in milliseconds.

/** Portions a second, where the pace allows. */
const PORTIONS_PER_SECOND = 20

/** Less is not worth a packet, unless a second has no more. In bytes. */
const LEAST = 2 ** 12

/** Longest portion, in bytes. */
const MOST = 2 ** 20

/** What a late timer loses is made up for as far as this. In milliseconds. */
const MADE_UP = 100

class Bucket {
  #rate
  #burst
  #tokens
  #time
  /** Another way is taken, which keeps the pace: tokens are counted behind it. */
  #isBypassed = false
  /** The pace has changed meanwhile. */
  #isOutdated = false

  /**
   * A full one.
   * @param {number} rate bytes a second, more than none; Infinity for no limit
   * @param {number | undefined} burst most bytes that are saved up; by default
   *   a tenth of a second's
   * @param {number} time
   */
  constructor(rate, burst, time) {
    this.#rate = rate
    this.#burst = burst
    this.#tokens = this.burst
    this.#time = time
  }

  get rate() {
    return this.#rate
  }

  get burst() {
    return this.#burst ?? Math.max(1, this.#rate / 10)
  }

  /** From now on. What was saved up at the old pace is kept, up to the burst. */
  change(rate, burst, time) {
    this.#fill(time, 0)
    this.#rate = rate
    this.#burst = burst
    if (this.#isBypassed) this.#isOutdated = true
    else this.#tokens = Math.min(this.#tokens, this.burst)
  }

  /** From now on bytes go by another way, which keeps the pace. */
  bypass(time) {
    this.#fill(time, 0)
    this.#isBypassed = true
    this.#isOutdated = false
  }

  /**
   * So many bytes went by it; the pace may have changed meanwhile. What was under way
   * at one before is no debt of this one, which might take minutes to be paid.
   */
  settle(count, time) {
    this.#fill(time, 0)
    this.#isBypassed = false
    const least = this.#isOutdated ? -this.burst : -Infinity
    this.#tokens = Math.min(Math.max(this.#tokens - count, least), this.burst)
  }

  /** True while more has gone than might. */
  isInDebt(time) {
    this.#fill(time, 0)
    return this.#tokens < 0
  }

  /** Nobody wanted any until now. */
  rest(time) {
    this.#fill(time, 0)
  }

  /**
   * Bytes of `wanted` that may go at `time`; 0 when it is worth to wait.
   * @param {number} wanted more than none
   * @param {number} time
   */
  take(wanted, time) {
    if (this.#rate === Infinity) return wanted
    // Who waits is not to lose what came while a timer was late.
    this.#fill(time, MADE_UP)
    if (this.#tokens < this.#portion(wanted)) return 0
    const count = Math.min(wanted, Math.floor(this.#tokens))
    this.#tokens -= count
    return count
  }

  /** Milliseconds until some of `wanted` bytes may go. */
  delay(wanted) {
    return Math.max(0, ((this.#portion(wanted) - this.#tokens) / this.#rate) * 1000)
  }

  #portion(wanted) {
    const part = Math.max(Math.min(LEAST, this.#rate), this.#rate / PORTIONS_PER_SECOND)
    return Math.max(1, Math.floor(Math.min(wanted, part, MOST, Math.max(1, this.burst))))
  }

  #fill(time, extra) {
    const most = this.#isBypassed ? Infinity : this.burst + (this.#rate * extra) / 1000
    if (time <= this.#time) return
    const more = (this.#rate * (time - this.#time)) / 1000
    this.#tokens = Math.max(this.#tokens, Math.min(most, this.#tokens + more))
    this.#time = time
  }
}

module.exports = { Bucket }
