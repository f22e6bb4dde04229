'use strict'

// createSpool().pipe(response): what is in the file goes by the kernel, and as
// if it did not.

const assert = require('node:assert/strict')
const { once } = require('node:events')
const fs = require('node:fs')
const { PassThrough, pipeline } = require('node:stream')
const { describe, it } = require('node:test')

const { createSpool, ReadStream } = require('..')
const { engine } = require('../lib/native.js')
const { bytes, descriptorsOn, newPath, sha256 } = require('./helpers/files.js')
const { serveHttp, serveNet, until } = require('./helpers/server.js')

const skip =
  (engine === 'javascript' && 'the addon is not used') ||
  (process.arch !== 'x64' && 'pages may be larger than holes')

const content = bytes(12_000_000, 3)
const expected = sha256(content)

function newFolder() {
  const folder = newPath('spool')
  fs.mkdirSync(folder)
  return folder
}

/** A spool that has all of `content`, most of it in its file. */
async function fullSpool(directory = newFolder()) {
  const spool = createSpool({ memory: 100_000, directory })
  for (let at = 0; at < content.length; at += 100_000) {
    if (!spool.write(content.subarray(at, at + 100_000))) await once(spool, 'drain')
  }
  spool.end()
  await until(() => spool.spilled > 11_000_000)
  return spool
}

/** Has a client download a spool, and do something once part of it is sent. */
async function download(t, { deed = () => {}, prepare = () => {}, headers = {} } = {}) {
  const spool = await fullSpool()
  const { connect } = await serveHttp(t, (request, response) => {
    response.writeHead(200, headers)
    prepare(spool, response)
    spool.pipe(response)
    const timer = setInterval(() => {
      if (spool.sent === 0 && !spool.destroyed) return
      clearInterval(timer)
      deed(spool, response)
    }, 1)
  })
  const client = await connect()
  client.get('/')
  const received = await client.response()
  await until(() => spool.closed)
  return { spool, received }
}

describe('a spool piped to a response', { skip }, () => {
  it('is sent from its file by the kernel', async (t) => {
    for (const headers of [{}, { 'Content-Length': content.length }]) {
      const { spool, received } = await download(t, { headers })
      assert.equal(received.sha256, expected)
      assert.ok(spool.sent > 11_000_000, String(spool.sent))
    }
  })

  it('is sent into a socket', async (t) => {
    const folder = newFolder()
    const spool = await fullSpool(folder)
    const { connect } = await serveNet(t, (socket) => spool.pipe(socket))
    const client = await connect()
    assert.equal((await client.rest()).sha256, expected)
    assert.ok(spool.sent > 11_000_000, String(spool.sent))
    await until(() => descriptorsOn(folder) === 0)
  })

  it('goes through JavaScript where someone looks', async (t) => {
    const looks = {
      data: (spool) => spool.on('data', () => {}),
      readable: (spool) => spool.on('readable', () => spool.read()),
      push: (spool) => (spool.push = spool.push.bind(spool)),
      pipe: (_, response) => response.on('pipe', () => {}),
      other: (spool) => spool.pipe(new PassThrough()).resume(),
    }
    for (const [name, prepare] of Object.entries(looks)) {
      const { spool, received } = await download(t, { prepare })
      assert.equal(received.sha256, expected, name)
      assert.equal(spool.sent, 0, name)
    }
  })

  it('goes on in JavaScript from the byte on where someone interferes', async (t) => {
    const seen = []
    const deeds = {
      data: (spool) => spool.on('data', (chunk) => seen.push(chunk)),
      pipe: (spool) => spool.pipe(new PassThrough()).resume(),
      pause: (spool) => {
        spool.pause()
        setTimeout(() => spool.resume(), 5)
      },
      unpipe: (spool, response) => {
        spool.unpipe(response)
        setTimeout(() => spool.pipe(response), 5)
      },
    }
    for (const [name, deed] of Object.entries(deeds)) {
      const { spool, received } = await download(t, { deed })
      assert.equal(received.sha256, expected, name)
      assert.ok(spool.sent > 0, name)
      if (name !== 'data') continue
      const rest = Buffer.concat(seen)
      assert.ok(rest.equals(content.subarray(content.length - rest.length)))
    }
  })

  it('keeps what is behind its file behind it', async (t) => {
    const folder = newFolder()
    const spool = createSpool({ memory: 10_000, directory: folder })
    const { connect } = await serveHttp(t, (request, response) => {
      spool.pipe(response)
    })
    const client = await connect()
    client.get('/')
    const received = client.response()
    for (let at = 0; at < content.length;) {
      const length = 1 + ((at * 7919) % 300_000)
      if (!spool.write(content.subarray(at, at + length))) await once(spool, 'drain')
      at += length
      if (at % 3 === 0) await new Promise(setImmediate)
    }
    spool.end()
    assert.equal((await received).sha256, expected)
    await until(() => spool.closed)
    assert.equal(descriptorsOn(folder), 0)
  })

  it('lets go of everything when its client leaves, or one of them is destroyed', async (t) => {
    for (const name of ['client', 'spool', 'response']) {
      const folder = newFolder()
      const spool = await fullSpool(folder)
      let parties
      const { connect } = await serveHttp(t, (request, response) => {
        parties = { spool, response }
        pipeline(spool, response, () => {})
      })
      const client = await connect()
      client.get('/')
      await until(() => spool.sent > 0)
      if (name === 'client') client.destroy()
      else parties[name].destroy()
      await until(() => spool.closed)
      if (name !== 'client') client.destroy()
      await until(() => descriptorsOn(folder) === 0)
      assert.deepEqual(fs.readdirSync(folder), [])
    }
  })

  it('may be destroyed when a part of its file has just been sent', async (t) => {
    const folder = newFolder()
    const spool = await fullSpool(folder)
    // Between the last byte and 'end', which is emitted all the same.
    const { prototype } = ReadStream
    const { push } = prototype
    prototype.push = function (chunk, encoding) {
      const isFree = push.call(this, chunk, encoding)
      if (chunk === null) spool.destroy()
      return isFree
    }
    t.after(() => delete prototype.push)
    const { connect } = await serveHttp(t, (request, response) =>
      pipeline(spool, response, () => {}),
    )
    const client = await connect()
    client.get('/')
    await until(() => spool.closed)
    await new Promise(setImmediate)
    client.destroy()
    await until(() => descriptorsOn(folder) === 0)
  })

  it('gives space back only of what no client waits for', async (t) => {
    const { connect } = await serveHttp(t, async (request, response) => {
      const spool = await fullSpool()
      spool.pipe(response)
    })
    const clients = await Promise.all(Array.from({ length: 8 }, () => connect()))
    for (const client of clients) client.get('/')
    const received = await Promise.all(clients.map((client) => client.response()))
    for (const { sha256: hash } of received) assert.equal(hash, expected)
  })
})
