'use strict'

// stats(): every transfer is counted once, and all of them end.

const assert = require('node:assert/strict')
const { once } = require('node:events')
const fs = require('node:fs')
const http2 = require('node:http2')
const https = require('node:https')
const { PassThrough, Writable } = require('node:stream')
const { test } = require('node:test')

const compression = require('compression')

const { createReadStream, stats } = require('..')
const { engine } = require('../lib/native.js')
const { certificate } = require('./helpers/certificate.js')
const { makeFile, newPath } = require('./helpers/files.js')
const { SIZE, interrupted } = require('./helpers/interrupted.js')
const { valueOf } = require('./helpers/program.js')
const { listen, serveHttp, serveNet, until } = require('./helpers/server.js')
const { fallen, isNative, moved, tally } = require('./helpers/tally.js')

const MIB = 2 ** 20
const small = makeFile(1000).file
const large = makeFile(5 * MIB + 3).file

/** A server whose responses are piped files, and a client of it. */
async function serve(t, handler) {
  const { connect } = await serveHttp(t, handler)
  const client = await connect()
  t.after(() => client.destroy())
  return client
}

function sink() {
  return new Writable({ write: (part, encoding, callback) => callback() })
}

test('there are these figures, in a new object each time', () => {
  assert.deepEqual(stats(), {
    transfers: {
      started: 0,
      active: 0,
      done: 0,
      aborted: 0,
      unpiped: 0,
      failed: 0,
      truncated: 0,
      stalled: 0,
    },
    bytes: { sendfile: 0, copy_file_range: 0, copy: 0, javascript: 0 },
    fallbacks: {},
  })
  const mine = stats()
  mine.transfers.started = 5
  mine.bytes.sendfile = 5
  mine.fallbacks.tls = 5
  assert.deepEqual(Object.values(stats().transfers), Array(8).fill(0))
  assert.deepEqual(stats().bytes, { sendfile: 0, copy_file_range: 0, copy: 0, javascript: 0 })
  assert.deepEqual(stats().fallbacks, {})
})

for (const [name, file, size] of [
  ['small files', small, 1000],
  ['large files', large, 5 * MIB + 3],
]) {
  test(`${name} are counted one by one`, async (t) => {
    const client = await serve(t, (_, response) => createReadStream(file).pipe(response))
    for (let round = 0; round < 3; round += 1) {
      const { end } = tally()
      client.get('/')
      await client.response()
      assert.deepEqual(await end(), { started: 1, done: 1, ...moved(size) })
    }
  })
}

test('a range counts as much as it sends', async (t) => {
  const { end } = tally()
  const client = await serve(t, (_, response) =>
    createReadStream(large, { start: 10, end: 300_009 }).pipe(response),
  )
  client.get('/')
  await client.response()
  assert.deepEqual(await end(), { started: 1, done: 1, ...moved(300_000) })
})

test('a file into a socket is counted, too', async (t) => {
  const { end } = tally()
  const { connect } = await serveNet(t, (socket) => createReadStream(large).pipe(socket))
  await (await connect()).rest()
  assert.deepEqual(await end(), { started: 1, done: 1, ...moved(5 * MIB + 3) })
})

test('pipelined responses are counted one by one', async (t) => {
  const { end } = tally()
  const client = await serve(t, ({ url }, response) =>
    createReadStream(url === '/large' ? large : small).pipe(response),
  )
  for (const url of ['/large', '/small', '/large', '/small']) client.get(url)
  for (let i = 0; i < 4; i += 1) await client.response()
  const { started, done, active, sendfile = 0, copy = 0, javascript = 0 } = await end()
  assert.deepEqual({ started, done, active }, { started: 4, done: 4, active: undefined })
  assert.equal(sendfile + copy + javascript, 2 * (5 * MIB + 3 + 1000))
})

test('an active transfer is counted, and so are the bytes that it has sent', async (t) => {
  const { now, end } = tally()
  let last = 0
  const sum = ({ sendfile = 0, copy = 0, javascript = 0 }) => sendfile + copy + javascript
  const { client } = await interrupted(
    t,
    () => {
      const { started, active, ...counted } = now()
      assert.deepEqual({ started, active }, { started: 1, active: 1 })
      last = sum(counted)
      assert.ok(last > 0 && last < SIZE, `${last} bytes`)
    },
    { isFull: true },
  )
  const watch = setInterval(() => {
    const bytes = sum(now())
    assert.ok(bytes >= last && bytes <= SIZE, `${bytes} bytes after ${last}`)
    last = bytes
  }, 1)
  t.after(() => clearInterval(watch))
  await client.response()
  assert.deepEqual(await end(), { started: 1, done: 1, ...moved(SIZE) })
  client.destroy()
})

test('HTTPS is a fallback, and none of a client that left', async (t) => {
  const files = { '/small': small, '/large': large }
  const server = https.createServer(certificate(), ({ url }, response) =>
    createReadStream(files[url]).pipe(response),
  )
  const { address } = await listen(t, server)
  const get = (path) =>
    https.get({ ...address, path, rejectUnauthorized: false, agent: false }).on('error', () => {})
  const whole = tally()
  const [response] = await once(get('/small'), 'response')
  response.resume()
  assert.deepEqual(await whole.end(), { started: 1, done: 1, ...fallen(1000, 'tls') })

  const { end } = tally()
  const [aborted] = await once(get('/large'), 'response')
  aborted.destroy()
  const { javascript, ...counted } = await end()
  assert.deepEqual(counted, {
    started: 1,
    aborted: 1,
    [isNative ? 'tls' : 'engine-javascript']: 1,
  })
  assert.ok(javascript <= 5 * MIB + 3)
})

test('a stream of HTTP/2 whose client leaves is aborted', async (t) => {
  const { now, end } = tally()
  const server = http2.createServer((_, response) => createReadStream(large).pipe(response))
  const { address } = await listen(t, server)
  const session = http2.connect(`http://127.0.0.1:${address.port}`)
  session.on('error', () => {})
  t.after(() => session.destroy())
  const request = session.request({ ':path': '/' })
  await once(request, 'response')
  assert.equal(now().active, 1)
  request.close(http2.constants.NGHTTP2_CANCEL)
  const { javascript, ...counted } = await end()
  assert.ok(javascript <= 5 * MIB + 3)
  assert.deepEqual(counted, {
    started: 1,
    aborted: 1,
    [isNative ? 'destination-kind' : 'engine-javascript']: 1,
  })
})

test('what compression compresses is a fallback, what it leaves alone is none', async (t) => {
  const middleware = compression()
  const client = await serve(t, (request, response) => {
    response.setHeader('Content-Type', request.url === '/text' ? 'text/plain' : 'video/mp4')
    middleware(request, response, () => createReadStream(large).pipe(response))
  })
  const size = 5 * MIB + 3
  for (const [url, expected] of [
    ['/text', fallen(size, 'patched-destination')],
    ['/video', moved(size - 65_536, 65_536)],
  ]) {
    const { end } = tally()
    client.get(url, 'Accept-Encoding: gzip\r\n')
    await client.response()
    assert.deepEqual(await end(), { started: 1, done: 1, ...expected })
  }
})

test('a response to HEAD is a fallback: the file is read for nothing', async (t) => {
  const { end } = tally()
  const client = await serve(t, (_, response) => createReadStream(small).pipe(response))
  client.get('/', '', 'HEAD')
  await client.response({ isHead: true })
  assert.deepEqual(await end(), { started: 1, done: 1, ...fallen(1000, 'no-body') })
})

test('an empty file is a transfer of nothing', async (t) => {
  const { file } = makeFile(0)
  const { end } = tally()
  const client = await serve(t, (_, response) => createReadStream(file).pipe(response))
  client.get('/')
  await client.response()
  const reason = isNative ? 'empty' : 'engine-javascript'
  assert.deepEqual(await end(), { started: 1, done: 1, [reason]: 1 })
})

test('reading without a pipe is no transfer', async () => {
  const { end } = tally()
  for await (const part of createReadStream(large)) assert.ok(part.length > 0)
  const flowing = createReadStream(small).resume()
  await once(flowing, 'close')
  assert.deepEqual(await end(), {})
})

test('what is over before it was read is no transfer', async () => {
  const { end } = tally()
  const missing = createReadStream(newPath('missing'))
  missing.pipe(sink())
  const [error] = await once(missing, 'error')
  assert.equal(error.code, 'ENOENT')
  const destroyed = createReadStream(small)
  destroyed.pipe(sink())
  destroyed.destroy()
  await once(destroyed, 'close')
  const gone = sink()
  gone.destroy()
  const toGone = createReadStream(small, { signal: AbortSignal.abort() })
  toGone.pipe(gone)
  await once(toGone, 'error')
  assert.deepEqual(await end(), {})
})

test('each pipe of one stream is a transfer', async (t) => {
  const { end } = tally()
  const { client } = await interrupted(
    t,
    async ({ stream, response }) => {
      stream.unpipe(response)
      await until(() => response.listenerCount('drain') === 0)
      stream.pipe(response)
    },
    { isFull: true, withLength: true },
  )
  await client.response()
  const { sendfile = 0, copy = 0, javascript = 0, active, started, done, unpiped } = await end()
  assert.deepEqual(
    { active, started, done, unpiped },
    {
      active: undefined,
      started: 2,
      done: 1,
      unpiped: 1,
    },
  )
  // What was under way to no destination, one chunk at most, is nobody's.
  const bytes = sendfile + copy + javascript
  assert.ok(bytes <= SIZE && bytes >= SIZE - 65_536, `${bytes} bytes`)
  client.destroy()
})

test('a pipe to several destinations is one transfer', async () => {
  const { end } = tally()
  const stream = createReadStream(large)
  const others = [sink(), sink()]
  for (const other of others) stream.pipe(other)
  await once(stream, 'close')
  const size = 5 * MIB + 3
  const reason = 'several-destinations'
  assert.deepEqual(await end(), { started: 1, done: 1, ...fallen(size, reason) })
})

test('one of several destinations may leave', async () => {
  const { now, end } = tally()
  const stream = createReadStream(large)
  const others = [sink(), sink()]
  for (const other of others) stream.pipe(other)
  stream.once('data', () => {
    stream.unpipe(others[0])
    assert.equal(now().active, 1)
    stream.unpipe(new PassThrough())
    assert.equal(now().active, 1)
  })
  await once(stream, 'close')
  const { started, done, javascript } = await end()
  assert.deepEqual(
    { started, done, javascript },
    {
      started: 1,
      done: 1,
      javascript: 5 * MIB + 3,
    },
  )
})

for (const end of [true, false]) {
  test(`a descriptor that stays open, and end: ${end}: it is done once`, async (t) => {
    const counted = tally()
    const fd = fs.openSync(small, 'r')
    t.after(() => fs.closeSync(fd))
    const client = await serve(t, (_, response) => {
      const stream = createReadStream(null, { fd, autoClose: false, start: 0 })
      stream.pipe(response, { end })
      if (!end) stream.on('end', () => response.end())
    })
    client.get('/')
    await client.response()
    assert.deepEqual(await counted.end(), { started: 1, done: 1, ...moved(1000) })
  })
}

/** Serves `file` once, and prints what was counted. */
const PROGRAM = `
  const http = require('node:http')
  const { createReadStream } = require('node:fs')
  const { stats } = require('millrace')
  const server = http.createServer((_, response) => {
    createReadStream(${JSON.stringify(small)}).pipe(response)
  })
  server.listen(0, '127.0.0.1', () => {
    const { port } = server.address()
    http.get({ port, agent: false }, (response) => {
      response.resume().on('close', () => server.close(() => done(stats())))
    })
  })
`

test('under a program that never heard of it, all is counted', { skip: !isNative }, () => {
  const code = `${PROGRAM}; function done(stats) { console.log(JSON.stringify(stats)) }`
  const flags = ['--require', 'millrace/register']
  const { transfers, bytes } = valueOf(code, { flags })
  assert.deepEqual([transfers.started, transfers.done, transfers.active], [1, 1, 0])
  assert.equal(bytes[engine], 1000)
})

test('a worker counts its own', { skip: !isNative }, () => {
  const inWorker = `
    require('millrace/register')
    ${PROGRAM}
    function done(stats) { require('node:worker_threads').parentPort.postMessage(stats) }`
  const code = `
    const { Worker } = require('node:worker_threads')
    const { stats } = require('millrace')
    new Worker(${JSON.stringify(inWorker)}, { eval: true }).on('message', (of) => {
      console.log(JSON.stringify([of, stats()]))
    })`
  const [ofWorker, ofMain] = valueOf(code)
  assert.equal(ofWorker.transfers.done, 1)
  assert.equal(ofWorker.bytes[engine], 1000)
  assert.equal(ofMain.transfers.started, 0)
  assert.equal(ofMain.bytes[engine], 0)
})
