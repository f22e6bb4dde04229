'use strict'

// Clients that go away, stand still or cheat, and files that change: nothing
// leaks, nobody else notices, nobody is lied to.

const assert = require('node:assert/strict')
const { fork, spawn } = require('node:child_process')
const { once } = require('node:events')
const fs = require('node:fs')
const http = require('node:http')
const path = require('node:path')
const { test } = require('node:test')
const { pipeline } = require('node:stream')

const { createReadStream } = require('..')
const { engine } = require('../lib/native.js')
const { descriptorsOn, makeFile, newPath, openDescriptors, sha256 } = require('./helpers/files.js')
const { Client } = require('./helpers/client.js')
const { listen, serveHttp, serveNet, until } = require('./helpers/server.js')

const isNative = engine !== 'javascript'
const MIB = 2 ** 20
const { file, content } = makeFile(16 * MIB)
const small = makeFile(3000, 9)

/** A server whose client may go at any time, and what it had to say. */
async function hostOf(t, source = file, options = undefined) {
  const seen = { errors: [], streams: new Set() }
  const host = await serveHttp(t, (request, response) => {
    const from = request.url === '/small' ? small.file : source
    const stream = createReadStream(from, options)
    seen.streams.add(stream)
    stream.on('close', () => seen.streams.delete(stream))
    if (request.url === '/pipeline') pipeline(stream, response, () => {})
    else stream.pipe(response)
  })
  host.server.on('clientError', (error, socket) => {
    seen.errors.push(error)
    socket.destroy()
  })
  return { ...host, seen }
}

async function probe(connect) {
  const client = await connect()
  client.get('/small')
  const { sha256: hash } = await client.response()
  client.destroy()
  assert.equal(hash, sha256(small.content))
}

test('2,000 clients that leave at various moments leave no descriptor behind', async (t) => {
  const { connect, seen } = await hostOf(t)
  // The first long transfer opens what all of them share.
  const first = await connect()
  first.get('/')
  assert.equal((await first.response()).sha256, sha256(content))
  first.destroy()
  await until(() => seen.streams.size === 0)
  // The pump may start another thread, whose epoll stays.
  const count = () => openDescriptors().filter((target) => !target.startsWith('anon_inode')).length
  const before = count()
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
  await until(() => count() <= before, 'the sockets to close')
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
    assert.equal(descriptorsOn(file), 0)
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
  assert.equal(descriptorsOn(file), 0)
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
    assert.equal(descriptorsOn(file), 0)
  }
})

test('1,000 clients that stand still: the server answers others, with few threads', async (t) => {
  const server = fork(path.join(__dirname, 'helpers', 'stalled-server.js'), [file, small.file])
  t.after(() => server.kill())
  const [{ port }] = await once(server, 'message')
  const connect = () => Client.connect({ port, host: '127.0.0.1' })
  const clients = []
  for (let i = 0; i < 1000; i += 1) {
    const client = await connect()
    client.get('/')
    client.socket.pause()
    clients.push(client)
  }
  const count = (what) =>
    Number(/\d+/.exec(status(server.pid).match(new RegExp(`^${what}:.*$`, 'm'))))
  await until(() => fs.readdirSync(`/proc/${server.pid}/fd`).length > 2000, 'all to be served')
  const start = process.hrtime.bigint()
  for (let i = 0; i < 20; i += 1) await probe(connect)
  assert.ok(Number(process.hrtime.bigint() - start) / 1e6 / 20 < 250, 'a probe took too long')
  // Node's own, ours and V8's: a thread a client would be 1,000.
  assert.ok(count('Threads') < 40)
  for (const client of clients) client.destroy()
  await until(() => fs.readdirSync(`/proc/${server.pid}/fd`).length < 100, 'all to be closed')
  await probe(connect)
  server.kill()
  await once(server, 'exit')
})

function status(pid) {
  return fs.readFileSync(`/proc/${pid}/status`, 'utf8')
}

test(
  'a file cut short in flight ends the connection, and its error can be heard',
  { skip: !isNative },
  async (t) => {
    for (const withLength of [false, true]) {
      for (const listens of [false, true]) {
        const cut = newPath('cut')
        fs.writeFileSync(cut, content)
        let error
        let stream
        const { connect } = await serveHttp(t, (request, response) => {
          stream = createReadStream(cut)
          if (withLength) response.setHeader('Content-Length', content.length)
          if (listens) stream.on('error', (heard) => (error = heard))
          stream.pipe(response)
        })
        const client = await connect()
        client.get('/')
        await client.inbox.some(1)
        client.socket.pause()
        await until(() => stream.transfer.bytes > 0)
        fs.truncateSync(cut, stream.transfer.bytes + 10)
        client.socket.resume()
        const response = await client.response()
        assert.equal(response.complete, false)
        assert.ok(response.length < content.length)
        await until(() => stream.closed)
        assert.equal(error?.code, listens ? 'ERR_MILLRACE_CUT_SHORT' : undefined)
        assert.equal(descriptorsOn(cut), 0)
      }
    }
  },
)

test(
  'a file shorter than its Content-Length ends the connection behind its last byte',
  { skip: !isNative },
  async (t) => {
    const { connect } = await serveHttp(t, (request, response) => {
      response.setHeader('Content-Length', small.content.length + 1)
      if (request.url === '/pipeline') pipeline(createReadStream(small.file), response, () => {})
      else createReadStream(small.file).pipe(response)
    })
    for (const url of ['/', '/pipeline']) {
      const client = await connect()
      client.get(url)
      const response = await client.response()
      assert.equal(response.complete, false)
      assert.equal(response.sha256, sha256(small.content))
    }
  },
)

test(
  'a file longer than its Content-Length does not run into the next response',
  { skip: !isNative },
  async (t) => {
    const { connect } = await serveHttp(t, (request, response) => {
      response.setHeader('Content-Length', 1000)
      createReadStream(request.url === '/large' ? file : small.file).pipe(response)
    })
    const client = await connect()
    for (const [url, whole] of [
      ['/large', content],
      ['/small', small.content],
      ['/large', content],
    ]) {
      client.get(url)
      const response = await client.response()
      assert.equal(response.sha256, sha256(whole.subarray(0, 1000)))
    }
    client.destroy()
  },
)

test('a file that grows in flight is sent to its new end in chunks, to its old with a length', async (t) => {
  for (const withLength of [false, true]) {
    const growing = newPath('growing')
    fs.writeFileSync(growing, content)
    let stream
    const { connect } = await serveHttp(t, (request, response) => {
      if (request.url === '/small') {
        createReadStream(small.file).pipe(response)
        return
      }
      stream = createReadStream(growing)
      if (withLength) response.setHeader('Content-Length', content.length)
      stream.pipe(response)
    })
    const client = await connect()
    client.get('/')
    await client.inbox.some(1)
    client.socket.pause()
    if (isNative) await until(() => stream.transfer.bytes > 0)
    fs.appendFileSync(growing, 'more')
    client.socket.resume()
    const response = await client.response()
    // Node's own reads send what is there, whatever was promised.
    if (isNative || !withLength) {
      const whole = withLength ? content : Buffer.concat([content, Buffer.from('more')])
      assert.equal(response.sha256, sha256(whole))
      client.get('/small')
      assert.equal((await client.response()).sha256, sha256(small.content))
    }
    client.destroy()
  }
})

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
  await client.inbox.some(1)
  client.socket.end()
  const { length } = await client.rest()
  // Node ends its side too, behind what is on its way.
  assert.ok(length <= content.length + 1000)
})

test('a process with a transfer in flight exits when it is told to', async () => {
  for (const [how, code] of [
    ['process.exit(7)', 7],
    ['throw new Error("on purpose")', 1],
    ['process.kill(process.pid, "SIGTERM")', null],
  ]) {
    const script = `
      const http = require('node:http')
      const net = require('node:net')
      const { createReadStream } = require(${JSON.stringify(require.resolve('..'))})
      const server = http.createServer((request, response) => {
        createReadStream(${JSON.stringify(file)}).pipe(response)
      }).listen(0, () => {
        for (let i = 0; i < 20; i += 1) {
          const client = net.connect(server.address().port)
          client.write('GET / HTTP/1.1\\r\\nHost: x\\r\\n\\r\\n')
          client.once('data', () => {
            client.pause()
            if (i === 19) { ${how} }
          })
        }
      })`
    const child = spawn(process.execPath, ['-e', script], { stdio: 'ignore' })
    const [exitCode, signal] = await once(child, 'exit')
    assert.equal(exitCode, code)
    assert.equal(signal, code === null ? 'SIGTERM' : null)
  }
})

test('a process ends by itself when its last transfer has', async () => {
  const script = `
    const http = require('node:http')
    const { createReadStream } = require(${JSON.stringify(require.resolve('..'))})
    const server = http.createServer((request, response) => {
      createReadStream(${JSON.stringify(file)}).pipe(response)
    }).listen(0, () => {
      http.get({ port: server.address().port, agent: false }, (response) => {
        response.resume().on('end', () => server.close())
      })
    })`
  const child = spawn(process.execPath, ['-e', script], { stdio: 'ignore' })
  const [code] = await once(child, 'exit')
  assert.equal(code, 0)
})

test('a worker that is terminated with transfers in flight takes nothing with it', async (t) => {
  const { Worker } = require('node:worker_threads')
  for (let round = 0; round < 10; round += 1) {
    const worker = new Worker(path.join(__dirname, 'helpers', 'worker-server.js'), {
      workerData: { file },
    })
    const [port] = await once(worker, 'message')
    const clients = await Promise.all(
      Array.from({ length: 10 }, async () => {
        const client = await Client.connect({ port, host: '127.0.0.1' })
        client.get('/')
        await client.inbox.some(1)
        client.socket.pause()
        return client
      }),
    )
    await worker.terminate()
    for (const client of clients) {
      client.socket.resume()
      const response = await client.response().catch(() => ({ complete: false }))
      assert.equal(response.complete, false)
      client.destroy()
    }
  }
  await until(() => descriptorsOn(file) === 0, 'the descriptors of the workers')
  const { connect } = await hostOf(t)
  await probe(connect)
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

test(
  'a server without descriptors left answers again when it has some',
  { skip: !isNative },
  async () => {
    const script = `
    const fs = require('node:fs')
    const http = require('node:http')
    const { createReadStream } = require(${JSON.stringify(require.resolve('..'))})
    const server = http.createServer((request, response) => {
      const stream = createReadStream(${JSON.stringify(file)})
      stream.on('open', () => {
        const taken = []
        if (request.url === '/full') {
          try { for (;;) taken.push(fs.openSync('/dev/null')) } catch {}
        }
        stream.on('close', () => {
          for (const fd of taken) fs.closeSync(fd)
        })
      })
      stream.on('end', () => process.send(stream.transfer))
      stream.pipe(response)
    }).listen(0, () => process.send(server.address().port))`
    const child = spawn(
      'sh',
      ['-c', `ulimit -n 100 && exec "$0" -e "$1"`, process.execPath, script],
      {
        stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
      },
    )
    const [port] = await once(child, 'message')
    for (const url of ['/', '/full', '/']) {
      const client = await Client.connect({ port, host: '127.0.0.1' })
      const told = once(child, 'message')
      client.get(url)
      assert.equal((await client.response()).sha256, sha256(content), url)
      const [transfer] = await told
      // The last 64 KiB are sent in place, and need no descriptor.
      if (url === '/full') assert.ok(transfer.bytes <= 65_536)
      else assert.ok(transfer.bytes >= content.length - 65_536)
      client.destroy()
    }
    child.kill()
    await once(child, 'exit')
  },
)

test('a response of 64 KiB is not cut for want of a descriptor', { skip: !isNative }, async () => {
  const medium = makeFile(60_000, 4)
  const script = `
    const fs = require('node:fs')
    const http = require('node:http')
    const { createReadStream } = require(${JSON.stringify(require.resolve('..'))})
    let taken
    const server = http.createServer((request, response) => {
      const stream = createReadStream(${JSON.stringify(medium.file)})
      stream.on('open', () => {
        taken = []
        try { for (;;) taken.push(fs.openSync('/dev/null')) } catch {}
      })
      stream.on('close', () => {
        for (const fd of taken.splice(0)) fs.closeSync(fd)
      })
      if (request.url === '/length') response.setHeader('Content-Length', 60000)
      stream.pipe(response)
      response.on('finish', () => process.send('sent'))
    }).listen(0, () => process.send(server.address().port))`
  const child = spawn(
    'sh',
    ['-c', `ulimit -n 100 && exec "$0" -e "$1"`, process.execPath, script],
    { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] },
  )
  const [port] = await once(child, 'message')
  let sent = 0
  child.on('message', () => (sent += 1))
  for (const url of ['/', '/length']) {
    const client = await Client.connect({ port, host: '127.0.0.1' })
    // One after the other, and nobody reads, until one does not fit.
    client.socket.pause()
    sent = 0
    let asked = 0
    while (sent === asked) {
      client.get(url)
      asked += 1
      await until(() => sent === asked, 'a response', 300).catch(() => {})
    }
    assert.ok(asked > 1)
    client.socket.resume()
    for (let i = 0; i < asked; i += 1) {
      const response = await client.response()
      assert.equal(response.complete, true, `${url} ${i}`)
      assert.equal(response.sha256, sha256(medium.content), `${url} ${i}`)
    }
    await until(() => sent === asked)
    client.destroy()
  }
  child.kill()
  await once(child, 'exit')
})

test('two copies of the package share a socket', async (t) => {
  const copy = newPath('copy')
  fs.mkdirSync(copy)
  const root = path.join(__dirname, '..')
  for (const name of fs.readdirSync(root)) {
    if (/^(index\.js|binding\.js|lib|package\.json|.*\.node)$/.test(name)) {
      fs.cpSync(path.join(root, name), path.join(copy, name), { recursive: true })
    }
  }
  const other = require(copy)
  assert.notEqual(other.createReadStream, createReadStream)
  const { connect } = await serveHttp(t, (request, response) => {
    const stream = createReadStream(file)
    stream.pipe(response, { end: false })
    stream.on('end', () => other.createReadStream(small.file).pipe(response))
  })
  const client = await connect()
  for (let i = 0; i < 3; i += 1) {
    client.get('/')
    const response = await client.response()
    assert.equal(response.sha256, sha256(Buffer.concat([content, small.content])))
  }
  client.destroy()
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
  const { connect } = await serveHttp(t, (request, response) => {
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
  await until(() => files.every((tagged) => descriptorsOn(tagged) === 0), 'the descriptors')
})
