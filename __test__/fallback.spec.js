'use strict'

// Whatever may not be carried natively goes through JavaScript: the same
// bytes, and `stream.transfer` says why.

const assert = require('node:assert/strict')
const { execFileSync } = require('node:child_process')
const { once } = require('node:events')
const fs = require('node:fs')
const http = require('node:http')
const http2 = require('node:http2')
const https = require('node:https')
const net = require('node:net')
const { test } = require('node:test')
const { PassThrough, Transform, Writable } = require('node:stream')
const tls = require('node:tls')
const zlib = require('node:zlib')

const { createReadStream } = require('..')
const { engine } = require('../lib/native.js')
const { certificate } = require('./helpers/certificate.js')
const { bytes, makeFile, newPath, sha256 } = require('./helpers/files.js')
const { serveHttp, listen, until } = require('./helpers/server.js')

const { file, content } = makeFile(300_000)
const expected = sha256(content)

/** `stream.transfer.reason` of a stream that was not sent natively at all. */
function assertReason(stream, reason) {
  assert.equal(stream.transfer.bytes, 0)
  assert.equal(stream.transfer.mode, 'javascript')
  assert.equal(stream.transfer.reason, engine === 'javascript' ? 'engine-javascript' : reason)
}

async function collect(stream) {
  const parts = []
  for await (const part of stream) parts.push(part)
  return Buffer.concat(parts)
}

/** One GET of a plain server whose handler returns the stream it pipes. */
async function get(t, handler, { headers = '', path = '/' } = {}) {
  let stream
  const { connect } = await serveHttp(t, (request, response) => {
    stream = handler(response, request)
  })
  const client = await connect()
  client.get(path, headers)
  const response = await client.response()
  client.destroy()
  return { stream, response }
}

test('HTTPS: no byte goes out in the clear', async (t) => {
  let stream
  const server = https.createServer(certificate(), (request, response) => {
    stream = createReadStream(file)
    stream.pipe(response)
  })
  const { address } = await listen(t, server)
  const request = https.get({ ...address, rejectUnauthorized: false, agent: false })
  const [response] = await once(request, 'response')
  assert.equal(sha256(await collect(response)), expected)
  assertReason(stream, 'tls')
})

test('a TLS socket: no byte goes out in the clear', async (t) => {
  let stream
  const server = tls.createServer(certificate(), (socket) => {
    stream = createReadStream(file)
    stream.pipe(socket)
  })
  const { address } = await listen(t, server)
  const client = tls.connect({ ...address, rejectUnauthorized: false })
  assert.equal(sha256(await collect(client)), expected)
  assertReason(stream, 'tls')
})

for (const kind of ['h2c', 'h2']) {
  test(`HTTP/2 (${kind}): frames are Node's`, async (t) => {
    const handler = (request, response) => {
      stream = createReadStream(file)
      stream.pipe(response)
    }
    let stream
    const server =
      kind === 'h2c'
        ? http2.createServer(handler)
        : http2.createSecureServer(certificate(), handler)
    const { address } = await listen(t, server)
    const scheme = kind === 'h2c' ? 'http' : 'https'
    const session = http2.connect(`${scheme}://127.0.0.1:${address.port}`, {
      rejectUnauthorized: false,
    })
    t.after(() => session.destroy())
    assert.equal(sha256(await collect(session.request({ ':path': '/' }))), expected)
    assertReason(stream, 'destination-kind')
  })
}

test('a Transform, a PassThrough, gzip, a file, a Writable of one’s own', async () => {
  for (const make of [
    () => new PassThrough(),
    () =>
      new Transform({
        transform(chunk, encoding, callback) {
          callback(null, chunk)
        },
      }),
  ]) {
    const stream = createReadStream(file)
    assert.equal(sha256(await collect(stream.pipe(make()))), expected)
    assertReason(stream, 'destination-kind')
  }
  const zipped = createReadStream(file)
  assert.equal(sha256(zlib.gunzipSync(await collect(zipped.pipe(zlib.createGzip())))), expected)
  assertReason(zipped, 'destination-kind')

  const copy = newPath('copy')
  const copied = createReadStream(file)
  await once(copied.pipe(fs.createWriteStream(copy)), 'finish')
  assert.equal(sha256(fs.readFileSync(copy)), expected)

  const parts = []
  const sink = new Writable({
    write(chunk, encoding, callback) {
      parts.push(chunk)
      callback()
    },
  })
  await once(createReadStream(file).pipe(sink), 'finish')
  assert.equal(sha256(Buffer.concat(parts)), expected)
})

test('a response whose write is another’s, as compression’s is', async (t) => {
  const seen = []
  const { stream, response } = await get(t, (response) => {
    const { write } = response
    response.write = function (chunk, ...rest) {
      seen.push(chunk)
      return write.call(this, chunk, ...rest)
    }
    return createReadStream(file).on('close', () => {}) && pipeTo(createReadStream(file), response)
  })
  assert.equal(response.sha256, expected)
  assert.equal(sha256(Buffer.concat(seen)), expected)
  assertReason(stream, 'patched-destination')
})

function pipeTo(stream, destination) {
  stream.pipe(destination)
  return stream
}

test('a socket whose write is another’s', async (t) => {
  let seen = 0
  const { stream, response } = await get(t, (response) => {
    const { socket } = response
    const { write } = socket
    socket.write = function (...args) {
      seen += 1
      return write.apply(this, args)
    }
    return pipeTo(createReadStream(file), response)
  })
  assert.equal(response.sha256, expected)
  assert.ok(seen > 0)
  assertReason(stream, 'patched-destination')
})

const sources = {
  'data-listener': (stream) => stream.on('data', () => {}),
  encoding: (stream) => stream.setEncoding('latin1'),
  'native-false': null,
  'custom-fs': null,
  'several-destinations': (stream) => stream.pipe(new PassThrough()).resume(),
}

for (const [reason, prepare] of Object.entries(sources)) {
  test(`a source with ${reason}`, async (t) => {
    const options = {
      'native-false': { native: false },
      'custom-fs': { fs: { open: fs.open, read: fs.read, close: fs.close } },
    }[reason]
    const { stream, response } = await get(t, (response) => {
      const stream = createReadStream(file, options)
      stream.pipe(response)
      prepare?.(stream)
      return stream
    })
    const wanted =
      reason === 'encoding' ? sha256(Buffer.from(content.toString('latin1'))) : expected
    assert.equal(response.sha256, wanted)
    assertReason(stream, reason)
  })
}

test('a FileHandle', async (t) => {
  const handle = await fs.promises.open(file)
  const { stream, response } = await get(t, (response) =>
    pipeTo(createReadStream(null, { fd: handle }), response),
  )
  assert.equal(response.sha256, expected)
  assertReason(stream, 'file-handle')
})

test('an fs.read that was replaced', async (t) => {
  const { read } = fs
  t.after(() => {
    fs.read = read
  })
  let calls = 0
  fs.read = (...args) => {
    calls += 1
    return read(...args)
  }
  const { stream, response } = await get(t, (response) => pipeTo(createReadStream(file), response))
  assert.equal(response.sha256, expected)
  assert.ok(calls > 0)
  assertReason(stream, 'patched-fs')
})

test('a file of /proc, whose size is 0', async (t) => {
  const { stream, response } = await get(t, (response) =>
    pipeTo(createReadStream('/proc/self/status'), response),
  )
  assert.match(response.body.toString(), /^Name:/)
  assertReason(stream, 'empty')
})

test('a file of /sys, whose size is a page and whose content is not', async (t) => {
  for (let i = 0; i < 3; i += 1) {
    const { stream, response } = await get(t, (response) =>
      pipeTo(createReadStream('/sys/class/net/lo/mtu'), response),
    )
    assert.equal(response.complete, true)
    assert.equal(response.body.toString(), fs.readFileSync('/sys/class/net/lo/mtu', 'utf8'))
    assert.equal(stream.transfer.bytes, 0)
  }
})

test('a listener of data in the place of the pipe’s own', async (t) => {
  const parts = []
  const { stream, response } = await get(t, (response) => {
    const stream = pipeTo(createReadStream(file), response)
    stream.removeAllListeners('data')
    stream.on('data', (part) => parts.push(part))
    return stream
  })
  assert.equal(response.length, 0)
  assert.equal(sha256(Buffer.concat(parts)), expected)
  assertReason(stream, 'data-listener')
})

test('a FIFO: its writer is neither woken early nor cut off', async (t) => {
  const fifo = newPath('fifo')
  execFileSync('mkfifo', [fifo])
  const writing = fs.promises.writeFile(fifo, content)
  const { stream, response } = await get(t, (response) => pipeTo(createReadStream(fifo), response))
  await writing
  assert.equal(response.sha256, expected)
  assertReason(stream, 'not-a-regular-file')
})

test('a path that was a regular file and became a FIFO', async (t) => {
  const changing = newPath('changing')
  fs.writeFileSync(changing, content)
  const first = await get(t, (response) => pipeTo(createReadStream(changing), response))
  assert.equal(first.response.sha256, expected)
  fs.unlinkSync(changing)
  execFileSync('mkfifo', [changing])
  // Reads and writes, so that it is never without a reader: the first that
  // comes may be gone again before the second is there.
  const both = await fs.promises.open(changing, 'r+')
  const fed = both.writeFile(content).finally(() => both.close())
  const second = await get(t, (response) => pipeTo(createReadStream(changing), response))
  await fed
  assert.equal(second.response.sha256, expected)
  assertReason(second.stream, 'not-a-regular-file')
})

test('a character device', async (t) => {
  const { stream, response } = await get(t, (response) =>
    pipeTo(createReadStream('/dev/zero', { end: 99_999 }), response),
  )
  assert.equal(response.sha256, sha256(Buffer.alloc(100_000)))
  assertReason(stream, 'not-a-regular-file')
})

test('a plain pipe as the destination', async () => {
  const { spawn } = require('node:child_process')
  const script = `require(${JSON.stringify(require.resolve('..'))})
    .createReadStream(${JSON.stringify(file)}).pipe(process.stdout)`
  const child = spawn(process.execPath, ['-e', script], { stdio: ['ignore', 'pipe', 'inherit'] })
  assert.equal(sha256(await collect(child.stdout)), expected)
})

test('a socket that is not connected yet', async (t) => {
  const received = []
  const server = net.createServer((socket) => socket.on('data', (part) => received.push(part)))
  const { address } = await listen(t, server)
  const socket = net.connect(address)
  const stream = createReadStream(file)
  stream.pipe(socket)
  await once(stream, 'close')
  await until(() => sha256(Buffer.concat(received)) === expected)
})

test('a mock of a response', async () => {
  class Mock extends http.ServerResponse {
    parts = []
    write(chunk) {
      this.parts.push(chunk)
      return true
    }
    end() {
      this.emit('mocked')
    }
  }
  const mock = new Mock({ method: 'GET', httpVersionMajor: 1, httpVersionMinor: 1 })
  const stream = createReadStream(file)
  stream.pipe(mock)
  await once(mock, 'mocked')
  assert.equal(sha256(Buffer.concat(mock.parts)), expected)
  assertReason(stream, 'patched-destination')
})

test('the permission model: what it forbids stays forbidden', () => {
  const flag = process.allowedNodeEnvironmentFlags.has('--permission')
    ? '--permission'
    : '--experimental-permission'
  const script = `
    const { createReadStream } = require(${JSON.stringify(require.resolve('..'))})
    const stream = createReadStream(${JSON.stringify(file)})
    stream.on('error', (error) => console.log(error.code, stream.transfer.reason))
    stream.resume()`
  const output = execFileSync(
    process.execPath,
    [flag, `--allow-fs-read=${require('node:path').join(__dirname, '..')}/*`, '-e', script],
    {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
      env: { ...process.env, MILLRACE_ENGINE: '' },
    },
  )
  assert.match(output, /^ERR_ACCESS_DENIED/)
})

const prototypes = {
  'a response’s write': "require('http').OutgoingMessage.prototype, 'write'",
  'a response’s _send': "require('http').OutgoingMessage.prototype, '_send'",
  'a socket’s write': "require('net').Socket.prototype, 'write'",
  'a socket’s _writeGeneric': "require('net').Socket.prototype, '_writeGeneric'",
  'push of streams': "require('stream').Readable.prototype, 'push'",
  'emit of everything': "require('events').prototype, 'emit'",
  '_read of file streams': "require('fs').ReadStream.prototype, '_read'",
  'fs.read': "require('fs'), 'read'",
}

for (const [name, target] of Object.entries(prototypes)) {
  test(`${name}, replaced for the whole process before or after`, () => {
    for (const when of ['before', 'after']) {
      const script = `
        const http = require('http')
        const replace = () => {
          const [holder, name] = [${target}]
          const original = holder[name]
          holder[name] = function (...args) { return original.apply(this, args) }
        }
        if (${when === 'before'}) replace()
        const { createReadStream } = require(${JSON.stringify(require.resolve('..'))})
        if (${when === 'after'}) replace()
        let stream
        const server = http.createServer((request, response) => {
          stream = createReadStream(${JSON.stringify(file)})
          stream.pipe(response)
        }).listen(0, () => {
          http.get({ port: server.address().port, agent: false }, (response) => {
            const hash = require('crypto').createHash('sha256')
            response.on('data', (part) => hash.update(part)).on('end', () => {
              console.log(hash.digest('hex'), stream.transfer.bytes, stream.transfer.mode)
              server.close()
            })
          })
        })`
      const output = execFileSync(process.execPath, ['-e', script], { encoding: 'utf8' })
      assert.equal(output.trim(), `${expected} 0 javascript`, when)
    }
  })
}

test('timers that are replaced by a test do not hold a stream up', async (t) => {
  t.mock.timers.enable({ apis: ['setTimeout', 'setInterval', 'setImmediate'] })
  const parts = []
  for await (const part of createReadStream(file)) parts.push(part)
  assert.equal(sha256(Buffer.concat(parts)), expected)
})

test('a stream that was never piped has no mode', async () => {
  const stream = createReadStream(file)
  assert.deepEqual(stream.transfer, { mode: null, engine: null, bytes: 0, reason: null })
  assert.equal(sha256(await collect(stream)), expected)
})

test(
  'a cold file starts in JavaScript and goes on natively',
  { skip: engine === 'javascript' },
  async (t) => {
    const size = 8 * 2 ** 20
    const cold = newPath('cold')
    fs.writeFileSync(cold, bytes(size))
    const handle = fs.openSync(cold)
    fs.fsyncSync(handle)
    fs.closeSync(handle)
    // posix_fadvise(POSIX_FADV_DONTNEED), by the tool that has it.
    execFileSync('dd', [`if=${cold}`, 'iflag=nocache', 'count=0', 'status=none'])
    const { stream, response } = await get(t, (response) =>
      pipeTo(createReadStream(cold), response),
    )
    assert.equal(response.sha256, sha256(bytes(size)))
    await until(() => stream.closed)
    assert.equal(stream.transfer.mode, 'native')
    assert.ok(stream.transfer.bytes >= size - 65_536)
  },
)
