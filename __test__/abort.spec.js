'use strict'

// Clients that go away, stand still or cheat: nothing leaks, nobody else
// notices.

const assert = require('node:assert/strict')
const { fork } = require('node:child_process')
const { once } = require('node:events')
const fs = require('node:fs')
const http = require('node:http')
const path = require('node:path')
const { test } = require('node:test')

const { createReadStream } = require('..')
const { binding } = require('../lib/native.js')
const { Client } = require('./helpers/client.js')
const {
  countDescriptors,
  descriptorLimit,
  descriptorsOn,
  newPath,
  openDescriptors,
  sha256,
} = require('./helpers/files.js')
const { MIB, content, file, hostOf, probe, small } = require('./helpers/host.js')
const { listen, serveHttp, serveNet, until } = require('./helpers/server.js')

test('2,000 clients that leave at various moments leave no descriptor behind', async (t) => {
  const { connect, seen } = await hostOf(t)
  // The first long transfer opens what all of them share.
  const first = await connect()
  first.get('/')
  assert.equal((await first.response()).sha256, sha256(content))
  first.destroy()
  await until(() => seen.streams.size === 0)
  const before = countDescriptors()
  for (let batch = 0; batch < 40; batch += 1) {
    await Promise.all(
      Array.from({ length: 50 }, async (_, i) => {
        const client = await connect()
        client.get(i % 5 === 0 ? '/pipeline' : '/')
        if (i % 4 === 0) await new Promise(setImmediate)
        else if (i % 4 !== 1) await client.inbox.some()
        if (i % 4 === 3) client.socket.resetAndDestroy()
        else client.destroy()
      }),
    )
  }
  await until(() => seen.streams.size === 0 && descriptorsOn(file) === 0, 'the sources to close')
  await until(() => countDescriptors() <= before, 'the sockets to close')
  await probe(connect)
})

test('a client that leaves destroys the source, however it is carried', async (t) => {
  for (const options of [undefined, { native: false }]) {
    const { connect, seen } = await hostOf(t, file, options)
    const client = await connect()
    client.get('/')
    await client.inbox.some()
    const [stream] = seen.streams
    client.destroy()
    await until(() => stream.closed)
    assert.equal(stream.errored, null)
    await until(() => descriptorsOn(file) === 0, 'the descriptors to be closed')
  }
})

test('a client that resets what it has pipelined leaves no file open', async (t) => {
  const streams = new Set()
  const { connect } = await serveHttp(t, (request, response) => {
    const stream = createReadStream(file)
    streams.add(stream)
    stream.on('close', () => streams.delete(stream))
    stream.pipe(response)
  })
  const warnings = []
  const onWarning = (warning) => warnings.push(warning)
  process.on('warning', onWarning)
  t.after(() => process.off('warning', onWarning))
  const client = await connect()
  client.socket.pause()
  client.socket.write('GET / HTTP/1.1\r\nHost: test\r\n\r\n'.repeat(100))
  await until(() => streams.size > 10, 'some to wait for their turn')
  client.socket.resetAndDestroy()
  await until(() => streams.size === 0, 'the sources to close')
  await until(() => descriptorsOn(file) === 0, 'the descriptors to be closed')
  assert.deepEqual(warnings, [])
})

test('a client that leaves a response which the program ended closes the source', async (t) => {
  for (const options of [undefined, { native: false }]) {
    const { connect, seen } = await hostOf(t, file, options)
    const client = await connect()
    client.socket.pause()
    client.get('/')
    await until(() => seen.streams.size === 1)
    const [stream] = seen.streams
    if (stream.pending) await once(stream, 'ready')
    const state = stream._readableState
    await until(() => stream.transfer.bytes > 2 * MIB || state.awaitDrainWriters !== null)
    // More than sockets hold: a response that is out has finished, and keeps its source.
    state.pipes[0].end(Buffer.alloc(48 * MIB))
    client.socket.resetAndDestroy()
    await until(() => stream.closed, 'the source to close')
  }
})

test('a source that someone still reads is left alone when its client leaves', async (t) => {
  let stream
  let read = 0
  const { connect } = await serveHttp(t, (request, response) => {
    stream = createReadStream(file)
    stream.pipe(response)
    response.on('close', () => {
      stream.on('data', (part) => (read += part.length))
      stream.resume()
    })
  })
  const client = await connect()
  client.get('/')
  await client.inbox.some()
  client.destroy()
  await once(stream, 'close')
  assert.equal(stream.bytesRead, content.length)
  assert.ok(read > 0)
})

test('a plain socket that Node ends behind its client closes its source', async (t) => {
  let stream
  const { connect } = await serveNet(t, (socket) => {
    stream = createReadStream(file)
    stream.pipe(socket)
  })
  const client = await connect()
  await client.inbox.some()
  client.socket.end()
  await client.rest()
  await until(() => stream.closed, 'the source to close')
  await until(() => descriptorsOn(file) === 0, 'the descriptors to be closed')
})

test('a listener of headers may destroy the socket, even one that listens once', async (t) => {
  let stream
  const errors = []
  const { connect } = await serveHttp(t, (request, response) => {
    const { writeHead } = response
    response.writeHead = (...args) => {
      response.writeHead = writeHead
      response.socket.destroy()
      return writeHead.apply(response, args)
    }
    stream = createReadStream(file)
    stream.on('error', (error) => errors.push(error))
    stream.pipe(response)
  })
  const client = await connect()
  client.get('/')
  assert.equal((await client.rest()).length, 0)
  await until(() => stream.closed, 'the source to close')
  assert.deepEqual(errors, [])
})

test('a pipe into a response that is gone already closes its source', async (t) => {
  let stream
  const { connect } = await serveHttp(t, (request, response) => {
    response.on('close', () => {
      stream = createReadStream(file)
      stream.pipe(response)
    })
  })
  const client = await connect()
  client.get('/')
  client.destroy()
  await until(() => stream?.closed)
  await until(() => descriptorsOn(file) === 0, 'the descriptors to be closed')
})

test('a client of HTTP/2 that leaves closes the source too', async (t) => {
  const http2 = require('node:http2')
  for (const destinationOf of [(response) => response, (response) => response.stream]) {
    let stream
    const server = http2.createServer((request, response) => {
      stream = createReadStream(file)
      stream.pipe(destinationOf(response))
    })
    const { address } = await listen(t, server)
    const session = http2.connect(`http://127.0.0.1:${address.port}`)
    session.on('error', () => {})
    const request = session.request({ ':path': '/' })
    request.on('error', () => {})
    await once(request, 'readable')
    session.destroy()
    await until(() => stream.closed)
    await until(() => descriptorsOn(file) === 0, 'the descriptors to be closed')
  }
})

/**
 * Where JavaScript fills each client's socket, megabytes of it, fewer; at most as many as the limit
 * has four descriptors of the server for, with some to spare.
 */
const WANTED = binding === null ? 200 : 1000
const CLIENTS = Math.min(WANTED, Math.floor((descriptorLimit() - 300) / 4))

test('many clients that stand still: the server answers others, with few threads', async (t) => {
  const server = fork(path.join(__dirname, 'helpers', 'stalled-server.js'), [file, small.file])
  t.after(() => server.kill())
  const [{ port }] = await once(server, 'message')
  const connect = () => Client.connect({ port, host: '127.0.0.1' })
  const clients = []
  t.after(() => clients.forEach((client) => client.destroy()))
  for (let i = 0; i < CLIENTS; i += 1) {
    const client = await connect()
    client.get('/')
    client.socket.pause()
    clients.push(client)
  }
  const count = (what) =>
    Number(/\d+/.exec(status(server.pid).match(new RegExp(`^${what}:.*$`, 'm'))))
  await until(
    () => fs.readdirSync(`/proc/${server.pid}/fd`).length > 2 * CLIENTS,
    'all to be served',
  )
  const start = process.hrtime.bigint()
  for (let i = 0; i < 20; i += 1) await probe(connect)
  assert.ok(Number(process.hrtime.bigint() - start) / 1e6 / 20 < 250, 'a probe took too long')
  // Node's own and V8's, four that send and, where the file has to be read first,
  // 64 that wait for the disk: a thread a client would be many more.
  assert.ok(count('Threads') < 20 + 4 + 64)
  for (const client of clients) client.destroy()
  await until(() => fs.readdirSync(`/proc/${server.pid}/fd`).length < 100, 'all to be closed')
  await probe(connect)
  server.kill()
  await once(server, 'exit')
})

function status(pid) {
  return fs.readFileSync(`/proc/${pid}/status`, 'utf8')
}

test('an idle timeout ends a client that stands still, not one that moves', async (t) => {
  const { server, connect } = await hostOf(t)
  let timeouts = 0
  server.setTimeout(1000, (socket) => {
    timeouts += 1
    socket.destroy()
  })
  // A part every 20 ms: about 3 MB/s, for much longer than the timeout. The
  // kernel reports room only when a third of its buffer is free.
  const moving = await connect()
  const started = Date.now()
  moving.socket.on('data', () => {
    if (Date.now() - started > 2500) return
    moving.socket.pause()
    setTimeout(() => moving.socket.resume(), 20)
  })
  moving.get('/')
  const response = await moving.response()
  assert.equal(timeouts, 0)
  assert.equal(response.sha256, sha256(content))
  moving.destroy()

  const standing = await connect()
  standing.get('/')
  standing.socket.pause()
  await until(() => timeouts === 1, 'the timeout')
  standing.destroy()
})

test('a half-closed request gets what Node would send', async (t) => {
  const { connect } = await hostOf(t)
  const client = await connect()
  client.get('/')
  await client.inbox.begun()
  client.socket.end()
  const { length } = await client.rest()
  // Node ends its side too, behind what is on its way.
  assert.ok(length <= content.length + 1000)
})

test('a client that writes to a closed socket of ours kills nobody (SIGPIPE)', async (t) => {
  const { connect } = await serveNet(t, (socket) => {
    socket.on('error', () => {})
    createReadStream(file).pipe(socket)
  })
  for (let i = 0; i < 20; i += 1) {
    const client = await connect()
    await client.inbox.some()
    client.socket.resetAndDestroy()
  }
  await until(() => descriptorsOn(file) === 0)
})

test('an agent that keeps its connection gets each of its files', async (t) => {
  const { address } = await hostOf(t)
  const agent = new http.Agent({ keepAlive: true, maxSockets: 1 })
  t.after(() => agent.destroy())
  for (let i = 0; i < 20; i += 1) {
    const request = http.get({ ...address, agent, path: i % 2 ? '/small' : '/' })
    const [response] = await once(request, 'response')
    const parts = []
    for await (const part of response) parts.push(part)
    assert.equal(sha256(Buffer.concat(parts)), sha256(i % 2 ? small.content : content))
  }
})

test('no byte of one file reaches another client', async (t) => {
  // Every file is filled with its own number; destroyed at random, so that
  // descriptor numbers are reused all the time.
  const files = Array.from({ length: 20 }, (_, i) => {
    const tagged = newPath(`tagged-${i}`)
    fs.writeFileSync(tagged, Buffer.alloc(i % 2 ? 3 * MIB : 40_000, i + 1))
    return tagged
  })
  let state = 7
  const random = (limit) => {
    state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0
    return (state >>> 8) % limit
  }
  const { connect, server } = await serveHttp(t, (request, response) => {
    const stream = createReadStream(files[Number(request.url.slice(1))])
    stream.pipe(response)
    const victim = [stream, response, response.socket][random(3)]
    if (random(3) === 0) setTimeout(() => victim.destroy(), random(8))
  })
  const end = Date.now() + 6000
  const worker = async () => {
    while (Date.now() < end) {
      const i = random(files.length)
      const client = await connect()
      client.socket.on('error', () => {})
      client.get(`/${i}`)
      const timer = setTimeout(() => client.destroy(), 5 + random(200))
      try {
        await client.inbox.until('\r\n\r\n')
        for (;;) {
          const size = parseInt(await client.inbox.until('\r\n'), 16)
          if (size === 0) break
          for (let left = size; left > 0;) {
            const part = await client.inbox.some(left)
            if (part === null) throw new Error('ended')
            left -= part.length
            assert.equal(part.findIndex?.((byte) => byte !== i + 1) ?? -1, -1, 'a foreign byte')
          }
          await client.inbox.until('\r\n')
        }
      } catch (error) {
        if (error instanceof assert.AssertionError) throw error
      }
      clearTimeout(timer)
      client.destroy()
    }
  }
  await Promise.all(Array.from({ length: 12 }, worker))
  // A turn of the event loop accepts one connection: on a slow machine many of those
  // that have long been given up would still wait.
  server.close()
  await until(() => !openDescriptors().some((target) => files.includes(target)), 'the descriptors')
})
