'use strict'

// Reads of regular files: from memory at once, else by the addon's threads.

const errands = require('../errands.js')
const { countAllocated } = require('../kept-memory.js')
const { binding } = require('../native.js')
const { deliver } = require('./turn.js')

/** Longest read on the JavaScript thread; a longer one would hold it up. */
const MOST_AT_ONCE = 2 ** 20

/** How much of a longer one tells whether memory can be asked. */
const PROBE = 4096

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
    countAllocated(buffer.length)
    // What cannot be asked (/proc, say) may be shorter than it seems, or wait
    // for more: only Node reads that as Node does.
    const part = buffer.length <= MOST_AT_ONCE ? buffer : buffer.subarray(0, PROBE)
    const answer = binding.readCached(fd, part, position)
    if (answer === UNSUPPORTED) {
      this.#isCacheable = false
      return readAsNode()
    }
    const isAll = answer >= 0 && (part === buffer || answer < part.length)
    if (isAll) return deliver(callback, null, answer, buffer)
    const found = answer >= 0 ? answer : -1 - answer
    const rest = position === OWN_OFFSET ? OWN_OFFSET : position + found
    const isUnderWay = errands.read(fd, buffer, found, rest, (more) => {
      if (more >= 0) callback(null, found + more, buffer)
      // What came before the failure is read; the next read meets it.
      else if (found > 0) callback(null, found, buffer)
      else readAsNode()
    })
    if (isUnderWay) return
    if (found > 0) deliver(callback, null, found, buffer)
    else readAsNode()
  }
}

module.exports = { Reads, MOST }
