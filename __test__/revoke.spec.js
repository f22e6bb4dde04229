'use strict'

// A running transfer is undone at a known byte: what JavaScript asks for in
// the middle happens as in node:fs, and no byte is lost, doubled or misplaced.

const assert = require('node:assert/strict')
const fs = require('node:fs')
const { once } = require('node:events')
const { test } = require('node:test')
const { PassThrough, pipeline } = require('node:stream')

const { createReadStream } = require('..')
const { engine } = require('../lib/native.js')
const { bytes, descriptorsOn, newPath, sha256 } = require('./helpers/files.js')
const { SIZE, content, file, interrupted } = require('./helpers/interrupted.js')
const { parity } = require('./helpers/parity.js')
const { serveHttp, until } = require('./helpers/server.js')

const isNative = engine !== 'javascript'

/** The body of what follows the first byte, which is of the status line. */
async function body(client) {
  return client.response()
}

const framings = [
  ['in chunks', { withLength: false }],
  ['with a Content-Length', { withLength: true }],
]

for (const [framing, options] of framings) {
  test(`a late data listener sees the rest, and the client everything, ${framing}`, async (t) => {
    const parts = []
    const { stream, client } = await interrupted(
      t,
      ({ stream }) => {
        stream.on('data', (part) => parts.push(part))
      },
      options,
    )
    const response = await body(client)
    assert.equal(response.sha256, sha256(content))
    const seen = Buffer.concat(parts)
    assert.ok(seen.length > 0)
    assert.ok(content.subarray(SIZE - seen.length).equals(seen), 'the listener missed bytes')
    await until(() => stream.closed)
    assert.equal(stream.bytesRead, SIZE)
    if (isNative) {
      assert.equal(stream.transfer.mode, 'javascript')
      assert.equal(stream.transfer.reason, 'data-listener')
      assert.equal(stream.transfer.bytes + seen.length, SIZE)
    }
    client.destroy()
  })

  test(`a second destination gets the rest, and the client everything, ${framing}`, async (t) => {
    const parts = []
    const { client } = await interrupted(
      t,
      ({ stream }) => {
        const second = new PassThrough()
        second.on('data', (part) => parts.push(part))
        stream.pipe(second)
      },
      options,
    )
    assert.equal((await body(client)).sha256, sha256(content))
    const seen = Buffer.concat(parts)
    assert.ok(seen.length > 0 && content.subarray(SIZE - seen.length).equals(seen))
    client.destroy()
  })

  test(`pause stops the flow and resume goes on, ${framing}`, async (t) => {
    const { client, stream } = await interrupted(
      t,
      async ({ stream, client }) => {
        stream.pause()
        client.socket.resume()
        // The client takes all that is in flight, and then nothing comes.
        let last = -1
        await until(async () => {
          const { bytesRead } = client.socket
          await new Promise((resolve) => {
            setTimeout(resolve, 30)
          })
          const isQuiet = bytesRead === last
          last = bytesRead
          return isQuiet
        })
        assert.ok(client.socket.bytesRead < SIZE)
        assert.equal(stream.readableFlowing, false)
        stream.resume()
      },
      options,
    )
    assert.equal((await body(client)).sha256, sha256(content))
    await until(() => stream.closed)
    assert.equal(stream.bytesRead, SIZE)
    client.destroy()
  })

  test(`unpipe leaves the rest to be read, ${framing}`, async (t) => {
    const rest = []
    const { client, stream } = await interrupted(
      t,
      async ({ stream, response, client }) => {
        stream.unpipe(response)
        client.socket.resume()
        stream.on('data', (part) => rest.push(part))
        stream.on('end', () => response.end(Buffer.concat(rest)))
        stream.resume()
      },
      options,
    )
    const response = await body(client)
    assert.equal(response.sha256, sha256(content))
    assert.ok(rest.length > 0)
    assert.equal(stream.bytesRead, SIZE)
    client.destroy()
  })

  test(`unpipe and pipe again, many times, ${framing}`, async (t) => {
    const { client, stream } = await interrupted(
      t,
      async ({ stream, response, client }) => {
        client.socket.resume()
        for (let i = 0; i < 30; i += 1) {
          stream.unpipe(response)
          if (i % 3 === 0) await new Promise(setImmediate)
          stream.pipe(response)
          if (i % 2 === 0) {
            await new Promise((resolve) => {
              setTimeout(resolve, i % 5)
            })
          }
        }
      },
      options,
    )
    assert.equal((await body(client)).sha256, sha256(content))
    await until(() => stream.closed)
    assert.equal(stream.bytesRead, SIZE)
    client.destroy()
  })

  test(`a write in the middle comes between whole chunks, ${framing}`, async (t) => {
    const insert = Buffer.from('<inserted>')
    const { client } = await interrupted(
      t,
      ({ response }) => {
        response.write(insert)
      },
      // One byte more than promised would be in the next response.
      { withLength: false },
    )
    const { body: received, length } = await collected(client)
    assert.equal(length, SIZE + insert.length)
    const at = received.indexOf(insert)
    assert.ok(at > 0)
    const without = Buffer.concat([received.subarray(0, at), received.subarray(at + insert.length)])
    assert.equal(sha256(without), sha256(content))
    client.destroy()
  })

  test(`destroying the source closes its file and leaves the response, ${framing}`, async (t) => {
    const { client, stream, response } = await interrupted(
      t,
      async ({ stream }) => {
        stream.destroy()
        await once(stream, 'close')
      },
      options,
    )
    await until(() => descriptorsOn(file) === 0, 'the descriptors to be closed')
    assert.equal(stream.destroyed, true)
    assert.equal(response.destroyed, false)
    response.destroy()
    client.destroy()
  })

  test(`destroying a source with its own destroy stops it, too, ${framing}`, async (t) => {
    const destroy = (error, callback) => callback(error)
    const { client, stream, response } = await interrupted(
      t,
      ({ stream }) => {
        stream.destroy()
        return once(stream, 'close')
      },
      { ...options, streamOptions: { destroy } },
    )
    // What carries the file has a descriptor of its own, as long as it goes on.
    await until(() => descriptorsOn(file) === 1, 'the transfer to end')
    assert.ok(stream.transfer.bytes < SIZE, `${stream.transfer.bytes} bytes`)
    response.destroy()
    fs.closeSync(stream.fd)
    client.destroy()
  })

  test(`destroying the response ends the connection and closes the file, ${framing}`, async (t) => {
    const { client, stream } = await interrupted(
      t,
      ({ response }) => {
        response.destroy()
      },
      options,
    )
    const response = await body(client)
    assert.equal(response.complete, false)
    await until(() => stream.closed)
    await until(() => descriptorsOn(file) === 0, 'the descriptors to be closed')
  })
}

/** Like `body`, with all of the bytes. */
async function collected(client) {
  const header = await client.inbox.until('\r\n\r\n')
  assert.match(header, /chunked/i)
  const parts = []
  for (;;) {
    const size = parseInt(await client.inbox.until('\r\n'), 16)
    let left = size
    while (left > 0) {
      const part = await client.inbox.some(left)
      left -= part.length
      parts.push(part)
    }
    assert.equal(await client.inbox.until('\r\n'), '')
    if (size === 0) break
  }
  const whole = Buffer.concat(parts)
  return { body: whole, length: whole.length }
}

for (const how of ['destroy', 'resetAndDestroy']) {
  test(`a socket that is ended by ${how} behind an unpipe is let go at once`, async (t) => {
    // The stop waits for the end of a chunk, which a client that stands still
    // never takes.
    const { client, stream } = await interrupted(t, async ({ stream, response }) => {
      const { socket } = response
      stream.unpipe(response)
      stream.destroy()
      socket[how]()
      await until(() => descriptorsOn(file) === 0, 'the descriptors to be closed')
    })
    const response = await body(client).catch(() => ({ complete: false }))
    assert.equal(response.complete, false)
    await until(() => stream.closed)
  })
}

test('a socket gets its own methods back, a user’s own among them', async (t) => {
  let calls = 0
  const { connect } = await serveHttp(t, (request, response) => {
    const { socket } = response
    const { setTimeout: original } = Object.getPrototypeOf(socket)
    socket.setTimeout = function (...args) {
      calls += 1
      return original.apply(this, args)
    }
    createReadStream(file).pipe(response)
    response.on('finish', () => {
      assert.deepEqual(
        ['_writeGeneric', '_final', '_destroy', 'setTimeout'].map((name) =>
          Object.hasOwn(socket, name),
        ),
        [false, false, false, true],
      )
    })
  })
  const client = await connect()
  client.get('/')
  assert.equal((await client.response()).sha256, sha256(content))
  await until(() => calls > 0, 'the keep-alive timeout to be set')
  client.destroy()
})

test('a pause just before the end does not hold the last packet back', async (t) => {
  const small = newPath('small.bin')
  fs.writeFileSync(small, bytes(1000))
  for (let ticks = 0; ticks < 5; ticks += 1) {
    const { connect } = await serveHttp(t, (request, response) => {
      const stream = createReadStream(small)
      stream.pipe(response)
      stream.on('ready', () => {
        const later = (left) => {
          if (left > 0) process.nextTick(later, left - 1)
          else stream.pause()
        }
        later(ticks)
        setTimeout(() => stream.resume(), 20)
      })
    })
    const client = await connect()
    const start = Date.now()
    client.get('/')
    assert.equal((await client.response()).length, 1000)
    assert.ok(Date.now() - start < 150, `pause after ${ticks} ticks`)
    client.destroy()
  }
})

test('ending the response in the middle ends it between whole chunks', async (t) => {
  const { client, stream } = await interrupted(t, ({ response }) => {
    response.on('error', () => {})
    response.end('the end')
  })
  const { body: received } = await collected(client)
  assert.ok(received.subarray(-7).equals(Buffer.from('the end')))
  const before = received.subarray(0, -7)
  assert.ok(content.subarray(0, before.length).equals(before))
  stream.destroy()
  client.destroy()
})

test('ending a response that owes bytes ends its connection', { skip: !isNative }, async (t) => {
  const { client, stream } = await interrupted(
    t,
    ({ response }) => {
      response.on('error', () => {})
      response.end()
    },
    { withLength: true },
  )
  const response = await body(client)
  assert.equal(response.complete, false)
  stream.destroy()
})

test('setEncoding in the middle is heard', async (t) => {
  const { client, stream } = await interrupted(
    t,
    ({ stream }) => {
      stream.setEncoding('latin1')
    },
    { withLength: false },
  )
  const response = await body(client)
  // Strings are written as UTF-8: only the first, native, part is as it was.
  assert.equal(response.complete, true)
  assert.ok(response.length > SIZE)
  assert.equal(stream.bytesRead, SIZE)
  client.destroy()
})

test('aborting by a signal destroys the source with an AbortError', async (t) => {
  const controller = new AbortController()
  const { client, stream } = await interrupted(
    t,
    async ({ stream }) => {
      const failed = once(stream, 'error')
      controller.abort()
      assert.equal((await failed)[0].name, 'AbortError')
    },
    { make: (path) => createReadStream(path, { signal: controller.signal }) },
  )
  await until(() => stream.closed && descriptorsOn(file) === 0)
  client.destroy()
})

test('a pipeline that is interrupted calls back with the reason', async (t) => {
  let result
  const { connect } = await serveHttp(t, (request, response) => {
    pipeline(createReadStream(file), response, (error) => (result = error))
  })
  const client = await connect()
  client.get('/')
  await client.inbox.begun()
  client.destroy()
  await until(() => result !== undefined)
  assert.equal(result.code, 'ERR_STREAM_PREMATURE_CLOSE')
  await until(() => descriptorsOn(file) === 0)
})

test('a socket that is ended in the middle gets what came before', async (t) => {
  const { client, stream } = await interrupted(t, ({ response }) => response.end(), {
    isSocket: true,
    make: createReadStream,
  })
  const { length, sha256: hash } = await client.rest()
  assert.equal(hash, sha256(content.subarray(0, length)))
  await until(() => stream.destroyed || !stream.readableFlowing)
  stream.destroy()
  client.destroy()
})

test('a read by hand in the middle loses nothing', async (t) => {
  const { client, stream } = await interrupted(t, ({ stream }) => {
    stream.read()
  })
  assert.equal((await body(client)).sha256, sha256(content))
  await until(() => stream.closed)
  client.destroy()
})

test('seeded interference at random moments loses nothing', async (t) => {
  let state = 20_261_122
  const random = (limit) => {
    state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0
    return (state >>> 8) % limit
  }
  for (let round = 0; round < 12; round += 1) {
    const withLength = round % 2 === 0
    const { connect } = await serveHttp(t, async (request, response) => {
      const stream = createReadStream(file)
      if (withLength) response.setHeader('Content-Length', SIZE)
      stream.pipe(response)
      const listener = () => {}
      const moves = [
        () => stream.pause(),
        () => stream.resume(),
        () => stream.unpipe(response) && stream.pipe(response),
        () => stream.on('data', listener),
        () => stream.off('data', listener),
        () => stream.read(0),
        () => response.socket?.setTimeout(10_000),
      ]
      while (!stream.readableEnded && !stream.destroyed) {
        moves[random(moves.length)]()
        await new Promise((resolve) => {
          setTimeout(resolve, random(4))
        })
        stream.resume()
      }
    })
    const client = await connect()
    client.get('/')
    const response = await client.response()
    assert.equal(response.sha256, sha256(content), `round ${round}`)
    client.destroy()
  }
})

parity(
  'what a client hears when the source is destroyed with an error',
  async ({ createReadStream: make, journal, t }) => {
    const { client, stream } = await interrupted(
      t,
      async ({ stream, response }) => {
        stream.on('error', (error) => {
          journal.note('source', 'error', error.message)
          response.destroy()
        })
        stream.on('close', () => journal.note('source', 'close'))
        response.on('close', () => journal.note('response', 'close', response.writableFinished))
        response.on('unpipe', () => journal.note('response', 'unpipe'))
        stream.destroy(new Error('enough'))
      },
      { make },
    )
    const response = await body(client)
    await until(() => journal.entries.response?.length === 2 && stream.closed)
    return { complete: response.complete, errored: stream.errored.message }
  },
)
