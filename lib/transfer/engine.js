'use strict'

// The one native engine of this JavaScript environment, and the way in which
// the ends of its transfers find back to those who began them.

const { performance } = require('node:perf_hooks')
const { clearImmediate, setImmediate } = require('node:timers')

const { hold, release } = require('../keep-alive.js')
const { binding, engine: name } = require('../native.js')

// As it is now, not as a test's clock will have it.
const now = performance.now.bind(performance)

const running = new Map()

/** Milliseconds of one turn of the event loop that ends may take. */
const SHARE = 0.5

let isTelling = false

function onWake() {
  if (!isTelling) tell()
}

// Transfers that began together end together, and each end is a response's,
// perhaps with a request behind it. The rest of the program gets its turns
// between them.
function tell() {
  const begin = now()
  isTelling = true
  // Set first: what throws must not keep the rest from being told.
  const rest = setImmediate(tell)
  do {
    const completion = native.next()
    if (completion === null) {
      isTelling = false
      clearImmediate(rest)
      return
    }
    const { onEnd, told } = running.get(completion.id)
    running.delete(completion.id)
    release()
    onEnd(completion, told)
  } while (now() - begin < SHARE)
}

const native = binding === null ? null : new binding.Engine(name, onWake)

/**
 * Has `onEnd` called with the completion of transfer `id`. Until then the
 * process stays up, as it does for a write of Node's.
 * @param {number} id
 * @param {string} engine that begins it
 * @param {(completion: import('../../binding.js').Completion, told: number) => void} onEnd
 *   gets what `takeProgress` has told of its bytes, too
 */
function whenEnded(id, engine, onEnd) {
  running.set(id, { engine, onEnd, told: 0 })
  hold()
}

/**
 * Tells the bytes that running transfers have sent since this was asked last.
 * @param {(engine: string, bytes: number) => void} tell
 */
function takeProgress(tell) {
  for (const [id, transfer] of running) {
    // Of one whose end is being told, the end tells the rest.
    const sent = native.progress(id)?.[0] ?? transfer.told
    tell(transfer.engine, sent - transfer.told)
    transfer.told = sent
  }
}

/** What copies from file to file. */
const fileEngineName = name === 'sendfile' ? 'copy_file_range' : name

module.exports = { native, engineName: name, fileEngineName, whenEnded, takeProgress }
