'use strict'

// While the kernel writes a file into a socket, nothing that JavaScript
// writes may get in between. Every write of net.Socket comes through
// _writeGeneric and every end through _final: both are shadowed for as long
// as a transfer runs. What comes is kept, the transfer is told, and when it
// has stopped the write goes out behind it.
//
// A socket that is destroyed must let go at once: the transfer's duplicate
// would keep the connection open, and the client waiting. What was kept is
// called back then, as Node calls back what it had queued: before 'close'.
//
// libuv knows nothing of the bytes that the kernel writes, so the socket's
// idle timer would end an active download; the hold refreshes it when there
// was progress, and only then.

const { constants } = require('node:os')
const { clearInterval, setInterval } = require('node:timers')

const { socketError } = require('../errors.js')

/** A socket timeout is late by at most this part of it. */
const TIMEOUT_PRECISION = 8

const kHold = Symbol('millrace.hold')

/**
 * What stands in the place of a socket's own methods meanwhile. One set for
 * all sockets: closures of each would cost each of them a shape of its own.
 */
const shadows = {
  _writeGeneric(...args) {
    if (isOver(this)) return original(this, '_writeGeneric').apply(this, args)
    return this[kHold].keep('_writeGeneric', args, () => cancelWrite(this, args.at(-1)))
  },

  _final(...args) {
    if (isOver(this)) return original(this, '_final').apply(this, args)
    return this[kHold].keep('_final', args, () => args.at(-1)())
  },

  _destroy(...args) {
    if (isOver(this)) return original(this, '_destroy').apply(this, args)
    return this[kHold].destroy(args)
  },

  setTimeout(...args) {
    if (isOver(this)) return original(this, 'setTimeout').apply(this, args)
    return this[kHold].setTimeout(args)
  },
}
const NAMES = Object.keys(shadows)

/** True where someone kept a shadow for longer than it stands, or calls it in turn. */
function isOver(socket) {
  return socket[kHold] === undefined || socket[kHold].isPassingOn
}

function original(socket, name) {
  return Object.getPrototypeOf(socket)[name]
}

class SocketHold {
  #socket
  #transfer
  #lastProgress = 0
  #held = null
  /** What the socket had of its own in these places: nothing, as a rule. */
  #own = null
  #watch = null
  /** What the socket had of its own is being called. */
  isPassingOn = false

  /**
   * @param {import('node:net').Socket} socket
   * @param {object} transfer
   * @param {() => number} transfer.progress grows with every byte that arrives
   * @param {() => void} transfer.stop something wants to be written
   * @param {() => void} transfer.abandon the socket is being destroyed
   */
  constructor(socket, transfer) {
    this.#socket = socket
    this.#transfer = transfer
    put(socket, kHold, this)
    for (const name of NAMES) {
      const own = Object.getOwnPropertyDescriptor(socket, name)
      if (own) (this.#own ??= new Map()).set(name, own)
      put(socket, name, shadows[name])
    }
    this.#watchTimeout()
  }

  /** Gives the socket back, and writes what was kept. */
  release() {
    clearInterval(this.#watch)
    const socket = this.#socket
    // The last one first, which Node 20's V8 can take back. Otherwise the socket
    // becomes a dictionary, three KiB larger and slower.
    for (const name of NAMES.toReversed()) {
      // Someone has put a method of their own in place of it.
      if (socket[name] !== shadows[name]) continue
      const own = this.#own?.get(name)
      if (own) Object.defineProperty(socket, name, own)
      else delete socket[name]
    }
    delete socket[kHold]
    socket._unrefTimer()
    for (const { name, args } of this.#take()) socket[name](...args)
  }

  /** @param {() => void} cancel for when the socket is destroyed instead */
  keep(name, args, cancel) {
    this.#held ??= []
    this.#held.push({ name, args, cancel })
    this.#transfer.stop()
  }

  destroy(args) {
    this.#transfer.abandon()
    for (const { cancel } of this.#take()) process.nextTick(cancel)
    return this.#passOn('_destroy', args)
  }

  setTimeout(args) {
    const result = this.#passOn('setTimeout', args)
    this.#watchTimeout()
    return result
  }

  #passOn(name, args) {
    const method = this.#own?.get(name)?.value ?? original(this.#socket, name)
    this.isPassingOn = true
    try {
      return method.apply(this.#socket, args)
    } finally {
      this.isPassingOn = false
    }
  }

  #take() {
    const held = this.#held ?? []
    this.#held = null
    return held
  }

  #watchTimeout() {
    clearInterval(this.#watch)
    const { timeout } = this.#socket
    if (!timeout) return
    const period = Math.max(1, Math.floor(timeout / TIMEOUT_PRECISION))
    this.#watch = setInterval(() => {
      const progress = this.#transfer.progress()
      if (progress === this.#lastProgress) return
      this.#lastProgress = progress
      this.#socket._unrefTimer()
    }, period)
    this.#watch.unref()
  }
}

function put(socket, name, value) {
  Object.defineProperty(socket, name, {
    configurable: true,
    enumerable: false,
    writable: true,
    value,
  })
}

/** Calls a write back in the way of one that libuv had queued. */
function cancelWrite({ _writableState: state }, callback) {
  callback(state.errored ?? socketError(-constants.errno.ECANCELED, 'write'))
}

module.exports = { SocketHold }
