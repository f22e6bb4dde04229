'use strict'

// While the kernel copies a file into another, nothing that JavaScript does to
// that one may get in between. All of it comes through the stream's `fs`, but
// for its end, which is held up by a `_final`. What comes is kept, the transfer
// is told, and when it has stopped it is done.

class FileHold {
  #stream
  #transfer
  #kept = []
  /** What the stream had of its own in the place of `_final`. */
  #own

  /**
   * @param {import('node:fs').WriteStream} stream
   * @param {object} transfer
   * @param {() => void} transfer.stop something wants to be done
   * @param {() => void} transfer.abandon the stream is being destroyed
   */
  constructor(stream, transfer) {
    this.#stream = stream
    this.#transfer = transfer
    this.#own = Object.getOwnPropertyDescriptor(stream, '_final')
    const { _final } = stream
    Object.defineProperty(stream, '_final', {
      configurable: true,
      enumerable: false,
      writable: true,
      value: (callback) =>
        this.keep(() => {
          if (typeof _final === 'function') _final.call(stream, callback)
          else callback()
        }),
    })
  }

  keep(act, isLast = false) {
    this.#kept.push(act)
    if (isLast) this.#transfer.abandon()
    else this.#transfer.stop()
  }

  /**
   * Gives the stream back, and does what was kept.
   * @param {number} shift bytes that were written meanwhile
   */
  release(shift) {
    if (this.#own) Object.defineProperty(this.#stream, '_final', this.#own)
    else delete this.#stream._final
    for (const act of this.#kept) act(shift)
  }
}

module.exports = { FileHold }
