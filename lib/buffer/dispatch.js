'use strict'

// Which implementation does what: the addon's between the bounds that
// measurement has found for this version of Node (table.json, written by
// `npm run bench:buffer -- --calibrate`), Node's own elsewhere.

const { binding } = require('../native.js')
const { NAMES } = require('./encodings.js')
const table = require('./table.json')

/**
 * The values of `MILLRACE_BUFFER` that change who does what: the addon
 * everything; the same but for content that is Node's at any size; Node
 * everything.
 */
const MODES = ['native', 'unbounded', 'node']

/** The operations that the table has bounds for. */
const OPERATIONS = [
  'indexOf',
  'lastIndexOf',
  'fill',
  'compare',
  'equals',
  'copy',
  'concat',
  'swap16',
  'swap32',
  'swap64',
  'byteLength',
  'isUtf8',
  'isAscii',
  'atob',
  'btoa',
  ...NAMES.flatMap((encoding) => [`toString.${encoding}`, `write.${encoding}`]),
  ...['hex', 'base64', 'base64url'].flatMap((code) => [`encode.${code}`, `decode.${code}`]),
  ...NAMES.slice(0, 4).flatMap((from) => {
    return NAMES.slice(0, 4).map((to) => `transcode.${from}.${to}`)
  }),
]

/** `native`, `unbounded`, `node` or, by default, `measured`. */
const mode = modeOf(process.env.MILLRACE_BUFFER)

function modeOf(wanted) {
  if (MODES.includes(wanted)) return wanted
  // `install` is for millrace/register.
  if (wanted && wanted !== 'install') {
    const known = ['install', ...MODES].join(', ')
    process.emitWarning(`MILLRACE_BUFFER is "${wanted}", which is none of ${known}`, {
      type: 'MillraceWarning',
      code: 'MILLRACE_BUFFER_UNKNOWN',
    })
  }
  return 'measured'
}

/** The addon's operations, or null where Node and JavaScript do everything. */
const native = mode === 'node' ? null : (binding?.bufferOperations?.() ?? null)

/**
 * What was measured for the running Node. A version between two that were
 * measured is taken for the one before; of a later one nothing is known.
 */
function measured() {
  const versions = table[process.arch] ?? {}
  const major = Number.parseInt(process.versions.node, 10)
  const known = Object.keys(versions).map(Number)
  if (major > Math.max(...known)) return {}
  return versions[Math.max(...known.filter((version) => version <= major))] ?? {}
}

const bounds = measured()

/**
 * The sizes from which on (`least`), and below which (`below`), the addon does
 * an operation. Bytes, or UTF-16 units of a string.
 */
const least = {}
const below = {}
for (const operation of OPERATIONS) {
  const [from, to] = bounds[operation] ?? [Infinity, Infinity]
  const isForced = mode === 'native' || mode === 'unbounded'
  least[operation] = native === null ? Infinity : isForced ? 0 : from
  below[operation] = isForced ? Infinity : (to ?? Infinity)
}

/**
 * Tells whether the addon does an operation on so much. A function for each
 * keeps the bounds where they are quickly found.
 * @returns {(size: number) => boolean}
 */
function isDoneBy(operation) {
  const from = least[operation]
  const to = below[operation]
  return (size) => size >= from && size < to
}

/** Whether the addon ever does one of the operations. */
function isEverNative(...operations) {
  return operations.some((operation) => least[operation] < below[operation])
}

/** The bounds of operations on several encodings, by their numbers. */
function boundsOf(operations) {
  return {
    least: operations.map((operation) => least[operation]),
    below: operations.map((operation) => below[operation]),
    smallest: Math.min(...operations.map((operation) => least[operation])),
  }
}

module.exports = {
  OPERATIONS,
  native,
  mode,
  least,
  below,
  boundsOf,
  isDoneBy,
  isEverNative,
}
