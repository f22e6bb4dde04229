'use strict'

// What a server says and does around a response that is carried natively:
// contexts, channels, counters, timeouts, and its own end.

const assert = require('node:assert/strict')
const { AsyncLocalStorage, createHook, executionAsyncId } = require('node:async_hooks')
const diagnostics = require('node:diagnostics_channel')
const fs = require('node:fs')
const { test } = require('node:test')

const millrace = require('..')
const { engine } = require('../lib/native.js')
const { bytes, makeFile, newPath, sha256 } = require('./helpers/files.js')
const { parity } = require('./helpers/parity.js')
const { serveHttp, until } = require('./helpers/server.js')

const isNative = engine !== 'javascript'
const small = makeFile(1000, 1)
const large = makeFile(3 * 2 ** 20, 2)
// More than all buffers between a server and a client that does not read.
const huge = newPath('huge')
const HUGE = 24 * 2 ** 20
const hugeContent = bytes(HUGE, 3)
fs.writeFileSync(huge, hugeContent)

const storage = new AsyncLocalStorage()

for (const [name, { file, content }] of Object.entries({ small, large })) {
  parity(
    `every event of a ${name} response has the store of its request`,
    async ({ createReadStream, journal, t }) => {
      const { connect } = await serveHttp(t, (request, response) => {
        storage.run(request.url, () => {
          const stream = createReadStream(file)
          const note = (what) => () => journal.note(request.url, what, storage.getStore())
          for (const event of ['open', 'ready', 'end', 'close']) stream.on(event, note(event))
          for (const event of ['pipe', 'unpipe', 'finish', 'close']) {
            response.on(event, note(`response ${event}`))
          }
          // The rest of the file is read in JavaScript from here on.
          if (request.url === '/late') stream.once('data', note('data'))
          stream.pipe(response)
        })
      })
      const clients = await Promise.all(['/one', '/late', '/two'].map(() => connect()))
      ;['/one', '/late', '/two'].forEach((url, i) => clients[i].get(url))
      for (const client of clients) {
        assert.equal((await client.response()).sha256, sha256(content))
      }
      await until(() => ['/one', '/late', '/two'].every((url) => hasClosed(journal, url)))
      for (const client of clients) client.destroy()
      // Of two ends of a connection either may be last.
      for (const url of Object.keys(journal.entries)) journal.entries[url].sort()
    },
  )
}

function hasClosed(journal, url) {
  const events = journal.entries[url]?.map(([event]) => event) ?? []
  return events.includes('close') && events.includes('response close')
}

parity(
  'callbacks of writes around a transfer have the store of their calls',
  async ({ createReadStream, journal, t }) => {
    const { connect } = await serveHttp(t, (request, response) => {
      const note = (what) => () => journal.note('calls', what, storage.getStore())
      storage.run('before', () => response.write('before', note('write')))
      const stream = storage.run('pipe', () => createReadStream(large.file))
      storage.run('pipe', () => stream.pipe(response, { end: false }))
      stream.on('end', () => storage.run('after', () => response.end('after', note('end'))))
    })
    const client = await connect()
    client.get('/')
    const response = await client.response()
    await until(() => journal.entries.calls.length === 2)
    client.destroy()
    return { length: response.length }
  },
)

test(
  'async hooks see a transfer as one resource, entered and left',
  { skip: !isNative },
  async (t) => {
    const seen = new Map()
    const hook = createHook({
      init: (id, type) => type === 'MILLRACETRANSFER' && seen.set(id, []),
      before: (id) => seen.get(id)?.push(executionAsyncId()),
      after: (id) => seen.get(id)?.push('after'),
    }).enable()
    t.after(() => hook.disable())
    const { connect } = await serveHttp(t, (request, response) => {
      millrace.createReadStream(huge).pipe(response)
    })
    const client = await connect()
    client.get('/')
    assert.equal((await client.response()).length, HUGE)
    client.destroy()
    hook.disable()
    assert.ok(seen.size > 0)
    for (const [id, calls] of seen) assert.deepEqual(calls, [id, 'after'])
  },
)

parity('what the channels of http publish, in order', async ({ createReadStream, journal, t }) => {
  const subscriptions = ['http.server.request.start', 'http.server.response.finish'].map((name) => [
    name,
    ({ request, response }) => journal.note('channels', name, request.url, response.statusCode),
  ])
  for (const [name, listener] of subscriptions) diagnostics.subscribe(name, listener)
  t.after(() => {
    for (const [name, listener] of subscriptions) diagnostics.unsubscribe(name, listener)
  })
  const { connect } = await serveHttp(t, (request, response) => {
    createReadStream(request.url === '/small' ? small.file : large.file).pipe(response)
  })
  const client = await connect()
  for (const url of ['/small', '/large', '/small']) {
    client.get(url)
    await client.response()
  }
  await until(() => journal.entries.channels.length === 6)
  for (const [name, listener] of subscriptions) diagnostics.unsubscribe(name, listener)
  client.destroy()
})

parity(
  'socket.bytesWritten at the end of a file, of its response, and of the connection',
  async ({ createReadStream, journal, t }) => {
    const { connect } = await serveHttp(t, (request, response) => {
      const { socket } = response
      const note = (what) => () => journal.note('written', what, socket.bytesWritten)
      response.setHeader('Content-Length', large.content.length)
      const stream = createReadStream(large.file)
      stream.on('end', note('end'))
      response.on('finish', note('finish'))
      response.on('close', note('close'))
      socket.on('close', note('connection'))
      stream.pipe(response)
    })
    const client = await connect()
    client.get('/', 'Connection: close\r\n')
    const { length } = await client.rest()
    client.socket.end()
    await until(() => journal.entries.written.length === 4)
    return { length }
  },
)

/** A download whose client has read a little, and stands still. */
async function standing(t, createReadStream, prepare, { headers = '', options } = {}) {
  let context
  const host = await serveHttp(
    t,
    (request, response) => {
      if (request.url !== '/') {
        createReadStream(small.file).pipe(response)
        return
      }
      const stream = createReadStream(huge)
      context = { stream, response, socket: response.socket }
      prepare?.(context)
      stream.pipe(response)
    },
    { options },
  )
  const client = await host.connect()
  client.get('/', headers)
  await client.inbox.begun()
  client.socket.pause()
  return { ...host, ...context, client }
}

parity(
  'server.close, closeIdleConnections: a transfer in flight is finished, idle ones go',
  async ({ createReadStream, journal, t }) => {
    const { server, connect, client } = await standing(t, createReadStream)
    const idle = await connect()
    idle.get('/small')
    await idle.response()
    server.close(() => journal.note('server', 'closed'))
    server.closeIdleConnections()
    assert.equal(await idle.inbox.some(), null)
    journal.note('server', 'idle is closed')
    client.socket.resume()
    const response = await client.response()
    journal.note('server', 'response is whole', response.sha256 === sha256(hugeContent))
    server.closeIdleConnections()
    await until(() => journal.entries.server.length === 3)
    client.destroy()
  },
)

parity(
  'server.closeAllConnections ends a transfer that stands still',
  async ({ createReadStream, journal, t }) => {
    const { server, client, response, stream } = await standing(t, createReadStream)
    journal.destination(response, 'response')
    server.close(() => journal.note('server', 'closed'))
    server.closeAllConnections()
    await until(() => journal.entries.server && response.destroyed)
    client.socket.resume()
    const { complete } = await client.response()
    await until(() => journal.entries.response.includes('unpipe'))
    stream.destroy()
    return { complete }
  },
)

parity(
  'the keep-alive timeout runs from the end of a response on',
  async ({ createReadStream, journal, t }) => {
    const { connect } = await serveHttp(
      t,
      (request, response) => createReadStream(large.file).pipe(response),
      { options: { keepAliveTimeout: 200 } },
    )
    const client = await connect()
    for (let i = 0; i < 2; i += 1) {
      client.get('/')
      journal.note('client', (await client.response()).sha256)
    }
    const start = Date.now()
    assert.equal(await client.inbox.some(), null)
    assert.ok(Date.now() - start > 150)
    client.destroy()
  },
)

for (const [name, set] of Object.entries({
  'response.setTimeout': ({ response }, listener) => response.setTimeout(300, listener),
  'socket.setTimeout': ({ socket }, listener) => socket.setTimeout(300, listener),
  "the socket's event": ({ socket }, listener) => socket.setTimeout(300).on('timeout', listener),
})) {
  parity(
    `${name}: a client that stands still is told of`,
    async ({ createReadStream, journal, t }) => {
      const { socket, client } = await standing(t, createReadStream, (context) =>
        set(context, () => journal.note('timeouts', 'timeout')),
      )
      await until(() => journal.entries.timeouts, 'the timeout')
      journal.note('flags', socket.destroyed)
      client.socket.resume()
      const { complete } = await client.response()
      client.destroy()
      // A slow machine may see another.
      journal.entries.timeouts.splice(1)
      return { complete }
    },
  )

  if (name.startsWith('the ')) continue
  parity(`${name}: a client that moves is left alone`, async ({ createReadStream, journal, t }) => {
    const { client } = await standing(t, createReadStream, (context) =>
      set(context, () => journal.note('timeouts', 'timeout')),
    )
    // The kernel tells of room only when a third of its buffer is free.
    client.socket.on('data', () => {
      if (Date.now() - start > 700) return
      client.socket.pause()
      setTimeout(() => client.socket.resume(), 5)
    })
    const start = Date.now()
    client.socket.resume()
    const { sha256: hash } = await client.response()
    assert.ok(Date.now() - start > 600)
    client.destroy()
    return { hash }
  })
}

parity(
  'server.requestTimeout and headersTimeout do not count the response',
  async ({ createReadStream, t }) => {
    const { client } = await standing(t, createReadStream, null, {
      options: { requestTimeout: 200, headersTimeout: 100, connectionsCheckingInterval: 50 },
    })
    await new Promise((resolve) => {
      setTimeout(resolve, 500)
    })
    client.socket.resume()
    const { sha256: hash } = await client.response()
    client.destroy()
    return { hash }
  },
)

parity('maxRequestsPerSocket', async ({ createReadStream, journal, t }) => {
  const { server, connect } = await serveHttp(t, (request, response) => {
    createReadStream(request.url === '/small' ? small.file : large.file).pipe(response)
  })
  server.maxRequestsPerSocket = 2
  server.on('dropRequest', () => journal.note('server', 'dropRequest'))
  const client = await connect()
  for (const url of ['/small', '/large', '/small']) {
    client.get(url)
    const { headers, status, sha256: hash } = await client.response()
    journal.note('responses', status, headers.connection, hash)
  }
  client.destroy()
})

parity('a request that expects 100-continue', async ({ createReadStream, t }) => {
  const { connect } = await serveHttp(t, (request, response) => {
    createReadStream(large.file).pipe(response)
  })
  const client = await connect()
  client.get('/', 'Expect: 100-continue\r\n')
  const first = await client.inbox.until('\r\n\r\n')
  const { sha256: hash } = await client.response()
  client.destroy()
  return { first, hash }
})

parity('early hints and other interim responses', async ({ createReadStream, t }) => {
  const { connect } = await serveHttp(t, (request, response) => {
    response.writeProcessing()
    response.writeEarlyHints({ link: '</a.css>; rel=preload' })
    createReadStream(large.file).pipe(response)
  })
  const client = await connect()
  client.get('/')
  const interim = [await client.inbox.until('\r\n\r\n'), await client.inbox.until('\r\n\r\n')]
  const { status, sha256: hash } = await client.response()
  client.destroy()
  return { interim, status, hash }
})

for (const event of ['upgrade', 'connect']) {
  parity(`the socket of a request to ${event}`, async ({ createReadStream, journal, t }) => {
    const { server, connect } = await serveHttp(t, () => {})
    let stream
    server.on(event, (request, socket) => {
      journal.destination(socket, 'socket')
      socket.write('HTTP/1.1 101 Switching Protocols\r\n\r\n')
      stream = createReadStream(large.file)
      stream.on('end', () => journal.note('source', 'end', socket.bytesWritten))
      stream.on('close', () => journal.note('source', 'close'))
      stream.pipe(socket)
    })
    const client = await connect()
    if (event === 'upgrade') client.get('/', 'Connection: Upgrade\r\nUpgrade: test\r\n')
    else client.send('CONNECT test:1 HTTP/1.1\r\nHost: test\r\n\r\n')
    const head = await client.inbox.until('\r\n\r\n')
    const { sha256: hash } = await client.rest()
    client.socket.end()
    await until(() => journal.entries.socket.includes('close') && stream.closed)
    return { head, hash }
  })
}

parity(
  'a source that is piped within a listener of its request’s end',
  async ({ createReadStream, journal, t }) => {
    const { connect } = await serveHttp(t, (request, response) => {
      const parts = []
      request.on('data', (part) => parts.push(part))
      request.on('end', () => {
        journal.note('request', String(Buffer.concat(parts)))
        createReadStream(large.file).pipe(response)
      })
    })
    const client = await connect()
    for (let i = 0; i < 2; i += 1) {
      client.send('POST / HTTP/1.1\r\nHost: test\r\nContent-Length: 5\r\n\r\nhello')
      journal.note('response', (await client.response()).sha256)
    }
    client.destroy()
  },
)
