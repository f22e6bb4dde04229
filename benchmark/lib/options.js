'use strict'

// The command lines.

const { parseArgs } = require('node:util')

const { Problem } = require('./command.js')

const UNITS = { '': 1, k: 2 ** 10, m: 2 ** 20, g: 2 ** 30 }

/**
 * `parseArgs` that fails with one sentence.
 * @param {import('node:util').ParseArgsConfig['options']} options
 */
function parseCommandLine(options) {
  try {
    return parseArgs({ options }).values
  } catch (error) {
    throw new Problem(error.message)
  }
}

/** A positive integer from the command line. */
function parseCount(name, text) {
  const count = Number(text)
  if (!Number.isSafeInteger(count) || count < 1) {
    throw new Problem(`--${name} must be a positive integer, not "${text}".`)
  }
  return count
}

function parseSize(text, name) {
  const [, digits, unit] = /^(\d+)([kmg]?)$/i.exec(text.trim()) ?? []
  const size = digits * UNITS[unit?.toLowerCase()]
  if (!(size > 0)) throw new Problem(`"${text}" in --${name} is not a size such as 64k or 1m.`)
  return size
}

const QUICK_SECONDS = 0.2

/** What http.js, read.js and contention.js have in common. */
const COMMON = {
  rounds: { type: 'string' },
  json: { type: 'string' },
  quick: { type: 'boolean', default: false },
  node: { type: 'string', default: process.execPath },
}

function commonOf(values) {
  return {
    rounds: parseCount('rounds', values.rounds ?? (values.quick ? '2' : '11')),
    json: values.json,
    isQuick: values.quick,
    node: values.node,
  }
}

function parseHttpOptions() {
  const values = parseCommandLine({
    ...COMMON,
    sizes: { type: 'string', default: '1k,64k,1m,16m' },
    connections: { type: 'string', default: '16' },
    length: { type: 'boolean', default: false },
  })
  return {
    ...commonOf(values),
    sizes: [...new Set(values.sizes.split(',').map((size) => parseSize(size, 'sizes')))],
    connections: parseCount('connections', values.connections),
    setsLength: values.length,
  }
}

function parseContentionOptions() {
  const values = parseCommandLine({
    ...COMMON,
    downloads: { type: 'string', default: '64' },
    seconds: { type: 'string' },
  })
  return {
    ...commonOf({ ...values, rounds: values.rounds ?? (values.quick ? '1' : '7') }),
    downloads: parseCount('downloads', values.downloads),
    seconds: values.quick ? QUICK_SECONDS : parseCount('seconds', values.seconds ?? '10'),
  }
}

function parseColdOptions() {
  const values = parseCommandLine({
    ...COMMON,
    size: { type: 'string' },
    downloads: { type: 'string', default: '64' },
  })
  return {
    ...commonOf(values),
    size: parseSize(values.size ?? (values.quick ? '8m' : '1g'), 'size'),
    downloads: parseCount('downloads', values.downloads),
  }
}

function parseWriteOptions() {
  const values = parseCommandLine({ ...COMMON, size: { type: 'string' } })
  const common = commonOf({ ...values, rounds: values.rounds ?? (values.quick ? '1' : '5') })
  return { ...common, size: parseSize(values.size ?? (values.quick ? '4m' : '1g'), 'size') }
}

/** @param {string[]} names of what can be measured */
function parseReadOptions(names) {
  const values = parseCommandLine({ ...COMMON, only: { type: 'string' } })
  const only = values.only?.split(',').map((name) => name.trim()) ?? names
  for (const name of only) {
    if (!names.includes(name)) {
      throw new Problem(`"${name}" in --only is none of ${names.join(', ')}.`)
    }
  }
  return { ...commonOf(values), only }
}

const BUFFER_SIZES = '16,64,256,1k,4k,16k,64k,256k,1m'

function parseBufferOptions() {
  const { node: _, ...common } = COMMON
  const values = parseCommandLine({
    ...common,
    sizes: { type: 'string' },
    only: { type: 'string' },
    calibrate: { type: 'boolean', default: false },
  })
  const sizes = values.sizes ?? (values.quick ? '16,1k' : BUFFER_SIZES)
  return {
    ...commonOf(values),
    sizes: [...new Set(sizes.split(',').map((size) => parseSize(size, 'sizes')))],
    only: values.only?.split(',').map((name) => name.trim()),
    calibrates: values.calibrate,
  }
}

module.exports = {
  parseBufferOptions,
  parseCommandLine,
  parseCount,
  parseContentionOptions,
  parseColdOptions,
  parseHttpOptions,
  parseReadOptions,
  parseWriteOptions,
}
