'use strict'

// Writing: bytes, callbacks, events and their order, with options of all kinds.

const fs = require('node:fs')
const { PassThrough, Readable, pipeline } = require('node:stream')

const { bytes } = require('./helpers/files.js')
const { settled, told, watch, writingParity } = require('./helpers/writing.js')

const OLD = 'what was there before, and is longer than some'

/** How bytes come, by name. Each gets a stream and notes callbacks. */
const ways = {
  nothing: (stream) => stream.end(),
  'one string': (stream, note) => stream.end('text', note('end')),
  'an empty string'(stream, note) {
    stream.write('', note('empty'))
    stream.end()
  },
  'small writes at once'(stream, note) {
    for (let i = 0; i < 300; i += 1) stream.write(`line ${i}\n`, note(i))
    stream.end('last', note('end'))
  },
  'small writes without callbacks'(stream) {
    for (let i = 0; i < 2000; i += 1) stream.write(`line ${i}\n`)
    stream.end()
  },
  async 'small writes that heed back-pressure'(stream, note) {
    for (let i = 0; i < 9000 && !stream.destroyed; i += 1) {
      if (!stream.write(bytes(50 + (i % 90), i), i % 100 === 0 ? note(i) : undefined)) {
        note('full')()
        await new Promise((resolve) => stream.once('drain', resolve).once('close', resolve))
      }
    }
    stream.end(note('end'))
  },
  async 'bursts of small writes, and single ones'(stream, note) {
    for (let i = 0; i < 40 && !stream.destroyed; i += 1) {
      for (let j = 0; j < (i * 7) % 11; j += 1) stream.write(bytes(30 + j, i), note(`${i}.${j}`))
      await new Promise((resolve) => stream.write('-', resolve))
    }
    stream.end()
  },
  'writes of all sizes'(stream, note) {
    for (const size of [1, 5000, 0, 100_000, 3, 4096, 4097, 1, 1, 1, 1, 300_000, 7]) {
      stream.write(bytes(size, size), note(size))
    }
    stream.end()
  },
  async 'writes in ticks and promises'(stream, note) {
    for (let i = 0; i < 60; i += 1) {
      stream.write(`a${i}`, note(`a${i}`))
      process.nextTick(() => stream.write(`b${i}`, note(`b${i}`)))
      queueMicrotask(() => stream.write(`c${i}`, note(`c${i}`)))
      if (i % 5 === 0) await new Promise((resolve) => stream.write('|', resolve))
    }
    await new Promise((resolve) => stream.write('.', resolve))
    stream.end()
  },
  'corked writes'(stream, note) {
    stream.cork()
    for (let i = 0; i < 30; i += 1) stream.write(`x${i}`, note(i))
    process.nextTick(() => {
      stream.uncork()
      stream.write('after', note('after'))
      stream.cork()
      stream.write('corked again', note('corked'))
      stream.end()
    })
  },
  async 'cork behind many small writes'(stream, note) {
    for (let round = 0; round < 5; round += 1) {
      for (let i = 0; i < 20; i += 1) stream.write(`${round}.${i}`, note(i))
      stream.cork()
      stream.write('behind', note('behind'))
      process.nextTick(() => stream.uncork())
      await new Promise((resolve) => stream.write('|', resolve))
    }
    stream.end()
  },
  encodings(stream, note) {
    stream.write('68656c6c6f', 'hex', note('hex'))
    stream.write('aGVsbG8=', 'base64', note('base64'))
    stream.setDefaultEncoding('latin1')
    stream.write('\u00e4\u00f6', note('latin1'))
    stream.write('\u00e4\u00f6', 'utf16le', note('utf16le'))
    stream.write(new Uint8Array([1, 2, 3]), note('array'))
    stream.write(new DataView(new ArrayBuffer(5)), note('view'))
    stream.end('\u00e4', 'utf8')
  },
  'a chunk that changes while it waits'(stream, note) {
    const chunk = Buffer.alloc(50, 'a')
    stream.write('first', note('first'))
    stream.write(chunk, note('chunk'))
    chunk.fill('b')
    stream.end()
  },
}

const options = [
  {},
  { flags: 'a' },
  { flags: 'r+', start: 5 },
  { flags: 'w', start: 7 },
  { highWaterMark: 1 },
  { highWaterMark: 0 },
  { highWaterMark: 2 ** 20 },
  { encoding: 'utf16le' },
  { decodeStrings: false },
  { emitClose: false },
  { autoClose: false },
  { flush: true },
  { mode: 0o600 },
]

for (const [way, write] of Object.entries(ways)) {
  for (const option of options) {
    const run = async ({ createWriteStream, path, journal }) => {
      const stream = watch(createWriteStream(path, option), journal)
      await write(stream, (what) => told(journal, what))
      await settled(stream)
      if (option.autoClose === false) fs.closeSync(stream.fd)
      return stream.bytesWritten
    }
    writingParity(`${way}, ${JSON.stringify(option)}`, run, OLD)
  }

  writingParity(`${way}, after 'open'`, async ({ createWriteStream, path, journal }) => {
    const stream = watch(createWriteStream(path), journal)
    stream.once('open', () => write(stream, (what) => told(journal, what)))
    await settled(stream)
  })

  for (const start of [undefined, 3]) {
    writingParity(`${way}, into a descriptor, start ${start}`, async (implementation) => {
      const { createWriteStream, path, journal } = implementation
      const fd = fs.openSync(path, 'w+')
      fs.writeSync(fd, 'before')
      const stream = watch(createWriteStream('', { fd, start, autoClose: false }), journal)
      await write(stream, (what) => told(journal, what))
      await settled(stream)
      // The descriptor's own offset follows where no start was given.
      fs.writeSync(fd, 'after')
      fs.closeSync(fd)
    })
  }

  writingParity(`${way}, into a FileHandle`, async ({ createWriteStream, path, journal }) => {
    const handle = await fs.promises.open(path, 'w')
    const stream = watch(createWriteStream(null, { fd: handle }), journal)
    await write(stream, (what) => told(journal, what))
    await settled(stream)
  })
}

for (const size of [0, 1, 16_384, 65_536, 65_537, 1_000_000]) {
  for (const [kind, source] of Object.entries({
    'a Readable': () => Readable.from([bytes(size), 'x', bytes(size, 2)], { objectMode: false }),
    'a PassThrough': () => new PassThrough().end(bytes(size)),
  })) {
    writingParity(`${kind} of ${size} is piped`, async ({ createWriteStream, path, journal }) => {
      const stream = watch(createWriteStream(path), journal)
      source().pipe(stream)
      await settled(stream)
    })

    writingParity(`${kind} of ${size} in a pipeline`, async (implementation) => {
      const { createWriteStream, path, journal } = implementation
      const stream = watch(createWriteStream(path), journal)
      await new Promise((resolve) =>
        pipeline(source(), stream, (error) => resolve(told(journal, 'pipeline')(error))),
      )
      await settled(stream)
    })
  }
}

writingParity('many chunks at once, more than one call takes', async (implementation) => {
  const { createWriteStream, path, journal } = implementation
  const stream = watch(createWriteStream(path), journal)
  stream.cork()
  for (let i = 0; i < 3000; i += 1) stream.write(bytes(5000, i))
  stream.uncork()
  stream.end()
  await settled(stream)
})

writingParity('buffers in object mode', async ({ createWriteStream, path, journal }) => {
  const stream = watch(createWriteStream(path, { objectMode: true }), journal)
  for (let i = 0; i < 100; i += 1) stream.write(bytes(i, i), told(journal, i))
  stream.end()
  await settled(stream)
})
