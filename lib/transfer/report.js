'use strict'

// How a stream is sent, as `stream.transfer` shows it.

/** Reasons that may be gone by the next read. */
const PASSING = new Set(['paused', 'buffered', 'destination-busy', 'no-socket', 'not-open'])

/** Reasons that say less than one before them. */
const UNTELLING = new Set(['empty', 'destination-ended'])

/** @param {string | null} reason */
function isPassing(reason) {
  return PASSING.has(reason)
}

class Report {
  mode = null
  reason = null
  engine = null

  /**
   * A read is done natively, or is not.
   * @param {string | null} reason why not
   */
  note(reason) {
    // A client that leaves ends a transfer, and is no reason against it.
    if (reason === 'destination-ended' && this.mode === 'native') return
    // A reason that lasts says more than one that passes.
    const isTelling = !PASSING.has(reason) && !UNTELLING.has(reason)
    if (isTelling || this.reason === null) this.reason = reason
    this.mode = reason === null ? 'native' : 'javascript'
  }
}

module.exports = { Report, isPassing }
