'use strict'

// Every argument, good or bad, in every way of making a ReadStream: what is
// thrown, and what becomes of the stream that is made.

const assert = require('node:assert/strict')
const fs = require('node:fs')
const { test } = require('node:test')
const { pathToFileURL } = require('node:url')
const { inherits, inspect } = require('node:util')

const millrace = require('..')
const { folder, makeFile, newPath } = require('./helpers/files.js')
const { parity, describeWhole, lookAt } = require('./helpers/parity.js')
const { until } = require('./helpers/server.js')

const { file, content } = makeFile(1000)
const url = pathToFileURL(file)

/** How a stream comes into being. */
const ways = {
  'the function': ({ createReadStream }, args) => createReadStream(...args),
  'the function with new': ({ createReadStream: Make }, args) => new Make(...args),
  'the class': ({ ReadStream }, args) => new ReadStream(...args),
  'the class without new': ({ ReadStream }, args) => ReadStream(...args),
  'a class of ES5'({ ReadStream }, args) {
    function Derived(...given) {
      ReadStream.call(this, ...given)
    }
    Object.setPrototypeOf(Derived.prototype, ReadStream.prototype)
    Object.setPrototypeOf(Derived, ReadStream)
    return new Derived(...args)
  },
  'a class by util.inherits'({ ReadStream }, args) {
    function Derived(...given) {
      ReadStream.apply(this, given)
      this.own = 'own'
    }
    inherits(Derived, ReadStream)
    return new Derived(...args)
  },
  'a class of ES6'({ ReadStream }, args) {
    class Derived extends ReadStream {
      own = this.bytesRead
    }
    return new Derived(...args)
  },
  'an object that has the prototype'({ ReadStream }, args) {
    const object = Object.create(ReadStream.prototype)
    return ReadStream.apply(object, args) ?? object
  },
  'Reflect.construct'({ ReadStream }, args) {
    return Reflect.construct(ReadStream, args, class extends ReadStream {})
  },
}

/** Reads a stream to whatever end it comes to, and tells the story. */
async function storyOf(make) {
  let stream
  try {
    stream = make()
  } catch (error) {
    return { thrown: describeWhole(error) }
  }
  const log = [['made', lookAt(stream), Object.keys(stream)]]
  // With emitClose: false, autoClose: false or autoDestroy: false, 'close' does not come.
  const isOver = new Promise((resolve) => {
    for (const event of ['end', 'error', 'close']) stream.on(event, resolve)
  })
  for (const event of ['open', 'ready', 'end', 'error', 'close']) {
    stream.on(event, (value) => {
      log.push([event, value instanceof Error ? describeWhole(value) : typeof value])
    })
  }
  stream.on('data', (part) => log.push(['data', typeof part, part.length, part.constructor.name]))
  await isOver
  if (!stream.autoClose) stream.destroy()
  await until(() => stream.closed)
  await new Promise(setImmediate)
  return { log, end: lookAt(stream) }
}

/** The same for every way of making, which all must agree. */
function inEveryWay(name, makeArguments) {
  parity(name, async (implementation) => {
    const stories = {}
    for (const [way, make] of Object.entries(ways)) {
      stories[way] = await storyOf(() => make(implementation, makeArguments()))
      // They differ in what the classes themselves put on the stream.
      const keys = stories[way].log?.[0][2]
      if (keys?.includes('own')) keys.splice(keys.indexOf('own'), 1)
    }
    for (const story of Object.values(stories)) assert.deepEqual(story, stories['the class'])
    return stories['the class']
  })
}

const paths = [
  [undefined, null, 1, 1n, true, {}, [], [file], () => {}, Symbol('path')],
  ['', 'a\0b', '.', folder, `${file}/`, newPath('missing'), 'x'.repeat(5000), file],
  [Object(file), Buffer.from(file), new Uint8Array(Buffer.from(file)), new ArrayBuffer(4)],
  [Buffer.from('a\0b'), Buffer.alloc(0), Buffer.from([0x2f, 0xff, 0xfe])],
  [url, new URL('http://example.test/'), new URL('file://host/file'), url.href],
  [new URL('file:///a%2Fb'), new URL('file:///a%00b'), { ...url, href: url.href }],
].flat()

for (const path of paths) {
  inEveryWay(`the path ${inspect(path).slice(0, 60)}`, () => [path])
}

inEveryWay('no arguments', () => [])

const callbacks = { open: fs.open, read: fs.read, close: fs.close }
const anything = [
  [undefined, null, true, false, 0, 1, -1, 1.5, NaN, Infinity, -Infinity, 2 ** 53, 10n],
  ['', '1', 'x', Symbol('value'), {}, [], Object(1), () => {}],
].flat()

/** Every option of fs.createReadStream and of Readable, and what is tried for it. */
const options = {
  flags: [
    ...anything,
    ...'r rs r+ sr wx+.'.split(' '),
    fs.constants.O_RDONLY,
    fs.constants.O_DIRECTORY,
  ],
  encoding: [
    ...anything,
    ...'utf8 UTF-8 hex base64 base64url latin1 binary ascii ucs2 utf16le buffer utf-32'.split(' '),
  ],
  // A function in its place is taken for the callback of fs.open.
  mode: [
    ...anything.filter((value) => typeof value !== 'function'),
    0o666,
    0o444,
    '666',
    'rw',
    2 ** 32,
  ],
  autoClose: anything,
  emitClose: anything,
  start: [...anything, 999, 1000, 2 ** 40, 2 ** 53 - 1],
  end: [...anything, 999, 1000, 2 ** 53 - 1],
  highWaterMark: [...anything.filter((value) => value !== 2 ** 53), 999, 1000, 1001],
  fs: [
    ...anything,
    { open() {} },
    { open() {}, read() {} },
    { open() {}, read() {}, close: null },
    { ...callbacks, read: 1 },
    callbacks,
    Object.create(callbacks),
    fs,
  ],
  signal: [...anything, { aborted: false }, new AbortController().signal, new EventTarget()],
  windowsHandle: anything,
  // Those of Readable. A function for `read` and its like is tried elsewhere.
  autoDestroy: anything,
  objectMode: anything,
  readableObjectMode: anything,
  defaultEncoding: [...anything, 'hex'],
  bufferSize: anything,
  readable: anything,
  captureRejections: anything,
  read: anything.filter((value) => typeof value !== 'function'),
  destroy: anything.filter((value) => typeof value !== 'function'),
  construct: anything.filter((value) => typeof value !== 'function'),
}

for (const [name, values] of Object.entries(options)) {
  parity(`the option ${name}, good and bad`, async ({ createReadStream }) => {
    const stories = []
    for (const value of values) {
      const given = { [name]: value }
      stories.push([inspect(value), await storyOf(() => createReadStream(file, given))])
      assert.deepEqual(Reflect.ownKeys(given), [name])
    }
    return stories
  })
}

const descriptors = [
  [-1, -0.5, 1.5, NaN, Infinity, -Infinity, 2 ** 31, 2 ** 53, 10n, '1', '', true, false],
  [Symbol('fd'), {}, [], () => {}, { fd: 1 }, Object(1), 2 ** 31 - 1],
].flat()

for (const fd of descriptors) {
  inEveryWay(`the fd ${inspect(fd)}`, () => [file, { fd }])
}

for (const [name, others] of Object.entries({
  'a path': { path: file },
  'no path': { path: null },
  'a path that is none': { path: 1 },
  'flags and mode': { flags: 'nonsense', mode: 'nonsense' },
  'an fs that only reads': { fs: { read: fs.read, close: fs.close } },
  'an fs that does nothing': { fs: {} },
  'a windowsHandle': { windowsHandle: 1n },
})) {
  inEveryWay(`a good fd with ${name}`, () => [
    others.path,
    { ...others, fd: fs.openSync(file), start: 5 },
  ])
}

parity('a FileHandle with an fs', async ({ createReadStream, t }) => {
  const handle = await fs.promises.open(file)
  t.after(() => handle.close())
  return [
    await storyOf(() => createReadStream(file, { fd: handle, fs })),
    await storyOf(() => createReadStream(file, { fd: handle, windowsHandle: 1n })),
  ]
})

for (const [name, given] of Object.entries({
  'a start beyond the end': { start: 5, end: 4 },
  'a start at the end': { start: 5, end: 5 },
  'a start of 0 and an end of 0': { start: 0, end: 0 },
  'an end alone': { end: 5 },
  'a start and an endless end': { start: 990, end: Infinity },
  'a bad start and a bad end': { start: -1, end: -1 },
  'a bad encoding and a bad start': { encoding: 'nonsense', start: -1 },
  'a bad fs and a bad start': { fs: {}, start: -1 },
  'a bad start and a bad high-water mark': { start: -1, highWaterMark: -1 },
  'an fs without close, and autoClose: false': {
    fs: { open: fs.open, read: fs.read },
    autoClose: false,
  },
  'an fs without close, and autoDestroy: false': {
    fs: { open: fs.open, read: fs.read },
    autoDestroy: false,
  },
  'an encoding that the high-water mark cuts': { encoding: 'hex', highWaterMark: 7 },
  'a high-water mark of 0': { highWaterMark: 0 },
  'no close and no autoClose': { emitClose: false, autoClose: false },
})) {
  inEveryWay(name, () => [file, given])
}

for (const given of [...anything, 'utf8', 'hex', 'buffer', 'nonsense', new Map()]) {
  inEveryWay(`${inspect(given)} for the options`, () => [file, given])
}

class Options {
  static #values = new WeakMap()
  constructor(values) {
    Options.#values.set(this, values)
    for (const name of Object.keys(values)) {
      Object.defineProperty(this, name, {
        enumerable: true,
        get: () => Options.#values.get(this)[name],
      })
    }
  }
}

/** Getters that insist on their own object, and count how often they are asked. */
function countingOptions(values, counts) {
  const own = {}
  for (const [name, value] of Object.entries(values)) {
    Object.defineProperty(own, name, {
      enumerable: true,
      get() {
        assert.equal(this, own)
        counts[name] = (counts[name] ?? 0) + 1
        return value
      },
    })
  }
  return own
}

const range = { start: 10, end: 19 }
const shapes = {
  plain: () => range,
  frozen: () => Object.freeze({ ...range }),
  'without a prototype': () => Object.assign(Object.create(null), range),
  inherited: () => Object.create(range),
  'inherited and shadowed': () => Object.create(range, { start: { value: 12, enumerable: true } }),
  'inherited through many': () => Object.create(Object.create(Object.create(range))),
  'not enumerable': () => Object.defineProperty({ end: 19 }, 'start', { value: 10 }),
  'an fs that is not enumerable': () =>
    Object.defineProperty({ ...range }, 'fs', { value: { open: 'none' } }),
  'an fd that is not enumerable': () => Object.defineProperty({ ...range }, 'fd', { value: -1 }),
  'an instance of a class': () => new Options(range),
  'getters that insist on their own object': () => countingOptions(range, {}),
  'a getter that throws': () => ({
    get start() {
      throw new RangeError('no start today')
    },
  }),
  'a Proxy': () => new Proxy({ ...range }, {}),
  'a Proxy that lets nothing be changed': () => {
    const refuse = (name) => () => {
      throw new Error(`${name} was called`)
    }
    const names = ['set', 'defineProperty', 'deleteProperty', 'preventExtensions', 'setPrototypeOf']
    return new Proxy({ ...range }, Object.fromEntries(names.map((name) => [name, refuse(name)])))
  },
}

for (const [name, make] of Object.entries(shapes)) {
  inEveryWay(`options of the shape: ${name}`, () => [file, make()])
}

test('a getter among the options is not asked more often than by Node', async () => {
  const values = { start: 10, end: 19, flags: 'r', highWaterMark: 4, encoding: 'hex' }
  const asked = []
  for (const { createReadStream } of [fs, millrace]) {
    const counts = {}
    await storyOf(() => createReadStream(file, countingOptions(values, counts)))
    asked.push(counts)
  }
  for (const [name, count] of Object.entries(asked[0])) {
    assert.ok(asked[1][name] <= count && asked[1][name] > 0, name)
  }
})

parity('options that are changed later change nothing', async ({ createReadStream }) => {
  const given = { start: 10, end: 19, highWaterMark: 4 }
  const story = storyOf(() => createReadStream(file, given))
  Object.assign(given, { start: 0, end: 1, fs: null, fd: -1, highWaterMark: 1 })
  return story
})

parity('one options object makes many streams', async ({ createReadStream }) => {
  const given = { start: 10, end: 19 }
  return Promise.all([1, 2, 3].map(() => storyOf(() => createReadStream(file, given))))
})

parity('paths of every kind are kept as they are given', async ({ createReadStream }) => {
  const given = [file, Buffer.from(file), new Uint8Array(Buffer.from(file)), url]
  return given.map((path) => {
    const stream = createReadStream(path)
    stream.destroy()
    return [stream.path === path, typeof stream.path, stream.path.constructor.name]
  })
})

parity('a relative path is of the moment when it is opened', async ({ createReadStream, t }) => {
  const cwd = process.cwd()
  t.after(() => process.chdir(cwd))
  process.chdir(folder)
  const story = await storyOf(() => createReadStream(file.slice(folder.length + 1)))
  assert.equal(story.log.find(([event]) => event === 'data')[2], content.length)
  return story
})

parity('what the function and the class look like', ({ createReadStream, ReadStream }) => {
  const stream = createReadStream(file).on('error', () => {})
  stream.destroy()
  const inherited = []
  for (const name in stream) inherited.push(name)
  return {
    names: [createReadStream.name, createReadStream.length, ReadStream.name, ReadStream.length],
    statics: [Object.keys(ReadStream), typeof ReadStream.from, typeof ReadStream.toWeb],
    constructor: stream.constructor === ReadStream,
    instance: [stream instanceof ReadStream, stream instanceof fs.ReadStream],
    derived: fs.ReadStream.isPrototypeOf(ReadStream) || fs.ReadStream === ReadStream,
    tag: Object.prototype.toString.call(stream),
    own: Object.keys(stream),
    inherited: inherited.toSorted(),
  }
})

parity('properties of Node’s own that can be set', async ({ createReadStream }) => {
  const stream = createReadStream(file, { autoClose: false })
  Object.assign(stream, { autoClose: true, start: 5, bytesRead: 7, path: 'elsewhere', mode: 1 })
  return storyOf(() => stream)
})

parity('the getter of autoClose is for streams of files alone', ({ ReadStream }) => {
  const { get, set } = Object.getOwnPropertyDescriptor(fs.ReadStream.prototype, 'autoClose')
  const outcome = (run) => {
    try {
      return run()
    } catch (error) {
      return describeWhole(error)
    }
  }
  const stream = ReadStream(file)
  stream.destroy()
  return [
    outcome(() => get.call(stream)),
    outcome(() => set.call({}, true)),
    outcome(() => get.call({})),
    outcome(() => ReadStream.prototype.autoClose),
  ]
})

test('native must be a boolean', () => {
  for (const value of [0, 'no', null, {}]) {
    assert.throws(() => millrace.createReadStream(file, { native: value }), {
      name: 'TypeError',
      code: 'ERR_INVALID_ARG_TYPE',
    })
  }
})
