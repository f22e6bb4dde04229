'use strict'

// `bytesPerSecond` and `stallTimeout`.

const assert = require('node:assert/strict')
const { execFileSync } = require('node:child_process')
const { once } = require('node:events')
const fs = require('node:fs')
const http = require('node:http')
const https = require('node:https')
const net = require('node:net')
const { PassThrough, Writable, pipeline } = require('node:stream')
const { test } = require('node:test')

const { createReadStream } = require('..')
const { certificate } = require('./helpers/certificate.js')
const { descriptorsOn, makeFile, newPath, sha256 } = require('./helpers/files.js')
const { listen, serveHttp, serveNet, until } = require('./helpers/server.js')

const isNative = process.env.MILLRACE_ENGINE !== 'javascript'

const { file, content } = makeFile(300_000, 5)
const expected = sha256(content)

/** More than all the buffers between a server and a client that reads nothing. */
const endless = newPath('endless')
fs.writeFileSync(endless, '')
fs.truncateSync(endless, 2 ** 30)

const STALLED = 'ERR_MILLRACE_STALLED'

test('limits that are none are refused', () => {
  for (const name of ['bytesPerSecond', 'stallTimeout']) {
    for (const value of ['1', null, {}, true, 1n]) {
      assert.throws(() => createReadStream(file, { [name]: value }), {
        name: 'TypeError',
        code: 'ERR_INVALID_ARG_TYPE',
        message: new RegExp(`^The "options\\.${name}" property must be of type number\\. Received`),
      })
    }
    for (const value of [-1, NaN, -Infinity, ...(name === 'stallTimeout' ? [2 ** 31] : [0, 0.5])]) {
      assert.throws(() => createReadStream(file, { [name]: value }), {
        name: 'RangeError',
        code: 'ERR_OUT_OF_RANGE',
        message: new RegExp(`"options\\.${name}" is out of range\\. It must be >= .*Received`),
      })
    }
  }
})

test('limits that are none leave a stream as it is', async (t) => {
  const { connect } = await serveHttp(t, (request, response) => {
    createReadStream(file, { bytesPerSecond: Infinity, stallTimeout: 0 }).pipe(response)
  })
  const client = await connect()
  client.get('/')
  assert.equal((await client.response()).sha256, expected)
})

/** How a paced file gets to a client, and the options that take it there. */
const ways = {
  'in chunks': { prepare: () => {}, options: {} },
  'behind a Content-Length': {
    prepare: (response) => response.setHeader('Content-Length', content.length),
    options: {},
  },
  'through JavaScript': { prepare: () => {}, options: { native: false } },
  'at the own offset of a descriptor': {
    prepare: () => {},
    options: () => ({ fd: fs.openSync(file, 'r') }),
  },
}

for (const [name, { prepare, options }] of Object.entries(ways)) {
  test(`a paced file, ${name}, arrives whole, and no faster than it may`, async (t) => {
    const bytesPerSecond = 500_000
    let stream
    const { connect } = await serveHttp(t, (request, response) => {
      prepare(response)
      const given = typeof options === 'function' ? options() : options
      stream = createReadStream(file, { bytesPerSecond, ...given })
      stream.pipe(response)
    })
    const client = await connect()
    const start = performance.now()
    client.get('/')
    const response = await client.response()
    const seconds = (performance.now() - start) / 1000
    assert.equal(response.sha256, expected)
    // The first portion comes at once, and a tenth of a second is made up for.
    assert.ok(seconds > content.length / bytesPerSecond - 0.25, `${seconds} s`)
    if (isNative && name !== 'through JavaScript') assert.equal(stream.transfer.mode, 'native')
    // The connection is in order.
    client.get('/')
    assert.equal((await client.response()).sha256, expected)
  })
}

test('a paced file is read no faster than it may, whoever reads', async () => {
  const bytesPerSecond = 1_000_000
  const start = performance.now()
  const parts = []
  for await (const part of createReadStream(file, { bytesPerSecond })) parts.push(part)
  assert.equal(sha256(Buffer.concat(parts)), expected)
  assert.ok(performance.now() - start > 100)
  assert.ok(parts.every((part) => part.length <= 100_000))
})

test('a small paced file is sent at once', async (t) => {
  const small = makeFile(1000, 6)
  const { connect } = await serveHttp(t, (request, response) => {
    createReadStream(small.file, { bytesPerSecond: 2000 }).pipe(response)
  })
  const client = await connect()
  client.get('/')
  assert.equal((await client.response()).sha256, sha256(small.content))
})

test('a pace is kept by a stream that is stopped and started all the time', async (t) => {
  const bytesPerSecond = 1_000_000
  const { connect } = await serveHttp(t, (request, response) => {
    response.setHeader('Content-Length', content.length)
    const stream = createReadStream(file, { bytesPerSecond })
    stream.pipe(response)
    const timer = setInterval(() => {
      stream.unpipe(response)
      stream.pipe(response)
    }, 3)
    stream.on('close', () => clearInterval(timer))
  })
  const client = await connect()
  const start = performance.now()
  client.get('/')
  assert.equal((await client.response()).sha256, expected)
  assert.ok(performance.now() - start > 50)
})

test('a paced stream that is stopped gives the destination back soon', async (t) => {
  let stream
  let answer
  const { connect } = await serveHttp(t, (request, response) => {
    answer = response
    stream = createReadStream(endless, { bytesPerSecond: 40_000 })
    stream.pipe(response, { end: false })
  })
  const client = await connect()
  client.get('/')
  const header = await client.inbox.until('\r\n\r\n')
  assert.match(header, /chunked/)
  await client.inbox.until('\0\0')
  stream.unpipe(answer)
  const start = performance.now()
  answer.end('!')
  await client.inbox.until('\r\n1\r\n!\r\n0\r\n\r\n')
  assert.ok(performance.now() - start < 3000)
  stream.destroy()
})

test('a paced stream that is destroyed while it waits keeps nothing', async () => {
  const { file: own } = makeFile(100_000, 7)
  const stream = createReadStream(own, { bytesPerSecond: 5000 })
  stream.resume()
  await once(stream, 'data')
  stream.destroy()
  await once(stream, 'close')
  assert.equal(descriptorsOn(own), 0)
})

/** Ways to a client that reads nothing, with the error's own server. */
const servers = {
  'HTTP, in chunks': { serve: serveHttp, send: send() },
  'HTTP, with a length': {
    serve: serveHttp,
    send: send((response) => response.setHeader('Content-Length', 2 ** 30)),
  },
  'HTTP, through JavaScript': { serve: serveHttp, send: send(() => {}, { native: false }) },
  'HTTP, paced': { serve: serveHttp, send: send(() => {}, { bytesPerSecond: 1e9 }) },
  'a TCP socket': { serve: serveNet, send: (socket, use) => use(socket, {}) },
}

function send(prepare = () => {}, options = {}) {
  return (request, response, use) => {
    prepare(response)
    use(response, options)
  }
}

for (const [name, { serve, send: sendTo }] of Object.entries(servers)) {
  test(`${name}: a client that stands still is let go of`, async (t) => {
    const { promise, resolve } = Promise.withResolvers?.() ?? withResolvers()
    const { connect } = await serve(t, (...args) => {
      const use = (destination, options) => {
        const stream = createReadStream(endless, { stallTimeout: 200, ...options })
        pipeline(stream, destination, (error) => resolve({ error, stream, destination }))
      }
      sendTo(...args, use)
    })
    const client = await connect()
    client.socket.pause()
    client.get('/')
    const { error, stream, destination } = await promise
    assert.equal(error.code, STALLED)
    assert.equal(error.name, 'MillraceError')
    assert.match(error.message, /^The transfer could not be completed after \d+ bytes: no progress/)
    assert.equal(stream.errored, error)
    assert.ok(destination.destroyed)
    await until(() => descriptorsOn(endless) === 0)
  })
}

test('HTTPS: a client that stands still is let go of', async (t) => {
  const { promise, resolve } = Promise.withResolvers?.() ?? withResolvers()
  const server = https.createServer(certificate(), (request, response) => {
    pipeline(createReadStream(endless, { stallTimeout: 300 }), response, resolve)
  })
  const { address } = await listen(t, server)
  const request = https.get({ ...address, rejectUnauthorized: false, agent: false })
  request.on('response', (response) => response.pause()).on('error', () => {})
  assert.equal((await promise).code, STALLED)
  request.destroy()
  await until(() => descriptorsOn(endless) === 0)
})

test('nobody has to listen for a stall', async (t) => {
  const { connect } = await serveHttp(t, (request, response) => {
    createReadStream(endless, { stallTimeout: 100 }).pipe(response)
  })
  const client = await connect()
  client.socket.pause()
  client.get('/')
  await until(() => descriptorsOn(endless) > 0)
  await until(() => descriptorsOn(endless) === 0)
})

/** Reads some bytes at a time, so slowly that no buffer is ever empty. */
function readSlowly(t, address, { size = 256 << 10, period = 20 } = {}) {
  let got = 0
  const socket = net.connect({
    ...address,
    onread: {
      buffer: Buffer.alloc(size),
      callback: (count) => {
        got += count
        return false
      },
    },
  })
  const timer = setInterval(() => socket.resume(), period)
  t.after(() => {
    clearInterval(timer)
    socket.destroy()
  })
  socket.on('error', () => {})
  return { socket, got: () => got }
}

for (const native of [true, false]) {
  test(`a client that is slow, but moves, lives (native: ${native})`, async (t) => {
    let stream
    const { address } = await serveHttp(t, (request, response) => {
      stream = createReadStream(endless, { stallTimeout: 400, native })
      stream.pipe(response)
    })
    const { socket } = readSlowly(t, address)
    socket.write('GET / HTTP/1.1\r\nHost: test\r\n\r\n')
    await new Promise((resolve) => setTimeout(resolve, 1500))
    assert.equal(stream.destroyed, false)
  })

  test(`socket.setTimeout sees a slow client move (native: ${native})`, async (t) => {
    const timeouts = []
    const { address } = await serveHttp(t, (request, response) => {
      createReadStream(endless, { native }).pipe(response)
      request.socket.setTimeout(400, () => timeouts.push(performance.now()))
    })
    const { socket } = readSlowly(t, address)
    socket.write('GET / HTTP/1.1\r\nHost: test\r\n\r\n')
    await new Promise((resolve) => setTimeout(resolve, 1500))
    assert.deepEqual(timeouts, [])
    socket.pause()
  })
}

for (const native of [true, false]) {
  test(`a timeout that is set meanwhile sees a slow client move (native: ${native})`, async (t) => {
    const { promise: timedOut, resolve: onTimeout } = deferred()
    let set
    const { address } = await serveHttp(t, (request, response) => {
      createReadStream(endless, { native }).pipe(response)
      set = () => request.socket.setTimeout(400, onTimeout)
    })
    const { socket, got } = readSlowly(t, address)
    socket.write('GET / HTTP/1.1\r\nHost: test\r\n\r\n')
    await until(() => got() > 2 ** 20, 'the download to be under way')
    set()
    const moved = new Promise((resolve) => setTimeout(resolve, 1200, 'it moved'))
    assert.equal(await Promise.race([timedOut, moved]), 'it moved')
  })
}

function deferred() {
  let resolve
  const promise = new Promise((settle) => {
    resolve = settle
  })
  return { promise, resolve }
}

test('a stream that its user pauses does not stall', async (t) => {
  let stream
  const { connect } = await serveHttp(t, (request, response) => {
    stream = createReadStream(file, { stallTimeout: 50, highWaterMark: 1000 })
    stream.once('open', () => {
      stream.pipe(response)
      stream.pause()
      setTimeout(() => stream.resume(), 250)
    })
  })
  const client = await connect()
  client.get('/')
  assert.equal((await client.response()).sha256, expected)
})

test('a response that waits for those before it does not stall', async (t) => {
  const { connect } = await serveHttp(t, (request, response) => {
    if (request.url === '/late') {
      setTimeout(() => response.end('late'), 300)
      return
    }
    createReadStream(file, { stallTimeout: 50 }).pipe(response)
  })
  const client = await connect()
  client.get('/late')
  client.get('/file')
  assert.equal(String((await client.response()).body), 'late')
  assert.equal((await client.response()).sha256, expected)
})

test('a Writable that takes nothing stalls, and one that is slow does not', async () => {
  // Nothing of a stalled stream keeps a process up.
  const alive = setTimeout(() => {}, 20_000)
  const never = new Writable({ write() {} })
  const stalled = createReadStream(file, { stallTimeout: 80 })
  const error = await new Promise((resolve) => pipeline(stalled, never, resolve))
  assert.equal(error.code, STALLED)
  assert.ok(never.destroyed)
  clearTimeout(alive)

  let length = 0
  const slow = new Writable({
    write(chunk, _, callback) {
      length += chunk.length
      setTimeout(callback, 40)
    },
  })
  const through = new PassThrough()
  await new Promise((resolve, reject) => {
    pipeline(createReadStream(file, { stallTimeout: 300 }), through, slow, (failure) =>
      failure ? reject(failure) : resolve(),
    )
  })
  assert.equal(length, content.length)
})

test('a source that has nothing to give does not stall, and keeps its pace', async (t) => {
  const fifo = newPath('fifo')
  execFileSync('mkfifo', [fifo])
  const both = await fs.promises.open(fifo, 'r+')
  t.after(() => both.close())
  const { connect } = await serveHttp(t, (request, response) => {
    createReadStream(fifo, { stallTimeout: 60, bytesPerSecond: 10_000 }).pipe(response)
  })
  const client = await connect()
  client.get('/')
  await both.write('x'.repeat(2000))
  await client.inbox.until('x\r\n')
  await new Promise((resolve) => setTimeout(resolve, 250))
  const start = performance.now()
  for (let i = 0; i < 5; i += 1) {
    await both.write('y'.repeat(999) + i)
    await client.inbox.until(`${i}\r\n`)
  }
  assert.ok(performance.now() - start > 200)
  client.destroy()
})

test('a response without a body does not wait for a pace', async (t) => {
  const { connect } = await serveHttp(t, (request, response) => {
    createReadStream(file, { bytesPerSecond: 30_000 }).pipe(response)
  })
  const client = await connect()
  const start = performance.now()
  client.get('/', 'Connection: close\r\n', 'HEAD')
  await client.response({ isHead: true })
  await once(client.socket, 'end')
  assert.ok(performance.now() - start < 5000)
})

test('a stream may be slower than its own stallTimeout', async () => {
  const sink = new Writable({ write: (chunk, _, callback) => callback() })
  const stream = createReadStream(file, { bytesPerSecond: 4, end: 7, stallTimeout: 200 })
  await new Promise((resolve, reject) => {
    pipeline(stream, sink, (error) => (error ? reject(error) : resolve()))
  })
  assert.equal(stream.bytesRead, 8)
})

test('a finished stream that stays open does not stall', async () => {
  const fd = fs.openSync(file, 'r')
  const sink = new Writable({ write: (chunk, _, callback) => callback() })
  const stream = createReadStream(file, { fd, autoClose: false, stallTimeout: 40 })
  stream.on('error', (error) => assert.fail(error))
  stream.pipe(sink)
  await once(stream, 'end')
  await new Promise((resolve) => setTimeout(resolve, 120))
  assert.equal(stream.destroyed, false)
  fs.closeSync(fd)
})

test('a program ends when a paced stream has', async (t) => {
  const { connect } = await serveHttp(t, (request, response) => {
    createReadStream(file, { bytesPerSecond: 3_000_000, stallTimeout: 10_000 }).pipe(response)
  })
  const client = await connect()
  client.get('/', 'Connection: close\r\n')
  assert.equal((await client.response()).sha256, expected)
  await once(client.socket, 'end')
  assert.ok(http.STATUS_CODES)
})

function withResolvers() {
  let resolve
  let reject
  const promise = new Promise((...both) => {
    ;[resolve, reject] = both
  })
  return { promise, resolve, reject }
}
