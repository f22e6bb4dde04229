'use strict'

// What can be seen of a WriteStream, and of what it has written.

const fs = require('node:fs')

const { newPath, sha256 } = require('./files.js')
const { describeError, parity } = require('./parity.js')
const { until } = require('./server.js')

const EVENTS = ['open', 'ready', 'drain', 'pipe', 'unpipe', 'prefinish', 'finish', 'close']

const PROPERTIES =
  'path flags mode start pos bytesWritten pending autoClose flush closed destroyed writable ' +
  'writableAborted writableEnded writableFinished writableLength writableNeedDrain ' +
  'writableHighWaterMark writableCorked writableObjectMode'

/** Everything that can be seen of a WriteStream from outside. */
function lookAtWriter(stream) {
  return {
    ...Object.fromEntries(PROPERTIES.split(' ').map((name) => [name, stream[name]])),
    fd: typeof stream.fd === 'number' ? 'number' : stream.fd,
    errored: describeError(stream.errored),
    encoding: stream._writableState.defaultEncoding,
    events: stream.eventNames(),
  }
}

/** What is in a file, and how it may be used; null when there is none. */
function lookAtFile(file) {
  try {
    const { size, mode } = fs.statSync(file)
    return { size, mode, sha256: size > 0 ? sha256(fs.readFileSync(file)) : '' }
  } catch {
    return null
  }
}

/** Puts all that happens to a stream into the journal. */
function watch(stream, journal, name = 'stream') {
  for (const event of EVENTS) {
    stream.on(event, () => journal.note(name, event, lookAtWriter(stream)))
  }
  stream.on('error', (error) =>
    journal.note(name, 'error', describeError(error), lookAtWriter(stream)),
  )
  return stream
}

/** A callback of a write, of which the journal is told. */
function told(journal, what, name = 'stream') {
  return (error) => journal.note(name, what, describeError(error))
}

async function turns(count = 10) {
  for (let i = 0; i < count; i += 1) await new Promise(setImmediate)
}

/** Waits for all that will happen to a stream. */
async function settled(stream) {
  await until(
    () => stream.closed || (!stream.autoClose && (stream.writableFinished || stream.errored)),
  )
  await turns(3)
}

const target = newPath('target')

/**
 * A parity test of what becomes of one file, of the same path on both sides.
 * `run` gets what `parity` gives, and the path. `before` is in it first.
 */
function writingParity(name, run, before = null) {
  parity(name, async (implementation) => {
    fs.rmSync(target, { force: true, recursive: true })
    if (before !== null) fs.writeFileSync(target, before)
    const result = await run({ ...implementation, path: target })
    return { result, file: lookAtFile(target) }
  })
}

module.exports = { lookAtWriter, lookAtFile, watch, told, turns, settled, writingParity }
