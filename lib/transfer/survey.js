'use strict'

// What the file of a stream has to offer to a native stretch.

const { native } = require('./engine.js')
const { bytesWanted, isUntouched } = require('./source.js')

/** Answers of `native.survey` below zero. */
const REASONS = { '-1': 'not-a-regular-file', '-2': 'file-error' }
const COLD = -3

/** Positions that stand for the descriptor's own offset. */
const OWN_OFFSET = -1
/** The same, of a descriptor that is closed at the end. */
const UNSEEN_OFFSET = -2

/** Numbers the surveys, so that `begin` knows whose it follows. */
let surveys = 0

/**
 * Sends nothing and waits for nothing.
 * @param {import('../read-stream.js').ReadStream} source
 * @returns {{ reason: string | null, id?: number, position?: number,
 *   available?: number, isCold?: boolean }} why the file cannot be sent, or the
 *   survey's number, where the stretch begins, how many bytes there are, and
 *   whether the first of them are not in memory
 */
function surveyOf(source) {
  // Node reads at the descriptor's own offset where no start was given, and
  // moves it.
  const isUnseen = isUntouched(source)
  const position = source.pos ?? (isUnseen && source.autoClose ? UNSEEN_OFFSET : OWN_OFFSET)
  surveys = (surveys + 1) % 2 ** 31
  const id = surveys
  const answer = native.survey(id, source.fd, isUnseen ? 0 : position, bytesWanted(source))
  if (answer < 0 && answer > COLD) return { reason: REASONS[answer] }
  const isCold = answer <= COLD
  return { reason: null, id, position, available: isCold ? COLD - answer : answer, isCold }
}

module.exports = { surveyOf }
