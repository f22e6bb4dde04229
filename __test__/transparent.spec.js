'use strict'

// compression in front of what it does not compress: the rest of the file is
// native, and whoever else wants to see the bytes sees each of them.

const assert = require('node:assert/strict')
const { execFileSync } = require('node:child_process')
const path = require('node:path')
const { test } = require('node:test')
const zlib = require('node:zlib')

const compression = require('compression')

const { createReadStream } = require('..')
const { engine } = require('../lib/native.js')
const { makeFile, sha256 } = require('./helpers/files.js')
const { serveHttp } = require('./helpers/server.js')

const { file, content } = makeFile(600_000)
const FIRST = 65_536
const compress = compression()

/** As versions before 1.8 wrote it. */
function ancient(request, response, next) {
  const ended = false
  const stream = null
  const toBuffer = null
  const _write = response.write
  // prettier-ignore
  response.write = function write (chunk, encoding) {
      if (ended) {
        return false
      }

      if (!this._header) {
        this._implicitHeader()
      }

      return stream
        ? stream.write(toBuffer(chunk, encoding))
        : _write.call(this, chunk, encoding)
    }
  next()
}

/** Keeps what is written. */
function tee(kept) {
  return (request, response, next) => {
    const { write } = response
    response.write = function (chunk, ...args) {
      kept.push(Buffer.from(chunk))
      return write.call(this, chunk, ...args)
    }
    next()
  }
}

/** The same, in another's name. */
function disguised(kept) {
  return (request, response, next) => {
    const inner = response.write
    response.write = {
      write(chunk, ...args) {
        kept.push(Buffer.from(chunk))
        return inner.call(this, chunk, ...args)
      },
    }.write
    next()
  }
}

function through([layer, ...rest], request, response, done) {
  if (layer === undefined) done()
  else layer(request, response, () => through(rest, request, response, done))
}

/** One GET through middleware, and how the file was sent. */
async function get(t, layers, { headers = '', type = 'video/mp4', onStream } = {}) {
  let stream
  const { connect } = await serveHttp(t, (request, response) => {
    response.setHeader('Content-Type', type)
    through(layers, request, response, () => {
      stream = createReadStream(file)
      onStream?.(stream, response)
      stream.pipe(response)
    })
  })
  const client = await connect()
  client.get('/', headers)
  const response = await client.response()
  client.destroy()
  const { mode, bytes, reason } = stream.transfer
  return { response, transfer: { mode, bytes, reason } }
}

const native = { mode: 'native', bytes: content.length - FIRST, reason: null }
const patched = { mode: 'javascript', bytes: 0, reason: 'patched-destination' }

function assertSent({ response, transfer }, expected) {
  assert.equal(response.sha256, sha256(content))
  assert.equal(response.complete, true)
  if (engine !== 'javascript') assert.deepEqual(transfer, expected)
}

for (const [title, layer] of [
  ['compression', compress],
  ['compression before 1.8', ancient],
]) {
  test(`${title}: what it leaves as it is becomes native after the first chunk`, async (t) => {
    assertSent(await get(t, [layer]), native)
    const accepts = { headers: 'Accept-Encoding: gzip, br\r\n' }
    assertSent(await get(t, [layer], accepts), native)
  })

  test(`${title}: whoever is beneath or above it sees every byte`, async (t) => {
    for (const make of [tee, disguised]) {
      for (const isBeneath of [true, false]) {
        const kept = []
        const layers = isBeneath ? [make(kept), layer] : [layer, make(kept)]
        assertSent(await get(t, layers), patched)
        assert.equal(sha256(Buffer.concat(kept)), sha256(content))
      }
    }
  })

  test(`${title} twice goes through JavaScript`, async (t) => {
    assertSent(await get(t, [layer, layer]), patched)
  })
}

test('what it compresses is compressed', async (t) => {
  const headers = 'Accept-Encoding: gzip\r\n'
  const { response, transfer } = await get(t, [compress], { headers, type: 'text/plain' })
  assert.equal(response.headers['content-encoding'], 'gzip')
  assert.equal(sha256(zlib.gunzipSync(response.body)), sha256(content))
  if (engine !== 'javascript') assert.deepEqual(transfer, patched)
})

test('what is encoded already is left as it is', async (t) => {
  const encoded = (request, response, next) => {
    response.setHeader('Content-Encoding', 'br')
    next()
  }
  const headers = 'Accept-Encoding: br\r\n'
  assertSent(await get(t, [encoded, compress], { headers, type: 'text/plain' }), native)
})

test('a write that is replaced behind it is used', async (t) => {
  for (const [name, event] of [
    ['source', 'open'],
    ['response', 'pipe'],
  ]) {
    const kept = []
    const onStream = (source, response) => {
      const emitter = name === 'source' ? source : response
      emitter.once(event, () => tee(kept)(null, response, () => {}))
    }
    assertSent(await get(t, [compress], { onStream }), patched)
    assert.equal(sha256(Buffer.concat(kept)), sha256(content))
  }
})

test('a response that someone else writes to as well is in order', async (t) => {
  const { connect } = await serveHttp(t, (request, response) => {
    compress(request, response, () => {
      response.setHeader('Content-Type', 'video/mp4')
      response.write('before')
      const stream = createReadStream(file)
      stream.on('end', () => response.end('behind'))
      stream.pipe(response, { end: false })
    })
  })
  const client = await connect()
  client.get('/')
  const { sha256: hash } = await client.response()
  client.destroy()
  assert.equal(hash, sha256(Buffer.concat([Buffer.from('before'), content, Buffer.from('behind')])))
})

test('the next responses on the connection follow, with a Content-Length and in chunks', async (t) => {
  const sent = []
  const { connect } = await serveHttp(t, (request, response) => {
    compress(request, response, () => {
      response.setHeader('Content-Type', 'video/mp4')
      if (request.url === '/length') response.setHeader('Content-Length', content.length)
      const stream = createReadStream(file)
      stream.on('close', () => sent.push(stream.transfer.mode))
      stream.pipe(response)
    })
  })
  const client = await connect()
  for (const path of ['/length', '/chunks', '/length', '/chunks']) client.get(path)
  for (let i = 0; i < 4; i += 1) {
    const response = await client.response()
    assert.equal(response.sha256, sha256(content))
    assert.ok('transfer-encoding' in response.headers === (i % 2 === 1))
  }
  client.destroy()
  if (engine !== 'javascript') assert.deepEqual(new Set(sent), new Set(['native']))
})

test('stacks are left as others want them', async (t) => {
  const before = Object.getOwnPropertyDescriptors(Error)
  const { stackTraceLimit, prepareStackTrace } = Error
  t.after(() => Object.assign(Error, { stackTraceLimit, prepareStackTrace }))
  for (const [limit, prepare] of [
    [stackTraceLimit, prepareStackTrace],
    [0, () => 'theirs'],
    [Infinity, undefined],
  ]) {
    Error.stackTraceLimit = limit
    Error.prepareStackTrace = prepare
    assertSent(await get(t, [compress]), native)
    assert.equal(Error.stackTraceLimit, limit)
    assert.equal(Error.prepareStackTrace, prepare)
    Error.stackTraceLimit = stackTraceLimit
    if (prepareStackTrace === undefined) delete Error.prepareStackTrace
    else Error.prepareStackTrace = prepareStackTrace
  }
  assert.deepEqual(Object.getOwnPropertyDescriptors(Error), before)
})

test('--frozen-intrinsics: the bytes are the same', () => {
  const code = `
    const http = require('http')
    const compress = require('compression')()
    const { createReadStream } = require(${JSON.stringify(path.join(__dirname, '..'))})
    const server = http.createServer((request, response) => {
      response.setHeader('Content-Type', 'video/mp4')
      compress(request, response, () => createReadStream(${JSON.stringify(file)}).pipe(response))
    }).listen(0, () => {
      http.get({ port: server.address().port, agent: false }, (response) => {
        const hash = require('crypto').createHash('sha256')
        response.on('data', (part) => hash.update(part)).on('end', () => {
          console.log(hash.digest('hex'))
          server.close()
        })
      })
    })`
  const flags = ['--no-warnings', '--frozen-intrinsics', '-e', code]
  const output = execFileSync(process.execPath, flags, { cwd: __dirname, encoding: 'utf8' })
  assert.equal(output.trim(), sha256(content))
})
