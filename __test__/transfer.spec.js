'use strict'

// The bytes: every size, range and framing, from the file to a TCP client.

const assert = require('node:assert/strict')
const { once } = require('node:events')
const fs = require('node:fs')
const net = require('node:net')
const { test } = require('node:test')
const { pipeline } = require('node:stream')
const { pipeline: pipelineAsync } = require('node:stream/promises')

const { createReadStream } = require('..')
const { engine } = require('../lib/native.js')
const { bytes, makeFile, newPath, sha256 } = require('./helpers/files.js')
const { serveHttp, serveNet } = require('./helpers/server.js')

const isNative = engine !== 'javascript'
const MIB = 2 ** 20

/**
 * Waits for the stream to close, and sees that its bytes went natively: all of
 * them, or all but a first chunk that was not in memory.
 */
async function assertCarried(stream, size) {
  if (!stream.closed) await once(stream, 'close')
  assert.equal(stream.bytesRead, size)
  const { mode, bytes: carried, reason } = stream.transfer
  if (!isNative) {
    assert.equal(reason, 'engine-javascript')
  } else if (size > 0 && !(reason === 'cold' && size <= 65_536)) {
    assert.equal(mode, 'native', reason)
    assert.ok(carried === size || carried === size - 65_536, `${carried} of ${size}`)
  }
}

const sizes = [
  0,
  1,
  1024,
  16 * 1024,
  16 * 1024 + 1,
  65_535,
  65_536,
  65_537,
  MIB,
  MIB + 1,
  5 * MIB + 3,
]

for (const size of sizes) {
  for (const withLength of [false, true]) {
    const framing = withLength ? 'with a Content-Length' : 'in chunks'
    test(`${size} bytes arrive as they are, ${framing}`, async (t) => {
      const { file, content } = makeFile(size)
      let stream
      const { connect } = await serveHttp(t, (request, response) => {
        if (withLength) response.setHeader('Content-Length', size)
        stream = createReadStream(file)
        stream.pipe(response)
      })
      const client = await connect()
      for (let round = 0; round < 3; round += 1) {
        client.get('/')
        const response = await client.response()
        assert.equal(response.complete, true)
        assert.equal(response.sha256, sha256(content))
        await assertCarried(stream, size)
      }
      client.destroy()
    })
  }
}

test('300 MiB arrive as they are', async (t) => {
  const file = newPath('large.bin')
  const part = bytes(MIB)
  const descriptor = fs.openSync(file, 'w')
  for (let i = 0; i < 300; i += 1) {
    part.writeUInt32LE(i, 0)
    fs.writeSync(descriptor, part)
  }
  fs.closeSync(descriptor)
  const { connect } = await serveHttp(t, (request, response) => {
    createReadStream(file).pipe(response)
  })
  const client = await connect()
  client.get('/')
  const response = await client.response()
  assert.equal(response.length, 300 * MIB)
  const expected = require('node:crypto').createHash('sha256')
  for (let i = 0; i < 300; i += 1) {
    part.writeUInt32LE(i, 0)
    expected.update(part)
  }
  assert.equal(response.sha256, expected.digest('hex'))
  client.destroy()
  fs.unlinkSync(file)
})

test('a range across the 4 GiB line of a sparse file arrives as it is', async (t) => {
  const file = newPath('sparse.bin')
  const line = 2 ** 32
  const mark = bytes(2 * MIB)
  const descriptor = fs.openSync(file, 'w')
  fs.writeSync(descriptor, mark, 0, mark.length, line - MIB)
  fs.ftruncateSync(descriptor, line + 4 * MIB)
  fs.closeSync(descriptor)
  let stream
  const { connect } = await serveHttp(t, (request, response) => {
    stream = createReadStream(file, { start: line - 2 * MIB, end: line + 2 * MIB - 1 })
    response.setHeader('Content-Length', 4 * MIB)
    stream.pipe(response)
  })
  const client = await connect()
  client.get('/')
  const response = await client.response()
  const zeros = Buffer.alloc(MIB)
  assert.equal(response.sha256, sha256(Buffer.concat([zeros, mark, zeros])))
  await assertCarried(stream, 4 * MIB)
  client.destroy()
})

test('start and end mean what they mean to Node', async (t) => {
  const { file, content } = makeFile(200_000)
  const ranges = [
    [{ start: 0, end: 0 }, content.subarray(0, 1)],
    [{ start: 5 }, content.subarray(5)],
    [{ end: 9 }, content.subarray(0, 10)],
    [{ start: 65_536, end: 131_071 }, content.subarray(65_536, 131_072)],
    [{ start: 199_999 }, content.subarray(199_999)],
    [{ start: 200_000 }, Buffer.alloc(0)],
    [{ start: 10 ** 9 }, Buffer.alloc(0)],
    [{ start: 100, end: 10 ** 9 }, content.subarray(100)],
    [{ start: 100, end: Infinity }, content.subarray(100)],
  ]
  let options
  const { connect } = await serveHttp(t, (request, response) => {
    createReadStream(file, options).pipe(response)
  })
  const client = await connect()
  for (const [range, expected] of ranges) {
    options = range
    client.get('/')
    const response = await client.response()
    assert.equal(response.sha256, sha256(expected), JSON.stringify(range))
  }
  client.destroy()
})

test('a hundred requests share one connection', async (t) => {
  const files = [0, 10, 5000, 70_000, 300_000].map((size, seed) => makeFile(size, seed + 1))
  let connections = 0
  const { server, connect } = await serveHttp(t, (request, response) => {
    createReadStream(files[Number(request.url.slice(1))].file).pipe(response)
  })
  server.on('connection', () => (connections += 1))
  const client = await connect()
  for (let i = 0; i < 100; i += 1) {
    client.get(`/${i % files.length}`)
    const response = await client.response()
    assert.equal(response.sha256, sha256(files[i % files.length].content))
  }
  assert.equal(connections, 1)
  client.destroy()
})

test('pipelined requests are answered in order, each with its own file', async (t) => {
  const files = [300_000, 20, 2 * MIB].map((size, seed) => makeFile(size, seed + 1))
  const { connect } = await serveHttp(t, (request, response) => {
    createReadStream(files[Number(request.url.slice(1))].file).pipe(response)
  })
  const client = await connect()
  client.send([0, 1, 2].map((i) => `GET /${i} HTTP/1.1\r\nHost: test\r\n\r\n`).join(''))
  for (const { content } of files) {
    const response = await client.response()
    assert.equal(response.complete, true)
    assert.equal(response.sha256, sha256(content))
  }
  client.destroy()
})

test('an HTTP/1.0 client gets the bytes and then the end of the connection', async (t) => {
  const { file, content } = makeFile(3 * MIB)
  const { connect } = await serveHttp(t, (request, response) => {
    createReadStream(file).pipe(response)
  })
  const client = await connect()
  client.get('/', '', 'GET', '1.0')
  const response = await client.response()
  assert.equal(response.headers['transfer-encoding'], undefined)
  assert.equal(response.sha256, sha256(content))
  assert.equal(await client.inbox.some(), null)
  client.destroy()
})

test('a connection that is to be closed is closed behind the last byte', async (t) => {
  const { file, content } = makeFile(MIB)
  const { connect } = await serveHttp(t, (request, response) => {
    createReadStream(file).pipe(response)
  })
  const client = await connect()
  client.get('/', 'Connection: close\r\n')
  const response = await client.response()
  assert.equal(response.sha256, sha256(content))
  assert.equal(await client.inbox.some(), null)
  client.destroy()
})

for (const [name, status, method] of [
  ['HEAD', 200, 'HEAD'],
  ['204', 204, 'GET'],
  ['304', 304, 'GET'],
]) {
  test(`a response to ${name} has no body, and the connection goes on`, async (t) => {
    const { file, content } = makeFile(100_000)
    const streams = []
    const { connect } = await serveHttp(t, (request, response) => {
      response.statusCode = request.url === '/whole' ? 200 : status
      const stream = createReadStream(file)
      streams.push(stream)
      stream.pipe(response)
    })
    const client = await connect()
    client.get('/', '', method)
    const response = await client.response({ isHead: method === 'HEAD' })
    assert.equal(response.status, status)
    client.get('/whole')
    const whole = await client.response()
    assert.equal(whole.statusLine, 'HTTP/1.1 200 OK', 'nothing stands before it')
    assert.equal(whole.sha256, sha256(content))
    assert.equal(streams[0].bytesRead, content.length, 'the file is read all the same')
    assert.equal(streams[0].transfer.mode, 'javascript')
    assert.equal(streams[0].transfer.bytes, 0)
    client.destroy()
  })
}

test('a pipe with end: false leaves the response to be ended', async (t) => {
  const { file, content } = makeFile(70_000)
  const { connect } = await serveHttp(t, (request, response) => {
    const stream = createReadStream(file)
    stream.pipe(response, { end: false })
    stream.on('end', () => response.end('tail'))
  })
  const client = await connect()
  client.get('/')
  const response = await client.response()
  assert.equal(response.sha256, sha256(Buffer.concat([content, Buffer.from('tail')])))
  client.destroy()
})

test('what is not ended does not wait to be sent', async (t) => {
  for (const size of [1000, 70_000]) {
    const { file } = makeFile(size)
    const { connect } = await serveHttp(t, (request, response) => {
      createReadStream(file).pipe(response, { end: false })
    })
    const client = await connect()
    const start = process.hrtime.bigint()
    client.get('/')
    await client.inbox.until('\r\n\r\n')
    let received = 0
    while (received < size) received += (await client.inbox.some()).length
    // TCP holds a corked packet back for 200 ms.
    assert.ok(Number(process.hrtime.bigint() - start) / 1e6 < 150, 'the last packet came late')
    client.destroy()
  }
})

test('a header without a body does not wait to be sent', { skip: !isNative }, async (t) => {
  const { file } = makeFile(1000)
  const { connect } = await serveHttp(t, (request, response) => {
    response.setHeader('Content-Length', 0)
    createReadStream(file).pipe(response)
  })
  const client = await connect()
  const delays = []
  for (let i = 0; i < 5; i += 1) {
    const start = process.hrtime.bigint()
    client.get('/')
    await client.response()
    delays.push(Number(process.hrtime.bigint() - start) / 1e6)
  }
  assert.ok(Math.min(...delays) < 150, `${delays} ms`)
  client.destroy()
})

test('a Content-Length that is none goes through JavaScript', { skip: !isNative }, async (t) => {
  const { file, content } = makeFile(1000)
  for (const length of ['-5', 'many']) {
    let stream
    const { connect } = await serveHttp(t, (request, response) => {
      response.setHeader('Content-Length', length)
      stream = createReadStream(file)
      stream.pipe(response)
    })
    const client = await connect()
    client.get('/', 'Connection: close\r\n')
    const wire = await client.rest()
    assert.ok(wire.body.subarray(-1000).equals(content))
    assert.equal(stream.transfer.bytes, 0)
    client.destroy()
  }
})

for (const withLength of [false, true]) {
  test(`two files go into one response, ${withLength ? 'with' : 'without'} a Content-Length`, async (t) => {
    const first = makeFile(200_000, 1)
    const second = makeFile(900, 2)
    const { connect } = await serveHttp(t, (request, response) => {
      if (withLength) response.setHeader('Content-Length', 200_900)
      const stream = createReadStream(first.file)
      stream.pipe(response, { end: false })
      stream.on('end', () => createReadStream(second.file).pipe(response))
    })
    const client = await connect()
    for (let round = 0; round < 2; round += 1) {
      client.get('/')
      const response = await client.response()
      assert.equal(response.complete, true)
      assert.equal(response.sha256, sha256(Buffer.concat([first.content, second.content])))
    }
    client.destroy()
  })
}

test('bytes written before the pipe come first', async (t) => {
  const { file, content } = makeFile(500_000)
  const { connect } = await serveHttp(t, (request, response) => {
    response.write('head')
    createReadStream(file).pipe(response)
  })
  const client = await connect()
  client.get('/')
  const response = await client.response()
  assert.equal(response.sha256, sha256(Buffer.concat([Buffer.from('head'), content])))
  client.destroy()
})

test('trailers follow the body', async (t) => {
  const { file, content } = makeFile(60_000)
  const { connect } = await serveHttp(t, (request, response) => {
    response.setHeader('Trailer', 'X-After')
    const stream = createReadStream(file)
    stream.prependListener('end', () => response.addTrailers({ 'X-After': 'yes' }))
    stream.pipe(response)
  })
  const client = await connect()
  client.get('/', 'Connection: close\r\n')
  const wire = await client.rest()
  assert.ok(wire.body.includes(content))
  assert.ok(wire.body.toString('latin1').endsWith('0\r\nX-After: yes\r\n\r\n'))
  client.destroy()
})

test('a slow reader gets every byte', async (t) => {
  const { file, content } = makeFile(8 * MIB)
  const { connect } = await serveHttp(t, (request, response) => {
    createReadStream(file).pipe(response)
  })
  const client = await connect()
  // Reads stop and go: the socket's buffers fill, and drain.
  let pauses = 0
  client.socket.on('data', () => {
    if (pauses++ % 8 === 0) {
      client.socket.pause()
      setImmediate(() => client.socket.resume())
    }
  })
  client.get('/')
  const response = await client.response()
  assert.equal(response.sha256, sha256(content))
  client.destroy()
})

test('a header of 16 MB goes out before the body', async (t) => {
  const { file, content } = makeFile(300_000)
  const value = 'x'.repeat(16 * 1024 * 1024)
  const { connect } = await serveHttp(t, (request, response) => {
    response.setHeader('X-Large', value)
    createReadStream(file).pipe(response)
  })
  const client = await connect()
  client.get('/')
  const response = await client.response()
  assert.equal(response.headers['x-large'], value)
  assert.equal(response.sha256, sha256(content))
  client.destroy()
})

test('header values keep their bytes', async (t) => {
  const { file } = makeFile(1000)
  const { connect } = await serveHttp(t, (request, response) => {
    response.setHeader('X-Name', 'caf\u00e9')
    createReadStream(file).pipe(response)
  })
  const client = await connect()
  client.get('/')
  assert.equal((await client.response()).headers['x-name'], 'caf\u00e9')
  client.destroy()
})

test('stream.pipeline carries a file and calls back', async (t) => {
  const { file, content } = makeFile(2 * MIB)
  const results = []
  const { connect } = await serveHttp(t, (request, response) => {
    const stream = createReadStream(file)
    const done = (error) => results.push(error ?? stream.transfer.mode)
    if (request.url === '/callback') pipeline(stream, response, done)
    else pipelineAsync(stream, response).then(done, done)
  })
  const client = await connect()
  for (const path of ['/callback', '/promise']) {
    client.get(path)
    assert.equal((await client.response()).sha256, sha256(content))
  }
  client.get('/callback')
  await client.response()
  assert.deepEqual(results.slice(0, 2), Array(2).fill(isNative ? 'native' : 'javascript'))
  client.destroy()
})

for (const size of [10, 65_536, 3 * MIB]) {
  test(`${size} bytes go to a TCP socket and a Unix socket as they are`, async (t) => {
    const { file, content } = makeFile(size)
    for (const address of [undefined, { path: newPath('socket') }]) {
      let stream
      const { connect } = await serveNet(
        t,
        (socket) => {
          stream = createReadStream(file)
          stream.pipe(socket)
        },
        { address },
      )
      const client = await connect()
      assert.equal((await client.rest()).sha256, sha256(content))
      await assertCarried(stream, size)
      client.destroy()
    }
  })
}

test('an HTTP server on a Unix socket carries files', async (t) => {
  const { file, content } = makeFile(MIB)
  let stream
  const { connect } = await serveHttp(
    t,
    (request, response) => {
      stream = createReadStream(file)
      stream.pipe(response)
    },
    { address: { path: newPath('socket') } },
  )
  const client = await connect()
  client.get('/')
  assert.equal((await client.response()).sha256, sha256(content))
  await assertCarried(stream, MIB)
  client.destroy()
})

test('a descriptor given by number is sent from its own offset, and moves it', async (t) => {
  const { file, content } = makeFile(100_000)
  let after
  const { connect } = await serveHttp(t, (request, response) => {
    const descriptor = fs.openSync(file)
    fs.readSync(descriptor, Buffer.alloc(40_000))
    const stream = createReadStream(null, { fd: descriptor, autoClose: false, end: 49_999 })
    stream.pipe(response)
    response.on('finish', () => {
      const next = Buffer.alloc(4)
      fs.readSync(descriptor, next)
      after = next
      fs.closeSync(descriptor)
    })
  })
  const client = await connect()
  client.get('/')
  assert.equal((await client.response()).sha256, sha256(content.subarray(40_000, 90_000)))
  client.get('/')
  await client.response()
  assert.deepEqual(after, content.subarray(90_000, 90_004))
  client.destroy()
})

test('a descriptor that is sent from a start keeps its own offset', async (t) => {
  // Those that are sent at once, as one buffer and as none, and by the pump.
  for (const size of [1000, 40_000, 300_000]) {
    const { file, content } = makeFile(size)
    const descriptor = fs.openSync(file)
    fs.readSync(descriptor, Buffer.alloc(100))
    const { connect } = await serveHttp(t, (request, response) => {
      createReadStream(null, { fd: descriptor, autoClose: false, start: 10 }).pipe(response)
    })
    const client = await connect()
    client.get('/')
    assert.equal((await client.response()).sha256, sha256(content.subarray(10)))
    const next = Buffer.alloc(4)
    fs.readSync(descriptor, next)
    assert.deepEqual(next, content.subarray(100, 104))
    client.destroy()
    fs.closeSync(descriptor)
  }
})

test('a descriptor of which all is sent has its offset at the end', async (t) => {
  for (const size of [1000, 40_000, 300_000]) {
    const { file, content } = makeFile(size)
    const descriptor = fs.openSync(file)
    let ended
    const { connect } = await serveHttp(t, (request, response) => {
      const stream = createReadStream(null, { fd: descriptor, autoClose: false })
      stream.pipe(response)
      ended = once(stream, 'end')
    })
    const client = await connect()
    client.get('/')
    assert.equal((await client.response()).sha256, sha256(content))
    await ended
    fs.appendFileSync(file, 'more')
    const next = Buffer.alloc(5)
    assert.equal(fs.readSync(descriptor, next), 4)
    assert.equal(next.toString('latin1', 0, 4), 'more')
    client.destroy()
    fs.closeSync(descriptor)
  }
})

test('a socket that is still connecting gets the rest natively', async (t) => {
  const { file, content } = makeFile(8 * MIB)
  let received
  const { address } = await serveNet(t, (socket) => {
    received = socket.toArray()
  })
  const stream = createReadStream(file)
  const socket = net.connect(address)
  assert.ok(socket.connecting)
  await pipelineAsync(stream, socket)
  assert.equal(sha256(Buffer.concat(await received)), sha256(content))
  if (isNative) {
    assert.equal(stream.transfer.mode, 'native', stream.transfer.reason)
    assert.ok(stream.transfer.bytes > 4 * MIB)
  }
})
