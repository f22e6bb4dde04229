'use strict'

// A file that is written beside another and takes its place in one step: it
// has no name until it is complete (O_TMPFILE), so that nothing is left of it
// when the process dies; or, where there are no such files, a name of its own.

const { randomBytes } = require('node:crypto')
const fs = require('node:fs')
const path = require('node:path')
const { isMainThread } = require('node:worker_threads')

const errands = require('../errands.js')
const { MillraceError, fsError } = require('../errors.js')

/** Permission bits that a file keeps when another writes to it. */
const KEPT = 0o1777

/** As many links may lead to a file that is not there yet. */
const MOST_LINKS = 40

class Replacement {
  #given
  /** What is replaced, and where. */
  #target = ''
  #folder = ''
  #temporary = ''
  /** There is a file of that name. */
  #isNamed = false
  #isNative = false

  /** @param {string | Buffer} given the path of the file to replace */
  constructor(given) {
    this.#given = given
  }

  /**
   * Opens a new file, with the permissions of the one to replace, or with `mode`.
   * @param {number | string} mode
   * @param {boolean} isNative it may go around Node's functions
   * @param {(error: Error | null, descriptor?: number) => void} callback
   */
  open(mode, isNative, callback) {
    // In a worker, Node keeps account of descriptors.
    this.#isNative = isNative && isMainThread
    // What Node would refuse to write to is not replaced either.
    fs.open(this.#given, 'r+', mode, (error, descriptor) => {
      if (error && error.code !== 'ENOENT') return callback(error)
      if (error) return this.#openBeside(mode, null, callback)
      fs.fstat(descriptor, (statError, stat) =>
        fs.close(descriptor, () => {
          if (statError) return callback(statError)
          if (stat.isFile()) return this.#openBeside(mode, stat, callback)
          const message = `Only a regular file can be replaced in one step: '${this.#given}'`
          callback(new MillraceError('ERR_MILLRACE_NOT_A_FILE', message))
        }),
      )
    })
  }

  #openBeside(mode, stat, callback) {
    follow(path.resolve(String(this.#given)), MOST_LINKS, (error, target) => {
      if (error) return callback(error)
      this.#target = target
      this.#folder = path.dirname(target)
      const name = `.millrace-${process.pid}-${randomBytes(8).toString('hex')}`
      this.#temporary = path.join(this.#folder, name)
      const onOpen = (openError, descriptor) => {
        if (openError) return callback(this.#reword(openError))
        if (stat === null) return callback(null, descriptor)
        this.#take(stat, descriptor, callback)
      }
      const openNamed = () =>
        fs.open(this.#temporary, 'wx', mode, (openError, descriptor) => {
          this.#isNamed = !openError
          onOpen(openError, descriptor)
        })
      const isUnderWay =
        this.#isNative &&
        typeof mode === 'number' &&
        errands.openNameless(this.#folder, mode, (result) => {
          if (result < 0) openNamed()
          else onOpen(null, result)
        })
      if (!isUnderWay) openNamed()
    })
  }

  /** Gives the new file what the old one has of owners and permissions. */
  #take(stat, descriptor, callback) {
    fs.fchown(descriptor, stat.uid, stat.gid, () => {
      // Only root may give files away; those of others become ours.
      fs.fchmod(descriptor, stat.mode & KEPT, (error) => {
        if (!error) return callback(null, descriptor)
        fs.close(descriptor, () => this.abandon(() => callback(this.#reword(error))))
      })
    })
  }

  /**
   * Has the complete file take the place of the other, for good.
   * @param {number} descriptor
   * @param {() => boolean} isWanted asked in the last moment
   * @param {(error: Error | null) => void} callback
   */
  commit(descriptor, isWanted, callback) {
    fs.fsync(descriptor, (error) => {
      if (error || !isWanted()) return callback(error)
      this.#name(descriptor, (nameError) => {
        if (nameError) return callback(this.#reword(nameError))
        this.#isNamed = false
        syncFolder(this.#folder, callback)
      })
    })
  }

  #name(descriptor, callback) {
    if (this.#isNamed) return fs.rename(this.#temporary, this.#target, callback)
    const isUnderWay = errands.name(descriptor, this.#temporary, this.#target, (result, syscall) =>
      callback(result < 0 ? fsError(result, syscall, this.#target) : null),
    )
    if (!isUnderWay) {
      const message = `There was no thread or descriptor left to replace '${this.#given}'`
      callback(new MillraceError('ERR_MILLRACE_NOT_REPLACED', message))
    }
  }

  /** Removes what has not taken its place. The descriptor is closed. */
  abandon(callback) {
    if (!this.#isNamed) return callback()
    this.#isNamed = false
    fs.unlink(this.#temporary, () => callback())
  }

  /** Nobody asked for a file of the name that it has meanwhile. */
  #reword(error) {
    if (error.path !== this.#temporary) return error
    const given = String(this.#given)
    error.message = error.message.replace(this.#temporary, given)
    error.path = given
    return error
  }
}

/** The file that a path leads to in the end, whether it is there or not. */
function follow(given, links, callback) {
  fs.realpath(given, (error, target) => {
    if (error?.code !== 'ENOENT' || links === 0) return callback(error, target)
    fs.readlink(given, (linkError, link) => {
      // It is not there, or no link: its folder may be reached by some.
      if (linkError)
        return fs.realpath(path.dirname(given), (folderError, folder) =>
          folderError
            ? callback(null, given)
            : callback(null, path.join(folder, path.basename(given))),
        )
      follow(path.resolve(path.dirname(given), link), links - 1, callback)
    })
  })
}

/** Has the names in a folder survive a power failure. */
function syncFolder(folder, callback) {
  fs.open(folder, 'r', (error, descriptor) => {
    // Who may write there and not read has to do without.
    if (error) return callback(null)
    fs.fsync(descriptor, (syncError) => {
      const isUnknown = syncError?.code === 'EINVAL' || syncError?.code === 'ENOTSUP'
      fs.close(descriptor, () => callback(isUnknown ? null : syncError))
    })
  })
}

module.exports = { Replacement }
