'use strict'

// createReadStream(file).pipe(createThrottle(...)).pipe(response): by the kernel,
// and as if it were not.

const assert = require('node:assert/strict')
const { once } = require('node:events')
const fs = require('node:fs')
const { PassThrough, pipeline } = require('node:stream')
const { describe, it } = require('node:test')

const { createReadStream, createThrottle, stats } = require('..')
const { engine } = require('../lib/native.js')
const { descriptorsOn, makeFile, sha256 } = require('./helpers/files.js')
const { serveHttp, serveNet, until } = require('./helpers/server.js')

const skip = engine === 'javascript' && 'the addon is not used'

const { file, content } = makeFile(300_000, 9)
const expected = sha256(content)
const FAST = 20_000_000

/** Serves `file` through a throttle to one client, and tells what it got. */
async function download(t, options, { prepare = () => {}, meanwhile = () => {}, length } = {}) {
  // In memory, so that the first byte may be native.
  fs.readFileSync(file)
  let parties
  const { connect } = await serveHttp(t, (request, response) => {
    const source = createReadStream(file)
    const throttle = createThrottle(options)
    parties = { source, throttle, response }
    if (length !== undefined) response.setHeader('Content-Length', length)
    prepare(parties)
    source.pipe(throttle).pipe(response)
    meanwhile(parties)
  })
  const client = await connect()
  client.get('/')
  const start = performance.now()
  const received = await client.response()
  const milliseconds = performance.now() - start
  await until(() => parties.source.closed)
  return { ...parties, received, milliseconds }
}

describe('a throttle between a file and a response', { skip }, () => {
  it('is passed by, at its pace', async (t) => {
    const before = stats().bytes
    const { source, throttle, received, milliseconds } = await download(t, {
      bytesPerSecond: 1_000_000,
    })
    assert.equal(received.sha256, expected)
    const { mode, bytes, reason } = source.transfer
    assert.deepEqual({ mode, bytes, reason }, { mode: 'native', bytes: 300_000, reason: null })
    assert.equal(stats().bytes[engine] - before[engine], 300_000)
    assert.equal(throttle.readableEnded, true)
    // A portion goes at once, and 100 ms may be made up for.
    assert.ok(milliseconds >= 90, String(milliseconds))
  })

  it('is passed by with a Content-Length, and without a limit', async (t) => {
    for (const bytesPerSecond of [FAST, Infinity]) {
      const { source, received } = await download(t, { bytesPerSecond }, { length: 300_000 })
      assert.equal(received.sha256, expected)
      assert.equal(source.transfer.bytes, 300_000)
    }
  })

  it('is passed by into a socket', async (t) => {
    let source
    const { connect } = await serveNet(t, (socket) => {
      source = createReadStream(file)
      source.pipe(createThrottle({ bytesPerSecond: FAST })).pipe(socket)
    })
    const client = await connect()
    assert.equal((await client.rest()).sha256, expected)
    assert.equal(source.transfer.bytes, 300_000)
  })

  it('counts what small files bring at once', async (t) => {
    const small = makeFile(20_000, 4)
    fs.readFileSync(small.file)
    let native = 0
    const { connect } = await serveHttp(t, async (request, response) => {
      const throttle = createThrottle({ bytesPerSecond: 1_000_000 })
      throttle.pipe(response)
      for (let i = 0; i < 30; i += 1) {
        const source = createReadStream(small.file)
        source.pipe(throttle, { end: false })
        await once(source, 'close')
        native += source.transfer.bytes
      }
      throttle.end()
    })
    const client = await connect()
    client.get('/')
    const start = performance.now()
    const { sha256: hash } = await client.response()
    assert.equal(hash, sha256(Buffer.concat(Array.from({ length: 30 }, () => small.content))))
    assert.ok(native > 0 && native <= 600_000, String(native))
    // 600,000 bytes, but for a burst, a portion and what is made up for.
    assert.ok(performance.now() - start >= 300)
  })

  it('is gone through where someone looks, or says how large bursts are', async (t) => {
    const looks = {
      burst: [{ burst: 50_000_000 }, {}],
      data: [{}, { prepare: ({ throttle }) => throttle.on('data', () => {}) }],
      readable: [
        {},
        { meanwhile: ({ throttle }) => throttle.on('readable', () => throttle.read()) },
      ],
      push: [{}, { prepare: ({ throttle }) => (throttle.push = throttle.push.bind(throttle)) }],
      other: [{}, { prepare: ({ throttle }) => throttle.pipe(new PassThrough()).resume() }],
    }
    for (const [name, [options, how]] of Object.entries(looks)) {
      const { source, received } = await download(t, { bytesPerSecond: FAST, ...options }, how)
      assert.equal(received.sha256, expected, name)
      assert.equal(source.transfer.bytes, 0, name)
      assert.equal(source.transfer.reason, 'destination-kind', name)
    }
  })

  it('is gone through from the byte on where someone interferes', async (t) => {
    const deeds = {
      data: ({ throttle }, seen) => throttle.on('data', (chunk) => seen.push(chunk)),
      pipe: ({ throttle }) => throttle.pipe(new PassThrough()).resume(),
      pause: ({ throttle, response }) => {
        throttle.pause()
        setImmediate(() => throttle.resume())
        assert.equal(response.destroyed, false)
      },
      unpipe: ({ throttle, response }) => {
        throttle.unpipe(response)
        setImmediate(() => throttle.pipe(response))
      },
      setEncoding: ({ throttle }) => throttle.setEncoding('latin1'),
      sourceData: ({ source }) => source.on('data', () => {}),
      rate: ({ throttle }) => (throttle.bytesPerSecond = Infinity),
    }
    for (const [name, deed] of Object.entries(deeds)) {
      const seen = []
      const { source, throttle, received } = await download(
        t,
        { bytesPerSecond: 500_000 },
        {
          meanwhile: (parties) => {
            const timer = setInterval(() => {
              if (parties.source.transfer.bytes === 0) return
              clearInterval(timer)
              deed(parties, seen)
              parties.throttle.bytesPerSecond = FAST
            }, 2)
          },
        },
      )
      // Latin-1 of these bytes is written as UTF-8.
      const wanted = name === 'setEncoding' ? null : expected
      if (wanted === null) assert.ok(received.body === undefined || received.sha256 !== expected)
      else assert.equal(received.sha256, expected, name)
      const { bytes } = source.transfer
      if (name === 'data') {
        assert.ok(
          Buffer.concat(seen).equals(content.subarray(content.length - Buffer.concat(seen).length)),
        )
        assert.equal(Buffer.concat(seen).length + bytes, 300_000)
      }
      assert.ok(bytes > 0 && bytes <= 300_000, `${name}: ${bytes}`)
      if (name === 'rate') assert.equal(bytes, 300_000)
      assert.equal(throttle.destroyed, true, name)
    }
  })

  it('keeps the order of what others write to it', async (t) => {
    const { received, source } = await download(
      t,
      { bytesPerSecond: 500_000 },
      {
        meanwhile: ({ throttle, source: from }) => {
          const timer = setInterval(() => {
            if (from.transfer.bytes === 0) return
            clearInterval(timer)
            throttle.write('between')
            throttle.bytesPerSecond = FAST
          }, 2)
        },
      },
    )
    assert.equal(received.length ?? 300_007, 300_007)
    assert.ok(source.transfer.bytes > 0)
  })

  it('lets go of everything when its client leaves, or one of them is destroyed', async (t) => {
    const all = []
    const { connect } = await serveHttp(t, (request, response) => {
      const source = createReadStream(file)
      const throttle = createThrottle({ bytesPerSecond: 100_000 })
      all.push({ source, throttle, response })
      pipeline(source, throttle, response, () => {})
    })
    for (const name of ['client', 'source', 'throttle', 'response']) {
      const client = await connect()
      client.get('/')
      const index = all.length
      await until(() => all.length > index && all[index].source.transfer.bytes > 0)
      const parties = all[index]
      if (name === 'client') client.destroy()
      else parties[name].destroy()
      await until(() => parties.source.closed && parties.throttle.closed)
      if (name !== 'client') client.destroy()
    }
    await until(() => descriptorsOn(file) === 0)
  })

  it('keeps its pace within 5 %, also when that changes', async (t) => {
    const { received, milliseconds } = await download(
      t,
      { bytesPerSecond: 200_000 },
      {
        meanwhile: ({ throttle }) => {
          setTimeout(() => {
            throttle.bytesPerSecond = 400_000
          }, 500)
        },
      },
    )
    assert.equal(received.sha256, expected)
    // No less: 100,000 bytes in the first half second, and then 200,000; but what
    // goes at once, at the beginning and at the change.
    assert.ok(milliseconds >= 750, String(milliseconds))
  })
})

describe('a throttle that nothing can pass by', () => {
  it('keeps its own pace into a response', async (t) => {
    const { received, milliseconds } = await download(t, {
      bytesPerSecond: 1_000_000,
      burst: 10_000,
    })
    assert.equal(received.sha256, expected)
    assert.ok(milliseconds >= 280, String(milliseconds))
  })
})
