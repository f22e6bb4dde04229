'use strict'

// Files that change while they are sent, and promises that they do not keep:
// nobody is lied to.

const assert = require('node:assert/strict')
const fs = require('node:fs')
const { test } = require('node:test')
const { pipeline } = require('node:stream')

const { createReadStream } = require('..')
const { engine } = require('../lib/native.js')
const { descriptorsOn, makeFile, newPath, sha256 } = require('./helpers/files.js')
const { content, file, small } = require('./helpers/host.js')
const { serveHttp, until } = require('./helpers/server.js')

const isNative = engine !== 'javascript'

const empty = makeFile(0, 1)

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
        await client.inbox.begun()
        client.socket.pause()
        await until(() => stream.transfer.bytes > 0)
        fs.truncateSync(cut, stream.transfer.bytes + 10)
        client.socket.resume()
        const response = await client.response()
        assert.equal(response.complete, false)
        assert.ok(response.length < content.length)
        await until(() => stream.closed)
        assert.equal(error?.code, listens ? 'ERR_MILLRACE_CUT_SHORT' : undefined)
        await until(() => descriptorsOn(cut) === 0, 'the descriptors to be closed')
      }
    }
  },
)

test(
  'a file shorter than its Content-Length ends the connection behind its last byte',
  // One that should end, and does not, lives for a minute.
  { skip: !isNative, timeout: 30_000 },
  async (t) => {
    const files = { small, large: { file, content }, empty }
    const { connect } = await serveHttp(t, (request, response) => {
      const [, name, how] = request.url.split('/')
      const { file: source, content: whole } = files[name]
      response.setHeader('Content-Length', whole.length + 1)
      const stream = createReadStream(source, how === 'paced' ? { bytesPerSecond: 1e9 } : {})
      if (how === 'pipeline') pipeline(stream, response, () => {})
      else stream.pipe(response)
    })
    for (const name of Object.keys(files)) {
      for (const how of ['pipe', 'pipeline', 'paced']) {
        const client = await connect()
        client.get(`/${name}/${how}`)
        const response = await client.response()
        assert.equal(response.complete, false)
        assert.equal(response.sha256, sha256(files[name].content))
      }
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
    await client.inbox.begun()
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

/** Two downloads of a file, and what is done to it in the middle of each. */
async function changedInFlight(t, change, readOn) {
  const changing = newPath('changing')
  let stream
  const { connect } = await serveHttp(t, (request, response) => {
    if (request.url === '/small') {
      createReadStream(small.file).pipe(response)
      return
    }
    stream = createReadStream(changing)
    if (request.url === '/length') response.setHeader('Content-Length', content.length)
    stream.pipe(response)
  })
  for (const url of ['/', '/length']) {
    fs.rmSync(changing, { force: true })
    fs.writeFileSync(changing, content)
    const client = await connect()
    client.get(url)
    await client.inbox.begun()
    client.socket.pause()
    if (isNative) await until(() => stream.transfer.bytes > 0)
    const { bytes: sent } = stream.transfer
    change(changing)
    client.socket.resume()
    await readOn(client, url, sent)
    client.get('/small')
    assert.equal((await client.response()).sha256, sha256(small.content))
    client.destroy()
    await until(() => stream.closed)
  }
}

for (const [what, change] of Object.entries({
  'replaced by another': (changing) => {
    fs.writeFileSync(`${changing}.new`, 'another')
    fs.renameSync(`${changing}.new`, changing)
  },
  unlinked: (changing) => fs.unlinkSync(changing),
})) {
  test(`a file that is ${what} in flight is sent to its own end`, async (t) => {
    await changedInFlight(t, change, async (client) => {
      assert.equal((await client.response()).sha256, sha256(content))
    })
  })
}

test('a file that is rewritten in place in flight keeps its length, and copies what is out', async (t) => {
  const zeros = Buffer.alloc(content.length)
  const rewrite = (changing) => fs.writeFileSync(changing, zeros, { flag: 'r+' })
  await changedInFlight(t, rewrite, async (client, url, sent) => {
    if (url === '/') {
      const { length, complete } = await client.response()
      assert.deepEqual({ length, complete }, { length: content.length, complete: true })
      return
    }
    await client.inbox.until('\r\n\r\n')
    const parts = []
    for (let left = content.length; left > 0; left -= parts.at(-1).length) {
      parts.push(await client.inbox.some(left))
    }
    const body = Buffer.concat(parts)
    // Each byte is of the old file or of the new one.
    const isStrange = (byte, i) => byte !== 0 && byte !== content[i]
    assert.equal(body.findIndex(isStrange), -1)
    // The kernel sends pages of the file, a copy what it was.
    if (engine !== 'copy') return
    assert.ok(sent > 0)
    assert.ok(body.subarray(0, sent).equals(content.subarray(0, sent)))
  })
})
