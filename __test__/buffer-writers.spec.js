'use strict'

// Many numbers at once, against Node's methods for one.

const assert = require('node:assert/strict')
const { describe, test } = require('node:test')
const vm = require('node:vm')

const { load } = require('./helpers/buffer-modes.js')

const TYPES = {
  Int16: Int16Array,
  UInt16: Uint16Array,
  Int32: Int32Array,
  UInt32: Uint32Array,
  BigInt64: BigInt64Array,
  BigUInt64: BigUint64Array,
  Float: Float32Array,
  Double: Float64Array,
}
const WORDS = Object.entries(TYPES).flatMap(([type, Type]) => {
  return ['LE', 'BE'].map((order) => ({ name: `${type}${order}`, Type }))
})

/** Numbers of a type whose bytes all differ. */
function numbers(Type, count) {
  const bytes = Uint8Array.from({ length: count * Type.BYTES_PER_ELEMENT }, (_, i) => i * 7 + 1)
  return new Type(bytes.buffer)
}

for (const mode of ['native', 'node']) {
  const { buffer } = load(mode)

  describe(`writers, ${mode}`, () => {
    test('they write what Node writes one by one, at any alignment', () => {
      for (const { name, Type } of WORDS) {
        for (const count of [0, 1, 2, 3, 7, 8, 33, 100]) {
          for (let offset = 0; offset < 9; offset += 1) {
            const values = numbers(Type, count)
            const size = values.byteLength + offset + 3
            const expected = Buffer.alloc(size, 0xee)
            let end = offset
            for (const value of values) end = expected[`write${name}`](value, end)
            for (const given of [values, [...values]]) {
              const memory = Buffer.alloc(size + 1, 0xee)
              const target = memory.subarray(1)
              assert.equal(buffer[`write${name}Array`](target, given, offset), end)
              assert.deepEqual(target, expected, `${name} ${count} ${offset}`)
            }
            assert.deepEqual(buffer[`read${name}Array`](expected, offset, count), values)
          }
        }
      }
    })

    test('the numbers may be in the memory that is written', () => {
      for (const { name, Type } of WORDS) {
        const width = Type.BYTES_PER_ELEMENT
        const memory = numbers(Type, 20).buffer
        const values = new Type(memory, width * 2, 10)
        const expected = Buffer.from(memory.slice())
        ;[...values].forEach((value, i) =>
          expected[`write${name}`](value, 3 * width + 1 + i * width),
        )
        buffer[`write${name}Array`](new Uint8Array(memory), values, 3 * width + 1)
        assert.deepEqual(Buffer.from(memory), expected, name)
      }
    })

    test('memory that is shared, of another realm, resizable', () => {
      const values = vm.runInNewContext('Uint32Array.of(1, 0xdeadbeef)')
      for (const memory of [new SharedArrayBuffer(8), new ArrayBuffer(8, { maxByteLength: 9 })]) {
        const target = new Uint8Array(memory)
        assert.equal(buffer.writeUInt32BEArray(target, values), 8)
        assert.deepEqual([...target], [0, 0, 0, 1, 0xde, 0xad, 0xbe, 0xef])
        const shared = new Uint16Array(new SharedArrayBuffer(4)).fill(0x102)
        assert.equal(buffer.writeUInt16BEArray(target, shared, 2), 6)
        assert.deepEqual([...target], [0, 0, 1, 2, 1, 2, 0xbe, 0xef])
      }
    })

    test('wrong arguments are refused, and nothing is written', () => {
      const target = Buffer.alloc(8)
      const cases = [
        [[[1], [1]], 'ERR_INVALID_ARG_TYPE', /"buffer" argument/],
        [
          [target, 5],
          'ERR_INVALID_ARG_TYPE',
          /"values" argument must be an instance of Uint32Array or Array\. Received type number \(5\)/,
        ],
        [
          [target, Uint16Array.of(1)],
          'ERR_INVALID_ARG_TYPE',
          /Received an instance of Uint16Array/,
        ],
        [[target, [1, 2, 3]], 'ERR_BUFFER_OUT_OF_BOUNDS', /"values" is outside of buffer bounds/],
        [[target, [1], '0'], 'ERR_INVALID_ARG_TYPE', /"offset" argument must be of type number/],
        [[target, [1], 5], 'ERR_OUT_OF_RANGE', />= 0 && <= 4\. Received 5/],
        [[target, [1], -1], 'ERR_OUT_OF_RANGE', /Received -1/],
        [[target, [-1]], 'ERR_OUT_OF_RANGE', /"value" is out of range/],
      ]
      for (const [args, code, message] of cases) {
        assert.throws(() => buffer.writeUInt32BEArray(...args), { code, message })
      }
      assert.deepEqual(target, Buffer.alloc(8))
      assert.throws(() => buffer.writeBigInt64LEArray(target, [1]), TypeError)
    })
  })
}
