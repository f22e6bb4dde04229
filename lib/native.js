'use strict'

// The only file that loads the addon, and the one place that decides whether
// it is used at all.

const { clearImmediate, setImmediate } = require('node:timers')
const { isMainThread } = require('node:worker_threads')

const ENGINES = ['sendfile', 'copy', 'javascript']

/**
 * The addon, or null where everything goes through JavaScript.
 * @type {typeof import('../binding.js') | null}
 */
let binding = null

/**
 * The engine that transfers use: the value of `MILLRACE_ENGINE`, by default
 * `sendfile`.
 * @type {'sendfile' | 'copy' | 'javascript'}
 */
let engine = 'sendfile'

/**
 * Why `binding` is null: one of the reasons of `stream.transfer`, or null.
 * @type {string | null}
 */
let disabledBecause = null

function disable(reason) {
  binding = null
  engine = 'javascript'
  disabledBecause = reason
}

function warn(message, code) {
  process.emitWarning(message, { type: 'MillraceWarning', code })
}

/**
 * True where `setImmediate` is Node's, and not that of a test's clock, on which
 * nothing happens by itself.
 */
function hasImmediates() {
  const immediate = setImmediate(() => {})
  const isNodes = Object.hasOwn(Object(immediate), '_onImmediate')
  if (isNodes) clearImmediate(immediate)
  return isNodes
}

function load() {
  const wanted = process.env.MILLRACE_ENGINE
  if (wanted) {
    if (ENGINES.includes(wanted)) {
      engine = wanted
    } else {
      warn(
        `MILLRACE_ENGINE is "${wanted}", which is none of ${ENGINES.join(', ')}: using ${engine}`,
        'MILLRACE_ENGINE_UNKNOWN',
      )
    }
  }
  if (engine === 'javascript') return disable('engine-javascript')
  // Their sockets are not libuv's.
  if (process.versions.bun || process.versions.deno) return disable('runtime')
  if (!hasImmediates()) return disable('fake-timers')
  // The permission model guards fs in JavaScript land and in node::fs: the
  // addon would be a way around it.
  if (process.permission) return disable('permission-model')
  try {
    binding = require('../binding.js')
  } catch (error) {
    disable('no-binary')
    // A worker's main thread has said it already.
    if (!isMainThread) return
    warn(
      `no native binary for ${process.platform} ${process.arch}: files go through JavaScript ` +
        `(${String(error.message).split('\n')[0]})`,
      'MILLRACE_NO_BINARY',
    )
  }
}

load()

module.exports = { binding, engine, disabledBecause }
