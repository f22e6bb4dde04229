'use strict'

// Notices that a transfer stands still. A client's system acknowledges bytes
// long before the socket has room again, so it is asked how many are not
// acknowledged: a client that is merely slow is seen to move.

const http = require('node:http')
const net = require('node:net')
const { clearInterval, setInterval } = require('node:timers')

const { unacknowledged } = require('./accounting.js')

/** A stall is noticed late by at most this part of its time. */
const PRECISION = 8

class StallWatch {
  #source
  #sent
  #onStall
  #timer
  #last = null
  #still = 0

  /**
   * @param {import('node:fs').ReadStream} source
   * @param {object} transfer
   * @param {number} transfer.timeout milliseconds
   * @param {() => number} transfer.sent bytes that left the source so far
   * @param {() => void} transfer.onStall
   */
  constructor(source, { timeout, sent, onStall }) {
    this.#source = source
    this.#sent = sent
    this.#onStall = onStall
    // A stream that nobody holds is collected, watched or not.
    const held = new WeakRef(this)
    const timer = setInterval(
      () => {
        const watch = held.deref()
        if (watch === undefined) clearInterval(timer)
        else watch.#tick()
      },
      Math.ceil(timeout / PRECISION),
    )
    timer.unref()
    this.#timer = timer
  }

  stop() {
    clearInterval(this.#timer)
  }

  #tick() {
    const seen = this.#look()
    this.#still = seen === null || seen !== this.#last ? 0 : this.#still + 1
    this.#last = seen
    if (this.#still >= PRECISION) this.#onStall()
  }

  /** What changes with progress; null while nobody else holds the transfer up. */
  #look() {
    const source = this.#source
    if (source.readableEnded || source.destroyed) {
      this.stop()
      return null
    }
    const { pipes, awaitDrainWriters } = source._readableState
    if (pipes.length === 0) return null
    const isAwaited = awaitDrainWriters?.size ?? awaitDrainWriters
    if (source.readableFlowing !== true && !isAwaited) return null
    const seen = [this.#sent()]
    let pending = 0
    const add = (count) => {
      seen.push(count)
      pending += count
    }
    for (const destination of pipes) {
      add(destination.writableLength)
      if (destination instanceof http.OutgoingMessage || destination instanceof net.Socket) {
        const { socket = destination } = destination
        // A pipelined response waits for those before it.
        if (socket === null) return null
        add(socket.writableLength)
        add(socket._handle?.writeQueueSize ?? 0)
        add(unacknowledged(socket))
      }
    }
    // Who has taken everything waits for a disk, a FIFO or the pace.
    return pending === 0 ? null : seen.join()
  }
}

module.exports = { StallWatch }
