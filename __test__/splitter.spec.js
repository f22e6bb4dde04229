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
      // In ASCII, this is a line feed.
      [Buffer.from([0x61, 0x8a, 0x62, 0x0a, 0xff]), '\n'],
      ['', '\n'],
      ['\n', '\n'],
    ]
    for (const [content, separator] of cases) {
      const bytes = Buffer.from(content)
      for (const keep of [false, true]) {
        for (const encoding of ['utf8', 'latin1', 'ascii', 'buffer']) {
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

  it('puts records of very many pieces together', async () => {
    const pick = random(3)
    const bytes = Buffer.from(Array.from({ length: 10_000 }, () => pick(256)))
    bytes.set([0, 1, 2, 3, 4], 9000)
    for (const separator of [Buffer.from([0, 1, 2, 3, 4]), Buffer.from([1, 2])]) {
      for (const length of [1, 2, 150]) {
        const chunks = []
        for (let at = 0; at < bytes.length; at += length) {
          chunks.push(bytes.subarray(at, at + length))
        }
        for (const encoding of ['buffer', 'latin1']) {
          const wanted = expected(bytes, separator, { encoding })
          assert.deepEqual(await split(chunks, separator, { encoding }), wanted)
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

  it('gives nothing from behind a record that is too long, in chunks written together', async () => {
    const splitter = createSplitter('\n', { maxLength: 2, highWaterMark: 1 })
    const iterator = splitter[Symbol.asyncIterator]()
    splitter.write('0\n')
    const seen = [(await iterator.next()).value]
    for (const text of ['a\nb\n', 'c\nd\n', 'too long', '\ne\n', 'f\n']) splitter.write(text)
    await assert.rejects(
      async () => {
        for (;;) seen.push((await iterator.next()).value)
      },
      { code: 'ERR_MILLRACE_RECORD_TOO_LONG' },
    )
    assert.ok(seen.length >= 3)
    assert.deepEqual(seen, ['0', 'a', 'b', 'c', 'd'].slice(0, seen.length))
  })

  it('gives nothing behind an error of chunks that were written together', async () => {
    for (const corks of [true, false]) {
      const splitter = createSplitter('\n', { maxLength: 5 })
      const events = []
      splitter.on('data', (record) => events.push(record))
      splitter.on('error', ({ code }) => events.push(code))
      if (corks) splitter.cork()
      splitter.write('one\nthis is too long\n')
      splitter.write('bb\ncc\ndd\n')
      splitter.uncork()
      await new Promise((resolve) => {
        splitter.on('close', resolve)
      })
      assert.deepEqual(events, ['one', 'ERR_MILLRACE_RECORD_TOO_LONG'])
    }
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
