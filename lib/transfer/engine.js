'use strict'

// The one native engine of this JavaScript environment, and the way in which
// the ends of its transfers find back to those who began them.

const { hold, release } = require('../keep-alive.js')
const { binding, engine: name } = require('../native.js')

const running = new Map()

function onWake() {
  for (const completion of native.drain()) {
    const onEnd = running.get(completion.id)
    running.delete(completion.id)
    release()
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
  hold()
}

module.exports = { native, engineName: name, whenEnded }
