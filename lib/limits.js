'use strict'

// The options that limit a stream.

const { invalidArgType, outOfRange } = require('./errors.js')

/** Longest delay of a timer, in milliseconds. */
const LONGEST = 2 ** 31 - 1

/**
 * The limits in a stream's options: `bytesPerSecond` (Infinity: none) and
 * `stallTimeout` in milliseconds (0: none); null when there are none at all.
 * @param {{ bytesPerSecond?: unknown, stallTimeout?: unknown }} options
 */
function limitsOf({ bytesPerSecond = Infinity, stallTimeout = 0 }) {
  if (bytesPerSecond === Infinity && stallTimeout === 0) return null
  check('options.bytesPerSecond', bytesPerSecond, 1, Infinity)
  check('options.stallTimeout', stallTimeout, 0, LONGEST)
  return { bytesPerSecond, stallTimeout }
}

function check(name, value, least, most) {
  if (typeof value !== 'number') throw invalidArgType(name, 'number', value)
  if (value >= least && value <= most) return
  throw outOfRange(name, `>= ${least}${most === Infinity ? '' : ` && <= ${most}`}`, value)
}

module.exports = { limitsOf }
