'use strict'

// The functions that Node does not have, against the plainest code for them,
// with the addon and without.

const assert = require('node:assert/strict')
const { describe, test } = require('node:test')

const fc = require('fast-check')

const { SEARCHED, stringOf } = require('./helpers/buffer-arbitraries.js')
const { load } = require('./helpers/buffer-modes.js')

const seed = Number(process.env.MILLRACE_SEED ?? Date.now() % 2 ** 31)
const parameters = { numRuns: 400, seed }

function positionsOf(text, value, from = 0) {
  const found = []
  for (let at = text.indexOf(value, from); at !== -1; at = text.indexOf(value, at + value.length)) {
    found.push(at)
  }
  return found
}

/** Leftmost, of those at the same position the first in the list. */
function matchesOf(text, values, from = 0) {
  const found = []
  for (let at = from; at <= text.length;) {
    const value = values.findIndex((one) => text.startsWith(one, at))
    if (value === -1) at += 1
    else {
      found.push({ position: at, value })
      at += values[value].length
    }
  }
  return found
}

const text = stringOf(SEARCHED.filter((one) => one !== 'é'))
const value = fc.constantFrom('a', 'b', 'ab', 'aab', 'aaaa', 'x', 'bx', '\0')
const values = fc.array(value, { minLength: 1, maxLength: 6 })
const from = fc.nat({ max: 40 })

for (const mode of ['native', 'node']) {
  const { buffer } = load(mode)
  const { Finder } = buffer

  describe(`${mode}, seed ${seed}`, () => {
    test('count, indexOfAll and split', () => {
      const property = fc.property(text, value, from, (text, value, from) => {
        const bytes = Buffer.from(text)
        const expected = positionsOf(text, value, from)
        assert.deepEqual(buffer.indexOfAll(bytes, value, from), expected)
        assert.equal(buffer.count(bytes, Buffer.from(value), from), expected.length)
        assert.deepEqual(buffer.split(bytes, value).map(String), text.split(value))
        assert.deepEqual(buffer.split(bytes, value, 2).map(String), text.split(value, 2))
      })
      fc.assert(property, parameters)
    })

    test('indexOfAny and Finder', () => {
      const property = fc.property(text, values, from, (text, values, from) => {
        const bytes = Buffer.from(text)
        const finder = new Finder(values)
        const expected = matchesOf(text, values, from)
        assert.deepEqual(finder.matches(bytes, from), expected)
        assert.deepEqual(
          finder.indexOfAll(bytes, from),
          expected.map(({ position }) => position),
        )
        assert.equal(finder.count(bytes, from), expected.length)
        const first = expected[0]?.position ?? -1
        assert.equal(finder.indexOf(bytes, from), first)
        assert.equal(finder.includes(bytes, from), first !== -1)
        assert.equal(buffer.indexOfAny(bytes, values, from), first)
        const last = Math.max(...values.map((one) => text.lastIndexOf(one, from)))
        assert.equal(finder.lastIndexOf(bytes, from), last)
        assert.equal(new Finder(values[0]).indexOf(bytes, from), text.indexOf(values[0], from))
      })
      fc.assert(property, parameters)
    })

    test('more matches than one call of the addon tells', () => {
      const bytes = Buffer.alloc(10_000, 'ab')
      assert.equal(buffer.indexOfAll(bytes, 'a').length, 5000)
      assert.equal(buffer.indexOfAll(bytes, 'a').at(-1), 9998)
      assert.equal(buffer.split(bytes, 'b').length, 5001)
      assert.equal(buffer.split(bytes, 'b', 2048).length, 2048)
      assert.equal(new Finder(['b', 'a']).matches(bytes).length, 10_000)
      const whole = Buffer.alloc(2048, 'x')
      assert.equal(buffer.indexOfAll(whole, 'xx').length, 1024)
      assert.equal(new Finder('xx').matches(whole).length, 1024)
    })

    test('parts are views of the same memory, and of the same class', () => {
      const bytes = Buffer.from('one,two')
      const [, two] = buffer.split(bytes, ',')
      two[0] = 0x54
      assert.equal(String(bytes), 'one,Two')
      assert.ok(Buffer.isBuffer(two))
      const [part] = buffer.split(Uint8Array.of(1, 2, 3), 2)
      assert.equal(Object.getPrototypeOf(part), Uint8Array.prototype)
    })

    test('values are strings in an encoding, bytes, or a byte', () => {
      const bytes = Buffer.from('6162ff6162', 'hex')
      assert.equal(buffer.count(bytes, '6162', 0, 'hex'), 2)
      assert.equal(buffer.count(bytes, '6162', 'hex'), 2)
      assert.equal(buffer.count(bytes, 0x1ff), 1)
      assert.equal(buffer.count(bytes, Uint8Array.of(0x61, 0x62), 1), 1)
      assert.deepEqual(buffer.indexOfAll(bytes, 'ÿ', 'latin1'), [2])
      assert.equal(buffer.indexOfAny(bytes, [0xff, 'b']), 1)
      assert.deepEqual(buffer.split(bytes, 0xff).map(String), ['ab', 'ab'])
    })

    test('a Finder refuses a list with holes', () => {
      const holed = ['a', 'b']
      delete holed[0]
      assert.throws(() => new Finder(holed), {
        code: 'ERR_INVALID_ARG_TYPE',
        message: /values\[0\]/,
      })
    })

    test('a Finder has its own copy of what it looks for', () => {
      const needle = Buffer.from('ab')
      const finder = new Finder(needle)
      needle.fill('x')
      assert.equal(finder.indexOf(Buffer.from('..ab')), 2)
    })

    test('what is wrong is thrown, in the words of Node', () => {
      const type = (message) => ({ name: 'TypeError', code: 'ERR_INVALID_ARG_TYPE', message })
      const bytes = Buffer.from('abc')
      const notBytes = 'must be an instance of Buffer or Uint8Array. Received'
      for (const [run, error] of [
        [
          () => buffer.count('abc', 'a'),
          type(`The "buffer" argument ${notBytes} type string ('abc')`),
        ],
        [() => buffer.indexOf(null, 'a'), type(`The "buffer" argument ${notBytes} null`)],
        [
          () => buffer.toString([1]),
          type(`The "buffer" argument ${notBytes} an instance of Array`),
        ],
        [() => buffer.encodeHex(5), type(`The "source" argument ${notBytes} type number (5)`)],
        [
          () => buffer.decodeHex(bytes, {}),
          type(`The "target" argument ${notBytes} an instance of Object`),
        ],
        [
          () => buffer.split(bytes, undefined),
          type(
            `The "value" argument must be one of type number or string or an instance of Buffer or Uint8Array. Received undefined`,
          ),
        ],
        [
          () => buffer.indexOfAny(bytes, 'a'),
          type(`The "values" argument must be an instance of Array. Received type string ('a')`),
        ],
        [
          () => buffer.count(bytes, 'a', {}),
          type('The "byteOffset" argument must be of type number. Received an instance of Object'),
        ],
        [
          () => buffer.count(bytes, 'a', 0, 5),
          type('The "encoding" argument must be of type string. Received type number (5)'),
        ],
        [
          () => buffer.count(bytes, ''),
          {
            code: 'ERR_INVALID_ARG_VALUE',
            message: "The argument 'value' must not be empty. Received ''",
          },
        ],
        [
          () => new Finder([]),
          {
            code: 'ERR_INVALID_ARG_VALUE',
            message: "The argument 'values' must not be empty. Received []",
          },
        ],
        [
          () => new Finder(['a', '']),
          {
            code: 'ERR_INVALID_ARG_VALUE',
            message: "The argument 'values[1]' must not be empty. Received ''",
          },
        ],
        [
          () => buffer.count(bytes, 'a', -1),
          {
            name: 'RangeError',
            code: 'ERR_OUT_OF_RANGE',
            message:
              'The value of "byteOffset" is out of range. It must be >= 0 && <= 9007199254740991. Received -1',
          },
        ],
        [
          () => buffer.count(bytes, 'a', 0, 'utf9'),
          { name: 'TypeError', code: 'ERR_UNKNOWN_ENCODING', message: 'Unknown encoding: utf9' },
        ],
        [
          () => buffer.encodeHex(bytes, Buffer.alloc(5)),
          {
            name: 'RangeError',
            code: 'ERR_BUFFER_OUT_OF_BOUNDS',
            message: '"target" is outside of buffer bounds',
          },
        ],
        [
          () => buffer.readUInt32LEArray(bytes, 4),
          {
            code: 'ERR_OUT_OF_RANGE',
            message: 'The value of "offset" is out of range. It must be >= 0 && <= 3. Received 4',
          },
        ],
        [
          () => buffer.readUInt16LEArray(bytes, 0, 2),
          {
            code: 'ERR_OUT_OF_RANGE',
            message: 'The value of "count" is out of range. It must be >= 0 && <= 1. Received 2',
          },
        ],
        [
          () => buffer.readUInt16LEArray(bytes, 0.5),
          {
            code: 'ERR_OUT_OF_RANGE',
            message: 'The value of "offset" is out of range. It must be an integer. Received 0.5',
          },
        ],
      ]) {
        assert.throws(run, error)
      }
    })

    test('functions do to any Uint8Array what methods do to a Buffer', () => {
      const make = () => Uint8Array.from(Buffer.from('some bytes, 16 b'))
      const { nodes } = load('node')
      for (const [name, ...args] of [
        ['toString', 'hex', 2, 7],
        ['toString'],
        ['write', 'cafe', 3, 'hex'],
        ['write', 'é', 1],
        ['indexOf', 'bytes'],
        ['lastIndexOf', 0x62],
        ['includes', 'es', 3],
        ['compare', Buffer.from('some')],
        ['equals', make()],
        ['fill', 'ab', 1, 9],
        ['copy', Buffer.alloc(4), 1, 2],
        ['swap16'],
        ['swap64'],
      ]) {
        const [array, expected] = [make(), Buffer.from(make())]
        const result = buffer[name](array, ...args)
        const theirs = nodes.methods[name].apply(expected, args)
        if (theirs === expected) assert.equal(result, array, name)
        else assert.deepEqual(result, theirs, name)
        assert.deepEqual(Buffer.from(array), expected, name)
      }
      assert.throws(() => buffer.toString(make(), 'utf9'), { code: 'ERR_UNKNOWN_ENCODING' })
    })

    test('a long value that begins everywhere beside a short one takes no time', () => {
      for (const length of [64, 65, 100_000]) {
        const bytes = Buffer.alloc(2 * length + 200_000, 'a')
        bytes.fill('b', 10, 11)
        const finder = new buffer.Finder([`${'a'.repeat(length - 1)}b`, 'a', 'b'])
        assert.equal(finder.count(bytes), bytes.length)
        const [tenth] = finder.matches(bytes).slice(10)
        assert.deepEqual(tenth, { position: 10, value: 2 })
        const early = Buffer.concat([Buffer.alloc(length - 1, 'a'), Buffer.from('bab')])
        assert.deepEqual(
          finder.matches(early).map(({ value }) => value),
          [0, 1, 2],
        )
      }
    })

    test('shared and detached memory', () => {
      const shared = new Uint8Array(new SharedArrayBuffer(64)).fill(0x61)
      assert.equal(buffer.count(shared, 'a'), 64)
      assert.equal(buffer.toString(shared, 'hex'), '61'.repeat(64))
      assert.equal(String(buffer.encodeBase64(shared)), Buffer.from(shared).toString('base64'))
      assert.deepEqual(buffer.readUInt16BEArray(shared, 60), Uint16Array.of(0x6161, 0x6161))
      const detached = new Uint8Array(8)
      structuredClone(detached.buffer, { transfer: [detached.buffer] })
      assert.equal(buffer.count(detached, 'a'), 0)
      assert.equal(buffer.toString(detached, 'hex'), '')
      assert.equal(buffer.encodeHex(detached).length, 0)
      assert.deepEqual(buffer.readUInt32BEArray(detached), new Uint32Array(0))
      assert.equal(new Finder(['a', 'b']).indexOf(detached), -1)
    })
  })
}
