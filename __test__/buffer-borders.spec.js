'use strict'

// Searches in UTF-16 from the middle of a unit, to the middle of one, and near
// the end; ends beyond all numbers: Node's answers, in short bytes and in long ones.

const assert = require('node:assert/strict')
const { test } = require('node:test')

const { load } = require('./helpers/buffer-modes.js')

const { methods, takesEnd } = load('native').nodes
const MODES = ['native', 'measured', 'node']
const METHODS = ['indexOf', 'lastIndexOf', 'includes']
const ENDS = [0, 1, 2, 3, -2, -1, 2 ** 31, 2 ** 32, 2 ** 53, 2 ** 63, 2 ** 64, 1e300, Infinity]

/** A unit at both ends, and its first byte where a unit ends. */
function bytesOf(length) {
  const bytes = Buffer.alloc(length)
  bytes[0] = bytes[length - 2 - (length % 2)] = bytes[1] = 0xf4
  bytes[length - 1 - (length % 2)] = 0x3a
  return bytes
}

const needlesOf = (length) => [
  Buffer.from('f43a', 'hex'),
  Buffer.from('00f4', 'hex'),
  Buffer.from('f4f4', 'hex'),
  Buffer.alloc(2),
  Buffer.alloc(3),
  Buffer.alloc(length),
  Buffer.alloc(length + 1),
  '\u3af4',
  '\0',
  '\0\0',
]

for (const mode of MODES) {
  const { buffer } = load(mode)
  for (const length of [6, 7, 100, 1502, 1503, 3002]) {
    test(`${mode}, ${length} bytes: borders are where Node has them`, () => {
      const bytes = bytesOf(length)
      const near = [0, 1, 2, 3, 5.5]
      const offsets = [undefined, ...near, ...near.map((n) => -n), ...near.map((n) => length - n)]
      const ends = takesEnd
        ? [undefined, ...ENDS.map((n) => (n < 0 ? length + n : n))]
        : [undefined]
      const letters = Buffer.alloc(length, 'a')
      const same = (name, given, ...args) => {
        const expected = methods[name].apply(given, args)
        assert.equal(buffer[name](given, ...args), expected, `${name} ${args.join(' ')}`)
      }
      for (const name of METHODS) {
        for (const offset of offsets) {
          for (const end of ends) {
            const where = end === undefined ? [offset] : [offset, end]
            for (const needle of needlesOf(length)) same(name, bytes, needle, ...where, 'utf16le')
            same(name, letters, 'aaaa', ...where)
            same(name, letters, Buffer.from('aaaa'), ...where)
          }
        }
      }
    })
  }
}

for (const mode of MODES) {
  const { buffer } = load(mode)

  test(`${mode}: half a UTF-16 unit at the end is no match, and in the last part`, () => {
    const text = Buffer.from('ab\ncd\nef', 'utf16le')
    for (const shift of [0, 1]) {
      const bytes = Buffer.concat([Buffer.alloc(shift), text, Buffer.from('\n')]).subarray(shift)
      assert.equal(buffer.count(bytes, 'zz', 'utf16le'), 0)
      assert.equal(buffer.count(bytes, '\n', 'utf16le'), 2)
      assert.deepEqual(buffer.indexOfAll(bytes, '\n', 'utf16le'), [4, 10])
      const parts = buffer.split(bytes, '\n', 'utf16le')
      assert.deepEqual(
        parts.map((part) => part.length),
        [4, 4, 5],
      )
      assert.deepEqual(buffer.split(bytes, 'zz', 'utf16le'), [bytes])
    }
    assert.equal(buffer.count(Buffer.from('\n'), '\n', 'utf16le'), 0)
  })

  // Node 24 ends the process for them.
  test(`${mode}: lone surrogates are found as what Node finds`, { skip: takesEnd }, () => {
    for (const size of [10, 500, 2000]) {
      for (const end of ['\ufffd', [0xed, 0xa0, 0xbd], '\ud83d\ude00', 'x']) {
        const bytes = Buffer.concat([Buffer.alloc(size, 'x'), Buffer.from(end)])
        for (const name of METHODS) {
          for (const value of ['\ud83d', 'x\ud83d', '\ude00', '\ufffd', '\ud83d\ude00']) {
            assert.equal(buffer[name](bytes, value), methods[name].call(bytes, value))
          }
        }
      }
    }
  })
}
