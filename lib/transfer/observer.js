'use strict'

// Sees the transfers of one stream begin and end, and tells: the counters of
// `stats()`, and the channels of node:diagnostics_channel.
//
// A transfer is one pipe of the stream: from the first read that Node asks of
// it to the stream's end, its destruction, or the moment when it has no
// destination left. Stretches of it may be native, others JavaScript's.

const { AsyncResource } = require('node:async_hooks')
const { channel } = require('node:diagnostics_channel')
const { performance } = require('node:perf_hooks')

const { incomplete } = require('../errors.js')
const { countBytes, countEnd, countStart } = require('./statistics.js')

const startChannel = channel('millrace:transfer:start')
const endChannel = channel('millrace:transfer:end')
const errorChannel = channel('millrace:transfer:error')

/** What errors of our own make of a transfer. */
const OUTCOMES = { ERR_MILLRACE_CUT_SHORT: 'truncated', ERR_MILLRACE_STALLED: 'stalled' }

/** Outcomes of which the channel of errors is told. */
const FAULTS = new Set(['failed', 'truncated', 'stalled'])

class Observer {
  #source
  #transfer
  #isActive = false
  /** Whether the pump has a stretch of it, whose bytes are not known yet. */
  #isHeld = false
  /** Subscribers are being told of the beginning. */
  #isTelling = false
  /** How it ended, once that is known. */
  #outcome = null
  #error = null
  /** `source.bytesRead` at the beginning. */
  #base = 0
  /** Bytes that were sent natively. */
  #native = 0
  /** Bytes that JavaScript read. */
  #javascript = 0
  /** What the channels are told, where they have subscribers: { message, resource, start }. */
  #watch = null

  /** The error with which the transfer broke off, whoever hears of it. */
  fault = null

  /**
   * @param {import('../read-stream.js').ReadStream} source
   * @param {{ describe: () => object }} transfer
   */
  constructor(source, transfer) {
    this.#source = source
    this.#transfer = transfer
  }

  /**
   * Node asks the source to read.
   * @returns {boolean} false when a subscriber has destroyed it
   */
  read() {
    if (this.#isActive) {
      this.#countRead()
      return true
    }
    if (this.#source._readableState.pipes.length === 0) return true
    this.#begin()
    return !this.#source.destroyed
  }

  /**
   * Bytes were sent natively.
   * @param {'sendfile' | 'copy'} engine
   * @param {number} count
   * @param {number} [told] how many of them are counted already
   */
  sent(engine, count, told = 0) {
    this.#native += count
    countBytes(engine, count - told)
  }

  /** The pump carries a stretch: the transfer does not end before that does. */
  hold() {
    this.#isHeld = true
  }

  /** The stretch has ended, and is counted. */
  release() {
    this.#isHeld = false
    if (this.#outcome === null) return
    this.#finish()
    // Piped again meanwhile, it goes on, and perhaps without a read.
    const { destroyed, _readableState: state } = this.#source
    if (!destroyed && state.pipes.length > 0) this.#begin()
  }

  /**
   * A destination is about to be taken away, or all.
   * @param {import('node:stream').Writable} [destination]
   */
  unpipe(destination) {
    const source = this.#source
    const { pipes } = source._readableState
    const isLast = destination === undefined || (pipes.length === 1 && pipes[0] === destination)
    // Whom a subscriber pipes it to instead is the destination of this transfer.
    if (!this.#isActive || !isLast || this.#isTelling) return
    if (!source.readableEnded || source.destroyed) {
      this.#end(pipes[0], null, 'unpiped')
    } else if (!source.autoClose) {
      // Listeners of 'end' may still find that the response is short.
      process.nextTick(() => this.end())
    }
  }

  /**
   * The source is over: at its end, or because it is destroyed.
   * @param {Error | null} [error]
   * @param {boolean} [isShort] its client waits for more
   */
  end(error = null, isShort = false) {
    if (!this.#isActive) return
    if (isShort)
      this.fault ??= incomplete('ERR_MILLRACE_CUT_SHORT', this.#source.bytesRead, 'the file ended')
    this.#end(this.#source._readableState.pipes[0], error, 'aborted')
  }

  #begin() {
    const source = this.#source
    this.#isActive = true
    this.#outcome = null
    this.#base = source.bytesRead
    this.#native = 0
    this.#javascript = 0
    this.fault = null
    countStart()
    if (startChannel.hasSubscribers || endChannel.hasSubscribers || errorChannel.hasSubscribers) {
      this.#watch = watch(source)
      this.#tellStart()
    }
  }

  /** What subscribers do to the source counts when all are told. */
  #tellStart() {
    this.#isTelling = true
    startChannel.publish(this.#watch.message)
    this.#isTelling = false
    const [destination] = this.#source._readableState.pipes
    if (destination === undefined) this.#outcome ??= 'unpiped'
    else this.#watch.message.destination = destination
    if (this.#outcome !== null) this.#finish()
  }

  #end(destination, error, otherwise) {
    if (this.#outcome !== null) return
    this.#outcome = this.#outcomeOf(destination, error, otherwise)
    this.#error = error ?? null
    if (!this.#isHeld && !this.#isTelling) this.#finish()
  }

  #outcomeOf(destination, error, otherwise) {
    const { readableEnded, errored } = this.#source
    const known = ofOurs(this.fault) ?? ofOurs(error)
    if (known !== undefined) return known
    if (readableEnded) return 'done'
    if (this.fault !== null || errored) return 'failed'
    // Whatever error comes of it.
    if (isGone(destination)) return ofOurs(destination?.errored) ?? 'aborted'
    return error && error.code !== 'ABORT_ERR' ? 'failed' : otherwise
  }

  #finish() {
    this.#isActive = false
    this.#countRead()
    const { engine, ...described } = this.#transfer.describe()
    // A native transfer whose client has left is none that fell back.
    const isLeft = described.reason === 'destination-ended' && this.#native > 0
    const { mode, reason } = isLeft ? { mode: 'native', reason: null } : described
    const outcome = ofOurs(this.fault) ?? this.#outcome
    countEnd(outcome, mode === 'javascript' ? reason : null)
    const watch = this.#watch
    if (watch === null) return
    this.#watch = null
    const { message, resource, start } = watch
    Object.assign(message, {
      outcome,
      mode,
      engine,
      reason,
      bytes: this.#native + this.#javascript,
      nativeBytes: this.#native,
      duration: performance.now() - start,
      error: this.fault ?? this.#error ?? this.#source.errored ?? null,
    })
    for (const told of FAULTS.has(outcome) ? [errorChannel, endChannel] : [endChannel]) {
      resource.runInAsyncScope(told.publish, told, message)
    }
  }

  #countRead() {
    const read = this.#source.bytesRead - this.#base - this.#native
    if (read <= this.#javascript) return
    countBytes('javascript', read - this.#javascript)
    this.#javascript = read
  }
}

function watch(source) {
  return {
    message: {
      stream: source,
      path: source.path,
      fd: source.fd,
      destination: source._readableState.pipes[0],
      outcome: null,
      mode: null,
      engine: null,
      reason: null,
      bytes: 0,
      nativeBytes: 0,
      duration: 0,
      error: null,
    },
    // Subscribers are told in the context of the transfer, whoever ends it.
    resource: new AsyncResource('MILLRACETRANSFER'),
    start: performance.now(),
  }
}

function ofOurs(error) {
  return OUTCOMES[error?.code]
}

/** True for a destination that takes no more, of whatever kind it is. */
function isGone(destination) {
  if (destination === undefined) return true
  const { destroyed, writable, writableEnded, stream } = destination
  return destroyed || writableEnded || writable === false || stream?.destroyed === true
}

module.exports = { Observer }
