'use strict'

// A file that is written beside another and takes its place in one step: it
// has no name until it is complete (O_TMPFILE), so that nothing is left of it
// when the process dies; or, where there are no such files, a name of its own.

const { Buffer, isUtf8 } = require('node:buffer')
const { randomBytes } = require('node:crypto')
const fs = require('node:fs')
const {
  errno: { EISDIR },
} = require('node:os').constants
const path = require('node:path')
const { isMainThread } = require('node:worker_threads')

const errands = require('../errands.js')
const { MillraceError, fsError } = require('../errors.js')

/** Permission bits that a file keeps when another writes to it. */
const KEPT = 0o1777
/** Those of its group, and of all others. */
const OF_GROUP = 0o070
const OF_OTHERS = 0o007

const { O_NOCTTY, O_NONBLOCK, O_WRONLY } = fs.constants

/** Opens what may be written to, and waits for no reader of a FIFO. */
const LOOK = O_WRONLY | O_NONBLOCK | O_NOCTTY

/** Of what is to have the permissions of another file, until it has them. */
const PRIVATE = 0o600

/** Leaves an owner or a group as it is. */
const SAME = -1

/** As many links may lead to a file that is not there yet. */
const MOST_LINKS = 40

// Paths are bytes. Here they are strings of them: a character for each.

class Replacement {
  #given
  #isEndedByName
  /** What is replaced, and where. */
  #target
  #folder = ''
  #temporary = ''
  /** There is a file of that name. */
  #isNamed = false
  #isNative = false

  /** @param {string | Buffer} given the path of the file to replace */
  constructor(given) {
    this.#given = given
    const bytes = toBytes(given)
    this.#isEndedByName = !bytes.endsWith('/')
    // Whatever folder the process is in later.
    this.#target = path.isAbsolute(bytes) ? bytes : below(workingFolder(), bytes)
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
    const target = toPath(this.#target)
    // Nothing is made here: Node is to say what is no mode.
    fs.open(target, LOOK, mode, (error, descriptor) => {
      if (error?.code === 'ENOENT' && this.#isEndedByName) {
        return this.#openBeside(mode, null, callback)
      }
      if (error?.code === 'ENOENT') return fs.open(this.#given, 'wx', mode, callback)
      // A FIFO that nobody reads, or a socket.
      if (error?.code === 'ENXIO') return callback(this.#notAFile())
      if (error) return callback(this.#reword(error, this.#target))
      fs.fstat(descriptor, (statError, stat) =>
        fs.close(descriptor, () => {
          if (statError) return callback(statError)
          if (stat.isFile()) return this.#openBeside(mode, stat, callback)
          callback(this.#notAFile())
        }),
      )
    })
  }

  #notAFile() {
    const message = `Only a regular file can be replaced in one step: '${this.#given}'`
    return new MillraceError('ERR_MILLRACE_NOT_A_FILE', message)
  }

  #openBeside(mode, stat, callback) {
    follow(this.#target, MOST_LINKS, (error, target) => {
      if (error) return callback(this.#reword(error, this.#target))
      this.#target = target
      this.#folder = path.dirname(target)
      // Nobody is to read what the file that is replaced would not show.
      const permissions = stat === null ? mode : PRIVATE
      const name = `.millrace-${process.pid}-${randomBytes(8).toString('hex')}`
      this.#temporary = path.join(this.#folder, name)
      const onOpen = (openError, descriptor) => {
        if (openError) return callback(this.#reword(openError, this.#temporary))
        if (stat === null) return callback(null, descriptor)
        this.#take(stat, descriptor, callback)
      }
      const openNamed = () =>
        fs.open(toPath(this.#temporary), 'wx', permissions, (openError, descriptor) => {
          this.#isNamed = !openError
          onOpen(openError, descriptor)
        })
      const isUnderWay =
        this.#isNative &&
        typeof permissions === 'number' &&
        typeof toPath(this.#temporary) === 'string' &&
        typeof toPath(this.#target) === 'string' &&
        errands.openNameless(toPath(this.#folder), permissions, (result) => {
          if (result < 0) openNamed()
          else onOpen(null, result)
        })
      if (!isUnderWay) openNamed()
    })
  }

  /** Gives the new file what the old one has of owners and permissions. */
  #take({ uid, gid, mode }, descriptor, callback) {
    const permit = (bits) =>
      fs.fchmod(descriptor, bits, (error) => {
        if (!error) return callback(null, descriptor)
        fs.close(descriptor, () =>
          this.abandon(() => callback(this.#reword(error, this.#temporary))),
        )
      })
    // Only root may give files away; those of others become ours.
    fs.fchown(descriptor, uid, gid, (error) => {
      if (!error) return permit(mode & KEPT)
      fs.fchown(descriptor, SAME, gid, (groupError) => {
        if (!groupError) return permit(mode & KEPT)
        // What one group was allowed, another is not: it may no more than others.
        permit((mode & KEPT & ~OF_GROUP) | (mode & ((mode & OF_OTHERS) << 3)))
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
        if (nameError) return callback(this.#reword(nameError, this.#target))
        this.#isNamed = false
        syncFolder(toPath(this.#folder), callback)
      })
    })
  }

  #name(descriptor, callback) {
    const [temporary, target] = [toPath(this.#temporary), toPath(this.#target)]
    if (this.#isNamed) {
      return fs.rename(temporary, target, (error) =>
        callback(error && fsError(error.errno, 'rename', String(target))),
      )
    }
    const isUnderWay = errands.name(descriptor, temporary, target, (result, syscall) =>
      callback(result < 0 ? fsError(result, syscall, String(target)) : null),
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
    fs.unlink(toPath(this.#temporary), () => callback())
  }

  /** Nobody asked for a file of the name that it has meanwhile, or by way of its folder. */
  #reword(error, name) {
    const told = String(toPath(name))
    if (error.path !== told) return error
    const given = String(this.#given)
    error.message = error.message.replace(told, given)
    error.path = given
    return error
  }
}

/** Empty when it was removed: then there is nothing in it either. */
function workingFolder() {
  try {
    return toBytes(process.cwd())
  } catch {
    return ''
  }
}

/** Not `path.resolve`: behind a link, `..` is not where it seems to be. */
function below(folder, name) {
  return path.isAbsolute(name) || folder === '' ? name : `${folder}/${name}`
}

function toBytes(given) {
  return Buffer.from(given).toString('latin1')
}

/** As `node:fs` takes it: a string, or a Buffer where it is not one in UTF-8. */
function toPath(text) {
  const bytes = Buffer.from(text, 'latin1')
  return isUtf8(bytes) ? bytes.toString() : bytes
}

const IN_BYTES = { encoding: 'latin1' }

/** The file that a path leads to in the end, whether it is there or not. */
function follow(given, links, callback) {
  fs.realpath.native(toPath(given), IN_BYTES, (error, target) => {
    if (error?.code !== 'ENOENT' || links === 0) return callback(error, target)
    fs.readlink(toPath(given), IN_BYTES, (linkError, link) => {
      // It is not there, or no link: its folder may be reached by some.
      if (linkError)
        return fs.realpath.native(toPath(path.dirname(given)), IN_BYTES, (folderError, folder) =>
          folderError
            ? callback(null, given)
            : callback(null, path.join(folder, path.basename(given))),
        )
      // Nothing is there, and a folder is not made.
      if (link.endsWith('/')) return callback(fsError(-EISDIR, 'open', String(toPath(given))))
      follow(below(path.dirname(given), link), links - 1, callback)
    })
  })
}

/** Has the names in a folder survive a power failure. */
function syncFolder(folder, callback) {
  fs.open(folder, 'r', (error, descriptor) => {
    // Who may write there and not read has to do without.
    if (error) return callback(error.code === 'EACCES' || error.code === 'EPERM' ? null : error)
    fs.fsync(descriptor, (syncError) => {
      const isUnknown = syncError?.code === 'EINVAL' || syncError?.code === 'ENOTSUP'
      fs.close(descriptor, () => callback(isUnknown ? null : syncError))
    })
  })
}

module.exports = { Replacement }
