'use strict'

// Connections that are slow, tight, half-closed or cut, on the wire of TCP.

const assert = require('node:assert/strict')
const { fork } = require('node:child_process')
const { once } = require('node:events')
const path = require('node:path')
const { test } = require('node:test')

const { createReadStream } = require('..')
const { binding } = require('../lib/native.js')
const { makeFile, sha256 } = require('./helpers/files.js')
const { faultyEnvironment, hasCompiler } = require('./helpers/faults.js')
const { MIB, hostOf, probe } = require('./helpers/host.js')
const { parity } = require('./helpers/parity.js')
const { serveHttp, serveNet, until } = require('./helpers/server.js')

const CLIENT = path.join(__dirname, 'helpers', 'tight-client.js')
const skip = !hasCompiler && 'needs a C compiler'
const skipWithoutAddon = skip || (binding === null && 'only the addon sees acknowledgements')
const medium = makeFile(300_000, 1)
const long = makeFile(12 * MIB, 2)

/** A client with a small SO_RCVBUF; `drip`: bytes that it takes at a time. */
function tightClient(t, { port }, { receiveBuffer, drip, pause = 0, most = Infinity }) {
  const child = fork(CLIENT, [`${port}`, `${pause}`, `${most}`], {
    env: { ...process.env, NODE_OPTIONS: '', ...faultyEnvironment({ receiveBuffer, drip }) },
  })
  t.after(() => child.kill('SIGKILL'))
  return child
}

test('16 MB of header, then a body, into a receive buffer of 16 KiB', { skip }, async (t) => {
  const size = 16 * MIB
  for (const withLength of [false, true]) {
    const { address } = await serveHttp(t, (request, response) => {
      response.setHeader('X-Large', 'x'.repeat(size))
      if (withLength) response.setHeader('Content-Length', medium.content.length)
      createReadStream(medium.file).pipe(response)
    })
    const client = tightClient(t, address, { receiveBuffer: 16 * 1024 })
    const [told] = await once(client, 'message')
    assert.deepEqual(told, {
      header: size,
      length: medium.content.length,
      sha256: sha256(medium.content),
      complete: true,
    })
  }
})

test('a receive buffer of 4 KiB gets every byte', { skip }, async (t) => {
  const { address } = await serveHttp(t, (request, response) => {
    createReadStream(medium.file).pipe(response)
  })
  const client = tightClient(t, address, { receiveBuffer: 4096 })
  const [{ sha256: hash }] = await once(client, 'message')
  assert.equal(hash, sha256(medium.content))
})

test(
  'a client that moves lives, though the socket has no room for longer than its timeout',
  { skip: skipWithoutAddon },
  async (t) => {
    const timeout = 2000
    const timedOut = []
    const sources = []
    const { address } = await serveHttp(t, (request, response) => {
      const options = sources.length === 0 ? { stallTimeout: timeout } : {}
      const source = createReadStream(long.file, options)
      source.on('error', ({ code }) => timedOut.push(code))
      if (sources.length > 0) request.socket.setTimeout(timeout, () => timedOut.push('timeout'))
      sources.push(source)
      source.pipe(response)
    })
    // Of what they take, no room comes of: the buffer of the socket is far larger.
    for (let i = 0; i < 2; i += 1) {
      tightClient(t, address, { receiveBuffer: 4096, drip: 250, pause: 50 })
      await until(() => sources.length > i, 'a client')
    }
    const carried = () => sources.map((source) => source.transfer?.bytes).join()
    let before = null
    let since = 0
    await until(() => {
      if (carried() !== before) since = performance.now()
      before = carried()
      return timedOut.length > 0 || performance.now() - since > 1.5 * timeout
    }, 'a time without progress')
    assert.deepEqual(timedOut, [])
    for (const source of sources) {
      assert.ok(source.transfer.bytes > 0)
      source.destroy()
    }
  },
)

test(
  'clients that take a byte at a time hold nobody up, and leave nothing',
  { skip },
  async (t) => {
    const { address, connect, seen } = await hostOf(t)
    const slow = Array.from({ length: 2 }, () =>
      tightClient(t, address, { receiveBuffer: 4096, drip: 1, pause: 20, most: 15 }),
    )
    await until(() => seen.streams.size === slow.length, 'the clients to connect')
    const fed = new Set()
    for (const client of slow) {
      client.once('message', ({ count }) => {
        assert.equal(count, 15)
        fed.add(client)
      })
    }
    let probes = 0
    while (fed.size < slow.length) {
      await probe(connect)
      probes += 1
    }
    assert.ok(probes > 5, `${probes} probes`)
    assert.ok([...seen.streams].filter((stream) => !stream.destroyed).length >= slow.length)
    for (const client of slow) client.kill('SIGKILL')
    await until(() => seen.streams.size === 0, 'the sources to close')
  },
)

for (const [what, { file, content }] of Object.entries({ long, medium })) {
  parity(
    `httpAllowHalfOpen: a ${what} response goes to a client that has ended its side`,
    async ({ createReadStream: create, journal, t }) => {
      const { server, connect } = await serveHttp(t, (request, response) => {
        journal.destination(response, 'response')
        response.setHeader('Content-Length', content.length)
        const stream = create(file)
        stream.on('end', () => journal.note('source', 'end'))
        stream.on('close', () => journal.note('source', 'close'))
        request.on('end', () => stream.pipe(response)).resume()
      })
      server.httpAllowHalfOpen = true
      const client = await connect()
      client.get('/')
      client.socket.end()
      const response = await client.response()
      assert.equal(response.sha256, sha256(content))
      await until(() => journal.entries.source?.includes('close'), 'the source to close')
      await until(() => journal.entries.response.includes('close'), 'the response to close')
      const rest = await client.rest()
      client.destroy()
      return { complete: response.complete, rest: rest.length }
    },
  )

  parity(
    `allowHalfOpen: a ${what} file goes to a client that has ended its side`,
    async ({ createReadStream: create, journal, t }) => {
      const { connect } = await serveNet(
        t,
        (socket) => {
          journal.destination(socket, 'socket')
          socket.on('end', () => journal.note('peer', 'end')).resume()
          const stream = create(file)
          stream.on('close', () => journal.note('source', 'close'))
          stream.pipe(socket)
        },
        { options: { allowHalfOpen: true } },
      )
      const client = await connect()
      client.socket.end()
      const { sha256: hash } = await client.rest()
      client.destroy()
      assert.equal(hash, sha256(content))
      await until(() => journal.entries.source && journal.entries.socket.includes('close'))
    },
  )

  test(`without either, a ${what} one gets what was out, then the end`, async (t) => {
    let stream
    const { connect: connectHttp } = await serveHttp(t, (request, response) => {
      stream = createReadStream(file)
      stream.pipe(response)
    })
    const { connect: connectNet } = await serveNet(t, (socket) => {
      socket.on('error', () => {})
      stream = createReadStream(file)
      stream.pipe(socket)
    })
    for (const connect of [connectHttp, connectNet]) {
      const client = await connect()
      if (connect === connectHttp) client.get('/')
      client.socket.end()
      const { length, sha256: hash } =
        connect === connectHttp
          ? await client.response().catch(() => ({ length: 0, sha256: sha256('') }))
          : await client.rest()
      assert.equal(hash, sha256(content.subarray(0, length)))
      await client.rest()
      // A source whose destination has finished early is left open, as by Node.
      if (connect === connectHttp) await until(() => stream.closed, 'the source to close')
      else stream.destroy()
      client.destroy()
    }
  })
}

for (const [name, leave] of Object.entries({
  'destroys the connection': (client) => client.destroy(),
  'resets the connection': (client) => client.socket.resetAndDestroy(),
  'ends its side and reads on': (client) => client.socket.end().resume(),
})) {
  for (const at of [0, 1, 2]) {
    parity(
      `five pipelined requests, and a client that ${name} in response ${at}`,
      async ({ createReadStream: create, journal, t }) => {
        let open = 0
        const { connect } = await serveHttp(t, (request, response) => {
          const { url } = request
          open += 1
          response.on('finish', () => journal.note(url, 'finish'))
          response.on('close', () => {
            journal.note(url, 'close')
            open -= 1
          })
          // The one in which the client leaves does not fit into the buffers.
          create(url === `/${at}` ? long.file : medium.file).pipe(response)
        })
        const client = await connect()
        client.socket.on('error', () => {})
        client.send([0, 1, 2, 3, 4].map((i) => `GET /${i} HTTP/1.1\r\nHost: test\r\n\r\n`).join(''))
        const lengths = []
        for (let i = 0; i < at; i += 1) {
          const response = await client.response()
          assert.equal(response.sha256, sha256(medium.content))
          lengths.push(response.length)
        }
        await client.inbox.until('\r\n\r\n')
        client.socket.pause()
        leave(client)
        await until(() => open < 5 - at, 'the response to close')
        client.destroy()
        // Of those behind it Node closes some, and forgets the others.
        return { lengths, before: [...Array(at).keys()].map((i) => journal.entries[`/${i}`]) }
      },
    )
  }
}
