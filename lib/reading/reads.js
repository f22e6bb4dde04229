'use strict'

// Reads of regular files: from memory at once, else by the addon's threads.

const errands = require('../errands.js')
const { binding } = require('../native.js')
const { deliver } = require('./turn.js')

/** Longest read on the JavaScript thread; a longer one would hold it up. */
const MOST_AT_ONCE = 2 ** 20

/** Longest read that the addon takes. */
const MOST = 2 ** 31 - 1

/** The answer of `readCached` where nobody can tell what is in memory. */
const UNSUPPORTED = -(2 ** 31)

/** The position that stands for the file's own offset. */
const OWN_OFFSET = -1

/** Reads on behalf of one stream, from one regular file. */
class Reads {
  /** False where nobody can tell what is in memory. */
  #isCacheable = true

  /**
   * `fs.read` into all of `buffer`, which has less than 2 GiB; `callback` is
   * called with null, the number of bytes, and the buffer, never within this
   * call.
   * @param {number} fd
   * @param {Buffer} buffer
   * @param {number | undefined} position by default the file's own offset
   * @param {(error: null, count: number, buffer: Buffer) => void} callback
   * @param {() => void} readAsNode called instead, once, where the read is
   *   better left to Node: it failed, or cannot be done here
   */
  read(fd, buffer, position = OWN_OFFSET, callback, readAsNode) {
    if (!this.#isCacheable) return readAsNode()
    let count = 0
    if (buffer.length <= MOST_AT_ONCE) {
      const answer = binding.readCached(fd, buffer, position)
      if (answer >= 0) return deliver(callback, null, answer, buffer)
      if (answer === UNSUPPORTED) {
        this.#isCacheable = false
        return readAsNode()
      }
      count = -1 - answer
    }
    const rest = position === OWN_OFFSET ? OWN_OFFSET : position + count
    const isUnderWay = errands.read(fd, buffer, count, rest, (more) => {
      if (more >= 0) callback(null, count + more, buffer)
      // What came before the failure is read; the next read meets it.
      else if (count > 0) callback(null, count, buffer)
      else readAsNode()
    })
    if (isUnderWay) return
    if (count > 0) deliver(callback, null, count, buffer)
    else readAsNode()
  }
}

module.exports = { Reads, MOST }
