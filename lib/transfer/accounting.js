'use strict'

// `socket.bytesWritten` counts what libuv wrote. Sockets that carried a
// transfer get a property of their own that adds what the kernel wrote.

const { binding } = require('../native.js')

const kCarried = Symbol('millrace.carried')

function inheritedGetter(socket, name) {
  for (let holder = socket; holder !== null; holder = Object.getPrototypeOf(holder)) {
    const descriptor = Object.getOwnPropertyDescriptor(holder, name)
    if (descriptor) return descriptor.get ?? (() => descriptor.value)
  }
  return () => undefined
}

function carriedBy(socket) {
  if (socket[kCarried] === undefined) {
    const getter = inheritedGetter(socket, 'bytesWritten')
    Object.defineProperty(socket, kCarried, { value: { bytes: 0, run: null, getter } })
    // The same for all sockets: getters of their own would make each of them
    // a dictionary, three KiB larger and slow.
    Object.defineProperty(socket, 'bytesWritten', bytesWritten)
  }
  return socket[kCarried]
}

const bytesWritten = {
  configurable: true,
  enumerable: false,
  get() {
    const { bytes, run, getter } = this[kCarried]
    const written = getter.call(this)
    return written === undefined ? undefined : written + bytes + (run === null ? 0 : run.wire())
  },
}

/**
 * Adds bytes that were sent, framing included.
 * @param {import('node:net').Socket} socket
 * @param {number} bytes
 */
function addBytesWritten(socket, bytes) {
  carriedBy(socket).bytes += bytes
}

/**
 * Names the transfer that runs on the socket, which tells its bytes so far, or
 * null when none does.
 * @param {import('node:net').Socket} socket
 * @param {{ wire: () => number } | null} run
 */
function setRunning(socket, run) {
  carriedBy(socket).run = run
}

/**
 * Bytes that the kernel took and the peer has not acknowledged; 0 where nobody
 * can tell.
 * @param {import('node:net').Socket} socket
 */
function unacknowledged(socket) {
  const fd = socket._handle?.fd
  return fd >= 0 && binding !== null ? binding.unacknowledged(fd) : 0
}

module.exports = { addBytesWritten, setRunning, unacknowledged }
