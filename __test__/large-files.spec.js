'use strict'

// Offsets that do not fit into 31 or 32 bits, in a sparse file with marks.

const assert = require('node:assert/strict')
const crypto = require('node:crypto')
const fs = require('node:fs')
const { test } = require('node:test')

const { createReadStream } = require('..')
const { engine } = require('../lib/native.js')
const { bytes, newPath, sha256 } = require('./helpers/files.js')
const { serveHttp, serveNet, until } = require('./helpers/server.js')

const MIB = 2 ** 20
const SIZE = 2 ** 32 + 5 * MIB + 3
const LINES = { '2 GiB': 2 ** 31, '4 GiB': 2 ** 32, 'its own end': SIZE - MIB }
const mark = bytes(2 * MIB, 9)

const file = newPath('sparse')
const descriptor = fs.openSync(file, 'w')
fs.ftruncateSync(descriptor, SIZE)
for (const line of Object.values(LINES)) fs.writeSync(descriptor, mark, 0, mark.length, line - MIB)
fs.closeSync(descriptor)

/** What a client gets of the file in one framing, and the stream. */
async function get(t, options, framing, length) {
  let stream
  const send = (destination) => {
    stream = createReadStream(file, options)
    stream.pipe(destination)
  }
  const { connect } =
    framing === 'socket'
      ? await serveNet(t, send)
      : await serveHttp(t, (request, response) => {
          if (framing === 'length') response.setHeader('Content-Length', length)
          send(response)
        })
  const client = await connect()
  if (framing !== 'socket') client.get('/')
  const response = framing === 'socket' ? await client.rest() : await client.response()
  client.destroy()
  // What is counted is counted when the end is told, which the client knows first.
  await until(() => stream.closed, 'the source to close')
  return { response, stream }
}

for (const [name, line] of Object.entries(LINES)) {
  test(`ranges across ${name} have the bytes of their places`, async (t) => {
    // Within the mark, beginning at it, and ending with it: sent in place, by
    // the pump, and in more than one slice.
    for (const [start, end] of [
      [line - 3, line + 3],
      [line - 40_000, line + 20_000],
      [line, line + MIB - 1],
      [line - MIB, line + MIB - 1],
    ]) {
      const expected = sha256(mark.subarray(start - line + MIB, end - line + MIB + 1))
      for (const framing of ['chunked', 'length', 'socket']) {
        const { response } = await get(t, { start, end }, framing, end - start + 1)
        assert.equal(response.sha256, expected, `${framing}, ${start} to ${end}`)
      }
    }
  })
}

test('what begins behind 4 GiB goes to the end of the file', async (t) => {
  for (const framing of ['chunked', 'length', 'socket']) {
    const { response, stream } = await get(t, { start: SIZE - MIB }, framing, MIB)
    assert.equal(response.sha256, sha256(mark.subarray(MIB)))
    assert.equal(stream.bytesRead, MIB)
    if (engine !== 'javascript') assert.equal(stream.pos, SIZE)
  }
})

test('a start at the end of a file, and behind it, sends nothing', async (t) => {
  for (const start of [SIZE, SIZE + 1, 2 ** 40]) {
    for (const framing of ['chunked', 'length', 'socket']) {
      const { response, stream } = await get(t, { start }, framing, 0)
      assert.equal(response.length, 0)
      assert.notEqual(response.complete, false)
      assert.equal(stream.bytesRead, 0)
    }
  }
})

const isWhole = { skip: !process.env.MILLRACE_HUGE && 'set MILLRACE_HUGE to send 4 GiB' }

test('the whole of it', isWhole, async (t) => {
  for (const framing of ['chunked', 'length']) {
    const { response } = await get(t, {}, framing, SIZE)
    assert.equal(response.length, SIZE)
    const hash = crypto.createHash('sha256')
    const part = Buffer.alloc(MIB)
    const source = fs.openSync(file)
    for (let at = 0; at < SIZE; at += MIB) {
      hash.update(part.subarray(0, fs.readSync(source, part, 0, MIB, at)))
    }
    fs.closeSync(source)
    assert.equal(response.sha256, hash.digest('hex'))
  }
})
