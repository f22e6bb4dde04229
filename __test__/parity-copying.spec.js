'use strict'

// readStream.pipe(writeStream): the same bytes, events and properties, whether
// the kernel copies or JavaScript does.

const assert = require('node:assert/strict')
const { once } = require('node:events')
const fs = require('node:fs')
const { pipeline } = require('node:stream')
const { test } = require('node:test')

const millrace = require('..')
const { engine } = require('../lib/native.js')
const { bytes, descriptorsOn, makeFile, newPath } = require('./helpers/files.js')
const { describeError, lookAt } = require('./helpers/parity.js')
const { until } = require('./helpers/server.js')
const {
  lookAtFile,
  lookAtWriter,
  settled,
  told,
  turns,
  writingParity,
} = require('./helpers/writing.js')

const native = { skip: engine === 'javascript' }
const ENGINE = engine === 'sendfile' ? 'copy_file_range' : engine

function without(object, names) {
  return Object.fromEntries(Object.entries(object).filter(([name]) => !names.includes(name)))
}

/** Without what shows that bytes were in JavaScript's hands. */
function lookAtSource(stream) {
  return without(lookAt(stream), ['readableFlowing', 'readableLength', 'events', 'isPaused'])
}

function watchBoth(source, target, journal) {
  for (const event of ['open', 'ready', 'end', 'close']) {
    source.on(event, () => journal.note('source', event, lookAtSource(source)))
  }
  source.on('error', (error) => journal.note('source', 'error', describeError(error)))
  for (const event of ['open', 'ready', 'pipe', 'prefinish', 'finish', 'unpipe', 'close']) {
    target.on(event, () => {
      const rest = without(lookAtWriter(target), ['writableLength', 'writableNeedDrain', 'events'])
      // Node unpipes when all is read, and not yet written.
      if (event === 'unpipe') delete rest.bytesWritten
      if (event === 'unpipe') delete rest.pos
      journal.note('target', event, rest)
    })
  }
  target.on('error', (error) => journal.note('target', 'error', describeError(error)))
}

const sizes = [0, 1, 16_384, 65_535, 65_536, 65_537, 200_001, 3_000_000]
const sources = new Map(sizes.map((size) => [size, makeFile(size, size).file]))

/** Options of the source and of the target. */
const variants = [
  [{}, {}],
  [{ start: 10 }, {}],
  [{ end: 70_000 }, {}],
  [{ start: 5, end: 5 }, { start: 3 }],
  [
    { start: 65_000, end: 140_000 },
    { flags: 'r+', start: 100 },
  ],
  [{}, { flags: 'a' }],
  [{}, { flags: 'a', start: 2 }],
  [{ highWaterMark: 1000 }, { highWaterMark: 7 }],
  [{}, { highWaterMark: 2 ** 20 }],
  [{ emitClose: false }, {}],
  [{ autoClose: false }, { autoClose: false }],
  [{}, { flush: true }],
  [{ encoding: 'latin1' }, {}],
]

for (const size of sizes) {
  for (const [from, to] of variants) {
    const name = `${size} bytes, ${JSON.stringify(from)} to ${JSON.stringify(to)}`
    writingParity(
      name,
      async ({ createReadStream, createWriteStream, path, journal }) => {
        const source = createReadStream(sources.get(size), from)
        const target = createWriteStream(path, to)
        watchBoth(source, target, journal)
        // It may be opened before or after a short source is at its end.
        if (Math.min(size, from.end ?? Infinity) < 65_536) await once(target, 'open')
        assert.equal(source.pipe(target), target)
        await settled(target)
        await until(() => source.closed || from.autoClose === false)
        for (const { autoClose, fd } of [source, target]) if (!autoClose) fs.closeSync(fd)
        return [source.bytesRead, source.pos, target.bytesWritten, target.pos]
      },
      'what was there before',
    )
  }

  writingParity(`${size} bytes in a pipeline`, async (implementation) => {
    const { createReadStream, createWriteStream, path, journal } = implementation
    const target = createWriteStream(path)
    await once(target, 'open')
    const source = createReadStream(sources.get(size))
    watchBoth(source, target, journal)
    await new Promise((resolve) =>
      pipeline(source, target, (error) => resolve(told(journal, 'pipeline')(error))),
    )
    await settled(target)
  })

  for (const end of [true, false]) {
    writingParity(`${size} bytes between others, end ${end}`, async (implementation) => {
      const { createReadStream, createWriteStream, path, journal } = implementation
      const target = createWriteStream(path)
      target.write('in front', told(journal, 'in front'))
      if (size < 65_536) await once(target, 'open')
      const source = createReadStream(sources.get(size))
      watchBoth(source, target, journal)
      source.pipe(target, { end })
      await once(source, 'close')
      if (!end) target.end('behind', told(journal, 'behind'))
      await settled(target)
    })
  }

  writingParity(`two sources of ${size} bytes, one after the other`, async (implementation) => {
    const { createReadStream, createWriteStream, path } = implementation
    const target = createWriteStream(path)
    for (let round = 0; round < 2; round += 1) {
      const source = createReadStream(sources.get(size))
      source.pipe(target, { end: false })
      await once(source, 'close')
    }
    target.end()
    await settled(target)
    return target.bytesWritten
  })

  writingParity(`${size} bytes between descriptors`, async (implementation) => {
    const { createReadStream, createWriteStream, path } = implementation
    const from = fs.openSync(sources.get(size))
    fs.readSync(from, Buffer.alloc(3))
    const to = fs.openSync(path, 'w+')
    fs.writeSync(to, 'before')
    const source = createReadStream('', { fd: from, autoClose: false, end: 99_999 })
    const target = createWriteStream('', { fd: to, autoClose: false })
    source.pipe(target)
    await settled(target)
    // Both offsets are where the next byte is.
    const next = Buffer.alloc(10)
    const count = fs.readSync(from, next)
    fs.writeSync(to, 'after')
    fs.closeSync(from)
    fs.closeSync(to)
    return [count, next.toString('hex'), source.bytesRead, target.bytesWritten]
  })
}

const big = makeFile(2_000_000, 9)

for (const [name, given, flags] of [
  ['a folder that is not there', '/nowhere/file', 'w'],
  ['a full disk', '/dev/full', 'w'],
  ['a file that must not be there', __filename, 'wx'],
]) {
  writingParity(`into ${name}`, async ({ createReadStream, createWriteStream, journal }) => {
    const source = createReadStream(big.file)
    const target = createWriteStream(given, { flags })
    watchBoth(source, target, journal)
    source.pipe(target)
    await until(() => target.closed)
    await turns(10)
    source.destroy()
    await until(() => source.closed)
    // Whether it was read before its target failed is a matter of luck.
    for (const [, state] of journal.entries.source) {
      delete state.bytesRead
      delete state.readableDidRead
    }
  })
}

for (const given of ['/sys/class/net/lo/mtu', '/proc/self/limits', '/proc/self/comm']) {
  for (const options of [{}, { start: 1 }, { highWaterMark: 2 }]) {
    const name = `a file whose size is not that of its content: ${given}, ${JSON.stringify(options)}`
    writingParity(name, async ({ createReadStream, createWriteStream, path, journal }) => {
      const target = createWriteStream(path)
      await once(target, 'open')
      const source = createReadStream(given, options)
      watchBoth(source, target, journal)
      source.pipe(target)
      await settled(target)
      await until(() => source.closed)
      return [source.bytesRead, target.bytesWritten]
    })
  }
}

test('a pipe is native, and tells so', native, async () => {
  for (const [options, reason, wanted] of [
    [{}, null, ENGINE],
    [{ flags: 'a' }, null, 'copy'],
    [{ start: 5 }, null, ENGINE],
    [{ native: false }, 'destination-kind', null],
    [{ atomic: true }, null, ENGINE],
  ]) {
    const target = millrace.createWriteStream(newPath('told'), options)
    const source = millrace.createReadStream(big.file)
    source.pipe(target)
    await until(() => target.closed)
    assert.equal(target.bytesWritten, 2_000_000)
    const { mode, reason: found, engine: used } = source.transfer
    assert.deepEqual([mode, found, used], [reason ? 'javascript' : 'native', reason, wanted])
  }
})

test('a file into itself goes through JavaScript', native, async () => {
  const { file } = makeFile(300_000, 4)
  const source = millrace.createReadStream(file, { end: 199_999 })
  const target = millrace.createWriteStream(file, { flags: 'r+', start: 100_000 })
  source.pipe(target)
  await until(() => target.closed)
  assert.equal(source.transfer.reason, 'same-file')
  assert.equal(fs.statSync(file).size, 300_000)
})

test('a pace holds for files', native, async () => {
  const target = millrace.createWriteStream(newPath('paced'))
  const source = millrace.createReadStream(big.file, { bytesPerSecond: 8_000_000, end: 999_999 })
  const begin = performance.now()
  source.pipe(target)
  await until(() => target.closed)
  // The last portion takes no time.
  assert.ok(performance.now() - begin > 20)
  assert.equal(target.bytesWritten, 1_000_000)
  assert.equal(source.transfer.mode, 'native')
})

/** What may come in between, at any moment. Bytes of others are marks. */
const MARK = '<a mark of sixteen>'
const disturbances = {
  'a late data listener': ({ source }) => source.once('data', () => {}),
  pause({ source }) {
    source.pause()
    setImmediate(() => source.resume())
  },
  'unpipe and pipe'({ source, target }) {
    source.unpipe(target)
    setImmediate(() => source.pipe(target))
  },
  'a write': ({ target }) => target.write(MARK),
  'corked writes'({ target }) {
    target.cork()
    target.write(MARK)
    target.write(MARK)
    setImmediate(() => target.uncork())
  },
  'a second pipe': ({ source }) => source.pipe(millrace.createWriteStream(newPath('second'))),
}

/** What ends it too early. */
const ends = {
  'source.destroy()': ({ source }) => source.destroy(),
  'target.destroy()': ({ target }) => target.destroy(),
  'target.destroy(error)': ({ target }) => target.destroy(new Error('ours')),
  'target.end()': ({ target }) => target.end(),
  'target.close()': ({ target }) => target.close(),
  'unpipe and end'({ source, target }) {
    source.unpipe(target)
    target.end()
  },
}

async function disturb(options, act, moment) {
  const path = newPath('disturbed')
  const source = millrace.createReadStream(big.file)
  const target = millrace.createWriteStream(path, options)
  source.on('error', () => {})
  target.on('error', () => {})
  await Promise.all([once(source, 'open'), once(target, 'open')])
  source.pipe(target)
  await turns(moment)
  if (!target.destroyed && !target.writableEnded) act({ source, target })
  return { path, source, target }
}

for (const options of [{}, { start: 0 }, { flags: 'a' }]) {
  for (const [name, act] of Object.entries(disturbances)) {
    test(`${name} in the middle, ${JSON.stringify(options)}: no byte is lost`, async () => {
      for (let moment = 0; moment < 12; moment += 1) {
        const { path, source, target } = await disturb(options, act, moment)
        await until(() => target.closed)
        const content = fs.readFileSync(path)
        assert.equal(target.bytesWritten, content.length)
        assert.equal(source.bytesRead, big.content.length)
        // All marks have one length, and are nowhere in the file.
        const text = content.toString('latin1').replaceAll(MARK, '')
        assert.ok(text === big.content.toString('latin1'), `moment ${moment}`)
      }
    })
  }

  for (const [name, act] of Object.entries(ends)) {
    test(`${name} in the middle, ${JSON.stringify(options)}: what is there is right`, async () => {
      for (let moment = 0; moment < 12; moment += 1) {
        const { path, source, target } = await disturb(options, act, moment)
        await turns(2)
        if (source.destroyed && !target.destroyed) target.end()
        await until(() => target.closed)
        const { size } = lookAtFile(path)
        assert.ok(fs.readFileSync(path).equals(big.content.subarray(0, size)))
        if (target.writableFinished) assert.equal(target.bytesWritten, size)
        source.destroy()
        await until(() => source.closed)
        await until(() => descriptorsOn(path) === 0)
        // Nothing is written behind the 'close'.
        assert.equal(fs.statSync(path).size, size)
      }
    })
  }
}

test('a source that grows, and one that is cut, while it is copied', async () => {
  const { file } = makeFile(1_000_000, 6)
  const grown = bytes(500_000, 7)
  const source = millrace.createReadStream(file)
  const target = millrace.createWriteStream(newPath('grown'))
  source.once('open', () => fs.appendFileSync(file, grown))
  source.pipe(target)
  await until(() => target.closed)
  assert.ok(fs.readFileSync(target.path).equals(fs.readFileSync(file)))

  const cut = millrace.createReadStream(file)
  const other = millrace.createWriteStream(newPath('cut'))
  cut.pipe(other)
  cut.once('ready', () => fs.truncateSync(file, 100))
  await until(() => other.closed)
  const { length } = fs.readFileSync(other.path)
  assert.equal(length, other.bytesWritten)
  assert.equal(cut.bytesRead, length)
  assert.ok(length === 100 || length >= 65_536, String(length))
})
