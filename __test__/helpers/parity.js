'use strict'

// Runs a case on node:fs and on millrace in this process, and compares what
// each of its emitters did, in order, and what the client got.

const assert = require('node:assert/strict')
const fs = require('node:fs')
const { test } = require('node:test')

const millrace = require('../..')

const SOURCE_EVENTS = ['open', 'ready', 'end', 'error', 'close', 'readable']
const DESTINATION_EVENTS = ['pipe', 'unpipe', 'prefinish', 'finish', 'error', 'close', 'timeout']

/** What of an error a program can rely on. */
function describeError(error) {
  if (!(error instanceof Error)) return error
  const { name, code, errno, syscall, path, message } = error
  return { name, code, errno, syscall, path, message }
}

/** All of an error but its stack. */
function describeWhole(error) {
  const kind = Object.getPrototypeOf(error).constructor.name
  const { cause } = error
  return {
    ...describeError(error),
    kind,
    text: String(error),
    keys: Object.keys(error),
    cause: cause instanceof Error ? describeError(cause) : cause,
  }
}

const PROPERTIES =
  'flags mode start end pos bytesRead pending autoClose closed destroyed readable ' +
  'readableAborted readableDidRead readableEnded readableFlowing readableLength ' +
  'readableHighWaterMark readableEncoding readableObjectMode'

/** Everything that can be seen of a ReadStream from outside, but its path. */
function lookAt(stream) {
  return {
    ...Object.fromEntries(PROPERTIES.split(' ').map((name) => [name, stream[name]])),
    fd: typeof stream.fd === 'number' ? 'number' : stream.fd,
    errored: describeError(stream.errored),
    isPaused: stream.isPaused(),
    maxListeners: stream.getMaxListeners(),
    events: stream.eventNames(),
  }
}

/** Collects what happens to the emitters of one run, each in its own order. */
class Journal {
  entries = {}

  note(name, ...entry) {
    ;(this.entries[name] ??= []).push(entry.length === 1 ? entry[0] : entry)
  }

  source(stream, name = 'source') {
    for (const event of SOURCE_EVENTS) {
      // Listeners of 'readable' and 'error' change what a stream does.
      if (event === 'readable' || event === 'error') continue
      stream.on(event, () => this.note(name, event, this.#state(stream)))
    }
    return stream
  }

  errors(emitter, name) {
    emitter.on('error', (error) => this.note(name, 'error', describeError(error)))
    return emitter
  }

  destination(stream, name = 'destination') {
    for (const event of DESTINATION_EVENTS) {
      if (event === 'error') continue
      stream.on(event, () => this.note(name, event))
    }
    return stream
  }

  #state(stream) {
    const { bytesRead, pending, destroyed, closed, readableEnded, readableFlowing, pos } = stream
    return {
      bytesRead,
      pending,
      destroyed,
      closed,
      readableEnded,
      readableFlowing,
      pos,
      fd: typeof stream.fd,
      errored: describeError(stream.errored),
    }
  }
}

/**
 * A parity test. `run` gets the implementation's `createReadStream`, a
 * journal, and the test; what it returns is compared as well.
 */
function parity(name, run) {
  test(name, async (t) => {
    const results = []
    for (const implementation of [fs, millrace]) {
      const journal = new Journal()
      const result = await run({
        createReadStream: implementation.createReadStream,
        ReadStream: implementation.ReadStream,
        createWriteStream: implementation.createWriteStream,
        WriteStream: implementation.WriteStream,
        isMillrace: implementation === millrace,
        journal,
        t,
      })
      results.push({ journal: journal.entries, result })
    }
    assert.deepEqual(results[1], results[0])
  })
}

module.exports = { parity, describeError, describeWhole, lookAt, Journal }
