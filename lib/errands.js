'use strict'

// What has to wait for a disk, done by the addon's threads.

const { AsyncResource } = require('node:async_hooks')
const { setImmediate } = require('node:timers')

const { hold, release } = require('./keep-alive.js')
const { binding } = require('./native.js')

/** What is under way, by number. */
const pending = new Map()

const errands = binding === null ? null : new binding.Errands(onWake)

/** Names of the calls that may fail, by number. */
const syscalls = binding === null ? [] : binding.errandSyscalls()

function onWake() {
  const ends = errands.drain()
  // A single one is told here: this is a callback of the event loop's own.
  const tell = ends.length === 3 ? null : setImmediate
  for (let i = 0; i < ends.length; i += 3) {
    const { resource, callback } = pending.get(ends[i]) ?? {}
    // One that was refused a thread ends as well.
    if (resource === undefined) continue
    pending.delete(ends[i])
    release()
    const syscall = syscalls[ends[i + 2]]
    if (tell === null) resource.runInAsyncScope(callback, null, ends[i + 1], syscall)
    // One at a time, and what each brings about before the next.
    else resource.runInAsyncScope(tell, null, callback, ends[i + 1], syscall)
  }
}

/** Has `callback` called with the result of errand `id`. False: refused. */
function whenDone(id, type, callback, buffer) {
  if (id === 0) return false
  hold()
  // The buffer is kept as well: a thread reads or writes it.
  pending.set(id, { resource: new AsyncResource(type), callback, buffer })
  return true
}

/**
 * Reads into `buffer` from byte `from` on, as much as fits or as there is.
 * @param {number} fd
 * @param {Buffer} buffer of less than 2 GiB
 * @param {number} from
 * @param {number} position below zero: the file's own offset
 * @param {(result: number) => void} callback gets the number of bytes, or a
 *   negative errno
 * @returns {boolean} false when it cannot be tried
 */
function read(fd, buffer, from, position, callback) {
  return whenDone(errands.read(fd, buffer, from, position), 'MILLRACEREAD', callback, buffer)
}

/**
 * Opens a file for reading.
 * @param {string} path
 * @param {(result: number) => void} callback gets the descriptor, or a
 *   negative errno
 * @returns {boolean} false when it cannot be tried
 */
function open(path, callback) {
  return whenDone(errands.open(path), 'MILLRACEOPEN', callback)
}

/**
 * Writes all of `buffers`, or what comes in front of an error.
 * @param {number} fd
 * @param {Buffer[]} buffers of less than 2 GiB together
 * @param {number} position below zero: the file's own offset
 * @param {(result: number) => void} callback gets the number of bytes, or a
 *   negative errno
 * @returns {boolean} false when it cannot be tried
 */
function write(fd, buffers, position, callback) {
  const [buffer] = buffers
  const id =
    buffers.length === 1
      ? errands.write(fd, buffer, 0, buffer.length, position)
      : errands.writev(fd, buffers, position)
  return whenDone(id, 'MILLRACEWRITE', callback, buffers)
}

/**
 * Sets room aside, from `position` on; below zero, from where the next byte
 * would be written.
 * @param {(result: number, syscall: string) => void} callback gets 0, or a
 *   negative errno and the call that failed
 * @returns {boolean} false when it cannot be tried
 */
function allocate(fd, position, length, callback) {
  return whenDone(errands.allocate(fd, position, length), 'MILLRACEWRITE', callback)
}

/** Gives back room that was not used; see `allocate`. */
function trim(fd, callback) {
  return whenDone(errands.trim(fd), 'MILLRACEWRITE', callback)
}

/** Gives the space of a range back; see `allocate`. */
function punch(fd, position, length, callback) {
  return whenDone(errands.punch(fd, position, length), 'MILLRACEWRITE', callback)
}

/** Opens, for writing, a file in `folder` that has no name; see `open`. */
function openNameless(folder, mode, callback) {
  return whenDone(errands.openNameless(folder, mode), 'MILLRACEOPEN', callback)
}

/** Names such a file `temporary`, then `target`, which it replaces; see `allocate`. */
function name(fd, temporary, target, callback) {
  return whenDone(errands.name(fd, temporary, target), 'MILLRACEOPEN', callback)
}

module.exports = { read, open, write, allocate, trim, punch, openNameless, name }
