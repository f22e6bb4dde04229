'use strict'

const assert = require('node:assert/strict')
const { compose, PassThrough, Readable, Transform, Writable } = require('node:stream')
const { finished, pipeline } = require('node:stream/promises')
const { describe, it } = require('node:test')

const { createSplitter } = require('..')

/** All that a splitter makes of `chunks`. */
async function split(chunks, separator, options) {
  const splitter = createSplitter(separator, options)
  const source = Readable.from(chunks, { objectMode: false })
  return source.pipe(splitter).toArray()
}

/** Every way to cut `bytes` in two, and one byte at a time. */
function* cutsOf(bytes) {
  for (let at = 0; at <= bytes.length; at += 1) {
    yield [bytes.subarray(0, at), bytes.subarray(at)].filter(({ length }) => length > 0)
  }
  yield [...bytes].map((byte) => Buffer.from([byte]))
}

/** What a splitter is to make of `bytes`: by hand, with no chunks. */
function expected(bytes, separator, { keep = false, encoding = 'utf8' } = {}) {
  const records = []
  const wanted = Buffer.from(separator)
  let begin = 0
  for (;;) {
    const at = bytes.indexOf(wanted, begin)
    if (at === -1) break
    const isCrLf = separator === '\n' && at > begin && bytes[at - 1] === 13
    records.push(bytes.subarray(begin, keep ? at + wanted.length : at - (isCrLf ? 1 : 0)))
    begin = at + wanted.length
  }
  if (begin < bytes.length) records.push(bytes.subarray(begin))
  return encoding === 'buffer' ? records : records.map((record) => record.toString(encoding))
}

function random(seed) {
  let state = seed
  return (below) => {
    state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0
    return Math.floor((state / 2 ** 32) * below)
  }
}

describe('createSplitter', () => {
  it('gives the same records however its input is cut', async () => {
    const cases = [
      ['a\nbc\n\nd', '\n'],
      ['a\r\nb\rc\r\r\n\r\n\nd\r', '\n'],
      ['a\r\nb\nc\r', Buffer.from('\n')],
      ['a\r\nb\nc\r\n', '\r\n'],
      ['aabaaabaaaab', 'aab'],
      ['aaaaaaa', 'aa'],
      ['äöü€ß€🎉€', '€'],
      ['ä\nö🎉\n\nü', '\n'],
      [Buffer.from([1, 255, 0, 2, 255, 255, 0, 254]), Buffer.from([255, 0])],
      [Buffer.from([0xe2, 0x0a, 0x82, 0xac, 0x0a, 0xf0, 0x9f]), '\n'],
      ['a\ufffdb', '\ufffd'],
      ['', '\n'],
      ['\n', '\n'],
    ]
    for (const [content, separator] of cases) {
      const bytes = Buffer.from(content)
      for (const keep of [false, true]) {
        for (const encoding of ['utf8', 'latin1', 'buffer']) {
          const wanted = expected(bytes, separator, { keep, encoding })
          for (const chunks of cutsOf(bytes)) {
            const options = { keep, encoding }
            assert.deepEqual(await split(chunks, separator, options), wanted)
            const batches = await split(chunks, separator, { ...options, batch: true })
            assert.deepEqual(batches.flat(), wanted)
            assert.ok(batches.every((batch) => Array.isArray(batch) && batch.length > 0))
          }
        }
      }
    }
  })

  it('gives the same records of chunks that are large enough for the addon', async () => {
    const pick = random(7)
    const alphabets = ['abc', 'aä€🎉', 'a\r']
    for (const letters of alphabets) {
      const signs = [...letters]
      for (const separator of ['\n', 'ab', 'ä€', '\r\n']) {
        const parts = Array.from({ length: 30_000 }, () =>
          pick(9) === 0 ? separator : signs[pick(signs.length)],
        )
        const bytes = Buffer.from(parts.join(''))
        const chunks = []
        for (let at = 0; at < bytes.length;) {
          const length = 1 + pick(9000)
          chunks.push(bytes.subarray(at, at + length))
          at += length
        }
        for (const options of [{}, { keep: true }, { encoding: 'buffer' }]) {
          const wanted = expected(bytes, separator, options)
          assert.deepEqual(await split(chunks, separator, options), wanted)
          assert.deepEqual(await split([bytes], separator, options), wanted)
        }
      }
    }
  })

  it('gives slices of the chunks, without copying', async () => {
    const chunk = Buffer.from('first\nsecond\nthird')
    const records = await split([chunk], '\n', { encoding: 'buffer' })
    assert.deepEqual(records.map(String), ['first', 'second', 'third'])
    for (const record of records) assert.equal(record.buffer, chunk.buffer)
  })

  it('reads lines one by one by for await, as readline does', async () => {
    const text = Array.from({ length: 5000 }, (_, i) => `line ${i}`).join('\n')
    const lines = []
    for await (const line of Readable.from([text], { objectMode: false }).pipe(createSplitter())) {
      lines.push(line)
    }
    assert.equal(lines.join('\n'), text)
  })

  it('is left early by for await, and is destroyed with its source', async () => {
    const source = new PassThrough()
    source.write('a\nb\nc\n')
    const splitter = createSplitter()
    const piped = pipeline(source, splitter)
    for await (const line of splitter) {
      assert.equal(line, 'a')
      break
    }
    assert.equal(splitter.destroyed, true)
    await assert.rejects(piped, { code: 'ERR_STREAM_PREMATURE_CLOSE' })
    assert.equal(source.destroyed, true)
  })

  it('has an iterator that keeps the order of calls, and ends once', async () => {
    const splitter = createSplitter()
    const iterator = splitter[Symbol.asyncIterator]()
    assert.equal(iterator[Symbol.asyncIterator](), iterator)
    const calls = [iterator.next(), iterator.next(), iterator.next(), iterator.next()]
    splitter.write('a\nb')
    setImmediate(() => splitter.end('c\n'))
    assert.deepEqual(await Promise.all(calls), [
      { value: 'a', done: false },
      { value: 'bc', done: false },
      { value: undefined, done: true },
      { value: undefined, done: true },
    ])
    assert.deepEqual(await iterator.next(), { value: undefined, done: true })
    assert.deepEqual(await iterator.return(5), { value: 5, done: true })
  })

  it('throws in for await what it is destroyed with, and what its source fails with', async () => {
    for (const early of [true, false]) {
      const splitter = createSplitter()
      splitter.write('a\nb\n')
      const failure = new Error('broken')
      if (early) splitter.destroy(failure)
      const seen = []
      await assert.rejects(async () => {
        for await (const line of splitter) {
          seen.push(line)
          if (line === 'b') splitter.destroy(failure)
        }
      }, failure)
      assert.deepEqual(seen, early ? [] : ['a', 'b'])
    }
    const splitter = createSplitter()
    splitter.write('a\n')
    splitter.destroy()
    await assert.rejects(
      async () => {
        for await (const line of splitter) assert.fail(line)
      },
      { code: 'ERR_STREAM_PREMATURE_CLOSE' },
    )
  })

  it('has an iterator with throw and return, which destroy what was begun', async () => {
    const unused = createSplitter()
    await unused[Symbol.asyncIterator]().return()
    assert.equal(unused.destroyed, false)
    const splitter = createSplitter()
    splitter.write('a\nb\n')
    const iterator = splitter[Symbol.asyncIterator]()
    assert.equal((await iterator.next()).value, 'a')
    await assert.rejects(iterator.throw(new Error('mine')), /mine/)
    assert.equal(splitter.destroyed, true)
    assert.deepEqual(await iterator.next(), { value: undefined, done: true })
  })

  it('emits records one by one as a plain Transform does, whatever a listener does', async () => {
    const plain = () =>
      new Transform({
        readableObjectMode: true,
        transform(chunk, _, callback) {
          for (const line of String(chunk).split('\n').slice(0, -1)) this.push(line)
          callback()
        },
      })
    const deeds = {
      pause: (stream) => {
        stream.pause()
        setImmediate(() => stream.resume())
      },
      destroy: (stream) => stream.destroy(),
      fail: (stream) => stream.destroy(new Error('mine')),
      unlisten: (stream) => stream.removeAllListeners('data'),
      pipe: (stream) => stream.pipe(new PassThrough({ objectMode: true, highWaterMark: 1 })),
      readable: (stream) => stream.on('readable', () => stream.read()),
      nothing: () => {},
    }
    for (const [name, deed] of Object.entries(deeds)) {
      const logs = await Promise.all(
        [plain(), createSplitter()].map(async (stream) => {
          const log = []
          stream.on('data', (line) => {
            const { readableLength, readableFlowing, destroyed } = stream
            log.push([line, readableLength, readableFlowing, destroyed])
            if (line === 'b') deed(stream)
          })
          for (const event of ['pause', 'resume', 'end', 'close', 'error']) {
            stream.on(event, () => log.push(event))
          }
          // Once it flows, what is written is emitted at once.
          await new Promise(setImmediate)
          stream.write('a\nb\nc\nd\n')
          stream.write('e\nf\n')
          await new Promise(setImmediate)
          log.push('turn')
          if (!stream.destroyed) stream.write('g\nh\n')
          await new Promise(setImmediate)
          if (!stream.destroyed) stream.end('i\n')
          await new Promise(setImmediate)
          await new Promise(setImmediate)
          return log
        }),
      )
      assert.deepEqual(logs[1], logs[0], name)
      assert.ok(logs[0].length > 3)
    }
  })

  it('keeps back-pressure towards a slow destination', async () => {
    let most = 0
    const splitter = createSplitter()
    const slow = new Writable({
      objectMode: true,
      write(line, _, callback) {
        most = Math.max(most, splitter.readableLength + slow.writableLength)
        setImmediate(callback)
      },
    })
    const chunk = Buffer.from('x\n'.repeat(10_000))
    await pipeline(Readable.from(Array.from({ length: 50 }, () => chunk)), splitter, slow)
    // A chunk's records, those of one before, and what the destination takes.
    assert.ok(most <= 20_100, String(most))
  })

  it('refuses a record that is too long, wherever it is cut, and gives those before it', async () => {
    const bytes = Buffer.from('one\ntwo\nthree\r\nlonger\nafter\n')
    for (const encoding of ['utf8', 'buffer']) {
      for (const chunks of cutsOf(bytes)) {
        const splitter = createSplitter('\n', { maxLength: 5, encoding })
        const seen = []
        splitter.on('data', (line) => seen.push(String(line)))
        const piped = pipeline(Readable.from(chunks), splitter)
        await assert.rejects(piped, {
          code: 'ERR_MILLRACE_RECORD_TOO_LONG',
          message: 'A record is longer than 5 bytes',
        })
        assert.ok(seen.length <= 3)
        assert.deepEqual(seen, ['one', 'two', 'three'].slice(0, seen.length))
      }
    }
    assert.deepEqual(await split([bytes], '\n', { maxLength: 6 }), expected(bytes, '\n'))
    assert.deepEqual(await split(['abc\r'], '\n', { maxLength: 4 }), ['abc\r'])
    await assert.rejects(split(['abc\r'], '\n', { maxLength: 3 }), /longer than 3/)
  })

  it('does not hold more of an endless record than maxLength and a chunk', async () => {
    const splitter = createSplitter('\n', { maxLength: 10_000 })
    let written = 0
    const endless = new Readable({
      read() {
        written += 1000
        this.push(Buffer.alloc(1000, 'x'))
      },
    })
    await assert.rejects(pipeline(endless, splitter, new PassThrough({ objectMode: true })), {
      code: 'ERR_MILLRACE_RECORD_TOO_LONG',
    })
    assert.ok(written < 200_000, String(written))
  })

  it('does not keep what its writer may overwrite, where records are strings', async () => {
    const splitter = createSplitter()
    const memory = Buffer.from('begin')
    splitter.write(memory)
    memory.fill('x')
    splitter.end('end\n')
    assert.deepEqual(await splitter.toArray(), ['beginend'])
  })

  it('takes strings, in the encoding of its records', async () => {
    const splitter = createSplitter('\n', { encoding: 'latin1' })
    splitter.write('é\n')
    splitter.end('c3a90a', 'hex')
    assert.deepEqual(await splitter.toArray(), ['é', 'Ã©'])
  })

  it('takes chunks of shared memory', async () => {
    const shared = Buffer.from(new SharedArrayBuffer(1000)).fill('a')
    shared[500] = 10
    const splitter = createSplitter()
    splitter.end(shared)
    const records = await splitter.toArray()
    assert.deepEqual(
      records.map(({ length }) => length),
      [500, 499],
    )
  })

  it('is a Transform: compose, web streams, helpers, signal', async () => {
    assert.ok(createSplitter() instanceof Transform)
    const upper = async function* (source) {
      for await (const line of source) yield line.toUpperCase()
    }
    const composed = compose(createSplitter(), upper)
    composed.end('a\nb\n')
    assert.deepEqual(await composed.toArray(), ['A', 'B'])

    const { readable, writable } = Transform.toWeb(createSplitter())
    const writer = writable.getWriter()
    const written = writer.write(Buffer.from('x\ny\n')).then(() => writer.close())
    const lines = []
    for await (const line of readable) lines.push(line)
    await written
    assert.deepEqual(lines, ['x', 'y'])

    const source = Readable.from(['1\n2\n3'], { objectMode: false }).pipe(createSplitter())
    assert.deepEqual(await source.map(Number).toArray(), [1, 2, 3])

    const controller = new AbortController()
    const aborted = createSplitter('\n', { signal: controller.signal })
    controller.abort()
    await assert.rejects(finished(aborted), { name: 'AbortError' })
  })

  it('checks its arguments as Node does', () => {
    const cases = [
      [[5], 'ERR_INVALID_ARG_TYPE'],
      [[''], 'ERR_INVALID_ARG_VALUE'],
      [[Buffer.alloc(0)], 'ERR_INVALID_ARG_VALUE'],
      [['\n', null], 'ERR_INVALID_ARG_TYPE'],
      [['\n', { keep: 1 }], 'ERR_INVALID_ARG_TYPE'],
      [['\n', { batch: 1 }], 'ERR_INVALID_ARG_TYPE'],
      [['\n', { maxLength: '1' }], 'ERR_INVALID_ARG_TYPE'],
      [['\n', { maxLength: 0 }], 'ERR_OUT_OF_RANGE'],
      [['\n', { maxLength: Number.NaN }], 'ERR_OUT_OF_RANGE'],
      [['\n', { encoding: 'utf16le' }], 'ERR_INVALID_ARG_VALUE'],
      [['\n', { signal: 1 }], 'ERR_INVALID_ARG_TYPE'],
    ]
    for (const [args, code] of cases) {
      assert.throws(() => createSplitter(...args), { code }, JSON.stringify(args))
    }
  })
})
