'use strict'

// What a chunk is made of: memory of its own, that its owner may keep, change
// and give away.

const assert = require('node:assert/strict')
const { once } = require('node:events')
const fs = require('node:fs')
const { test } = require('node:test')
const v8 = require('node:v8')
const { runInNewContext } = require('node:vm')
const { MessageChannel } = require('node:worker_threads')

const millrace = require('..')
const { makeFile } = require('./helpers/files.js')
const { parity } = require('./helpers/parity.js')
const { until } = require('./helpers/server.js')

const files = [0, 1, 100, 4095, 65_536, 200_001].map((size) => makeFile(size))
const { file, content } = files.at(-1)

/** A stream's chunks as they come; `each` may do with one what it likes. */
async function chunksOf(stream, each = () => {}) {
  const parts = []
  stream.on('data', (part) => {
    parts.push(part)
    each(part, parts)
  })
  await once(stream, 'close')
  return parts
}

/** What can be told of a chunk, apart from its bytes. */
function describe(part) {
  const { buffer } = part
  return {
    length: part.length,
    offset: part.byteOffset,
    memory: buffer.byteLength,
    isArrayBuffer: Object.getPrototypeOf(buffer) === ArrayBuffer.prototype,
    isBuffer: Object.getPrototypeOf(part) === Buffer.prototype,
    isResizable: buffer.resizable,
    frozen: Object.isFrozen(buffer),
  }
}

const ranges = [
  {},
  { highWaterMark: 1000 },
  { highWaterMark: 4096 },
  { highWaterMark: 65_537 },
  { highWaterMark: 2 ** 20 },
  { start: 1 },
  { end: 70_000 },
  { start: 65_535, end: 65_537 },
]

parity('the memory of every chunk', async ({ createReadStream }) => {
  const seen = []
  for (const { file } of files) {
    for (const options of ranges) {
      const parts = await chunksOf(createReadStream(file, options))
      assert.equal(new Set(parts.map(({ buffer }) => buffer)).size, parts.length)
      for (const { byteOffset } of parts) assert.equal(byteOffset % 8, 0)
      seen.push(parts.map(describe))
    }
  }
  return seen
})

const gifts = {
  structuredClone: (part) => structuredClone(part, { transfer: [part.buffer] }),
  postMessage(part) {
    const { port1, port2 } = new MessageChannel()
    port1.postMessage(part, [part.buffer])
    return once(port2, 'message').then(([received]) => {
      port1.close()
      return received
    })
  },
  'ArrayBuffer.prototype.transfer': (part) =>
    typeof part.buffer.transfer === 'function' ? new Uint8Array(part.buffer.transfer()) : null,
}

for (const [name, give] of Object.entries(gifts)) {
  parity(`chunks are given away by ${name} while the stream goes on`, async (implementation) => {
    const given = []
    const emptied = []
    const parts = await chunksOf(
      implementation.createReadStream(file, { highWaterMark: 30_000 }),
      (part) => {
        given.push(give(part))
        emptied.push([part.length, part.buffer.byteLength])
      },
    )
    const received = await Promise.all(given)
    if (received[0] !== null) assert.ok(Buffer.concat(received).equals(content))
    return { emptied, lengths: parts.map(({ length }) => length) }
  })
}

parity('chunks that are overwritten by their owner', async ({ createReadStream }) => {
  const seen = []
  await chunksOf(createReadStream(file, { highWaterMark: 10_000 }), (part) => {
    seen.push(Buffer.from(part))
    part.fill(0xff)
    new Uint8Array(part.buffer).fill(0xee)
  })
  assert.ok(Buffer.concat(seen).equals(content))
  return seen.map(({ length }) => length)
})

parity('chunks keep what they got, long after', async ({ createReadStream }) => {
  const parts = await chunksOf(createReadStream(file, { highWaterMark: 10_000 }))
  for (let i = 0; i < 3; i += 1) {
    await chunksOf(createReadStream(files[4].file, { highWaterMark: 10_000 }))
  }
  assert.ok(Buffer.concat(parts).equals(content))
})

parity('a chunk that is kept keeps no more than itself', async ({ createReadStream }) => {
  const kept = []
  for (let started = 0; started < 200; started += 4) {
    const streams = [0, 1, 2, 3].map(() => chunksOf(createReadStream(files[3].file)))
    kept.push(...(await Promise.all(streams)).flat())
  }
  const memory = new Set(kept.map(({ buffer }) => buffer))
  const retained = [...memory].reduce((sum, { byteLength }) => sum + byteLength, 0)
  assert.ok(retained <= 3 * 200 * 4095, `${retained} bytes`)
  for (const part of kept) assert.ok(part.equals(files[3].content))
  return retained
})

test('chunks that nobody keeps are collected', async () => {
  v8.setFlagsFromString('--expose-gc')
  const gc = runInNewContext('gc')
  const { file: large } = makeFile(32 * 2 ** 20)
  const settled = async () => {
    for (let i = 0; i < 3; i += 1) {
      gc()
      await new Promise(setImmediate)
    }
    return process.memoryUsage().arrayBuffers
  }
  const before = await settled()
  let sum = 0
  for await (const part of millrace.createReadStream(large)) sum += part.length
  assert.equal(sum, 32 * 2 ** 20)
  const grown = (await settled()) - before
  assert.ok(grown < 2 ** 20, `${grown} bytes are left`)
})

test('the memory of chunks is known to the garbage collector', async () => {
  const held = []
  const before = process.memoryUsage().arrayBuffers
  for await (const part of millrace.createReadStream(file)) held.push(part)
  const grown = process.memoryUsage().arrayBuffers - before
  assert.ok(grown >= content.length, `${grown} of ${held.length} chunks`)
})

test('streams that nobody holds are collected, and destroyed ones at once', async () => {
  v8.setFlagsFromString('--expose-gc')
  const gc = runInNewContext('gc')
  const references = []
  for (let i = 0; i < 50; i += 1) {
    const stream = millrace.createReadStream(file)
    references.push(new WeakRef(stream))
    stream.on('data', () => stream.destroy())
    await once(stream, 'close')
  }
  await until(() => {
    gc()
    return references.filter((reference) => reference.deref()).length <= 1
  }, 'the streams to be collected')
})

parity('a thousand streams at a time', async ({ createReadStream }) => {
  const { file: small, content: expected } = makeFile(3000, 7)
  const all = await Promise.all(
    Array.from({ length: 1000 }, async () => {
      const parts = await chunksOf(createReadStream(small, { highWaterMark: 1024 }))
      return [Buffer.concat(parts).equals(expected), parts.map(({ length }) => length)]
    }),
  )
  return all
})

parity('a large file in large chunks', async ({ createReadStream }) => {
  const size = 20 * 2 ** 20 + 5
  const { file: large, content: expected } = makeFile(size, 3)
  const parts = await chunksOf(createReadStream(large, { highWaterMark: 8 * 2 ** 20 }))
  assert.ok(Buffer.concat(parts).equals(expected))
  fs.unlinkSync(large)
  return parts.map(describe)
})

parity('beyond 4 GiB, in a sparse file', async ({ createReadStream }) => {
  const { file: sparse } = makeFile(0)
  const start = 2 ** 32 - 70_000
  fs.truncateSync(sparse, 2 ** 32 + 70_000)
  const fd = fs.openSync(sparse, 'r+')
  fs.writeSync(fd, content.subarray(0, 100_000), 0, 100_000, start + 20_000)
  fs.closeSync(fd)
  const parts = await chunksOf(createReadStream(sparse, { start, end: start + 139_999 }))
  const got = Buffer.concat(parts)
  assert.ok(got.subarray(20_000, 120_000).equals(content.subarray(0, 100_000)))
  assert.equal(got.length, 140_000)
  fs.unlinkSync(sparse)
  return parts.map(describe)
})
