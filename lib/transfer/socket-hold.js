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

class SocketHold {
  #socket
  #progress
  #lastProgress = 0
  #held = []
  #restores = []
  #watch

  /**
   * @param {import('node:net').Socket} socket
   * @param {object} transfer
   * @param {() => number} transfer.progress bytes sent so far
   * @param {() => void} transfer.interrupt something wants to be written
   * @param {() => void} transfer.abandon the socket is being destroyed
   */
  constructor(socket, { progress, interrupt, abandon }) {
    this.#socket = socket
    this.#progress = progress
    const hold = (method, cancel) =>
      this.#shadow(method, (original) => (...args) => {
        const write = () => original.apply(socket, args)
        this.#held.push({ write, cancel: () => cancel(socket, args.at(-1)) })
        interrupt()
      })
    hold('_writeGeneric', cancelWrite)
    hold('_final', (_, callback) => callback())
    this.#shadow('_destroy', (original) => (...args) => {
      abandon()
      for (const { cancel } of this.#held.splice(0)) process.nextTick(cancel)
      return original.apply(socket, args)
    })
    this.#shadow('setTimeout', (original) => (...args) => {
      const result = original.apply(socket, args)
      this.#watchTimeout()
      return result
    })
    this.#watchTimeout()
  }

  /** Gives the socket back, and writes what was kept. */
  release() {
    clearInterval(this.#watch)
    const socket = this.#socket
    for (const restore of this.#restores.splice(0)) restore()
    socket._unrefTimer()
    for (const { write } of this.#held.splice(0)) write()
  }

  #shadow(name, wrap) {
    const own = Object.getOwnPropertyDescriptor(this.#socket, name)
    this.#restores.push(() => {
      if (own) Object.defineProperty(this.#socket, name, own)
      else delete this.#socket[name]
    })
    Object.defineProperty(this.#socket, name, {
      configurable: true,
      enumerable: false,
      writable: true,
      value: wrap(this.#socket[name]),
    })
  }

  #watchTimeout() {
    clearInterval(this.#watch)
    const { timeout } = this.#socket
    if (!timeout) return
    const period = Math.max(1, Math.floor(timeout / TIMEOUT_PRECISION))
    this.#watch = setInterval(() => {
      const progress = this.#progress()
      if (progress === this.#lastProgress) return
      this.#lastProgress = progress
      this.#socket._unrefTimer()
    }, period)
    this.#watch.unref()
  }
}

/** Calls a write back in the way of one that libuv had queued. */
function cancelWrite({ _writableState: state }, callback) {
  callback(state.errored ?? socketError(-constants.errno.ECANCELED, 'write'))
}

module.exports = { SocketHold }
