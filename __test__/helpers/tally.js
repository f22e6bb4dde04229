'use strict'

// What stats() counts from a moment on.

const { stats } = require('../..')
const { engine } = require('../../lib/native.js')
const { until } = require('./server.js')

const isNative = engine !== 'javascript'

/** Figures of `after` that are not those of `before`, and by how much. */
function difference(after, before) {
  const changed = {}
  for (const [name, value] of Object.entries(after)) {
    if (typeof value === 'number') {
      const change = value - (before[name] ?? 0)
      if (change !== 0) changed[name] = change
    } else {
      Object.assign(changed, difference(value, before[name]))
    }
  }
  return changed
}

/**
 * Counts from now on.
 * @returns {{ now: () => object, end: () => Promise<object> }} what has been
 *   counted, without zeros: by now, or as soon as nothing is active
 */
function tally() {
  const before = stats()
  const now = () => difference(stats(), before)
  const end = async () => {
    await until(() => stats().transfers.active === 0, 'the end of all transfers')
    return now()
  }
  return { now, end }
}

/**
 * What a transfer adds that could be native, with an engine or without.
 * @param {number} native bytes
 * @param {number} [javascript] bytes that always go through JavaScript
 */
function moved(native, javascript = 0) {
  const counts = isNative
    ? { [engine]: native, javascript }
    : { javascript: native + javascript, 'engine-javascript': 1 }
  return Object.fromEntries(Object.entries(counts).filter(([, count]) => count > 0))
}

/** What one adds that cannot: `reason` is why. */
function fallen(bytes, reason) {
  return { javascript: bytes, [isNative ? reason : 'engine-javascript']: 1 }
}

module.exports = { isNative, tally, moved, fallen }
