'use strict'

// Where the bytes of a pipe go, and how fast: to its destination, or to what is
// behind that, where a stretch can pass it by.

const { writeFsOf } = require('../native-write-fs.js')
const { Pace } = require('./pace.js')
const { kRelay } = require('./relay.js')

class Route {
  #own
  /** A watch for stalls looks at the destination itself. */
  #isWatched
  /** What is passed by, or null. */
  #relay = null
  /** @type {import('node:stream').Writable | undefined} */
  destination
  /** Whether bytes that come first are still on the way. */
  isBusy = false
  /** How fast the next stretch may go: a Pace, or null. */
  pace

  /**
   * @param {Pace | null} own of the source
   * @param {boolean} isWatched
   */
  constructor(own, isWatched) {
    this.#own = own
    this.#isWatched = isWatched
    this.pace = own
  }

  /** @param {import('node:stream').Writable | undefined} piped the destination of the pipe */
  look(piped) {
    // Of two paces, the slower would have to be found out.
    const isFree = this.#own === null && !this.#isWatched
    const relay = isFree ? (piped?.[kRelay] ?? null) : null
    const seen = relay?.lookThrough() ?? null
    // Only into sockets does the kernel keep a pace.
    const beyond = seen !== null && writeFsOf(seen.destination) === undefined ? seen : null
    this.#relay = beyond === null ? null : relay
    this.destination = beyond?.destination ?? piped
    this.isBusy = beyond?.isBusy ?? false
    if (beyond === null) this.pace = this.#own
    else this.pace = beyond.rate === Infinity ? null : new Pace(beyond.rate)
    return this
  }

  /** @param {{ stop: () => void }} transfer whose stretch begins */
  begin(transfer) {
    this.#relay?.passBy(transfer)
  }

  /** @param {number} sent bytes, by the stretch that has ended, or at once */
  end(sent) {
    this.#relay?.passed(sent)
  }
}

module.exports = { Route }
