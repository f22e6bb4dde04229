'use strict'

// What a spool is made of: its options, checked.

const { tmpdir } = require('node:os')
const { addAbortSignal } = require('node:stream')

const { duplexOptionsOf } = require('../duplex-options.js')
const { invalidArgType } = require('../errors.js')
const { checkNumber, checkOneOf, checkOptions } = require('../validators.js')
const { Spool } = require('./spool.js')

const MEMORY = 2 ** 20

/**
 * A Duplex that is a FIFO between a fast writer and a slow reader.
 * @param {object} [options]
 * @param {number} [options.memory] bytes that are kept in memory (1 MiB)
 * @param {string} [options.directory] of the temporary file (`os.tmpdir()`)
 * @param {number} [options.maxSize] bytes in all (Infinity)
 * @param {'wait' | 'error'} [options.overflow] what becomes of a write beyond
 *   `maxSize`: it waits, by default, or is `ERR_MILLRACE_SPOOL_FULL`
 * @returns {Duplex & { readonly size: number, readonly spilled: number }}
 */
function createSpool(options = {}) {
  checkOptions(options)
  const { memory = MEMORY, directory = tmpdir(), maxSize = Infinity, overflow = 'wait' } = options
  checkNumber('options.memory', memory, 0)
  checkNumber('options.maxSize', maxSize, 1)
  checkOneOf('options.overflow', overflow, ['wait', 'error'])
  if (typeof directory !== 'string') throw invalidArgType('options.directory', 'string', directory)
  const spool = new Spool({ memory, directory, maxSize, overflow, ...duplexOptionsOf(options) })
  const { signal } = options
  return signal === undefined ? spool : addAbortSignal(signal, spool)
}

module.exports = { createSpool }
