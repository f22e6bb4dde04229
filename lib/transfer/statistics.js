'use strict'

// What the transfers of this JavaScript environment come to.

const { takeProgress } = require('./engine.js')

/** Transfers that began. */
let started = 0

/** Transfers that ended, by how they did. */
const ended = { done: 0, aborted: 0, unpiped: 0, failed: 0, truncated: 0, stalled: 0 }

/** Bytes of files, by what moved them. */
const bytes = { sendfile: 0, copy_file_range: 0, copy: 0, javascript: 0 }

/** Transfers that ended in JavaScript, by reason. */
const fallbacks = {}

function countStart() {
  started += 1
}

/**
 * @param {keyof typeof ended} outcome
 * @param {string | null} reason why it was not native; null for one that was
 */
function countEnd(outcome, reason) {
  ended[outcome] += 1
  if (reason !== null) fallbacks[reason] = (fallbacks[reason] ?? 0) + 1
}

/**
 * @param {keyof typeof bytes} engine
 * @param {number} count
 */
function countBytes(engine, count) {
  bytes[engine] += count
}

/** What `millrace.stats()` returns. */
function stats() {
  // Only its end tells which engine carries a stretch, so what was told of it
  // before stays with the one that began: a counter never falls.
  takeProgress(countBytes)
  const active = Object.values(ended).reduce((left, count) => left - count, started)
  return {
    transfers: { started, active, ...ended },
    bytes: { ...bytes },
    fallbacks: { ...fallbacks },
  }
}

module.exports = { countStart, countEnd, countBytes, stats }
