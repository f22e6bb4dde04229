'use strict'

// The process around the transfers: its end, and its descriptors.

const assert = require('node:assert/strict')
const { fork, spawn } = require('node:child_process')
const { once } = require('node:events')
const net = require('node:net')
const { text } = require('node:stream/consumers')
const { test } = require('node:test')

const { engine } = require('../lib/native.js')
const { Client } = require('./helpers/client.js')
const { beginMany, finish, goOnUntilGone } = require('./helpers/downloads.js')
const { makeFile, newPath, sha256 } = require('./helpers/files.js')
const { content, file } = require('./helpers/host.js')
const { until } = require('./helpers/server.js')

const isNative = engine !== 'javascript'
const serving = require.resolve('./helpers/serving.js')
// More than the buffers of a Unix socket.
const medium = makeFile(2 * 2 ** 20, 2)

const WHOLE = 'whole'
const CUT = 'cut'

// What a process is told or sent, its exit code, its signal, and what becomes
// of the downloads.
const ENDS = [
  ['exit', 7, null, CUT],
  ['exit later', 3, null, WHOLE],
  ['throw', 1, null, CUT],
  ['throw and go on', 0, null, WHOLE],
  ['reject', 1, null, CUT],
  ['reject and go on', 0, null, WHOLE],
  ['finish on SIGTERM', 0, null, WHOLE],
  ['SIGTERM', null, 'SIGTERM', CUT],
  ['SIGINT', null, 'SIGINT', CUT],
  ['SIGKILL', null, 'SIGKILL', CUT],
]

test('a process stays up until all is sent, even into a socket that does not keep it up', async (t) => {
  let received = 0
  const server = net.createServer((socket) => {
    // Far more than the buffers of both sides wait until the process could have ended.
    socket.pause()
    setTimeout(() => socket.resume(), 200)
    socket.on('data', (part) => {
      received += part.length
    })
  })
  t.after(() => server.close())
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const code = `
    const { connect } = require('node:net')
    const { createReadStream } = require(${JSON.stringify(require.resolve('..'))})
    const socket = connect(${server.address().port}, '127.0.0.1', () => {
      socket.unref()
      createReadStream(${JSON.stringify(file)}).pipe(socket)
    })`
  const child = spawn(process.execPath, ['-e', code], { stdio: 'inherit' })
  const [exitCode] = await once(child, 'exit')
  assert.equal(exitCode, 0)
  await until(() => received === content.length, `all of ${content.length} bytes`)
})

/** Ends a process that has transfers of all kinds in flight. */
async function endOf(library, how, expected) {
  const path = newPath('socket')
  const setup = {
    library,
    files: { large: file, medium: medium.file },
    addresses: [{ path }, { port: 0, host: '127.0.0.1' }],
    readers: [file, medium.file],
  }
  const child = fork(serving, [JSON.stringify(setup)], {
    stdio: ['ignore', 'inherit', 'pipe', 'ipc'],
  })
  const stderr = text(child.stderr)
  const exit = once(child, 'exit')
  const [{ ports }] = await once(child, 'message')
  const overTcp = { port: ports[1], host: '127.0.0.1' }

  const downloads = [
    ...(await beginMany(8, { socketPath: path }, '/medium')),
    ...(await beginMany(8, { socketPath: path }, '/medium?length')),
    ...(await beginMany(1, overTcp, '/large')),
  ]
  const loops = await Promise.all(
    Array.from({ length: 8 }, (_, i) =>
      goOnUntilGone(i < 4 ? { socketPath: path } : overTcp, '/medium'),
    ),
  )
  child.send('count')
  const [{ native }] = await once(child, 'message')
  if (library === 'millrace' && isNative) assert.ok(native >= downloads.length)
  if (how.startsWith('SIG')) child.kill(how)
  else child.send(how)
  // Who reads on at once may have it all before the process is told.
  if (expected === CUT) await exit
  const outcomes = await Promise.all(downloads.map(finish))
  await Promise.all(loops.map(({ ended }) => ended))
  const [code, signal] = await exit
  for (const { isWhole, sha256: hash } of outcomes) {
    if (isWhole) assert.ok([sha256(content), sha256(medium.content)].includes(hash))
  }
  const wholes = outcomes.filter(({ isWhole }) => isWhole).length
  const became = wholes === 0 ? CUT : wholes === downloads.length ? WHOLE : `${wholes} whole`
  return { code, signal, became, stderr: await stderr }
}

for (const [how, code, signal, became] of ENDS) {
  test(`a process with transfers in flight ends as one of node:fs: ${how}`, async () => {
    const [nodes, ours] = await Promise.all(
      ['fs', 'millrace'].map((library) => endOf(library, how, became)),
    )
    assert.deepEqual(ours, nodes)
    assert.deepEqual({ ...ours, stderr: '' }, { code, signal, became, stderr: '' })
  })
}

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
  const short = makeFile(60_000, 4)
  const script = `
    const fs = require('node:fs')
    const http = require('node:http')
    const { createReadStream } = require(${JSON.stringify(require.resolve('..'))})
    let taken
    const server = http.createServer((request, response) => {
      const stream = createReadStream(${JSON.stringify(short.file)})
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
      assert.equal(response.sha256, sha256(short.content), `${url} ${i}`)
    }
    await until(() => sent === asked)
    client.destroy()
  }
  child.kill()
  await once(child, 'exit')
})
