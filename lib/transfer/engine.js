'use strict'

// The one native engine of this JavaScript environment, and the way in which
// the ends of its transfers find back to those who began them.

const { hold, release } = require('../keep-alive.js')
const { binding, engine: name } = require('../native.js')

const running = new Map()

function onWake() {
  for (const completion of native.drain()) {
    const { onEnd, told } = running.get(completion.id)
    running.delete(completion.id)
    release()
    onEnd(completion, told)
  }
}

const native = binding === null ? null : new binding.Engine(name, onWake)

/**
 * Has `onEnd` called with the completion of transfer `id`. Until then the
 * process stays up, as it does for a write of Node's.
 * @param {number} id
 * @param {(completion: import('../../binding.js').Completion, told: number) => void} onEnd
 *   gets what `takeProgress` has told of its bytes, too
 */
function whenEnded(id, onEnd) {
  running.set(id, { onEnd, told: 0 })
  hold()
}

/** Bytes that running transfers have sent since this was asked last. */
function takeProgress() {
  let bytes = 0
  for (const [id, transfer] of running) {
    // Of one whose end is being told, the end tells the rest.
    const sent = native.progress(id)?.[0] ?? transfer.told
    bytes += sent - transfer.told
    transfer.told = sent
  }
  return bytes
}

module.exports = { native, engineName: name, whenEnded, takeProgress }
