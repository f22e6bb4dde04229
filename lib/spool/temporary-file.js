'use strict'

// A file that has no name, or none for longer than a moment, so that it is gone
// with its descriptor however the process ends.

const { Buffer } = require('node:buffer')
const { randomUUID } = require('node:crypto')
const fs = require('node:fs')
const path = require('node:path')

const errands = require('../errands.js')
const { countAllocated } = require('../kept-memory.js')
const { binding } = require('../native.js')
const { isFsOriginal } = require('../originals.js')
const { Reads } = require('../reading/reads.js')

/** `O_TMPFILE` of Linux, which Node has no name for; 0 elsewhere. */
const O_TMPFILE = process.platform === 'linux' ? 0o20000000 | fs.constants.O_DIRECTORY : 0

const OWNER_ONLY = 0o600

/**
 * Opens one.
 * @param {string} directory
 * @param {(error: Error | null, file?: TemporaryFile) => void} callback
 */
function openTemporaryFile(directory, callback) {
  try {
    open(directory, callback)
  } catch (error) {
    // A path that can be none.
    process.nextTick(callback, error)
  }
}

function open(directory, callback) {
  const opened = (fd) => callback(null, new TemporaryFile(fd))
  if (O_TMPFILE === 0) {
    openNamed(directory, callback, opened)
    return
  }
  // O_EXCL: nobody can give it a name later.
  const { O_RDWR, O_EXCL } = fs.constants
  fs.open(directory, O_RDWR | O_EXCL | O_TMPFILE, OWNER_ONLY, (error, fd) => {
    // Not every file system can; if it is something else, that shows again.
    if (error) openNamed(directory, callback, opened)
    else opened(fd)
  })
}

function openNamed(directory, fail, succeed) {
  const name = path.join(directory, `.millrace-spool-${randomUUID()}`)
  fs.open(name, 'wx+', OWNER_ONLY, (error, fd) => {
    if (error) {
      fail(error)
      return
    }
    fs.unlink(name, (problem) => {
      if (problem) fs.close(fd, () => fail(problem))
      else succeed(fd)
    })
  })
}

/** True when the kernel and `node:fs` mean the same by a descriptor. */
function isReal(fd) {
  if (binding === null || !isFsOriginal()) return false
  try {
    const { dev, ino } = fs.fstatSync(fd, { bigint: true })
    return binding.identify(fd) === `${dev}:${ino}`
  } catch {
    return false
  }
}

class TemporaryFile {
  #reads
  /** False where the space of a range cannot be given back. */
  canPunch

  constructor(fd) {
    this.fd = fd
    this.isNative = isReal(fd)
    this.canPunch = this.isNative
    this.#reads = this.isNative ? new Reads() : null
  }

  /**
   * Writes all of `pieces`, or fails.
   * @param {Buffer[]} pieces
   * @param {number} position
   * @param {(error: Error | null) => void} callback never called within this call
   */
  write(pieces, position, callback) {
    const isUnderWay =
      this.isNative &&
      errands.write(this.fd, pieces, position, (count) => {
        const rest = count < 0 ? pieces : withoutFirst(pieces, count)
        // What came in front of a failure is written; Node meets the failure.
        if (rest.length > 0) this.#writeAsNode(rest, position + Math.max(count, 0), callback)
        else callback(null)
      })
    if (!isUnderWay) this.#writeAsNode(pieces, position, callback)
  }

  #writeAsNode(pieces, position, callback) {
    fs.writev(this.fd, pieces, position, (error, count) => {
      const rest = error ? [] : withoutFirst(pieces, count)
      if (error || rest.length === 0) callback(error)
      else this.#writeAsNode(rest, position + count, callback)
    })
  }

  /**
   * Reads `length` bytes, which are there.
   * @param {number} length
   * @param {number} position
   * @param {(error: Error | null, chunk?: Buffer) => void} callback never called
   *   within this call
   */
  read(length, position, callback) {
    countAllocated(length)
    const buffer = Buffer.allocUnsafe(length)
    const done = (error, count) => {
      if (error) callback(error)
      else if (count === 0) callback(new Error('The temporary file was cut short by someone else'))
      else callback(null, buffer.subarray(0, count))
    }
    const readAsNode = () => fs.read(this.fd, buffer, 0, length, position, done)
    if (this.#reads === null) readAsNode()
    else this.#reads.read(this.fd, buffer, position, done, readAsNode)
  }

  /**
   * Gives the space of a range back, if that can be done.
   * @param {number} position
   * @param {number} length
   * @param {() => void} callback
   *   perhaps called within this call
   */
  punch(position, length, callback) {
    const isUnderWay =
      this.canPunch &&
      errands.punch(this.fd, position, length, (result) => {
        if (result < 0) this.canPunch = false
        callback()
      })
    if (!isUnderWay) callback()
  }

  /** Gives all space back. */
  empty(callback) {
    fs.ftruncate(this.fd, 0, callback)
  }

  /** @param {(error?: Error | null) => void} callback */
  close(callback) {
    fs.close(this.fd, callback)
  }
}

/** The pieces without their first bytes. */
function withoutFirst(pieces, count) {
  let left = count
  const rest = []
  for (const piece of pieces) {
    if (left < piece.length) rest.push(left === 0 ? piece : piece.subarray(left))
    left = Math.max(0, left - piece.length)
  }
  return rest
}

module.exports = { openTemporaryFile }
