'use strict'

// The channels of node:diagnostics_channel: what subscribers are told, when,
// in which context; and that nothing is made for nobody.

const assert = require('node:assert/strict')
const { AsyncLocalStorage, createHook } = require('node:async_hooks')
const diagnostics = require('node:diagnostics_channel')
const { once } = require('node:events')
const fs = require('node:fs')
const { Writable, pipeline } = require('node:stream')
const { test } = require('node:test')

const { createReadStream, stats } = require('..')
const { makeFile } = require('./helpers/files.js')
const { SIZE, file: long, interrupted } = require('./helpers/interrupted.js')
const { run } = require('./helpers/program.js')
const { serveHttp, until } = require('./helpers/server.js')
const { isNative, tally } = require('./helpers/tally.js')
const { engine } = require('../lib/native.js')

const NAMES = ['start', 'error', 'end']
const small = makeFile(1000).file
const large = makeFile(3_000_000).file

/** How a transfer that could be native is carried. */
const carried = isNative
  ? { mode: 'native', engine, reason: null }
  : { mode: 'javascript', engine: null, reason: 'engine-javascript' }

/** Subscribes, until the test is over, to the channels that are named. */
function subscribe(t, listener, names = NAMES) {
  const unsubscribes = names.map((name) => {
    const channel = `millrace:transfer:${name}`
    const listen = (message) => listener(name, message)
    diagnostics.subscribe(channel, listen)
    return () => diagnostics.unsubscribe(channel, listen)
  })
  const unsubscribe = () => unsubscribes.forEach((one) => one())
  t.after(unsubscribe)
  return unsubscribe
}

/** Subscribes, and keeps copies of what is told. */
function record(t, names) {
  const told = []
  subscribe(t, (name, message) => told.push([name, { ...message }, message]), names)
  return told
}

async function serve(t, handler) {
  const { connect } = await serveHttp(t, handler)
  const client = await connect()
  t.after(() => client.destroy())
  return client
}

function sink() {
  return new Writable({ write: (part, encoding, callback) => callback() })
}

function idle() {
  return until(() => stats().transfers.active === 0, 'the end of all transfers')
}

for (const [name, file, size] of [
  ['small', small, 1000],
  ['large', large, 3_000_000],
]) {
  test(`the start and the end of a ${name} file are told`, async (t) => {
    const told = record(t)
    let stream
    let destination
    const client = await serve(t, (_, response) => {
      destination = response
      stream = createReadStream(file)
      stream.pipe(response)
    })
    const begin = performance.now()
    client.get('/')
    await client.response()
    await idle()
    const most = performance.now() - begin
    assert.deepEqual(
      told.map(([kind]) => kind),
      ['start', 'end'],
    )
    const [[, start, first], [, end, last]] = told
    assert.equal(first, last, 'a transfer has one message')
    const { fd } = start
    assert.ok(Number.isInteger(fd) && fd > 2)
    const whole = { stream, path: file, fd, destination, error: null }
    assert.deepEqual(start, {
      ...whole,
      outcome: null,
      mode: null,
      engine: null,
      reason: null,
      bytes: 0,
      nativeBytes: 0,
      duration: 0,
    })
    const { duration } = end
    assert.deepEqual(end, {
      ...whole,
      ...carried,
      outcome: 'done',
      bytes: size,
      nativeBytes: isNative ? size : 0,
      duration,
    })
    assert.ok(duration > 0 && duration <= most, `${duration} of ${most} ms`)
  })
}

test('each channel is told by itself', async (t) => {
  for (const name of NAMES) {
    const told = record(t, [name])
    const stream = createReadStream(small)
    stream.pipe(sink())
    await once(stream, 'close')
    const failing = createReadStream('/proc/self/mem')
    failing.pipe(sink())
    await once(failing, 'error')
    await idle()
    assert.equal(told.length, name === 'error' ? 1 : 2)
    for (const [kind] of told) assert.equal(kind, name)
  }
})

test('a pipe that JavaScript carries is told with its reason', async (t) => {
  const told = record(t, ['end'])
  const stream = createReadStream(large)
  stream.pipe(sink())
  await once(stream, 'close')
  const { mode, reason, bytes, nativeBytes } = told[0][1]
  assert.deepEqual(
    { mode, reason, bytes, nativeBytes },
    {
      mode: 'javascript',
      reason: isNative ? 'destination-kind' : 'engine-javascript',
      bytes: 3_000_000,
      nativeBytes: 0,
    },
  )
})

test('an error is told before the end', async (t) => {
  const told = record(t)
  const stream = createReadStream('/proc/self/mem')
  stream.pipe(sink())
  const [error] = await once(stream, 'error')
  assert.deepEqual(
    told.map(([name, message]) => [name, message.outcome, message.error]),
    [
      ['start', null, null],
      ['error', 'failed', error],
      ['end', 'failed', error],
    ],
  )
})

test(
  'a truncated response has an error that the stream has not',
  { skip: !isNative },
  async (t) => {
    const told = record(t)
    let stream
    const client = await serve(t, (_, response) => {
      response.setHeader('Content-Length', 2000)
      stream = createReadStream(small)
      stream.on('error', () => assert.fail('it has an error'))
      stream.pipe(response)
    })
    client.get('/')
    await client.response()
    await idle()
    assert.deepEqual(
      told.map(([name, { outcome, error }]) => [name, outcome, error?.code]),
      [
        ['start', null, undefined],
        ['error', 'truncated', 'ERR_MILLRACE_CUT_SHORT'],
        ['end', 'truncated', 'ERR_MILLRACE_CUT_SHORT'],
      ],
    )
  },
)

test('a file that is cut short has the error of its stream', { skip: !isNative }, async (t) => {
  const { file } = makeFile(SIZE)
  const told = record(t, ['error'])
  let failed
  const { client } = await interrupted(
    t,
    ({ stream }) => {
      failed = once(stream, 'error')
      fs.truncateSync(file, SIZE / 2)
    },
    { make: () => createReadStream(file) },
  )
  await client.response()
  const [error] = await failed
  await idle()
  assert.deepEqual(
    told.map(([, message]) => message.error),
    [error],
  )
  client.destroy()
})

test('a client that leaves is no error', async (t) => {
  const told = record(t)
  const { client } = await interrupted(t, ({ client }) => client.destroy(), { isFull: true })
  await idle()
  client.destroy()
  assert.deepEqual(
    told.map(([name, { outcome }]) => [name, outcome]),
    [
      ['start', null],
      ['end', 'aborted'],
    ],
  )
  const { bytes, nativeBytes, mode, reason } = told[1][1]
  assert.deepEqual({ mode, reason }, { mode: carried.mode, reason: carried.reason })
  assert.ok(bytes > 0 && bytes >= nativeBytes && bytes <= SIZE)
})

test('what broke a pipeline off is in its message', async (t) => {
  const told = record(t, ['end'])
  const client = await serve(t, (_, response) =>
    pipeline(createReadStream(long), response, () => {}),
  )
  client.get('/')
  await client.inbox.begun()
  client.destroy()
  await idle()
  const [[, { outcome, error }]] = told
  assert.equal(outcome, 'aborted')
  // Whoever notices first: a write that fails, or the connection that closes.
  assert.ok([undefined, 'ERR_STREAM_PREMATURE_CLOSE', 'ECONNRESET', 'EPIPE'].includes(error?.code))
})

test('a subscriber sees the transfer counted already', async (t) => {
  const { now } = tally()
  const seen = []
  subscribe(t, (name) => {
    const { started, active, done } = now()
    seen.push([name, started, active, done])
  })
  const stream = createReadStream(small)
  stream.pipe(sink())
  await once(stream, 'close')
  assert.deepEqual(seen, [
    ['start', 1, 1, undefined],
    ['end', 1, undefined, 1],
  ])
})

test('subscribers are called in the context of the transfer, whoever ends it', async (t) => {
  const storage = new AsyncLocalStorage()
  const stores = []
  subscribe(t, (name) => stores.push([name, storage.getStore()]))
  for (const [store, interfere] of [
    ['done', () => {}],
    ['left', ({ client }) => client.destroy()],
    ['destroyed', ({ stream }) => storage.run('other', () => stream.destroy())],
    ['unpiped', ({ stream }) => storage.run('other', () => stream.unpipe())],
  ]) {
    const make = (...args) => {
      const stream = storage.run(store, () => createReadStream(...args))
      const { pipe } = stream
      stream.pipe = (...to) => storage.run(store, () => pipe.apply(stream, to))
      return stream
    }
    const { client, stream, response } = await interrupted(t, interfere, { make, isFull: true })
    const rest = client.response().catch(() => {})
    if (store === 'done') await rest
    await idle()
    client.destroy()
    stream.destroy()
    response.destroy()
    await rest
    assert.deepEqual(stores.splice(0), [
      ['start', store],
      ['end', store],
    ])
  }
})

test('a subscriber may do anything to a stream that starts', async (t) => {
  const { end } = tally()
  const actions = {
    destroy: (stream) => stream.destroy(),
    unpipe: (stream) => stream.unpipe(),
    pause: (stream) => setImmediate(() => stream.pause().resume()),
    data: (stream) => stream.on('data', () => {}),
    pipe: (stream) => stream.pipe(sink()),
    encoding: (stream) => stream.setEncoding('hex'),
  }
  subscribe(t, (_, { stream }) => actions[stream.action](stream), ['start'])
  for (const action of Object.keys(actions)) {
    const client = await serve(t, (_, response) => {
      const stream = createReadStream(large)
      stream.action = action
      stream.pipe(response)
      stream.on('close', () => response.end())
      response.on('unpipe', () => stream.readableEnded || response.end())
    })
    client.get('/')
    const { length, complete } = await client.response()
    assert.equal(complete, true)
    const size = { destroy: 0, unpipe: 0, encoding: 6_000_000 }[action] ?? 3_000_000
    assert.equal(length, size, action)
  }
  const { started, done, aborted, unpiped, active } = await end()
  assert.deepEqual(
    { started, done, aborted, unpiped, active },
    { started: 6, done: 4, aborted: 1, unpiped: 1, active: undefined },
  )
})

test('whom a subscriber pipes a stream to instead is the destination of its transfer', async (t) => {
  const { end } = tally()
  subscribe(
    t,
    (_, { stream, destination }) => {
      stream.unpipe(destination)
      stream.pipe(destination)
    },
    ['start'],
  )
  for (const file of [small, large]) {
    const client = await serve(t, (_, response) => createReadStream(file).pipe(response))
    client.get('/')
    assert.equal((await client.response()).complete, true)
  }
  const { started, done, active } = await end()
  assert.deepEqual({ started, done, active }, { started: 2, done: 2, active: undefined })
})

test('a subscriber that throws harms no transfer', () => {
  const { status, stdout, stderr } = run(
    `
    const http = require('node:http')
    const { subscribe } = require('node:diagnostics_channel')
    const { createReadStream, stats } = require('millrace')
    const thrown = []
    process.on('uncaughtException', ({ message }) => thrown.push(message))
    for (const name of ['start', 'end']) {
      subscribe('millrace:transfer:' + name, () => { throw new Error(name) })
    }
    http.createServer((_, response) => createReadStream(${JSON.stringify(large)}).pipe(response))
      .listen(0, '127.0.0.1', function () {
        http.get({ port: this.address().port, agent: false }, (response) => {
          let length = 0
          response.on('data', (part) => (length += part.length))
          response.on('close', () => this.close(() => {
            const { active, done } = stats().transfers
            console.log(JSON.stringify({ length, thrown, active, done }))
          }))
        })
      })`,
    { env: { MILLRACE_ENGINE: engine } },
  )
  assert.equal(stderr, '')
  assert.equal(status, 0)
  assert.deepEqual(JSON.parse(stdout), {
    length: 3_000_000,
    thrown: ['start', 'end'],
    active: 0,
    done: 1,
  })
})

test('the documents name every figure and every field', async (t) => {
  const text = fs.readFileSync(require.resolve('../docs/observability.md'), 'utf8')
  const told = record(t, ['end'])
  const stream = createReadStream(small)
  stream.pipe(sink())
  await once(stream, 'close')
  const { transfers, bytes } = stats()
  for (const name of Object.keys({ ...transfers, ...bytes, ...told[0][1] })) {
    assert.ok(text.includes(`\`${name}\``), name)
  }
})

test('who subscribes in the middle hears of the next transfer', async (t) => {
  let told
  const { client } = await interrupted(t, () => (told = record(t)), { isFull: true })
  await client.response()
  await idle()
  client.destroy()
  assert.deepEqual(told, [])
  const stream = createReadStream(small)
  stream.pipe(sink())
  await once(stream, 'close')
  assert.equal(told.length, 2)
})

test('who unsubscribes in the middle hears no more', async (t) => {
  const told = []
  const unsubscribe = subscribe(t, (name) => told.push(name))
  const { client } = await interrupted(t, unsubscribe, { isFull: true })
  await client.response()
  await idle()
  client.destroy()
  assert.deepEqual(told, ['start'])
})

test('nothing is made for nobody', async (t) => {
  let made = 0
  const hook = createHook({ init: (_, type) => (made += type === 'MILLRACETRANSFER' ? 1 : 0) })
  hook.enable()
  t.after(() => hook.disable())
  const now = t.mock.method(performance, 'now')
  const readOnce = async () => {
    const stream = createReadStream(small)
    stream.pipe(sink())
    await once(stream, 'close')
  }
  await readOnce()
  assert.equal(made, 0)
  assert.equal(now.mock.callCount(), 0)
  subscribe(t, () => {})
  await readOnce()
  assert.equal(made, 1)
  assert.equal(now.mock.callCount(), 2)
})
