'use strict'

// A ReadStream in the hands of all that Node has for streams.

const assert = require('node:assert/strict')
const crypto = require('node:crypto')
const { once } = require('node:events')
const fs = require('node:fs')
const stream = require('node:stream')
const consumers = require('node:stream/consumers')
const promises = require('node:stream/promises')
const { TransformStream, WritableStream } = require('node:stream/web')
const zlib = require('node:zlib')

const { makeFile, newPath, sha256 } = require('./helpers/files.js')
const { parity, describeError, lookAt } = require('./helpers/parity.js')
const { until } = require('./helpers/server.js')

const { Duplex, PassThrough, Readable, Transform, Writable } = stream
const { file, content } = makeFile(200_001)
const missing = newPath('missing')
const json = newPath('json')
fs.writeFileSync(json, JSON.stringify({ a: ['ω', 1] }))

const ours = () => Object.assign(new Error('ours'), { code: 'OURS' })

/** A Writable that keeps what it gets; `act` may do something at each chunk. */
function sinkOf(act = () => {}, options = {}) {
  const parts = []
  const sink = new Writable({
    ...options,
    write(part, encoding, callback) {
      parts.push(part)
      act(sink, parts)
      callback()
    },
  })
  return Object.assign(sink, { parts })
}

function upperCase() {
  return new Transform({
    transform: (part, encoding, callback) => callback(null, part.toString('hex').toUpperCase()),
  })
}

/** What comes of a promise. */
async function settled(promise) {
  try {
    const value = await promise
    return Buffer.isBuffer(value) || typeof value === 'string' ? sha256(value) : typeof value
  } catch (error) {
    return describeError(error)
  }
}

/** Each consumes a source; what it returns, or throws, is compared. */
const uses = {
  'consumers.buffer': (source) => consumers.buffer(source),
  'consumers.text': (source) => consumers.text(source),
  'consumers.arrayBuffer': async (source) => Buffer.from(await consumers.arrayBuffer(source)),
  'consumers.blob': async (source) =>
    Buffer.from(await (await consumers.blob(source)).arrayBuffer()),
  'consumers.json': (source) => consumers.json(source),
  pipeline: async (source) => {
    const sink = sinkOf()
    await promises.pipeline(source, sink)
    return Buffer.concat(sink.parts)
  },
  'pipeline of three': async (source) => {
    const sink = sinkOf()
    await promises.pipeline(source, upperCase(), sink)
    return Buffer.concat(sink.parts)
  },
  'pipeline into a function': (source) =>
    promises.pipeline(source, async (iterable) => {
      const parts = []
      for await (const part of iterable) parts.push(part)
      return Buffer.concat(parts)
    }),
  'pipeline through a generator': async (source) => {
    const sink = sinkOf()
    await promises.pipeline(
      source,
      async function* double(iterable) {
        for await (const part of iterable) yield* [part, part]
      },
      sink,
    )
    return Buffer.concat(sink.parts)
  },
  'pipeline with end: false': async (source) => {
    const sink = sinkOf()
    await promises.pipeline(source, sink, { end: false })
    return Buffer.from(`${sink.writableEnded} ${sink.parts.length}`)
  },
  'pipeline with a signal that comes in the middle': (source) => {
    const controller = new AbortController()
    source.once('data', () => controller.abort(ours()))
    return promises.pipeline(source, sinkOf(), { signal: controller.signal })
  },
  'pipeline with a callback': async (source) => {
    const sink = sinkOf()
    const error = await new Promise((resolve) => {
      stream.pipeline(source, sink, resolve)
    })
    if (error) throw error
    return Buffer.concat(sink.parts)
  },
  'pipeline into a sink that is destroyed': (source) =>
    promises.pipeline(
      source,
      sinkOf((sink, parts) => parts.length === 2 && sink.destroy()),
    ),
  'pipeline into a sink that fails': (source) =>
    promises.pipeline(
      source,
      sinkOf((sink, parts) => parts.length === 2 && sink.destroy(ours())),
    ),
  'pipeline into gzip': async (source) => {
    const sink = sinkOf()
    await promises.pipeline(source, zlib.createGzip(), zlib.createGunzip(), sink)
    return Buffer.concat(sink.parts)
  },
  'pipeline into a file': async (source) => {
    const copy = newPath('copy')
    await promises.pipeline(source, fs.createWriteStream(copy))
    return fs.readFileSync(copy)
  },
  'pipeline into a WritableStream': async (source) => {
    const parts = []
    await promises.pipeline(source, new WritableStream({ write: (part) => void parts.push(part) }))
    return Buffer.concat(parts)
  },
  finished: (source) => promises.finished(source.resume()),
  'finished of a source that is destroyed': (source) =>
    promises.finished(source.once('data', () => source.destroy())),
  'finished with cleanup': (source) => promises.finished(source.resume(), { cleanup: true }),
  'finished with a signal': (source) => {
    const controller = new AbortController()
    source.once('data', () => controller.abort())
    return promises.finished(source, { signal: controller.signal })
  },
  'pipe into a hash': async (source) => {
    const hash = crypto.createHash('sha256')
    source.on('error', (error) => hash.destroy(error))
    await promises.finished(source.pipe(hash), { readable: false })
    return hash.read()
  },
  'pipe into a PassThrough': async (source) => {
    const through = new PassThrough()
    source.on('error', (error) => through.destroy(error))
    return consumers.buffer(source.pipe(through))
  },
  addAbortSignal: (source) => {
    const controller = new AbortController()
    stream.addAbortSignal(controller.signal, source)
    source.once('data', () => controller.abort(ours()))
    return promises.finished(source)
  },
  'Readable.toWeb': async (source) => {
    const parts = []
    for await (const part of Readable.toWeb(source)) parts.push(part)
    return Buffer.concat(parts)
  },
  'Readable.toWeb, cancelled': async (source) => {
    const reader = Readable.toWeb(source).getReader()
    await reader.read()
    await reader.cancel()
    return Buffer.alloc(0)
  },
  'Readable.toWeb through a TransformStream': async (source) => {
    const parts = []
    for await (const part of Readable.toWeb(source).pipeThrough(new TransformStream())) {
      parts.push(part)
    }
    return Buffer.concat(parts)
  },
  'Readable.toWeb and fromWeb': (source) =>
    consumers.buffer(Readable.fromWeb(Readable.toWeb(source))),
  'a Response of the web': async (source) =>
    Buffer.from(await new Response(Readable.toWeb(source)).arrayBuffer()),
  'Readable.from': (source) => consumers.buffer(Readable.from(source, { objectMode: false })),
  'Readable.wrap': (source) => consumers.buffer(new Readable().wrap(source)),
  'Duplex.from': (source) =>
    consumers.buffer(Duplex.from({ readable: source, writable: new PassThrough() })),
  'Duplex.from the stream itself': (source) => consumers.buffer(Duplex.from(source)),
  compose: (source) => consumers.buffer(source.compose(upperCase())),
  'stream.compose': (source) => consumers.buffer(stream.compose(source, upperCase())),
  'fs.promises.writeFile': async (source) => {
    const copy = newPath('written')
    await fs.promises.writeFile(copy, source)
    return fs.readFileSync(copy)
  },
  'map, filter, take': async (source) => {
    const lengths = await source
      .map((part) => part.length)
      .filter((length) => length > 10)
      .take(2)
      .toArray()
    return JSON.stringify(lengths)
  },
  'reduce, with an error': (source) =>
    source.reduce((sum) => {
      if (sum > 1) throw ours()
      return sum + 1
    }, 0),
  'for await, left by break': async (source) => {
    for await (const part of source) return part
    return ''
  },
  'for await, left by throw': async (source) => {
    for await (const part of source) throw Object.assign(ours(), { errno: part.length })
  },
  'events.once of data': async (source) => {
    const [part] = await once(source, 'data')
    source.destroy()
    return part
  },
  'an encoding, then text': (source) => consumers.text(source.setEncoding('base64')),
}

const sources = { 'a file': file, 'a missing file': missing, 'a file of JSON': json }

for (const [name, use] of Object.entries(uses)) {
  parity(`${name}: what comes of it`, async ({ createReadStream, journal }) => {
    for (const [kind, path] of Object.entries(sources)) {
      for (const options of [{}, { start: 3, end: 150_000, highWaterMark: 20_000 }]) {
        const source = createReadStream(path, options)
        const seen = (...entry) => journal.note(kind, ...entry)
        for (const event of ['open', 'ready', 'end', 'close']) source.on(event, () => seen(event))
        source.on('error', (error) => seen('error', describeError(error)))
        seen('result', await settled(Promise.resolve().then(() => use(source))))
        // What a consumer left over is nobody's.
        if (!source.destroyed) seen('left over', source.readableFlowing)
        source.destroy()
        await until(() => source.closed)
        await new Promise(setImmediate)
        const { bytesRead, errored, readableAborted, readableEnded } = lookAt(source)
        seen('closed', readableAborted, readableEnded, errored)
        if (readableEnded) seen('read', bytesRead)
        seen(
          'told',
          stream.isReadable(source),
          stream.isErrored(source),
          stream.isDisturbed(source),
        )
      }
    }
  })
}

parity('a pipe, unpiped and piped elsewhere', async ({ createReadStream, journal }) => {
  const source = createReadStream(file, { highWaterMark: 20_000 })
  const second = sinkOf()
  const first = sinkOf((sink, parts) => {
    if (parts.length !== 3) return
    source.unpipe(sink)
    source.pipe(second)
  })
  for (const [name, sink] of Object.entries({ first, second })) {
    for (const event of ['pipe', 'unpipe', 'finish', 'close']) {
      sink.on(event, () => journal.note(name, event, lookAt(source)))
    }
  }
  source.pipe(first)
  await once(second, 'close')
  await until(() => source.closed)
  assert.ok(Buffer.concat([...first.parts, ...second.parts]).equals(content))
  return [first.parts.length, second.parts.length, first.writableEnded]
})

parity('a sink that closes early leaves the source open, as in Node', async (implementation) => {
  const source = implementation.createReadStream(file, { highWaterMark: 20_000 })
  const sink = sinkOf((self, parts) => parts.length === 2 && self.destroy())
  source.pipe(sink)
  await once(sink, 'close')
  for (let i = 0; i < 20; i += 1) await new Promise(setImmediate)
  const seen = [source.destroyed, source.readableFlowing, source.listenerCount('data')]
  source.destroy()
  await until(() => source.closed)
  return seen
})

parity('a slow sink holds the source back', async ({ createReadStream }) => {
  const waiting = []
  const sink = new Writable({
    highWaterMark: 1,
    write: (part, encoding, callback) => waiting.push(callback),
  })
  const source = createReadStream(file, { highWaterMark: 10_000 })
  source.pipe(sink)
  const seen = []
  for (let i = 0; i < 4; i += 1) {
    await until(() => waiting.length === 1 && source.readableLength === 10_000)
    seen.push([source.bytesRead, source.readableFlowing, sink.writableNeedDrain])
    waiting.pop()()
  }
  source.destroy()
  sink.destroy()
  return seen
})
