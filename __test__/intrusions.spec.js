'use strict'

// What programs do to streams and sockets around a running transfer, beside the
// ways that are meant for it: as with node:fs, no byte is lost, doubled or misplaced,
// and no error is swallowed.

const assert = require('node:assert/strict')
const fs = require('node:fs')
const { once } = require('node:events')
const { test } = require('node:test')

const { createReadStream } = require('..')
const { engine } = require('../lib/native.js')
const { bytes, newPath, sha256 } = require('./helpers/files.js')
const { valueOf } = require('./helpers/program.js')
const { serveHttp, serveNet, until } = require('./helpers/server.js')

const MIB = 2 ** 20

// More than all buffers between the two ends. '#' is nowhere in it.
const content = bytes(16 * MIB).map((byte) => (byte === 0x23 ? 0x24 : byte))
const file = newPath('content')
fs.writeFileSync(file, content)

/**
 * A download in the middle of which the client stands still.
 * @returns {Promise<{ stream, destination, body: () => Promise<Buffer> }>} `body` is
 *   what the client has in the end
 */
async function standingStill(t, isNet) {
  const { promise, resolve } = deferred()
  const serve = isNet ? serveNet : serveHttp
  const { connect } = await serve(t, (...ends) => {
    const stream = createReadStream(file)
    stream.pipe(ends.at(-1))
    resolve({ stream, destination: ends.at(-1) })
  })
  const client = await connect()
  client.socket.pause()
  if (!isNet) client.socket.write('GET / HTTP/1.1\r\nHost: test\r\nConnection: close\r\n\r\n')
  const { stream, destination } = await promise
  await until(() => stream.transfer.bytes > MIB || stream._readableState.awaitDrainWriters !== null)
  const body = async () => {
    client.socket.resume()
    const parts = []
    for (let part; (part = await client.inbox.some()) !== null;) parts.push(Buffer.from(part))
    client.destroy()
    const received = Buffer.concat(parts)
    return isNet ? received : bodyOf(received)
  }
  return { stream, destination, body }
}

function deferred() {
  let resolve
  const promise = new Promise((settle) => {
    resolve = settle
  })
  return { promise, resolve }
}

/** The body of a chunked response, as far as it came. */
function bodyOf(received) {
  const parts = []
  let at = received.indexOf('\r\n\r\n') + 4
  for (;;) {
    const begin = received.indexOf('\r\n', at) + 2
    const size = parseInt(received.toString('latin1', at, begin), 16)
    if (!(size > 0)) return Buffer.concat(parts)
    parts.push(received.subarray(begin, begin + size))
    at = begin + size + 2
  }
}

for (const isNet of [false, true]) {
  for (const [what, act, extra] of [
    ['an empty push', (stream) => stream.push(''), 0],
    ['a push of bytes', (stream) => stream.push('#'), 1],
    ['bytes that are put back', (stream) => stream.unshift('#'), 1],
  ]) {
    test(`${what} in the middle: nothing else moves (socket: ${isNet})`, async (t) => {
      const { stream, body } = await standingStill(t, isNet)
      act(stream)
      const received = await body()
      assert.equal(received.length, content.length + extra)
      assert.equal(sha256(received.filter((byte) => byte !== 0x23)), sha256(content))
    })
  }

  for (const [what, act] of [
    ['removeAllListeners("data")', (stream) => stream.removeAllListeners('data')],
    ['off("data")', (stream) => stream.off('data', stream.listeners('data')[0])],
  ]) {
    // Node never reads on once the destination was full.
    const skip = engine === 'javascript' && 'Node stops for ever'
    test(`${what} in the middle: the rest is dropped (socket: ${isNet})`, { skip }, async (t) => {
      const { stream, body } = await standingStill(t, isNet)
      act(stream)
      const received = await body()
      assert.ok(received.length < content.length, `${received.length} bytes`)
      assert.ok(received.equals(content.subarray(0, received.length)))
      assert.equal(stream.bytesRead, content.length)
    })
  }

  test(`methods that are put on a socket in the middle stay there (socket: ${isNet})`, async (t) => {
    const { stream, destination, body } = await standingStill(t, isNet)
    const { socket = destination } = destination
    const names = ['setTimeout', '_writeGeneric', '_final', '_destroy']
    const calls = []
    for (const name of names) {
      const before = socket[name]
      socket[name] = function (...args) {
        calls.push(name)
        return before.apply(this, args)
      }
    }
    const mine = names.map((name) => socket[name])
    const closed = once(socket, 'close')
    stream.on('end', () => {
      for (const [i, name] of names.entries()) assert.equal(socket[name], mine[i])
      socket.setTimeout(60_000)
    })
    assert.equal(sha256(await body()), sha256(content))
    await closed
    assert.ok(calls.includes('setTimeout') && calls.includes('_destroy'), String(calls))
  })
}

test("a hook of headers that throws is called once, and its error is Node's", () => {
  const small = newPath('small')
  fs.writeFileSync(small, 'text')
  const outcomeOf = (library) =>
    valueOf(`
      const http = require('node:http')
      const net = require('node:net')
      const onHeaders = require(${JSON.stringify(require.resolve('on-headers'))})
      const { createReadStream } = require(${JSON.stringify(library)})
      const log = []
      process.on('uncaughtException', ({ code, message }) => log.push(code ?? message))
      const server = http.createServer((request, response) => {
        if (request.url === '/hook') {
          onHeaders(response, () => {
            log.push('hook')
            response.setHeader('X-User', 'a\\nb')
          })
        } else {
          response.writeHead = () => {
            log.push('writeHead')
            throw new Error('on purpose')
          }
        }
        createReadStream(${JSON.stringify(small)}).pipe(response)
      })
      const ask = (path) => new Promise((resolve) => {
        const socket = net.connect(server.address().port)
        socket.on('data', (data) => log.push(String(data).slice(0, 12)))
        socket.on('close', resolve)
        socket.write('GET ' + path + ' HTTP/1.1\\r\\nHost: test\\r\\n\\r\\n')
        setTimeout(() => socket.destroy(), 150)
      })
      server.listen(0, async () => {
        await ask('/hook')
        await ask('/writeHead')
        console.log(JSON.stringify(log))
        process.exit()
      })`)
  const nodes = outcomeOf('node:fs')
  assert.deepEqual(outcomeOf('millrace'), nodes)
  assert.deepEqual(
    nodes.filter((entry) => entry.startsWith('HTTP/')),
    [],
  )
})
