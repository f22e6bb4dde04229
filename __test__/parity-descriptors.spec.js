'use strict'

// Which bytes a stream reads: positions, descriptors that others use too,
// files that are none, and files that change.

const assert = require('node:assert/strict')
const { execFileSync } = require('node:child_process')
const { once } = require('node:events')
const fs = require('node:fs')

const { makeFile, newPath } = require('./helpers/files.js')
const { parity, describeError, lookAt } = require('./helpers/parity.js')
const { until } = require('./helpers/server.js')

const { file, content } = makeFile(200_001)

async function turns(count = 10) {
  for (let i = 0; i < count; i += 1) await new Promise(setImmediate)
}

/** Reads all of a stream, and waits until it has no more to say. */
async function collect(stream) {
  const parts = []
  stream.on('data', (part) => parts.push(part))
  await once(stream, 'end')
  if (stream.autoClose) await until(() => stream.closed)
  return Buffer.concat(parts)
}

/** The bytes at the own offset of a descriptor, which moves by as many. */
function readOn(fd, count) {
  const buffer = Buffer.alloc(count)
  return buffer.subarray(0, fs.readSync(fd, buffer, 0, count, null))
}

/** Where the own offset of a descriptor is. */
function offsetOf(fd) {
  return Number(/pos:\s*(\d+)/.exec(fs.readFileSync(`/proc/self/fdinfo/${fd}`, 'utf8'))[1])
}

const ranges = [
  {},
  { start: 0 },
  { start: 10 },
  { end: 9 },
  { end: 70_000 },
  { start: 100_000, end: 100_009 },
  { start: 200_001 },
  { end: 300_000 },
  { end: 65_535 },
  { highWaterMark: 1000, end: 99_999 },
]

for (const options of ranges) {
  const name = JSON.stringify(options)

  parity(`the own offset of a given descriptor, with ${name}`, async ({ createReadStream }) => {
    const fd = fs.openSync(file)
    assert.equal(readOn(fd, 7).length, 7)
    const stream = createReadStream(null, { ...options, fd, autoClose: false })
    const before = lookAt(stream)
    const got = await collect(stream)
    const { start = 7, end = Infinity } = options
    const length = options.start === undefined ? end + 1 : end - start + 1
    assert.ok(got.equals(content.subarray(start, start + length)))
    await turns()
    const seen = [offsetOf(fd), stream.fd === fd, before, lookAt(stream)]
    // Whoever reads on, reads what comes next.
    seen.push(readOn(fd, 5).toString('hex'))
    fs.closeSync(fd)
    return { length: got.length, seen }
  })

  parity(`the own offset of an opened descriptor, with ${name}`, async ({ createReadStream }) => {
    const stream = createReadStream(file, { ...options, autoClose: false })
    const got = await collect(stream)
    await turns()
    const seen = [got.length, offsetOf(stream.fd), lookAt(stream)]
    const again = createReadStream(null, { fd: stream.fd, end: 9 })
    seen.push((await collect(again)).toString('hex'), lookAt(again))
    return seen
  })
}

parity('one descriptor is read twice, in two parts', async ({ createReadStream }) => {
  const fd = fs.openSync(file)
  const first = await collect(createReadStream(null, { fd, autoClose: false, end: 99_999 }))
  const second = await collect(createReadStream(null, { fd, autoClose: false }))
  const nothing = await collect(createReadStream(null, { fd, autoClose: false }))
  const all = await collect(createReadStream(null, { fd, start: 0 }))
  assert.ok(Buffer.concat([first, second]).equals(content))
  assert.ok(all.equals(content))
  return [first.length, second.length, nothing.length]
})

parity('a paused stream has read ahead by one chunk', async ({ createReadStream }) => {
  const fd = fs.openSync(file)
  const stream = createReadStream(null, { fd, highWaterMark: 1000 })
  stream.once('data', () => stream.pause())
  await until(() => stream.readableLength > 0)
  await turns()
  const seen = [offsetOf(fd), lookAt(stream)]
  stream.destroy()
  await until(() => stream.closed)
  return seen
})

parity('a stream that nobody reads reads nothing', async ({ createReadStream }) => {
  const stream = createReadStream(file)
  await once(stream, 'open')
  await turns()
  const seen = [offsetOf(stream.fd), lookAt(stream)]
  stream.read(0)
  await until(() => stream.readableLength > 0)
  await turns()
  seen.push(offsetOf(stream.fd), lookAt(stream))
  stream.destroy()
  await once(stream, 'close')
  return seen
})

parity('two streams share a descriptor: each byte goes to one of them', async (implementation) => {
  const { file: even, content: all } = makeFile(200_000)
  const fd = fs.openSync(even)
  const got = []
  const streams = [1, 2].map(() =>
    implementation.createReadStream(null, { fd, autoClose: false, highWaterMark: 10_000 }),
  )
  for (const stream of streams) stream.on('data', (part) => got.push(part))
  await Promise.all(streams.map((stream) => once(stream, 'end')))
  fs.closeSync(fd)
  const total = streams.reduce((sum, { bytesRead }) => sum + bytesRead, 0)
  assert.equal(total, all.length)
  // The words of the file differ, so each chunk tells where it is from.
  const places = got.map((part) => [all.indexOf(part.subarray(0, 64)), part])
  const whole = places.toSorted(([a], [b]) => a - b).map(([, part]) => part)
  assert.ok(Buffer.concat(whole).equals(all))
  return got.length
})

parity('two streams with starts share a descriptor', async ({ createReadStream }) => {
  const fd = fs.openSync(file)
  const options = { fd, autoClose: false, highWaterMark: 10_000 }
  const [one, two] = await Promise.all([
    collect(createReadStream(null, { ...options, start: 0 })),
    collect(createReadStream(null, { ...options, start: 100_000 })),
  ])
  const offset = offsetOf(fd)
  fs.closeSync(fd)
  assert.ok(one.equals(content) && two.equals(content.subarray(100_000)))
  return [one.length, two.length, offset]
})

parity('a stream’s own pos and end, set from outside', async ({ createReadStream }) => {
  const stream = createReadStream(file, { start: 0, highWaterMark: 10 })
  const parts = []
  stream.on('data', (part) => {
    parts.push(part.toString('hex'))
    if (parts.length === 2) stream.pos = 1000
    if (parts.length === 4) stream.end = 1024
  })
  await once(stream, 'close')
  return [parts, lookAt(stream)]
})

parity('a descriptor that is put on the stream in its open event', async ({ createReadStream }) => {
  const other = makeFile(500, 9)
  const stream = createReadStream(file)
  let opened
  stream.on('open', (fd) => {
    opened = fd
    stream.fd = fs.openSync(other.file)
  })
  const got = await collect(stream)
  fs.closeSync(opened)
  assert.ok(got.equals(other.content))
  return lookAt(stream)
})

function makeFifo() {
  const fifo = newPath('fifo')
  execFileSync('mkfifo', [fifo])
  return fifo
}

for (const options of [{}, { end: 5 }, { highWaterMark: 3 }, { encoding: 'utf8' }]) {
  parity(`a FIFO, with ${JSON.stringify(options)}`, async ({ createReadStream, journal }) => {
    const fifo = makeFifo()
    const stream = createReadStream(fifo, options)
    stream.on('data', (part) => journal.note('data', String(part), lookAt(stream)))
    for (const event of ['open', 'ready', 'end', 'close']) {
      stream.on(event, () => journal.note('data', event, lookAt(stream)))
    }
    const writer = await fs.promises.open(fifo, 'w')
    await writer.write('first ')
    await until(() => stream.bytesRead === 6)
    await writer.write('then more').catch((error) => assert.equal(error.code, 'EPIPE'))
    await writer.close()
    await until(() => stream.closed)
  })
}

parity('a start in a FIFO', async ({ createReadStream, journal }) => {
  const fifo = makeFifo()
  const keeper = fs.openSync(fifo, 'r+')
  fs.writeSync(keeper, 'something')
  const stream = createReadStream(fifo, { start: 1 })
  stream.on('error', (error) => journal.note('error', describeError(error), lookAt(stream)))
  stream.resume()
  await until(() => stream.closed)
  fs.closeSync(keeper)
})

parity('a pipe of another process, by its descriptor', async ({ createReadStream }) => {
  const fifo = makeFifo()
  const keeper = fs.openSync(fifo, 'r+')
  const fd = fs.openSync(fifo, 'r')
  fs.closeSync(keeper)
  const writing = fs.promises.open(fifo, 'w').then(async (writer) => {
    await writer.write('written')
    await writer.close()
  })
  await writing
  const got = await collect(createReadStream(null, { fd }))
  return got.toString()
})

const special = [
  ['/dev/null', {}],
  ['/dev/null', { start: 5 }],
  ['/dev/zero', { end: 99_999 }],
  ['/dev/zero', { start: 10, end: 99_999, highWaterMark: 30_000 }],
  ['/dev/full', { end: 10 }],
  ['/proc/version', {}],
  ['/proc/version', { start: 3 }],
  ['/proc/version', { end: 3 }],
  ['/proc/version', { highWaterMark: 7 }],
  ['/proc/self/limits', { start: 20, end: 40 }],
  ['/sys/class/net/lo/mtu', {}],
  ['/sys/class/net/lo/mtu', { start: 1 }],
]

for (const [path, options] of special) {
  parity(`${path} with ${JSON.stringify(options)}`, async ({ createReadStream, journal }) => {
    const stream = createReadStream(path, options)
    for (const event of ['open', 'ready', 'end', 'close']) {
      stream.on(event, () => journal.note('log', event, lookAt(stream)))
    }
    stream.on('data', (part) => journal.note('log', part.toString('latin1'), lookAt(stream)))
    stream.on('error', (error) => journal.note('log', describeError(error)))
    await until(() => stream.closed)
  })
}

parity('a large file of /proc ends, and is read in whole lines', async ({ createReadStream }) => {
  const text = (await collect(createReadStream('/proc/self/smaps'))).toString()
  return [/^VmFlags/m.test(text), text.endsWith('\n')]
})

/** What is done to a file in the middle of its first, second and last chunk. */
const changes = {
  'bytes are appended': (path) => fs.appendFileSync(path, content.subarray(0, 5000)),
  'it is cut to nothing': (path) => fs.truncateSync(path, 0),
  'it is cut to half': (path) => fs.truncateSync(path, 65_536),
  'it is cut and written again'(path) {
    fs.truncateSync(path, 0)
    fs.writeFileSync(path, Buffer.alloc(150_000, 7))
  },
  'it is overwritten in place'(path) {
    const fd = fs.openSync(path, 'r+')
    fs.writeSync(fd, Buffer.alloc(131_072, 7), 0, 131_072, 0)
    fs.closeSync(fd)
  },
  'it is unlinked': (path) => fs.rmSync(path, { force: true }),
  'it is replaced'(path) {
    fs.writeFileSync(`${path}.new`, Buffer.alloc(10, 7))
    fs.renameSync(`${path}.new`, path)
  },
  'its mode is taken away': (path) => fs.chmodSync(path, 0),
}

for (const [name, change] of Object.entries(changes)) {
  for (const when of ['open', 1, 2, 'the last chunk', 'end']) {
    for (const options of [{}, { start: 100 }, { end: 131_071 }]) {
      const how = `${when} with ${JSON.stringify(options)}`
      parity(`a file: ${name} at ${how}`, async ({ createReadStream, journal }) => {
        const path = newPath('changing')
        fs.writeFileSync(path, content.subarray(0, 131_072))
        const stream = createReadStream(path, { ...options, highWaterMark: 32_768 })
        let chunks = 0
        const last = Math.ceil((131_072 - (options.start ?? 0)) / 32_768)
        if (typeof when === 'string' && when !== 'the last chunk') {
          stream.on(when, () => change(path))
        }
        stream.on('data', (part) => {
          chunks += 1
          if (chunks === when || (when === 'the last chunk' && chunks === last)) change(path)
          const { pos, bytesRead } = stream
          journal.note('data', part.length, part.subarray(0, 8).toString('hex'), pos, bytesRead)
        })
        stream.on('error', (error) => journal.note('error', describeError(error)))
        await until(() => stream.closed)
        fs.rmSync(path, { force: true })
        return lookAt(stream)
      })
    }
  }
}

parity('a file that grows at every chunk, up to the end', async ({ createReadStream, journal }) => {
  const path = newPath('growing')
  fs.writeFileSync(path, content.subarray(0, 1000))
  const stream = createReadStream(path, { end: 9999, highWaterMark: 1000 })
  stream.on('data', (part) => {
    journal.note('data', part.length, stream.bytesRead)
    fs.appendFileSync(path, content.subarray(0, 1500))
  })
  await once(stream, 'close')
  return fs.statSync(path).size
})
