'use strict'

// Streams that read with another's functions: an fs of the user's own, a
// FileHandle, and methods of Node that someone has replaced, before or after.

const assert = require('node:assert/strict')
const { spawnSync } = require('node:child_process')
const fs = require('node:fs')
const { test } = require('node:test')

const { makeFile, newPath } = require('./helpers/files.js')
const { parity, describeError, lookAt } = require('./helpers/parity.js')
const { until } = require('./helpers/server.js')

const { file } = makeFile(200_001)
const missing = newPath('missing')

async function turns(count = 10) {
  for (let i = 0; i < count; i += 1) await new Promise(setImmediate)
}

/** Puts all that happens to a stream into the journal, and waits for its end. */
async function follow(stream, journal) {
  for (const event of ['open', 'ready', 'end', 'close']) {
    stream.on(event, () => journal.note('log', event, lookAt(stream)))
  }
  stream.on('error', (error) => journal.note('log', 'error', describeError(error)))
  stream.on('data', (part) => journal.note('log', 'data', part.length, lookAt(stream)))
  await until(() => stream.closed || (!stream.autoClose && stream.readableEnded))
  await turns(3)
}

/** What can be told of the arguments of a call. */
function describeArguments(args) {
  return args.map((arg) => {
    if (ArrayBuffer.isView(arg)) return `${arg.constructor.name} of ${arg.byteLength}`
    return typeof arg === 'function' ? `function of ${arg.length}` : typeof arg
  })
}

/** Calls of fs that are noted, and go on to Node's. */
function spy(name, journal, original = fs[name]) {
  return function (...args) {
    const kinds = describeArguments(args)
    // Descriptors and buffers are told by their kind, all else by what it is.
    const rest = args.slice(name === 'read' ? 2 : 1).filter((arg) => typeof arg !== 'function')
    journal.note('calls', name, kinds, rest)
    return Reflect.apply(original, this, args)
  }
}

const variants = [
  {},
  { start: 100_000 },
  { end: 99 },
  { highWaterMark: 30_000, start: 5, end: 100_000 },
  { encoding: 'latin1' },
  { autoClose: false },
]

for (const options of variants) {
  const name = JSON.stringify(options)

  parity(`an fs of the user’s own, with ${name}`, async ({ createReadStream, journal }) => {
    const own = {}
    for (const method of ['open', 'read', 'close']) own[method] = spy(method, journal)
    await follow(createReadStream(file, { ...options, fs: own }), journal)
  })

  parity(`an fs of the user’s own by a descriptor, with ${name}`, async (implementation) => {
    const { createReadStream, journal } = implementation
    const own = { read: spy('read', journal), close: spy('close', journal) }
    await follow(createReadStream(null, { ...options, fd: fs.openSync(file), fs: own }), journal)
  })

  for (const method of ['open', 'read', 'close']) {
    for (const when of ['before', 'after', 'in the same tick', 'at open', 'at data', 'at end']) {
      parity(`fs.${method} replaced ${when}, with ${name}`, async (implementation) => {
        const { createReadStream, journal, t } = implementation
        const original = fs[method]
        t.after(() => {
          fs[method] = original
        })
        const replace = () => {
          fs[method] = spy(method, journal, original)
        }
        if (when === 'before') replace()
        const stream = createReadStream(file, options)
        if (when === 'after') replace()
        if (when === 'in the same tick') queueMicrotask(replace)
        if (when.startsWith('at ')) stream.once(when.slice(3), replace)
        await follow(stream, journal)
        fs[method] = original
      })
    }
  }
}

parity('an fs.read that is replaced and put back', async ({ createReadStream, journal, t }) => {
  const { read } = fs
  t.after(() => {
    fs.read = read
  })
  const stream = createReadStream(file, { highWaterMark: 20_000 })
  let chunks = 0
  stream.on('data', () => {
    chunks += 1
    fs.read = chunks % 2 === 1 ? spy('read', journal, read) : read
  })
  await follow(stream, journal)
  fs.read = read
})

const { read, close } = fs

/** Functions that misbehave, in the place of one of fs's. */
const misbehaviour = {
  'an open that throws': { open: () => assert.fail('thrown') },
  'an open that fails at once': {
    open: (path, flags, mode, callback) => callback(new Error('no')),
  },
  'an open that answers at once': {
    open: (path, flags, mode, callback) => callback(null, fs.openSync(path, flags, mode)),
  },
  'a read that answers at once'(journal) {
    return {
      read(fd, buffer, offset, length, position, callback) {
        const count = fs.readSync(fd, buffer, offset, length, position)
        journal.note('calls', count)
        callback(null, count, buffer)
      },
    }
  },
  'a read that answers in the next tick': {
    read(fd, buffer, offset, length, position, callback) {
      const count = fs.readSync(fd, buffer, offset, length, position)
      process.nextTick(callback, null, count, buffer)
    },
  },
  'a read that answers short': {
    read: (fd, buffer, offset, length, position, callback) =>
      read(fd, buffer, offset, Math.ceil(length / 3), position, callback),
  },
  'a read that fails': {
    read: (fd, buffer, offset, length, position, callback) =>
      setImmediate(callback, Object.assign(new Error('no'), { code: 'EIO' })),
  },
  'a read that fails later'() {
    let count = 0
    return {
      read(...args) {
        count += 1
        if (count < 3) read(...args)
        else setImmediate(args.at(-1), new Error('no'))
      },
    }
  },
  'a read that gives another buffer': {
    read: (fd, buffer, offset, length, position, callback) =>
      read(fd, Buffer.alloc(length), 0, length, position, callback),
  },
  'a close that throws': { close: () => assert.fail('thrown') },
  'a close that fails': {
    close: (fd, callback) => close(fd, () => callback(new Error('no'))),
  },
  'a close that answers at once'() {
    return {
      close(fd, callback) {
        fs.closeSync(fd)
        callback()
      },
    }
  },
}

for (const [name, given] of Object.entries(misbehaviour)) {
  const methodsOf = (journal) => (typeof given === 'function' ? given(journal) : given)

  parity(`${name}, in the user’s own fs`, async ({ createReadStream, journal }) => {
    const { open, read, close } = fs
    const own = { open, read, close, ...methodsOf(journal) }
    await follow(createReadStream(file, { fs: own, highWaterMark: 50_000 }), journal)
  })

  for (const when of ['before', 'after']) {
    parity(`${name}, in Node’s fs, ${when}`, async ({ createReadStream, journal, t }) => {
      const [[method, replacement]] = Object.entries(methodsOf(journal))
      const original = fs[method]
      t.after(() => {
        fs[method] = original
      })
      if (when === 'before') fs[method] = replacement
      const stream = createReadStream(file, { highWaterMark: 50_000 })
      fs[method] = replacement
      await follow(stream, journal)
      fs[method] = original
    })
  }
}

/** Ways to replace ReadStream.prototype.open, as graceful-fs and others do. */
const opens = {
  'an open that opens'() {
    fs.open(this.path, this.flags, this.mode, (error, fd) => {
      if (error) {
        this.emit('error', error)
        return
      }
      this.fd = fd
      this.emit('open', fd)
      this.emit('ready')
    })
  },
  'an open as in old versions of Node'() {
    fs.open(this.path, this.flags, this.mode, (error, fd) => {
      if (error) {
        if (this.autoClose) this.destroy()
        this.emit('error', error)
        return
      }
      this.fd = fd
      this.emit('open', fd)
    })
  },
  'an open that answers at once'() {
    this.fd = fs.openSync(file)
    this.emit('open', this.fd)
  },
  'an open that throws'() {
    throw new Error('no')
  },
  'an open that fails at once'() {
    this.emit('error', new Error('no'))
  },
}

for (const [name, open] of Object.entries(opens)) {
  for (const path of [file, missing]) {
    const of = path === file ? 'a file' : 'a missing file'

    parity(`${name}, on the prototype: ${of}`, async ({ ReadStream, journal, t }) => {
      const own = Object.getOwnPropertyDescriptor(fs.ReadStream.prototype, 'open')
      const restore = () => {
        delete fs.ReadStream.prototype.open
        if (own) Object.defineProperty(fs.ReadStream.prototype, 'open', own)
      }
      t.after(restore)
      fs.ReadStream.prototype.open = open
      try {
        await follow(new ReadStream(path), journal)
      } finally {
        restore()
      }
    })

    parity(`${name}, of a derived class: ${of}`, async ({ ReadStream, journal }) => {
      class Derived extends ReadStream {}
      Derived.prototype.open = open
      await follow(new Derived(path), journal)
    })

    parity(`${name}, of the stream itself: ${of}`, async ({ createReadStream, journal }) => {
      const stream = createReadStream(path)
      stream.open = open
      await follow(stream, journal)
    })
  }
}

const methods = {
  _read(size) {
    this.asked = (this.asked ?? 0) + 1
    return Object.getPrototypeOf(Object.getPrototypeOf(this))._read.call(this, size)
  },
  _destroy(error, callback) {
    this.asked = (this.asked ?? 0) + 1
    return Object.getPrototypeOf(Object.getPrototypeOf(this))._destroy.call(this, error, callback)
  },
  push(...args) {
    this.asked = (this.asked ?? 0) + 1
    return Object.getPrototypeOf(Object.getPrototypeOf(this)).push.apply(this, args)
  },
  emit(...args) {
    this.asked = (this.asked ?? 0) + 1
    return Object.getPrototypeOf(Object.getPrototypeOf(this)).emit.apply(this, args)
  },
}

for (const [name, method] of Object.entries(methods)) {
  parity(`a derived class with its own ${name}`, async ({ ReadStream, journal }) => {
    class Derived extends ReadStream {}
    Derived.prototype[name] = method
    const stream = new Derived(file, { highWaterMark: 50_000 })
    await follow(stream, journal)
    return stream.asked
  })
}

parity('read, construct and destroy among the options', async ({ createReadStream, journal }) => {
  const left = [Buffer.from('one'), Buffer.from('two'), null]
  const stream = createReadStream(file, {
    read() {
      this.push(left.shift())
    },
    construct(callback) {
      journal.note('log', 'construct')
      setImmediate(callback)
    },
    destroy(error, callback) {
      journal.note('log', 'destroy')
      callback(error)
    },
  })
  await follow(stream, journal)
})

test('the deprecation of open is Node’s', () => {
  const run = (module) =>
    spawnSync(
      process.execPath,
      [
        '-e',
        `const { createReadStream } = require(${JSON.stringify(module)})
        const stream = createReadStream(process.execPath)
        try { stream.open() } catch (error) { console.log(error.name) }
        stream.destroy()
        process.on('warning', ({ name, code, message }) => console.log(name, code, message))`,
      ],
      { encoding: 'utf8' },
    ).stdout
  assert.equal(run(require.resolve('..')), run('node:fs'))
  assert.notEqual(run('node:fs'), '')
})

/** What may happen to a FileHandle that a stream reads from. */
const handles = {
  nothing() {},
  'the handle is closed at once': (stream, handle) => handle.close(),
  'the handle is closed at the first chunk': (stream, handle) =>
    stream.once('data', () => handle.close()),
  'the handle is closed at the end': (stream, handle) => stream.once('end', () => handle.close()),
  'the stream is destroyed at once': (stream) => stream.destroy(),
  'the stream is closed at the first chunk': (stream) => stream.once('data', () => stream.close()),
  'the stream is destroyed with an error': (stream) => stream.destroy(new Error('no')),
}

for (const [name, act] of Object.entries(handles)) {
  for (const options of [{}, { autoClose: false }, { start: 7, end: 100_000 }]) {
    const given = `${name}, with ${JSON.stringify(options)}`
    parity(`a FileHandle: ${given}`, async ({ createReadStream, journal }) => {
      const handle = await fs.promises.open(file)
      handle.on('close', () => journal.note('handle', 'close'))
      const stream = createReadStream(null, { ...options, fd: handle })
      journal.note('made', stream.fd === handle.fd, lookAt(stream))
      act(stream, handle)
      await follow(stream, journal)
      if (handle.fd !== -1) await handle.close()
      await until(() => journal.entries.handle?.length === 1 && handle.fd === -1)
    })
  }
}

parity('a FileHandle whose read is replaced', async ({ createReadStream, journal }) => {
  const handle = await fs.promises.open(file)
  const { read } = handle
  let calls = 0
  handle.read = function (...args) {
    calls += 1
    return Reflect.apply(read, this, args)
  }
  await follow(createReadStream(null, { fd: handle }), journal)
  return calls
})
