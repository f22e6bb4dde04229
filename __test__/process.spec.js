'use strict'

// The process around the transfers: its end, its workers, its descriptors, a
// second copy of the package.

const assert = require('node:assert/strict')
const { spawn } = require('node:child_process')
const { once } = require('node:events')
const fs = require('node:fs')
const path = require('node:path')
const { test } = require('node:test')

const { createReadStream } = require('..')
const { engine } = require('../lib/native.js')
const { Client } = require('./helpers/client.js')
const { descriptorsOn, makeFile, newPath, sha256 } = require('./helpers/files.js')
const { content, file, hostOf, probe, small } = require('./helpers/host.js')
const { serveHttp, until } = require('./helpers/server.js')

const isNative = engine !== 'javascript'

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
