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
const { FileHold } = require('./writing/file-hold.js')
const { Replacement } = require('./writing/replacement.js')
const { Writes } = require('./writing/writes.js')

/** Errors of `fallocate` where there is no such thing. */
const NO_ROOM_ASIDE = new Set(['EOPNOTSUPP', 'ENOSYS', 'EPERM', 'EINVAL'])

const ofStreams = new WeakMap()

/** The `fs` of one stream. */
class NativeWriteFs {
  #stream
  #isNative
  #isReplacing
  /** The file that is written beside another, once it is opened. */
  #replacement = null
  #isFinished = false
  #preallocate
  /** The writes of a regular file; false for anything else; null before the first. */
  #writes = null
  #isRoomAside = false
  /** What `close` waits for: calls back, or null. */
  #naming = null
  /** Keeps what is to be done while a transfer writes to the file, or null. */
  #hold = null
  /** Who waits for the file to be opened; null while it is not being. */
  #waiting = null

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
    ofStreams.set(stream, this)
  }

  open(path, flags, mode, callback) {
    this.#waiting = []
    const opened = (error, descriptor) => {
      const waiting = this.#waiting
      this.#waiting = null
      // Of a signal that was aborted before: nobody would close it.
      if (!error && this.#isReplacing && this.#stream.closed) {
        this.close(descriptor, () => callback(this.#stream.errored))
      } else {
        callback(error, descriptor)
      }
      for (const then of waiting) then()
    }
    const onOpen = (error, descriptor) => {
      if (error || this.#preallocate === 0) opened(error, descriptor)
      else this.#setRoomAside(path, descriptor, opened)
    }
    if (!this.#isReplacing) return fs.open(path, flags, mode, onOpen)
    this.#replacement = new Replacement(path)
    this.#replacement.open(mode, this.#isOriginal(), onOpen)
  }

  write(descriptor, buffer, offset, length, position, callback) {
    if (this.#hold === null && this.#writes && this.#writes.isNodes(length)) {
      return fs.write(descriptor, buffer, offset, length, position, callback)
    }
    const done = (error, count) => callback(error, count, buffer)
    this.#whenFree((shift) => {
      const from = shifted(position, shift)
      this.#write(descriptor, [buffer], length, from, true, done, (at = from) =>
        fs.write(descriptor, buffer, offset, length, at, callback),
      )
    })
  }

  writev(descriptor, buffers, position, callback) {
    let size = 0
    for (const { length } of buffers) size += length
    const done = (error, count) => callback(error, count, buffers)
    this.#whenFree((shift) => {
      const from = shifted(position, shift)
      this.#write(descriptor, buffers, size, from, false, done, (at = from) =>
        fs.writev(descriptor, buffers, at, callback),
      )
    })
  }

  fsync(descriptor, callback) {
    this.#whenFree(() => fs.fsync(descriptor, callback), true)
  }

  /**
   * All is written: gives a file that was written beside another its name.
   * @param {(error?: Error | null) => void} callback
   */
  finish(callback) {
    if (this.#replacement === null) return callback()
    const stream = this.#stream
    this.#commit(stream.fd, () => !stream.destroyed, callback)
  }

  #commit(descriptor, isWanted, callback) {
    const waiting = []
    this.#isFinished = true
    this.#naming = (then) => waiting.push(then)
    this.#replacement.commit(descriptor, isWanted, (error) => {
      this.#naming = null
      callback(error)
      for (const then of waiting) then()
    })
  }

  close(descriptor, callback) {
    this.#whenFree(() => this.#close(descriptor, callback), true)
  }

  #close(descriptor, callback) {
    if (this.#naming !== null) {
      this.#naming(() => this.#close(descriptor, callback))
    } else if (this.#isRoomAside) {
      this.#isRoomAside = false
      // Room that cannot be given back now is when the file is next cut.
      const isUnderWay = errands.trim(descriptor, () => this.#close(descriptor, callback))
      if (!isUnderWay) this.#close(descriptor, callback)
    } else if (this.#replacement === null) {
      fs.close(descriptor, callback)
    } else if (!this.#isFinished && this.#stream.writableFinished && !this.#stream.errored) {
      // A class of the user's has put another `_final` in the place of ours.
      this.#commit(
        descriptor,
        () => true,
        (error) => this.#close(descriptor, (closeError) => callback(error ?? closeError)),
      )
    } else {
      fs.close(descriptor, (error) => this.#replacement.abandon(() => callback(error)))
    }
  }

  /** True while a transfer has the file. */
  get isHeld() {
    return this.#hold !== null
  }

  /** True while the file is being opened. */
  get isOpening() {
    return this.#waiting !== null
  }

  /** Calls `then` when the file is opened, or could not be. */
  whenOpen(then) {
    this.#waiting.push(then)
  }

  /** True where the kernel may write to the file by itself. */
  isCopyable(descriptor) {
    this.#writes ??= this.#newWrites(descriptor)
    return this.#isOriginal() && this.#writes !== false
  }

  /** @param {{ stop: () => void, abandon: () => void }} transfer that has the file now */
  hold(transfer) {
    this.#hold = new FileHold(this.#stream, transfer)
  }

  /** @param {number} count bytes that the transfer has written */
  release(count) {
    const stream = this.#stream
    const hold = this.#hold
    this.#hold = null
    stream.bytesWritten += count
    if (stream.pos !== undefined) stream.pos += count
    hold.release(count)
  }

  #whenFree(act, isLast) {
    if (this.#hold === null) act(0)
    else this.#hold.keep(act, isLast)
  }

  #newWrites(descriptor) {
    return statOf(descriptor)?.isFile() === true ? new Writes(this.#stream) : false
  }

  #isOriginal() {
    return this.#isNative && isFsWritingOriginal()
  }

  #write(descriptor, buffers, size, position, isFirst, done, writeAsNode) {
    // In object mode anything may come.
    if (this.#stream.writableObjectMode && !buffers.every(isBytes)) return writeAsNode()
    // What was written ahead must be told, whoever replaced what meanwhile.
    if (!this.#isOriginal() && !this.#writes?.isAhead) return writeAsNode()
    this.#writes ??= this.#newWrites(descriptor)
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

/** Where a write goes that came before so many bytes were written. */
function shifted(position, shift) {
  return position === undefined ? undefined : position + shift
}

/**
 * What a stream of ours writes with, or undefined.
 * @param {import('node:fs').WriteStream} stream
 * @returns {NativeWriteFs | undefined}
 */
function writeFsOf(stream) {
  return ofStreams.get(stream)
}

module.exports = { NativeWriteFs, writeFsOf }
