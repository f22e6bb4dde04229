'use strict'

// What a ReadStream gets as `options.fs`: opening, reading and closing without
// a trip through libuv's thread pool. Node's own functions do all the rest,
// and everything as soon as someone replaces them.

const fs = require('node:fs')
const {
  errno: { EAGAIN },
} = require('node:os').constants
const { isAbsolute } = require('node:path')
const { setImmediate } = require('node:timers')
const { isMainThread } = require('node:worker_threads')

const { statOf } = require('./descriptors.js')
const errands = require('./errands.js')
const { fsError } = require('./errors.js')
const { binding } = require('./native.js')
const { isCloseOriginal, isFsOriginal } = require('./originals.js')
const { Reads, MOST } = require('./reading/reads.js')
const { deliver } = require('./reading/turn.js')
const { RecentSet } = require('./recent-set.js')

/** The mode of a stream that names none. Others are validated by fs.open. */
const DEFAULT_MODE = 0o666

// Paths that led to regular files. The first time, the kind of a file is found
// out without opening it, because to open a FIFO or a device has effects.
const knownFiles = new RecentSet(1024)

/** The `fs` of one stream. */
class NativeFs {
  /**
   * The descriptor that was opened here, or -1. Any other may be anyone's:
   * mock-fs makes up numbers of its own behind fs.open, and must get them back.
   */
  #opened = -1
  /** It is known to be of a regular file. */
  #isFile = false
  /** Reads of a regular file; false for anything else; null before the first. */
  #reads = null

  // Results are delivered from the event loop, never within the call or the
  // tick: Node's come from there too, and code relies on it (an 'error'
  // listener added after an await, 'close' after 'finish').
  open(path, flags, mode, callback) {
    const openAsNode = () => fs.open(path, flags, mode, callback)
    // Node keeps a list of the descriptors that a worker opened through fs,
    // warns when others are closed and closes the rest when the worker ends.
    // So in a worker descriptors are Node's to open.
    const isOurs = isMainThread && flags === 'r' && mode === DEFAULT_MODE && isFsOriginal()
    if (!isOurs || typeof path !== 'string') return openAsNode()
    const answer = binding.openCached(path, knownFiles.has(path))
    if (answer >= 0) {
      // What a relative path means changes with the working directory.
      if (isAbsolute(path)) knownFiles.add(path)
      this.#opened = answer
      this.#isFile = true
      deliver(callback, null, answer)
      return
    }
    knownFiles.delete(path)
    // Node words the errors, and knows what else there is to open.
    const isUnderWay =
      answer === -EAGAIN &&
      errands.open(path, (result) => {
        if (result < 0) return openAsNode()
        this.#opened = result
        callback(null, result)
      })
    if (!isUnderWay) openAsNode()
  }

  read(descriptor, buffer, offset, length, position, callback) {
    const readAsNode = () => fs.read(descriptor, buffer, offset, length, position, callback)
    if (!isFsOriginal() || length > MOST) return readAsNode()
    this.#reads ??= this.#isRegularFile(descriptor) ? new Reads() : false
    if (this.#reads === false) return readAsNode()
    this.#reads.read(descriptor, buffer, position, callback, readAsNode)
  }

  close(descriptor, callback) {
    const isOurs = descriptor === this.#opened && isCloseOriginal()
    this.#opened = -1
    if (!isOurs) {
      fs.close(descriptor, callback)
      return
    }
    const result = binding.close(descriptor)
    setImmediate(callback, result < 0 ? fsError(result, 'close') : null)
  }

  /**
   * True when `node:fs` and the kernel mean the same file by a descriptor.
   * @param {number} descriptor
   */
  isReal(descriptor) {
    return descriptor === this.#opened || statOf(descriptor) !== null
  }

  #isRegularFile(descriptor) {
    if (descriptor === this.#opened && this.#isFile) return true
    return statOf(descriptor)?.isFile() === true
  }
}

module.exports = { NativeFs: binding === null ? null : NativeFs }
