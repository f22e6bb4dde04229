'use strict'

// What has to wait for a disk, done by the addon's threads.

const { AsyncResource } = require('node:async_hooks')
const { setImmediate } = require('node:timers')

const { hold, release } = require('./keep-alive.js')
const { binding } = require('./native.js')

/** What is under way, by number. */
const pending = new Map()

const errands = binding === null ? null : new binding.Errands(onWake)

function onWake() {
  for (const { id, result } of errands.drain()) {
    const { resource, callback } = pending.get(id) ?? {}
    // One that was refused a thread ends as well.
    if (resource === undefined) continue
    pending.delete(id)
    release()
    // One at a time, and what each brings about before the next.
    resource.runInAsyncScope(setImmediate, null, callback, result)
  }
}

/** Has `callback` called with the result of errand `id`. False: refused. */
function whenDone(id, type, callback, buffer) {
  if (id === 0) return false
  hold()
  // The buffer is kept as well: a thread writes to it.
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
 * Writes at a place of a file. The pieces are copied before this returns.
 * @param {number} fd
 * @param {Buffer[]} pieces of less than 4 GiB together
 * @param {number} position
 * @param {(result: number) => void} callback gets 0, or a negative errno
 * @returns {boolean} false when it cannot be tried
 */
function write(fd, pieces, position, callback) {
  return whenDone(errands.write(fd, pieces, position), 'MILLRACEWRITE', callback)
}

/**
 * Gives the space of a range of a file back.
 * @param {number} fd
 * @param {number} position
 * @param {number} length
 * @param {(result: number) => void} callback gets 0, or a negative errno
 * @returns {boolean} false when it cannot be tried
 */
function punch(fd, position, length, callback) {
  return whenDone(errands.punch(fd, position, length), 'MILLRACEPUNCH', callback)
}

module.exports = { read, open, write, punch }
