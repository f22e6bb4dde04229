'use strict'

// Reading in JavaScript, in every way that Node has: the same chunks, events
// and order.

const assert = require('node:assert/strict')
const { on, once } = require('node:events')
const { Writable } = require('node:stream')
const { finished } = require('node:stream/promises')

const { makeFile } = require('./helpers/files.js')
const { parity, lookAt } = require('./helpers/parity.js')
const { until } = require('./helpers/server.js')

const files = new Map(
  [0, 1, 10, 1000, 65_535, 65_536, 65_537, 200_001].map((size) => [size, makeFile(size)]),
)

/** Sizes of files, and options. */
const cases = [
  [0, {}],
  [1, {}],
  [10, { highWaterMark: 1 }],
  [1000, { highWaterMark: 7 }],
  [1000, { highWaterMark: 1000 }],
  [65_535, {}],
  [65_536, {}],
  [65_537, {}],
  [200_001, {}],
  [200_001, { highWaterMark: 65_535 }],
  [200_001, { highWaterMark: 100_000, start: 1 }],
  [200_001, { highWaterMark: 2 ** 20 }],
  [200_001, { start: 1 }],
  [200_001, { end: 100_000 }],
  [200_001, { end: 0 }],
  [200_001, { start: 65_536, end: 131_071 }],
  [200_001, { start: 5, end: 5 }],
  [200_001, { start: 200_000 }],
  [200_001, { start: 200_001 }],
  [200_001, { start: 2 ** 40 }],
  [200_001, { start: 199_990, end: 400_000 }],
  [200_001, { autoClose: false, end: 150_000 }],
  [200_001, { emitClose: false }],
]

const immediate = () => new Promise(setImmediate)
const tick = () => new Promise(process.nextTick)

/**
 * Ways to read a stream to its end. Each returns its chunks, and may put into
 * the log what else it saw.
 */
const readers = {
  data(stream, log) {
    const parts = []
    stream.on('data', (part) => {
      parts.push(part)
      log.push(['data', part.length, lookAt(stream)])
    })
    return once(stream, 'end').then(() => parts)
  },

  'data, among ticks and promises'(stream, log) {
    const parts = []
    const around = (event) => {
      log.push([event])
      process.nextTick(() => log.push([event, 'tick', stream.bytesRead, stream.readableLength]))
      queueMicrotask(() => log.push([event, 'microtask', stream.bytesRead, stream.readableLength]))
      void Promise.resolve()
        .then(() => log.push([event, 'promise']))
        .then(tick)
        .then(() => log.push([event, 'tick behind a promise', stream.bytesRead]))
    }
    around('made')
    for (const event of ['open', 'ready', 'resume', 'pause', 'end', 'close']) {
      stream.on(event, () => around(event))
    }
    stream.on('data', (part) => {
      parts.push(part)
      around('data')
    })
    return once(stream, 'end').then(() => parts)
  },

  'data, from the open event on'(stream, log) {
    const parts = []
    stream.once('open', () => {
      stream.on('data', (part) => {
        parts.push(part)
        log.push(['data', part.length, lookAt(stream)])
      })
    })
    return once(stream, 'end').then(() => parts)
  },

  async 'data, long after the open event'(stream, log) {
    await once(stream, 'ready')
    for (let i = 0; i < 5; i += 1) await immediate()
    log.push(['waited', lookAt(stream)])
    return readers.data(stream, log)
  },

  readable(stream, log) {
    const parts = []
    stream.on('readable', () => {
      for (;;) {
        const part = stream.read()
        log.push(['read', part?.length, lookAt(stream)])
        if (part === null) break
        parts.push(part)
      }
    })
    return once(stream, 'end').then(() => parts)
  },

  'readable, one read an event'(stream, log) {
    const parts = []
    stream.on('readable', () => {
      const part = stream.read()
      log.push(['read', part?.length, lookAt(stream)])
      if (part !== null) parts.push(part)
    })
    return once(stream, 'end').then(() => parts)
  },

  'read of so many bytes'(stream, log) {
    const parts = []
    const sizes = [1, 10, 100, 0, 5000, 70_000]
    let turn = 0
    stream.on('readable', () => {
      for (;;) {
        const size = sizes[turn % sizes.length]
        const part = stream.read(size)
        log.push(['read', size, part?.length, lookAt(stream)])
        turn += 1
        if (part !== null) parts.push(part)
        else if (size !== 0) break
      }
      // What is left at the end is less than was asked for.
      if (stream._readableState.ended) {
        const rest = stream.read()
        log.push(['rest', rest?.length])
        if (rest !== null) parts.push(rest)
      }
    })
    return once(stream, 'end').then(() => parts)
  },

  async 'for await'(stream, log) {
    const parts = []
    for await (const part of stream) {
      parts.push(part)
      log.push(['part', part.length, lookAt(stream)])
    }
    log.push(['behind', lookAt(stream)])
    return parts
  },

  async 'for await, slowly'(stream, log) {
    const parts = []
    for await (const part of stream) {
      parts.push(part)
      log.push(['part', part.length])
      for (let i = 0; i < 3; i += 1) await immediate()
    }
    return parts
  },

  async 'an iterator that leaves the stream as it is'(stream, log) {
    const parts = []
    for await (const part of stream.iterator({ destroyOnReturn: false })) {
      parts.push(part)
      log.push(['first', part.length])
      break
    }
    log.push(['between', stream.destroyed, stream.readableFlowing])
    for await (const part of stream) {
      parts.push(part)
      log.push(['then', part.length])
    }
    return parts
  },

  'pause at every chunk, resume in the next tick'(stream, log) {
    const parts = []
    stream.on('data', (part) => {
      parts.push(part)
      stream.pause()
      log.push(['data', part.length, lookAt(stream)])
      process.nextTick(() => {
        log.push(['tick', lookAt(stream)])
        stream.resume()
      })
    })
    return once(stream, 'end').then(() => parts)
  },

  'pause at every chunk, resume slowly'(stream, log) {
    const parts = []
    stream.on('data', async (part) => {
      parts.push(part)
      stream.pause()
      log.push(['data', part.length, stream.isPaused()])
      for (let i = 0; i < 5; i += 1) await immediate()
      stream.resume()
    })
    return once(stream, 'end').then(() => parts)
  },

  'pause and resume at once, many times'(stream, log) {
    const parts = []
    for (const event of ['open', 'data']) {
      stream.on(event, () => {
        for (let i = 0; i < 3; i += 1) stream.pause().resume()
      })
    }
    for (const event of ['pause', 'resume']) stream.on(event, () => log.push([event]))
    stream.on('data', (part) => {
      parts.push(part)
      log.push(['data', part.length, lookAt(stream)])
    })
    return once(stream, 'end').then(() => parts)
  },

  'unshift of half of a chunk, once each'(stream, log) {
    const parts = []
    let isWhole = true
    stream.on('data', (part) => {
      const kept = isWhole ? Math.ceil(part.length / 2) : part.length
      parts.push(part.subarray(0, kept))
      if (kept < part.length) stream.unshift(part.subarray(kept))
      isWhole = !isWhole
      log.push(['data', part.length, kept, lookAt(stream)])
    })
    return once(stream, 'end').then(() => parts)
  },

  'data by one listener, and by another from the second chunk on'(stream, log) {
    const parts = []
    stream.once('data', (first) => {
      parts.push(first)
      stream.on('data', (part) => log.push(['second listener', part.length]))
      stream.on('data', (part) => parts.push(part))
    })
    return once(stream, 'end').then(() => parts)
  },

  'data, then a listener of readable'(stream, log) {
    const parts = []
    stream.once('data', (first) => {
      parts.push(first)
      stream.on('readable', () => {
        for (let part; (part = stream.read()) !== null;) {
          parts.push(part)
          log.push(['read', part.length, lookAt(stream)])
        }
      })
    })
    return once(stream, 'end').then(() => parts)
  },

  async 'a Writable'(stream, log) {
    const parts = []
    const sink = new Writable({
      write(part, encoding, callback) {
        parts.push(part)
        log.push(['write', part.length, lookAt(stream)])
        callback()
      },
    })
    for (const event of ['pipe', 'unpipe', 'drain', 'finish', 'close']) {
      sink.on(event, () => log.push([event]))
    }
    await finished(stream.pipe(sink))
    return parts
  },

  async 'a Writable that is slow'(stream, log) {
    const parts = []
    const sink = new Writable({
      highWaterMark: 1,
      async write(part, encoding, callback) {
        parts.push(part)
        log.push(['write', part.length])
        for (let i = 0; i < 3; i += 1) await immediate()
        callback()
      },
    })
    await finished(stream.pipe(sink))
    return parts
  },

  async 'two Writables'(stream, log) {
    const parts = []
    const sinks = [1, 2].map(
      (number) =>
        new Writable({
          highWaterMark: number * 10,
          write(part, encoding, callback) {
            if (number === 1) parts.push(part)
            log.push([number, part.length])
            process.nextTick(callback)
          },
        }),
    )
    await Promise.all(sinks.map((sink) => finished(stream.pipe(sink))))
    return parts
  },

  async 'events.on'(stream, log) {
    const parts = []
    for await (const [part] of on(stream, 'data', { close: ['end'] })) {
      parts.push(part)
      log.push(['part', part.length])
    }
    return parts
  },

  async 'the helpers of streams'(stream, log) {
    const lengths = []
    const parts = await stream
      .map((part) => {
        lengths.push(part.length)
        return part
      })
      .filter(() => true)
      .toArray()
    log.push(['lengths', lengths])
    return parts
  },
}

for (const [name, read] of Object.entries(readers)) {
  parity(`every chunk and event, read by ${name}`, async ({ createReadStream }) => {
    const stories = []
    for (const [size, options] of cases) {
      const { file, content } = files.get(size)
      const stream = createReadStream(file, options)
      const log = []
      // What comes first, a slow reader's next step or the stream's, is chance.
      const look = name.includes('slow') ? () => null : () => lookAt(stream)
      for (const event of ['open', 'ready', 'end', 'close']) {
        stream.on(event, () => log.push([event, look()]))
      }
      const parts = await read(stream, log)
      if (stream.autoClose) await until(() => stream.closed)
      await immediate()
      log.push(['settled', look()])
      stream.destroy()
      const { start = 0, end = Infinity } = options
      assert.ok(Buffer.concat(parts).equals(content.subarray(start, end + 1)))
      stories.push({ size, options, log })
    }
    return stories
  })
}

parity('unshift: before the first read, and too late', async ({ createReadStream, journal }) => {
  const { file } = files.get(1000)
  const stream = createReadStream(file, { highWaterMark: 300 })
  stream.unshift(Buffer.from('before'))
  journal.note('made', lookAt(stream))
  stream.on('data', (part) => journal.note('data', part.toString('latin1'), lookAt(stream)))
  stream.on('error', (error) => journal.note('error', error.code))
  stream.on('end', () => stream.unshift(Buffer.from('late')))
  await until(() => stream.closed)
  return lookAt(stream)
})

parity('push by others, before and in the middle', async ({ createReadStream, journal }) => {
  const { file } = files.get(1000)
  const stream = createReadStream(file, { highWaterMark: 300 })
  journal.note('pushed', stream.push(Buffer.from('first')))
  let isFirst = true
  stream.on('data', (part) => {
    journal.note('data', part.length, lookAt(stream))
    if (isFirst) stream.push(Buffer.from('in the middle'))
    isFirst = false
  })
  await once(stream, 'close')
})

parity('an end that others push', async ({ createReadStream, journal }) => {
  const { file } = files.get(1000)
  const stream = createReadStream(file, { highWaterMark: 300 })
  stream.once('data', () => stream.push(null))
  stream.on('error', (error) => journal.note('error', error.code))
  stream.on('data', (part) => journal.note('data', part.length))
  for (const event of ['end', 'close']) stream.on(event, () => journal.note('event', event))
  await once(stream, 'close').catch(() => {})
  return lookAt(stream)
})
