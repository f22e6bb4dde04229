'use strict'

// Streams that write with another's functions, classes made of ours, and
// arguments of all kinds.

const assert = require('node:assert/strict')
const fs = require('node:fs')
const { Writable } = require('node:stream')
const { test } = require('node:test')
const url = require('node:url')
const util = require('node:util')

const millrace = require('..')
const { bytes, newPath } = require('./helpers/files.js')
const { describeWhole, parity } = require('./helpers/parity.js')
const { lookAtWriter, settled, told, watch, writingParity } = require('./helpers/writing.js')

/** Calls of fs that are noted, and go on to Node's. */
function spy(name, journal, original = fs[name]) {
  return function (...args) {
    const size = (value) => (Array.isArray(value) ? value.length : (value?.length ?? value))
    const kinds = args.map((arg) => (typeof arg === 'object' ? size(arg) : typeof arg))
    journal.note('calls', name, kinds)
    return Reflect.apply(original, this, args)
  }
}

async function writeAll(stream, journal) {
  for (let round = 0; round < 4; round += 1) {
    for (let i = 0; i < 40; i += 1) stream.write(bytes(40 + i, i), told(journal, `${round}.${i}`))
    await new Promise((resolve) => stream.write('|', resolve))
  }
  stream.end(bytes(70_000))
  await settled(stream)
}

for (const option of [{}, { start: 9 }, { flags: 'a' }, { flush: true }]) {
  const name = JSON.stringify(option)

  writingParity(`an fs of the user’s own, ${name}`, async (implementation) => {
    const { createWriteStream, path, journal } = implementation
    const own = {}
    for (const method of ['open', 'write', 'writev', 'close', 'fsync']) {
      own[method] = spy(method, journal)
    }
    await writeAll(watch(createWriteStream(path, { ...option, fs: own }), journal), journal)
  })

  // With writev alone, Node's stream has no way to write.
  for (const only of ['write']) {
    writingParity(`an fs with ${only} alone, ${name}`, async (implementation) => {
      const { createWriteStream, path, journal } = implementation
      const own = { open: fs.open, close: fs.close, fsync: fs.fsync, [only]: spy(only, journal) }
      await writeAll(watch(createWriteStream(path, { ...option, fs: own }), journal), journal)
    })
  }

  for (const method of ['open', 'write', 'writev', 'close', 'fsync']) {
    for (const when of ['before', 'after', 'at open', 'at drain', 'at finish']) {
      writingParity(`fs.${method} replaced ${when}, ${name}`, async (implementation) => {
        const { createWriteStream, path, journal, t } = implementation
        const original = fs[method]
        t.after(() => {
          fs[method] = original
        })
        const replace = () => {
          fs[method] = spy(method, journal, original)
        }
        if (when === 'before') replace()
        const stream = watch(createWriteStream(path, { highWaterMark: 100, ...option }), journal)
        if (when === 'after') replace()
        if (when.startsWith('at ')) stream.once(when.slice(3), replace)
        await writeAll(stream, journal)
        fs[method] = original
      })
    }
  }
}

writingParity('a write that is replaced at the worst moments', async (implementation) => {
  const { createWriteStream, path, journal, t } = implementation
  const { write, writev } = fs
  const restore = () => Object.assign(fs, { write, writev })
  t.after(restore)
  const stream = createWriteStream(path)
  let count = 0
  // What is known to be replaced is compared by the bytes alone.
  const timer = setInterval(() => {
    count += 1
    if (count % 2 === 1) Object.assign(fs, { write: write.bind(fs), writev: writev.bind(fs) })
    else restore()
  }, 0)
  for (let round = 0; round < 200; round += 1) {
    for (let i = 0; i < 30; i += 1) stream.write(`${round}.${i};`)
    await new Promise((resolve) => stream.write('|', resolve))
  }
  clearInterval(timer)
  restore()
  stream.end()
  await settled(stream)
  journal.note('log', stream.bytesWritten)
})

for (const [name, derive] of Object.entries({
  'a class': (Base) => class extends Base {},
  'an old class': (Base) => {
    function Derived(...args) {
      if (!(this instanceof Derived)) return new Derived(...args)
      Base.apply(this, args)
    }
    util.inherits(Derived, Base)
    return Derived
  },
  'a class with a _write': (Base) =>
    class extends Base {
      _write(chunk, encoding, callback) {
        super._write(Buffer.from(chunk.toString().toUpperCase()), encoding, callback)
      }
    },
  'a class without _writev': (Base) => {
    class Derived extends Base {}
    Derived.prototype._writev = null
    return Derived
  },
  'a class with an open': (Base) =>
    class extends Base {
      open() {
        fs.open(this.path, this.flags, this.mode, (error, fd) => {
          if (error) return this.destroy(error)
          this.fd = fd
          this.emit('open', fd)
          this.emit('ready')
        })
      }
    },
})) {
  writingParity(`${name} of ours`, async ({ WriteStream, path, journal }) => {
    const Derived = derive(WriteStream)
    const stream = watch(new Derived(path), journal)
    assert.ok(stream instanceof WriteStream && stream instanceof fs.WriteStream)
    await writeAll(stream, journal)
  })
}

const there = newPath('there')
const paths = [
  there,
  Buffer.from(there),
  url.pathToFileURL(there),
  undefined,
  null,
  1,
  {},
  '',
  '\0',
]
const others = [
  undefined,
  null,
  'utf8',
  'utf9',
  1,
  true,
  [],
  ...[null, -1, 1.5, NaN, Infinity, '1', 2 ** 53, 5n].map((start) => ({ start })),
  ...[-1, 1.5, 'x', {}, 2 ** 31].map((fd) => ({ fd })),
  ...[-1, 'x', NaN].map((highWaterMark) => ({ highWaterMark })),
  ...[
    {},
    { open: 1 },
    { open() {} },
    { open() {}, write() {} },
    { open() {}, write: 1, close() {} },
  ].map((own) => ({ fs: own })),
  { fs: { open() {}, write() {}, close() {} }, flush: true },
  ...[1, 'x', null, true].map((flush) => ({ flush })),
  ...[{}, 1].map((signal) => ({ signal })),
  ...['utf9', 5].map((encoding) => ({ encoding })),
  ...[null, 'zz', 5.5].map((flags) => ({ flags })),
  ...['zz', -1, null].map((mode) => ({ mode })),
  { autoClose: 0, emitClose: 0 },
  Object.create({ flags: 'a', start: 3 }),
]

parity('arguments of all kinds: what is thrown, what is made', async (implementation) => {
  const { createWriteStream, WriteStream, journal } = implementation
  for (const [make, how] of [
    [createWriteStream, 'createWriteStream'],
    [(...args) => new WriteStream(...args), 'new'],
    [(...args) => WriteStream(...args), 'call'],
    [(...args) => new createWriteStream(...args), 'new create'],
  ]) {
    const cases = [...paths.map((path) => [path]), ...others.map((option) => [there, option])]
    for (const [index, args] of cases.entries()) {
      let stream
      try {
        stream = make(...args)
      } catch (error) {
        journal.note(how, index, 'thrown', describeWhole(error))
        continue
      }
      const errors = []
      stream.on('error', (error) => errors.push(describeWhole(error)))
      journal.note(how, index, 'made', { ...lookAtWriter(stream), path: String(stream.path) })
      await new Promise((resolve) => stream.once('open', resolve).once('close', resolve).end())
      await new Promise((resolve) => setImmediate(resolve))
      stream.destroy()
      journal.note(how, index, errors)
    }
  }
})

test('options are not changed, and a native of false leaves the stream to Node', async () => {
  const options = Object.freeze({ flags: 'w', native: false })
  const stream = millrace.createWriteStream(there, options)
  assert.ok(stream instanceof millrace.WriteStream && stream instanceof Writable)
  await settled(stream.end('x'))
  assert.throws(() => millrace.createWriteStream(there, { native: 1 }), {
    code: 'ERR_INVALID_ARG_TYPE',
  })
})
