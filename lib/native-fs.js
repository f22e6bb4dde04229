'use strict'

// What a ReadStream gets as `options.fs`: opening and closing without a trip
// through the thread pool, when the kernel needs no disk for it. Node's own
// functions do all the rest, and everything as soon as someone replaces them.

const fs = require('node:fs')
const { isMainThread } = require('node:worker_threads')

const { fsError } = require('./errors.js')
const { binding } = require('./native.js')
const { RecentSet } = require('./recent-set.js')

const own = { open: fs.open, read: fs.read, close: fs.close }

// Replaced before this module was loaded (graceful-fs does): Node's own call
// into its binding.
const wereNodes = Object.values(own).every((method) =>
  /\bbinding\./.test(Function.prototype.toString.call(method)),
)

/** True while `node:fs` reads with the functions that Node was built with. */
function isOriginal() {
  return wereNodes && fs.open === own.open && fs.read === own.read && fs.close === own.close
}

// Node keeps a list of the descriptors that a worker opened through fs, warns
// when others are closed and closes the rest when the worker ends. So in a
// worker descriptors are Node's to open.
const isUsable = binding !== null && isMainThread

/** The mode of a stream that names none. Others are validated by fs.open. */
const DEFAULT_MODE = 0o666

// Paths that led to regular files. The first time, the kind of a file is found
// out without opening it, because to open a FIFO or a device has effects.
const knownFiles = new RecentSet(1024)

// Results are delivered from the event loop, never within the call or the
// tick: Node's come from there too, and code relies on it (an 'error'
// listener added after an await, 'close' after 'finish').
const nativeFs = {
  open(path, flags, mode, callback) {
    if (flags === 'r' && mode === DEFAULT_MODE && typeof path === 'string' && isOriginal()) {
      const descriptor = binding.openCached(path, knownFiles.has(path))
      if (descriptor >= 0) {
        knownFiles.add(path)
        setImmediate(callback, null, descriptor)
        return
      }
      knownFiles.delete(path)
    }
    fs.open(path, flags, mode, callback)
  },

  read(...args) {
    fs.read(...args)
  },

  close(descriptor, callback) {
    if (!isOriginal()) {
      fs.close(descriptor, callback)
      return
    }
    const result = binding.close(descriptor)
    setImmediate(callback, result < 0 ? fsError(result, 'close') : null)
  },
}

module.exports = { nativeFs: isUsable ? nativeFs : null, isOriginal }
