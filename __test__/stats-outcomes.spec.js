'use strict'

// stats(): how a transfer ended, and that it has.

const assert = require('node:assert/strict')
const { once } = require('node:events')
const fs = require('node:fs')
const { Writable, pipeline } = require('node:stream')
const { test } = require('node:test')

const { createReadStream } = require('..')
const { makeFile, newPath } = require('./helpers/files.js')
const { interrupted } = require('./helpers/interrupted.js')
const { serveHttp } = require('./helpers/server.js')
const { isNative, moved, tally } = require('./helpers/tally.js')

const MIB = 2 ** 20
const small = makeFile(1000).file
const large = makeFile(5 * MIB + 3).file

/** A server of `handler` for one test, and a client of it. */
async function serve(t, handler) {
  const { connect } = await serveHttp(t, handler)
  const client = await connect()
  t.after(() => client.destroy())
  return client
}

/** The figures of a transfer that was interrupted, without how far it came. */
async function ofInterrupted(t, interfere, options) {
  const { end } = tally()
  const controller = new AbortController()
  const { client } = await interrupted(
    t,
    (context) => interfere({ ...context, abort: () => controller.abort() }),
    { isFull: true, streamOptions: { signal: controller.signal }, ...options },
  )
  const rest = client.rest()
  const counts = await end()
  client.destroy()
  await rest
  const isAnyMoved = ['sendfile', 'copy', 'javascript'].some((engine) => counts[engine] > 0)
  assert.ok(isAnyMoved)
  for (const name of ['sendfile', 'copy', 'javascript']) delete counts[name]
  return counts
}

const failure = Object.assign(new Error('enough'), { code: 'ENOUGH' })
const stall = Object.assign(new Error('stalled'), { code: 'ERR_MILLRACE_STALLED' })

for (const [name, interfere, outcome, options] of [
  ['whose client leaves', ({ client }) => client.destroy(), 'aborted'],
  ['whose client resets', ({ client }) => client.socket.resetAndDestroy(), 'aborted'],
  ['whose response is destroyed', ({ response }) => response.destroy(), 'aborted'],
  [
    'whose response is destroyed with an error',
    ({ response }) => response.on('error', () => {}).destroy(failure),
    'aborted',
  ],
  ['whose response is ended', ({ response }) => response.end(), 'aborted'],
  ['that is destroyed', ({ stream }) => stream.destroy(), 'aborted'],
  ['that is closed', ({ stream }) => stream.close(), 'aborted'],
  [
    'that is aborted by its signal',
    ({ stream, abort }) => {
      stream.on('error', () => {})
      abort()
    },
    'aborted',
  ],
  [
    'that is destroyed with an error',
    ({ stream }) => stream.on('error', () => {}).destroy(failure),
    'failed',
  ],
  [
    'that is destroyed because it stalled',
    ({ stream }) => stream.on('error', () => {}).destroy(stall),
    'stalled',
  ],
  [
    'whose socket is destroyed because it stalled',
    ({ response }) => response.socket.on('error', () => {}).destroy(stall),
    'stalled',
    { isSocket: true },
  ],
  ['that is unpiped', ({ stream }) => stream.unpipe(), 'unpiped'],
  ['that is unpiped, by name', ({ stream, response }) => stream.unpipe(response), 'unpiped'],
  [
    'that is unpiped and destroyed',
    ({ stream }) => {
      stream.unpipe()
      stream.destroy()
    },
    'unpiped',
  ],
]) {
  for (const withLength of options?.isSocket ? [false] : [false, true]) {
    const framing = options?.isSocket ? 'a socket' : withLength ? 'a length' : 'chunks'
    test(`a transfer ${name} is ${outcome} (${framing})`, async (t) => {
      let context
      const counts = await ofInterrupted(
        t,
        (given) => {
          context = given
          if (options?.isSocket) context.response.socket = context.response
          return interfere(context)
        },
        { ...options, withLength },
      )
      context.stream.destroy()
      context.response.destroy()
      const reason = isNative ? {} : { 'engine-javascript': 1 }
      assert.deepEqual(counts, { started: 1, [outcome]: 1, ...reason })
    })
  }
}

test('a pipeline whose client leaves is aborted', async (t) => {
  const { end } = tally()
  const client = await serve(t, (_, response) =>
    pipeline(createReadStream(large), response, () => {}),
  )
  client.get('/')
  await client.inbox.begun()
  client.destroy()
  const { started, aborted, done } = await end()
  assert.deepEqual({ started, aborted, done }, { started: 1, aborted: 1, done: undefined })
})

test('a file that cannot be read has failed', async () => {
  // Its first page is nobody's.
  const { end } = tally()
  const stream = createReadStream('/proc/self/mem')
  stream.pipe(new Writable({ write: (part, encoding, callback) => callback() }))
  const [error] = await once(stream, 'error')
  assert.equal(error.code, 'EIO')
  const { started, failed, active } = await end()
  assert.deepEqual({ started, failed, active }, { started: 1, failed: 1, active: undefined })
})

for (const [name, send] of [
  ['pipe', (stream, response) => stream.pipe(response)],
  ['pipeline', (stream, response) => pipeline(stream, response, () => {})],
]) {
  for (const autoClose of [true, false]) {
    const how = `${name}, autoClose: ${autoClose}`
    test(`a file that is shorter than promised is truncated (${how})`, async (t) => {
      const { end } = tally()
      const client = await serve(t, (_, response) => {
        response.setHeader('Content-Length', 2000)
        const stream = createReadStream(small, { autoClose })
        if (!autoClose) response.on('close', () => stream.destroy())
        send(stream, response)
      })
      client.get('/')
      // Node leaves its client waiting.
      if (isNative) assert.equal((await client.response()).complete, false)
      else await client.inbox.begun()
      const outcome = isNative ? { truncated: 1 } : { done: 1 }
      assert.deepEqual(await end(), { started: 1, ...outcome, ...moved(1000) })
    })
  }
}

test('a file that is cut short meanwhile is truncated', { skip: !isNative }, async (t) => {
  const file = newPath('shrinking')
  fs.writeFileSync(file, Buffer.alloc(24 * MIB))
  for (const hears of [true, false]) {
    fs.truncateSync(file, 24 * MIB)
    const { end } = tally()
    const { client } = await interrupted(
      t,
      ({ stream }) => {
        if (hears) stream.on('error', () => {})
        fs.truncateSync(file, 8 * MIB)
      },
      { make: () => createReadStream(file) },
    )
    await client.response()
    const { started, truncated, active } = await end()
    assert.deepEqual(
      { started, truncated, active },
      { started: 1, truncated: 1, active: undefined },
    )
    client.destroy()
  }
})
