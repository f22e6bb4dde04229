'use strict'

// Chunks whose memory goes elsewhere while they are written: what others wrote is
// not touched by that.

const assert = require('node:assert/strict')
const { once } = require('node:events')
const fs = require('node:fs')
const { test } = require('node:test')
const { Worker } = require('node:worker_threads')

const { createWriteStream } = require('..')
const { newPath } = require('./helpers/files.js')
const { writingParity, settled, turns, watch } = require('./helpers/writing.js')

function detach(chunk) {
  structuredClone(chunk.buffer, { transfer: [chunk.buffer] })
}

function filled(length, byte, memory = new ArrayBuffer(length)) {
  return Buffer.from(memory, 0, length).fill(byte)
}

/** Has a stream write as it does for many small chunks. */
async function warmUp(stream) {
  for (let round = 0; round < 3; round += 1) {
    for (let i = 0; i < 50; i += 1) stream.write('-')
    await new Promise((resolve) => stream.write('|', resolve))
  }
}

for (const option of [{}, { start: 3 }, { flags: 'a' }]) {
  for (const size of [10, 4000, 10_000, 70_000]) {
    const name = `${size} bytes, ${JSON.stringify(option)}`

    writingParity(`a chunk that is detached behind its write: ${name}`, async (implementation) => {
      const { createWriteStream: create, path, journal } = implementation
      const stream = watch(create(path, option), journal)
      await once(stream, 'ready')
      await warmUp(stream)
      const first = filled(size, 'D')
      stream.write(first)
      detach(first)
      for (let i = 0; i < 10; i += 1) stream.write('abc')
      stream.end('the end')
      await settled(stream)
    })

    writingParity(`a chunk that is shared: ${name}`, async (implementation) => {
      const { createWriteStream: create, path } = implementation
      const stream = create(path, option)
      await warmUp(stream)
      stream.write(filled(size, 'S', new SharedArrayBuffer(size)))
      for (let i = 0; i < 10; i += 1) stream.write(filled(size, 'T', new SharedArrayBuffer(size)))
      stream.end('the end')
      await settled(stream)
    })
  }

  test(`chunks that are detached while they are written: ${JSON.stringify(option)}`, async () => {
    const file = newPath('detached')
    fs.writeFileSync(file, '')
    const stream = createWriteStream(file, option)
    const texts = []
    const write = (text) => {
      texts.push(text)
      stream.write(text)
    }
    for (let round = 0; round < 30; round += 1) {
      // All of it is written with the first chunk, which is called back first.
      for (let i = 0; i < 20; i += 1) write(`<${round}.${i}>`)
      const lost = filled(10 + round, 'D')
      stream.write(lost)
      for (let i = 20; i < 40; i += 1) write(`<${round}.${i}>`)
      await turns(round % 4)
      detach(lost)
      await turns(5)
      if (round % 2 === 0) await new Promise((resolve) => stream.write('', resolve))
    }
    await once(stream.end(), 'close')
    const content = fs.readFileSync(file, 'latin1').replaceAll('D', '').replaceAll('\0', '')
    assert.ok(content === texts.join(''), 'other bytes')
  })
}

test('chunks that go to a worker while they are written', async (t) => {
  const code = `
    const { parentPort } = require('node:worker_threads')
    parentPort.on('message', (memory) => new Uint8Array(memory).fill(255))`
  const worker = new Worker(code, { eval: true })
  t.after(() => worker.terminate())
  const file = newPath('sent')
  const stream = createWriteStream(file)
  // One that is detached in the stream's buffer keeps Node's from ending.
  await once(stream, 'ready')
  let total = 0
  for (let round = 0; round < 40; round += 1) {
    for (const size of [100, 20_000, 3_000_000]) {
      const chunk = filled(size, 1)
      total += size
      const written = new Promise((resolve) => stream.write(chunk, resolve))
      worker.postMessage(chunk.buffer, [chunk.buffer])
      await written
    }
  }
  await once(stream.end(), 'close')
  assert.equal(stream.bytesWritten, total)
  const content = fs.readFileSync(file)
  // Nothing but the one or the other.
  assert.ok(content.every((byte) => byte === 1 || byte === 255 || byte === 0))
})
