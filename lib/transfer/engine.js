'use strict'

// The one native engine of this JavaScript environment, and the way in which
// the ends of its transfers find back to those who began them.

const { setInterval } = require('node:timers')

const { binding, engine: name } = require('../native.js')

/** A delay that no process lives to see: the timer is there to be referenced. */
const FOREVER = 2 ** 31 - 1

const running = new Map()
let keepAlive = null

function onWake() {
  for (const completion of native.drain()) {
    const onEnd = running.get(completion.id)
    running.delete(completion.id)
    if (running.size === 0) keepAlive.unref()
    onEnd(completion)
  }
}

const native = binding === null ? null : new binding.Engine(name, onWake)

/**
 * Has `onEnd` called with the completion of transfer `id`. Until then the
 * process stays up, as it does for a write of Node's.
 * @param {number} id
 * @param {(completion: import('../../binding.js').Completion) => void} onEnd
 */
function whenEnded(id, onEnd) {
  running.set(id, onEnd)
  keepAlive ??= setInterval(() => {}, FOREVER)
  keepAlive.ref()
}

module.exports = { native, engineName: name, whenEnded }
