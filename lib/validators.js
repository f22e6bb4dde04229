'use strict'

// Options, as Node checks its own.

const { invalidArgType, invalidArgValue, outOfRange } = require('./errors.js')

/**
 * @param {string} name
 * @param {unknown} value
 * @param {number} least
 * @param {number} [most]
 */
function checkNumber(name, value, least, most = Infinity) {
  if (typeof value !== 'number') throw invalidArgType(name, 'number', value)
  if (value >= least && value <= most) return
  throw outOfRange(name, `>= ${least}${most === Infinity ? '' : ` && <= ${most}`}`, value)
}

/**
 * @param {string} name
 * @param {unknown} value
 */
function checkBoolean(name, value) {
  if (typeof value !== 'boolean') throw invalidArgType(name, 'boolean', value)
}

/**
 * @param {string} name
 * @param {unknown} value
 * @param {unknown[]} allowed
 */
function checkOneOf(name, value, allowed) {
  if (allowed.includes(value)) return
  const list = allowed.map((one) => `'${one}'`).join(', ')
  throw invalidArgValue(name, value, `must be one of: ${list}`)
}

/**
 * The options of a stream, which may be missing.
 * @param {unknown} options
 */
function checkOptions(options) {
  if (options === null || typeof options !== 'object') {
    throw invalidArgType('options', 'Object', options, 'argument')
  }
}

module.exports = { checkNumber, checkBoolean, checkOneOf, checkOptions }
