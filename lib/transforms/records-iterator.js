'use strict'

// The asynchronous iterator of a stream of many small records. Node's is a
// generator, which takes three turns of the microtask queue for each; this one
// takes one. It does what Node's does: it reads by `read()`, ends as the stream
// ends, and destroys it when it is left early. While it alone reads, records
// come to it past the stream's buffer.

const { finished } = require('node:stream')

const AsyncIteratorPrototype = Object.getPrototypeOf(
  Object.getPrototypeOf(async function* () {}).prototype,
)

const NOTHING = { records: [], callback: null }

/** Records on their way to an iterator, in the order of a stream's buffer. */
class Passage {
  /** Those of one chunk, and how many of them were taken. */
  #records = []
  #taken = 0
  /** Those of chunks behind it. */
  #later = []
  /** From so many on, whoever writes has to wait. */
  #most
  /** Tells that there is room again. */
  #callback = null
  /** Records in all. */
  length = 0

  /**
   * @param {() => void} wake called when there is something
   * @param {number} most
   */
  constructor(wake, most) {
    this.wake = wake
    this.#most = most
  }

  /**
   * @param {unknown[]} records
   * @param {() => void} callback called when there is room for more
   */
  add(records, callback) {
    if (this.length === 0) this.#begin(records)
    else this.#later.push(records)
    this.length += records.length
    this.wake()
    if (this.length < this.#most) callback()
    else this.#callback = callback
  }

  #begin(records) {
    this.#records = records
    this.#taken = 0
  }

  /** The first record; there is one. */
  take() {
    const record = this.#records[this.#taken]
    this.#records[this.#taken] = undefined
    this.#taken += 1
    this.length -= 1
    if (this.#taken === this.#records.length) this.#begin(this.#later.shift() ?? [])
    if (this.#callback !== null && this.length < this.#most) this.#release()
    return record
  }

  /** The first record, or null; now whoever writes may in any case. */
  ask() {
    if (this.length === 0 && this.#callback !== null) this.#release()
    return this.length === 0 ? null : this.take()
  }

  #release() {
    const callback = this.#callback
    this.#callback = null
    callback()
  }

  /** What is left, and who waits for room, or null. */
  clear() {
    if (this.length === 0 && this.#callback === null) return NOTHING
    const records = [...this.#records.slice(this.#taken), ...this.#later.flat()]
    const callback = this.#callback
    this.#begin([])
    this.#later = []
    this.#callback = null
    this.length = 0
    return { records, callback }
  }
}

function abortError() {
  const error = new Error('The operation was aborted')
  error.name = 'AbortError'
  return Object.assign(error, { code: 'ABORT_ERR' })
}

class RecordsIterator {
  #stream
  #usePassage
  #passage = null
  #isStarted = false
  #isDone = false
  /** Undefined while the stream goes on, null at its end, or what it ended with. */
  #end
  #wake = null
  /** Calls that are not done, and the result of the last one. */
  #pending = 0
  #last = null
  #cleanup

  /**
   * @param {import('node:stream').Readable} stream
   * @param {(passage: Passage) => void} usePassage called when it begins
   */
  constructor(stream, usePassage) {
    this.#stream = stream
    this.#usePassage = usePassage
  }

  next() {
    if (this.#pending === 0 && this.#isStarted && !this.#isDone) {
      const record = this.#take()
      if (record !== null) return Promise.resolve({ value: record, done: false })
    }
    return this.#enqueue(() => this.#wait())
  }

  return(value) {
    return this.#enqueue(() => {
      this.#leave()
      return { value, done: true }
    })
  }

  throw(error) {
    return this.#enqueue(() => {
      this.#leave()
      throw error
    })
  }

  /** Does `work` once the calls before it are done. */
  #enqueue(work) {
    this.#pending += 1
    const run = async () => {
      try {
        return await work()
      } finally {
        this.#pending -= 1
      }
    }
    this.#last = this.#pending === 1 ? run() : this.#last.then(run, run)
    return this.#last
  }

  #take() {
    const record = this.#passage.ask()
    if (record !== null) return record
    return this.#stream.destroyed ? null : this.#stream.read()
  }

  #start() {
    this.#isStarted = true
    const wake = () => {
      this.#wake?.()
      this.#wake = null
    }
    this.#stream.on('readable', wake)
    this.#passage = new Passage(wake, this.#stream.readableHighWaterMark)
    this.#usePassage(this.#passage)
    const forget = finished(this.#stream, { writable: false }, (error) => {
      this.#end = error ?? null
      wake()
    })
    this.#cleanup = () => {
      this.#stream.off('readable', wake)
      forget()
    }
  }

  async #wait() {
    if (this.#isDone) return { value: undefined, done: true }
    if (!this.#isStarted) this.#start()
    for (;;) {
      const record = this.#take()
      if (record !== null) return { value: record, done: false }
      if (this.#end !== undefined) break
      // One after the other, by their nature.
      // eslint-disable-next-line no-await-in-loop
      await new Promise((resolve) => {
        this.#wake = resolve
      })
    }
    this.#leave()
    if (this.#end !== null) throw this.#end
    return { value: undefined, done: true }
  }

  #leave() {
    if (this.#isDone) return
    this.#isDone = true
    // One that was never started has touched nothing, as a generator.
    if (!this.#isStarted) return
    const { autoDestroy } = this.#stream._readableState
    if (this.#end || this.#end === undefined || autoDestroy) this.#destroy()
    else this.#cleanup()
  }

  #destroy() {
    const stream = this.#stream
    if (stream.destroyed) return
    stream.destroy(stream.readable || stream.writable ? abortError() : undefined)
  }
}
Object.setPrototypeOf(RecordsIterator.prototype, AsyncIteratorPrototype)

module.exports = { RecordsIterator }
