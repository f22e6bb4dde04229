'use strict'

// What a WriteStream gets as `options.fs`: writing without a trip through
// libuv's thread pool, files that replace others in one step, and room that is
// set aside. Node's own functions do all the rest, and everything as soon as
// someone replaces them.

const fs = require('node:fs')

const { statOf } = require('./descriptors.js')
const errands = require('./errands.js')
const { fsError } = require('./errors.js')
const { binding } = require('./native.js')
const { isFsWritingOriginal } = require('./originals.js')
const { Replacement } = require('./writing/replacement.js')
const { Writes } = require('./writing/writes.js')

/** Errors of `fallocate` where there is no such thing. */
const NO_ROOM_ASIDE = new Set(['EOPNOTSUPP', 'ENOSYS', 'EPERM', 'EINVAL'])

/** The `fs` of one stream. */
class NativeWriteFs {
  #stream
  #isNative
  #isReplacing
  /** The file that is written beside another, once it is opened. */
  #replacement = null
  #preallocate
  /** The writes of a regular file; false for anything else; null before the first. */
  #writes = null
  #isRoomAside = false
  /** What `close` waits for: calls back, or null. */
  #naming = null

  /**
   * @param {import('node:fs').WriteStream} stream
   * @param {object} how
   * @param {boolean} how.isNative writes may go around Node's functions
   * @param {boolean} how.isReplacing the file is written beside another, which
   *   it replaces at the end
   * @param {number} how.preallocate bytes to set aside; 0 for none
   */
  constructor(stream, { isNative, isReplacing, preallocate }) {
    this.#stream = stream
    this.#isNative = isNative && binding !== null
    this.#isReplacing = isReplacing
    this.#preallocate = preallocate
  }

  open(path, flags, mode, callback) {
    const onOpen = (error, descriptor) => {
      if (error || this.#preallocate === 0) callback(error, descriptor)
      else this.#setRoomAside(path, descriptor, callback)
    }
    if (!this.#isReplacing) return fs.open(path, flags, mode, onOpen)
    this.#replacement = new Replacement(path)
    this.#replacement.open(mode, this.#isOriginal(), onOpen)
  }

  write(descriptor, buffer, offset, length, position, callback) {
    const done = (error, count) => callback(error, count, buffer)
    this.#write(descriptor, [buffer], length, position, true, done, (at = position) =>
      fs.write(descriptor, buffer, offset, length, at, callback),
    )
  }

  writev(descriptor, buffers, position, callback) {
    let size = 0
    for (const { length } of buffers) size += length
    const done = (error, count) => callback(error, count, buffers)
    this.#write(descriptor, buffers, size, position, false, done, (at = position) =>
      fs.writev(descriptor, buffers, at, callback),
    )
  }

  fsync(descriptor, callback) {
    fs.fsync(descriptor, callback)
  }

  /**
   * All is written: gives a file that was written beside another its name.
   * @param {(error?: Error | null) => void} callback
   */
  finish(callback) {
    if (this.#replacement === null) return callback()
    const waiting = []
    this.#naming = (then) => waiting.push(then)
    this.#replacement.commit(this.#stream.fd, (error) => {
      this.#naming = null
      callback(error)
      for (const then of waiting) then()
    })
  }

  close(descriptor, callback) {
    if (this.#naming !== null) {
      this.#naming(() => this.close(descriptor, callback))
    } else if (this.#isRoomAside) {
      this.#isRoomAside = false
      // Room that cannot be given back now is when the file is next cut.
      const isUnderWay = errands.trim(descriptor, () => this.close(descriptor, callback))
      if (!isUnderWay) this.close(descriptor, callback)
    } else if (this.#replacement === null) {
      fs.close(descriptor, callback)
    } else {
      fs.close(descriptor, (error) => this.#replacement.abandon(() => callback(error)))
    }
  }

  #isOriginal() {
    return this.#isNative && isFsWritingOriginal()
  }

  #write(descriptor, buffers, size, position, isFirst, done, writeAsNode) {
    // In object mode anything may come.
    if (!buffers.every(isBytes)) return writeAsNode()
    // What was written ahead must be told, whoever replaced what meanwhile.
    if (!this.#isOriginal() && !this.#writes?.isAhead) return writeAsNode()
    this.#writes ??= statOf(descriptor)?.isFile() === true ? new Writes(this.#stream) : false
    if (this.#writes === false) return writeAsNode()
    this.#writes.write(descriptor, buffers, size, position, isFirst, done, writeAsNode)
  }

  #setRoomAside(path, descriptor, callback) {
    if (!this.#isOriginal()) return callback(null, descriptor)
    const { start = -1 } = this.#stream
    const isUnderWay = errands.allocate(descriptor, start, this.#preallocate, (result, syscall) => {
      this.#isRoomAside = result === 0
      const error = result < 0 ? fsError(result, syscall, String(path)) : null
      if (error === null || NO_ROOM_ASIDE.has(error.code)) return callback(null, descriptor)
      // Node believes that nothing was opened.
      this.close(descriptor, () => callback(error))
    })
    if (!isUnderWay) callback(null, descriptor)
  }
}

function isBytes(chunk) {
  return chunk instanceof Uint8Array
}

module.exports = { NativeWriteFs }
