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
    const carried = { bytes: 0, running: null }
    const getter = inheritedGetter(socket, 'bytesWritten')
    Object.defineProperty(socket, kCarried, { value: carried })
    Object.defineProperty(socket, 'bytesWritten', {
      configurable: true,
      enumerable: false,
      get() {
        const written = getter.call(this)
        if (written === undefined) return undefined
        return written + carried.bytes + (carried.running === null ? 0 : carried.running())
      },
    })
  }
  return socket[kCarried]
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
 * Names the transfer that runs on the socket: a function that tells its bytes
 * so far, or null when none does.
 * @param {import('node:net').Socket} socket
 * @param {(() => number) | null} running
 */
function setRunning(socket, running) {
  carriedBy(socket).running = running
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
