'use strict'

// Reads of regular files: from memory at once, else by the addon's threads.

const { AsyncResource } = require('node:async_hooks')
const { setImmediate } = require('node:timers')

const { hold, release } = require('../keep-alive.js')
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

/** Reads that wait for a disk, by number. */
const pending = new Map()

const reader = binding === null ? null : new binding.Reader(onWake)

function onWake() {
  for (const id of reader.drain()) {
    const { resource, ...read } = pending.get(id)
    pending.delete(id)
    release()
    // One at a time, and what each brings about before the next.
    resource.runInAsyncScope(setImmediate, null, finish, id, read)
  }
}

function finish(id, { buffer, count, onFailure, callback }) {
  const more = reader.take(id, count === 0 ? buffer : buffer.subarray(count))
  if (more >= 0) callback(null, count + more, buffer)
  // What came before the failure is read; the next read meets it.
  else if (count > 0) callback(null, count, buffer)
  else onFailure()
}

/** Reads on behalf of one stream, from one regular file. */
class Reads {
  #isCacheable = true

  /**
   * `fs.read` into all of `buffer`, which has less than 2 GiB; `callback` is
   * called with null, the number of bytes, and the buffer.
   * @param {number} fd
   * @param {Buffer} buffer
   * @param {number | undefined} position by default the file's own offset
   * @param {(error: null, count: number, buffer: Buffer) => void} callback
   * @param {() => void} onFailure called instead when it failed, or could not
   *   be tried, and nothing was read
   */
  read(fd, buffer, position = OWN_OFFSET, callback, onFailure) {
    let count = 0
    if (this.#isCacheable && buffer.length <= MOST_AT_ONCE) {
      const answer = binding.readCached(fd, buffer, position)
      if (answer >= 0) return deliver(callback, null, answer, buffer)
      if (answer === UNSUPPORTED) this.#isCacheable = false
      else count = -1 - answer
    }
    const id = reader.submit(
      fd,
      buffer.length - count,
      position === OWN_OFFSET ? OWN_OFFSET : position + count,
    )
    if (id === 0) return count > 0 ? deliver(callback, null, count, buffer) : onFailure()
    hold()
    const resource = new AsyncResource('MILLRACEREAD')
    pending.set(id, { resource, buffer, count, callback, onFailure })
  }
}

module.exports = { Reads, MOST }
