'use strict'

// The asynchronous iterator of a stream of many small records. Node's is a
// generator, which takes three turns of the microtask queue for each; this one
// takes one. It does what Node's does: it reads by `read()`, ends as the stream
// ends, and destroys it when it is left early.

const { finished } = require('node:stream')

const AsyncIteratorPrototype = Object.getPrototypeOf(
  Object.getPrototypeOf(async function* () {}).prototype,
)

class RecordsIterator {
  #stream
  #isStarted = false
  #isDone = false
  /** Undefined while the stream goes on, null at its end, or what it ended with. */
  #end
  #wake = null
  /** Calls that are not done, and the result of the last one. */
  #pending = 0
  #last = null
  #cleanup

  constructor(stream) {
    this.#stream = stream
  }

  next() {
    if (this.#pending === 0 && this.#isStarted && !this.#isDone) {
      const record = this.#read()
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

  #read() {
    return this.#stream.destroyed ? null : this.#stream.read()
  }

  #start() {
    this.#isStarted = true
    const wake = () => {
      this.#wake?.()
      this.#wake = null
    }
    this.#stream.on('readable', wake)
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
      const record = this.#read()
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
    if (this.#end || this.#end === undefined || autoDestroy) this.#stream.destroy()
    this.#cleanup()
  }
}
Object.setPrototypeOf(RecordsIterator.prototype, AsyncIteratorPrototype)

module.exports = { RecordsIterator }
