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
