'use strict'

const assert = require('node:assert/strict')
const { compose, Readable, Transform } = require('node:stream')
const { finished } = require('node:stream/promises')
const { describe, it } = require('node:test')

const { createDecoder, createEncoder, createSplitter, createSpool, createThrottle } = require('..')

const BINARY = ['hex', 'base64', 'base64url']
const TEXT = ['utf8', 'utf16le', 'latin1']

/** What comes out of `stream` for `chunks`, in one piece, or the error. */
async function through(stream, chunks) {
  const source = Readable.from(chunks.filter(({ length }) => length > 0))
  const out = []
  stream.on('data', (chunk) => out.push(chunk))
  source.pipe(stream)
  try {
    await finished(stream)
  } catch (error) {
    return { code: error.code, offset: error.offset, message: error.message }
  }
  return typeof out[0] === 'string' ? out.join('') : Buffer.concat(out)
}

function* cutsOf(whole) {
  const { length } = whole
  for (let at = 0; at <= length; at += 1) yield [whole.slice(0, at), whole.slice(at)]
  yield Array.from({ length }, (_, at) => whole.slice(at, at + 1))
  yield Array.from({ length: Math.ceil(length / 3) }, (_, i) => whole.slice(3 * i, 3 * i + 3))
}

function bytesOf(length, seed = 1) {
  let state = seed
  return Buffer.from(
    Array.from({ length }, () => {
      state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0
      return state >>> 24
    }),
  )
}

describe('createEncoder and createDecoder', () => {
  it('make hex and base64 and take them back, however they are cut', async () => {
    for (const encoding of BINARY) {
      for (const length of [0, 1, 2, 3, 4, 5, 17]) {
        const bytes = bytesOf(length)
        const text = Buffer.from(bytes.toString(encoding))
        for (const chunks of cutsOf(bytes)) {
          const made = await through(createEncoder(encoding), chunks)
          assert.deepEqual(made, text)
        }
        for (const chunks of cutsOf(text)) {
          for (const strict of [true, false]) {
            const made = await through(createDecoder(encoding, { strict }), chunks)
            assert.deepEqual(made, bytes)
          }
        }
      }
    }
  })

  it('do the same with much', async () => {
    const bytes = bytesOf(300_001)
    for (const encoding of BINARY) {
      const text = bytes.toString(encoding)
      for (const length of [4096, 65_536, 65_537, 299_999]) {
        const cut = (whole) =>
          Array.from({ length: Math.ceil(whole.length / length) }, (_, i) =>
            whole.slice(i * length, (i + 1) * length),
          )
        const made = await through(createEncoder(encoding), cut(bytes))
        assert.ok(made.equals(Buffer.from(text)))
        const wrapped = text.replaceAll(/.{76}/g, '$&\r\n')
        for (const written of [text, wrapped]) {
          const back = await through(createDecoder(encoding), cut(Buffer.from(written)))
          assert.ok(back.equals(bytes))
        }
      }
    }
  })

  it('take what is not strict as Buffer.from does; hex goes on behind what is none', async () => {
    const texts = [
      'QUJD',
      'QUJ',
      'QU',
      'Q',
      'QUI=QUJD',
      'QQ==QQ==',
      'Q=UJD',
      '====',
      'Q U\nJ D',
      'Q!U*J~D',
      '-_-_',
      '+/+/',
      '-/+_',
      'QUJD\u00e9QUJD',
      'A',
      'AB=',
      'ABC==',
      ' ',
      '',
    ]
    for (const text of texts) {
      const written = Buffer.from(text)
      for (const encoding of ['base64', 'base64url']) {
        const wanted = Buffer.from(text, encoding)
        for (const chunks of cutsOf(written)) {
          const made = await through(createDecoder(encoding, { strict: false }), chunks)
          assert.deepEqual(made, wanted, `${encoding} ${text}`)
        }
      }
    }
    for (const text of ['0aFf', '0a:ff:1', '0x0a', 'zz', 'a\u00e9b\n c d', 'abc']) {
      const wanted = Buffer.from(text.replaceAll(/[^0-9a-f]/gi, ''), 'hex')
      for (const chunks of cutsOf(Buffer.from(text))) {
        assert.deepEqual(await through(createDecoder('hex', { strict: false }), chunks), wanted)
      }
    }
  })

  it('refuse what is wrong at the same place however it is cut', async () => {
    const cases = [
      ['hex', '0a0', 3],
      ['hex', '0a 0g', 4],
      ['hex', '0xff', 1],
      ['base64', 'QUI', 3],
      ['base64', 'QUI=Q', 4],
      ['base64', 'QUI==', 4],
      ['base64', 'Q===', 1],
      ['base64', 'QU-_', 2],
      ['base64', 'Q', 1],
      ['base64', 'QQ=', 3],
      ['base64', 'QUJD\n=', 5],
      ['base64', '=', 0],
      ['base64', 'Q!', 1],
      ['base64url', 'QU+/', 2],
      ['base64url', 'QQ=', 3],
      ['base64url', 'QQ= !', 4],
      ['utf8', Buffer.from([0x61, 0xff, 0x62]), 1],
      ['utf8', Buffer.from([0x61, 0xe2, 0x82]), 1],
      ['utf8', Buffer.from([0xe2, 0x82, 0xac, 0xe2, 0x28, 0xa1]), 3],
      ['utf8', Buffer.from([0x80]), 0],
      ['utf8', Buffer.from([0xc0, 0x80]), 0],
      ['utf8', Buffer.from([0x61, 0xed, 0xa0, 0x80]), 1],
      ['utf16le', Buffer.from([0x61, 0, 0x62]), 2],
      ['utf16le', Buffer.from([0x61, 0, 0, 0xd8, 0x61, 0]), 2],
      ['utf16le', Buffer.from([0x61, 0, 0, 0xdc]), 2],
      ['utf16le', Buffer.from([0x61, 0, 0, 0xd8]), 2],
    ]
    for (const [encoding, text, offset] of cases) {
      for (const chunks of cutsOf(Buffer.from(text))) {
        assert.deepEqual(await through(createDecoder(encoding), chunks), {
          code: 'ERR_MILLRACE_INVALID_TEXT',
          offset,
          message: `The stream is not valid ${encoding} at offset ${offset}`,
        })
      }
    }
    for (const [encoding, text, offset] of [
      ['utf8', 'a\ud800b', 1],
      ['utf16le', 'a\udc00', 1],
      ['latin1', 'a\u0100', 1],
      ['latin1', 'é🎉', 1],
      ['utf8', 'a\ud800', 1],
    ]) {
      for (const chunks of cutsOf(text)) {
        const { code, offset: at } = await through(createEncoder(encoding), chunks)
        assert.deepEqual({ code, at }, { code: 'ERR_MILLRACE_INVALID_TEXT', at: offset })
      }
    }
    const { code } = await through(createEncoder('utf16le'), [Buffer.from([0x61, 0xff])])
    assert.equal(code, 'ERR_MILLRACE_INVALID_TEXT')
  })

  it('decode text as Buffer does in one piece, however it is cut', async () => {
    const samples = [
      'aé€🎉z',
      Buffer.from([0xf0, 0x9f, 0x8e, 0x61, 0xe2, 0x82, 0xff, 0xf0, 0x9f, 0x8e]),
      Buffer.from([0xf0, 0x80, 0x80, 0xe0, 0x80, 0xed, 0xa0, 0x80, 0xc2]),
      Buffer.from([0xf4, 0x90, 0x80, 0x80, 0xf5, 0x80, 0xef, 0xbb, 0xbf]),
      Buffer.from([0xef, 0xbb, 0xbf, 0x61]),
      Buffer.from([0x3d, 0xd8, 0x89, 0xdf, 0x00, 0xd8, 0x61, 0x00, 0x00, 0xdc, 0x01]),
      bytesOf(64),
      '',
    ].map((sample) => Buffer.from(sample))
    for (const bytes of samples) {
      for (const encoding of TEXT) {
        const wanted = bytes.toString(encoding)
        for (const chunks of cutsOf(bytes)) {
          const made = await through(createDecoder(encoding, { strict: false }), chunks)
          assert.equal(String(made), wanted, `${encoding} ${bytes.toString('hex')}`)
        }
      }
    }
  })

  it('encode text as Buffer does in one piece, however it is cut', async () => {
    for (const text of ['aé€🎉z', '\ud83c\udf89', '\ud83c', '\udf89a\ud83ca', '']) {
      for (const encoding of TEXT) {
        const wanted = Buffer.from(text, encoding)
        for (const chunks of cutsOf(text)) {
          const made = await through(createEncoder(encoding, { strict: false }), chunks)
          assert.deepEqual(made, wanted)
        }
      }
    }
    for (const encoding of TEXT) {
      for (const chunks of cutsOf(Buffer.from('aé\u00ff'))) {
        assert.deepEqual(
          await through(createEncoder(encoding), chunks),
          Buffer.from('aé\u00ff', encoding),
        )
      }
    }
  })

  it('give text as strings, and bytes as Buffers', async () => {
    const decoder = createDecoder('utf16le')
    decoder.end(Buffer.from('aé', 'utf16le'))
    assert.deepEqual(await decoder.toArray(), ['aé'])
    const [chunk] = await Readable.from(['ab']).pipe(createEncoder('hex')).toArray()
    assert.ok(Buffer.isBuffer(chunk))
  })

  it('take strings that stand for bytes, and bytes between strings', async () => {
    const encoder = createEncoder('utf16le')
    encoder.write('é')
    encoder.write('c3', 'hex')
    encoder.write(Buffer.from([0xa9]))
    encoder.end('4pij', 'base64')
    assert.equal(Buffer.concat(await encoder.toArray()).toString('utf16le'), 'éé☣')
  })

  it('have the names of encodings that Buffer has', async () => {
    for (const [name, text] of [
      ['UTF-8', 'é'],
      ['ucs2', 'é'],
      ['BINARY', 'é'],
      ['Hex', 'e9'],
    ]) {
      const decoder = createDecoder(name)
      decoder.end(name === 'Hex' ? text : Buffer.from(text, name))
      assert.equal((await decoder.toArray()).map((made) => made.toString('latin1')).join(''), 'é')
    }
  })

  it('keep nothing that their writer may overwrite', async () => {
    for (const encoding of ['base64', 'utf8']) {
      const stream = encoding === 'utf8' ? createDecoder(encoding) : createEncoder(encoding)
      const memory = Buffer.from('é')
      stream.write(memory.subarray(0, 1))
      memory.fill(0)
      stream.end(Buffer.from('é').subarray(1))
      const made = (await stream.toArray()).join('')
      assert.equal(made, encoding === 'utf8' ? 'é' : Buffer.from('é').toString('base64'))
    }
  })

  it('take chunks of shared memory', async () => {
    const shared = Buffer.from(new SharedArrayBuffer(3)).fill('a')
    const encoder = createEncoder('hex')
    encoder.end(shared)
    assert.equal(String(Buffer.concat(await encoder.toArray())), '616161')
  })

  it('are Transforms: compose, web streams, signal, destroy', async () => {
    assert.ok(createDecoder('hex') instanceof Transform)
    const both = compose(createEncoder('base64'), createDecoder('base64'))
    both.end('hello')
    assert.equal(String(Buffer.concat(await both.toArray())), 'hello')

    const { readable, writable } = Transform.toWeb(createEncoder('hex'))
    const writer = writable.getWriter()
    const written = writer.write(Buffer.from('ab')).then(() => writer.close())
    const parts = []
    for await (const part of readable) parts.push(part)
    await written
    assert.equal(String(Buffer.concat(parts)), '6162')

    const controller = new AbortController()
    const aborted = createEncoder('hex', { signal: controller.signal })
    controller.abort()
    await assert.rejects(finished(aborted), { name: 'AbortError' })

    const destroyed = createDecoder('hex')
    destroyed.write('0')
    destroyed.destroy()
    await assert.rejects(finished(destroyed), { code: 'ERR_STREAM_PREMATURE_CLOSE' })
  })

  it('hand the options of a Duplex on', async () => {
    const options = { readableHighWaterMark: 5, writableHighWaterMark: 7, emitClose: false }
    for (const stream of [
      createDecoder('hex', options),
      createDecoder('utf8', options),
      createEncoder('base64', options),
      createSplitter('\n', options),
      createThrottle({ bytesPerSecond: 1, ...options }),
      createSpool(options),
    ]) {
      assert.equal(stream.readableHighWaterMark, 5)
      assert.equal(stream.writableHighWaterMark, 7)
      stream.on('close', () => assert.fail('close'))
      stream.destroy()
      await new Promise(setImmediate)
      assert.equal(stream.closed, true)
    }
  })

  it('check their arguments as Node does', () => {
    for (const create of [createDecoder, createEncoder]) {
      assert.throws(() => create(), { code: 'ERR_INVALID_ARG_TYPE' })
      assert.throws(() => create('ascii'), { code: 'ERR_INVALID_ARG_VALUE' })
      assert.throws(() => create('hex', 5), { code: 'ERR_INVALID_ARG_TYPE' })
      assert.throws(() => create('hex', { strict: 1 }), { code: 'ERR_INVALID_ARG_TYPE' })
    }
  })
})
