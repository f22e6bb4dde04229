'use strict'

// Streams whose bytes may go another way as long as nobody can tell.

/** The method that brings the bytes back. */
const kShow = Symbol('millrace.show')

/** Whoever calls one of these gets the next byte, or sends it. */
const TOUCHING = ['pipe', 'unpipe', 'pause', 'setEncoding', 'destroy']

/** And with one of these, for these events. */
const LISTENING = ['on', 'addListener', 'prependListener']
const EVENTS = new Set(['data', 'readable'])

/**
 * Has a class call its `[kShow]()` before all that touches its bytes.
 * @param {import('node:stream').Duplex} prototype
 * @param {string[]} [more] methods that do
 */
function showBefore(prototype, more = []) {
  for (const name of [...TOUCHING, ...more]) {
    const inherited = prototype[name]
    define(prototype, name, function (...args) {
      this[kShow]()
      return inherited.apply(this, args)
    })
  }
  showBeforeListening(prototype)
}

/** Before someone listens for bytes only. */
function showBeforeListening(prototype) {
  for (const name of LISTENING) {
    const inherited = prototype[name]
    define(prototype, name, function (event, listener) {
      if (EVENTS.has(event)) this[kShow]()
      return inherited.call(this, event, listener)
    })
  }
}

function define(prototype, name, value) {
  Object.defineProperty(value, 'name', { value: name })
  Object.defineProperty(prototype, name, { configurable: true, writable: true, value })
}

module.exports = { kShow, showBefore, showBeforeListening }
