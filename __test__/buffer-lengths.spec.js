'use strict'

// Every length from 0 to 300, at every alignment, with the addon wherever it
// can do something: the ends of blocks are where vector code goes wrong.

const assert = require('node:assert/strict')
const { describe, test } = require('node:test')

const { load } = require('./helpers/buffer-modes.js')

const { bytes, buffer, conversions, find, nodes, statics, strings } = load('native')
const { methods, functions } = nodes

const LENGTHS = Array.from({ length: 301 }, (_, length) => length)
/** Of the first byte in memory, beyond a multiple of 64. */
const SHIFTS = [0, 1, 7, 8, 15, 31, 33]

/** Every character that UTF-8 has a different form for, in turns. */
const TEXT = 'aé€😀ÿb\ud800cĀ￿'

function sample(length, shift, fill) {
  const memory = Buffer.alloc(length + 128, 0xee)
  const view = memory.subarray(shift, shift + length)
  for (let i = 0; i < length; i += 1) view[i] = fill(i)
  return view
}

/** Calls a check with bytes of every length and alignment; nothing around them may change. */
function forAll(fill, check) {
  for (const length of LENGTHS) {
    for (const shift of SHIFTS) {
      const view = sample(length, shift, fill)
      check(view, length)
      const memory = Buffer.from(view.buffer, view.byteOffset - shift, shift)
      assert.ok(memory.every((byte) => byte === 0xee))
      const behind = Buffer.from(view.buffer, view.byteOffset + length, 32)
      assert.ok(behind.every((byte) => byte === 0xee))
    }
  }
}

const patterned = Buffer.from(TEXT.repeat(30))
const CONTENTS = {
  'every byte': (i) => (i * 37 + 11) & 0xff,
  ASCII: (i) => 0x20 + (i % 95),
  'UTF-8': (i) => patterned[i],
}

describe('every length and alignment', () => {
  for (const [name, fill] of Object.entries(CONTENTS)) {
    test(`toString, ${name}`, () => {
      forAll(fill, (view) => {
        const even = Buffer.from(view)
        for (const encoding of [
          'utf8',
          'utf16le',
          'latin1',
          'ascii',
          'hex',
          'base64',
          'base64url',
        ]) {
          const text = strings.toString.call(view, encoding)
          assert.equal(text, methods.toString.call(even, encoding), encoding)
        }
      })
    })

    test(`transcode, ${name}`, { skip: !functions.transcode && 'no ICU' }, () => {
      const run = (transcode, ...args) => {
        try {
          return transcode(...args)
        } catch ({ code, message }) {
          return { code, message }
        }
      }
      for (const from of ['utf8', 'utf16le', 'latin1', 'ascii']) {
        for (const to of ['utf8', 'utf16le', 'latin1', 'ascii']) {
          for (const length of LENGTHS.filter((length) => length < 80 || length > 290)) {
            const view = sample(length, length % 16, fill)
            const expected = run(functions.transcode, view, from, to)
            assert.deepEqual(run(conversions.transcode, view, from, to), expected, `${from}, ${to}`)
          }
        }
      }
    })
  }

  test('write and from, of every encoding and target', () => {
    for (const length of LENGTHS) {
      const source = sample(length, 0, CONTENTS['every byte'])
      const texts = {
        utf8: TEXT.repeat(40).slice(0, length),
        utf16le: TEXT.repeat(40).slice(0, length),
        latin1: methods.toString.call(source, 'latin1'),
        ascii: TEXT.repeat(40).slice(0, length),
        hex: methods.toString.call(source, 'hex'),
        base64: methods.toString.call(source, 'base64'),
        base64url: methods.toString.call(source, 'base64url'),
      }
      for (const [encoding, text] of Object.entries(texts)) {
        assert.deepEqual(statics.from(text, encoding), nodes.statics.from(text, encoding), encoding)
        for (const room of [0, 1, length >> 1, length, length * 3]) {
          const shift = (length + room) % 16
          const [ours, theirs] = [0, 1].map(() => Buffer.alloc(room + 64, 0xee))
          const count = strings.write.call(ours, text, shift, room, encoding)
          assert.equal(count, methods.write.call(theirs, text, shift, room, encoding), encoding)
          assert.deepEqual(ours, theirs, encoding)
        }
      }
    }
  })

  test('codecs from bytes to bytes', () => {
    forAll(CONTENTS['every byte'], (view, length) => {
      for (const [word, encoding] of [
        ['Hex', 'hex'],
        ['Base64', 'base64'],
        ['Base64Url', 'base64url'],
      ]) {
        const text = nodes.statics.from(methods.toString.call(view, encoding))
        const encoded = buffer[`encode${word}`](view)
        assert.deepEqual(encoded, text)
        assert.deepEqual(buffer[`decode${word}`](text), nodes.statics.from(view))
        const target = Buffer.alloc(text.length + 2, 0xee)
        assert.equal(buffer[`encode${word}`](view, target.subarray(1, -1)), text.length)
        assert.deepEqual(target, Buffer.concat([Buffer.from([0xee]), text, Buffer.from([0xee])]))
        const part = Buffer.alloc(Math.max(1, length), 0xee)
        assert.equal(buffer[`decode${word}`](text, part.subarray(1)), Math.max(0, length - 1))
      }
    })
  })

  test('indexOf and lastIndexOf, at every position', () => {
    for (const length of LENGTHS) {
      const view = sample(length, length % 33, () => 0x61)
      for (const width of [1, 2, 3, 8, 17, 65]) {
        if (width > length) continue
        const needle = Buffer.alloc(width, 0x61)
        for (const at of new Set([0, 1, width, length - width - 1, length - width])) {
          if (at < 0 || at + width > length) continue
          for (const changed of [0, width - 1]) {
            needle[changed] = view[at + changed] = 0x62
            assert.equal(find.indexOf.call(view, needle), methods.indexOf.call(view, needle))
            assert.equal(
              find.lastIndexOf.call(view, needle),
              methods.lastIndexOf.call(view, needle),
            )
            needle[changed] = view[at + changed] = 0x61
          }
        }
        needle[0] = 0x63
        assert.equal(find.indexOf.call(view, needle), -1)
        assert.equal(find.lastIndexOf.call(view, needle), -1)
      }
    }
  })

  test('UTF-16 is found at odd addresses, where a search of Node does not end', () => {
    const units = Buffer.from('xxabxxabxx', 'utf16le')
    for (const mode of ['native', 'measured', 'node']) {
      const { find, buffer } = load(mode)
      for (const shift of [0, 1, 2, 3]) {
        const view = Buffer.concat([Buffer.alloc(shift), units]).subarray(shift)
        const odd = Buffer.alloc(units.length + shift).subarray(shift)
        units.copy(odd)
        for (const one of [view, odd]) {
          assert.equal(find.indexOf.call(one, 'ab', 0, 'utf16le'), 4)
          assert.equal(find.indexOf.call(one, 'ab', 5, 'ucs2'), units.indexOf('ab', 5, 'ucs2'))
          assert.equal(find.indexOf.call(one, 'ab', 'utf16le'), 4)
          assert.equal(find.lastIndexOf.call(one, 'ab', undefined, 'utf16le'), 12)
          assert.equal(find.indexOf.call(one, Buffer.from('ab', 'utf16le'), 6, 'ucs2'), 12)
          assert.equal(buffer.includes(one, 'abc', 0, 'utf16le'), false)
          assert.deepEqual(buffer.indexOfAll(one, 'ab', 0, 'utf16le'), [4, 12])
        }
      }
    }
  })

  test('fill, swap, compare, equals, copy', () => {
    for (const length of LENGTHS) {
      const make = () => sample(length, length % 9, CONTENTS['every byte'])
      for (const width of [16, 32, 64].filter((width) => (length * 8) % width === 0)) {
        const name = `swap${width}`
        const view = make()
        assert.equal(bytes[name].call(view), view)
        assert.deepEqual(view, methods[name].call(make()))
      }
      for (const pattern of ['ab', 'é', 'abcdefghijk', Buffer.from('xyz'), Buffer.alloc(77, 'q')]) {
        assert.deepEqual(bytes.fill.call(make(), pattern), methods.fill.call(make(), pattern))
      }
      const [one, other] = [make(), make()]
      assert.equal(bytes.equals.call(one, other), true)
      assert.equal(bytes.compare.call(one, other), 0)
      if (length === 0) continue
      other[length - 1] ^= 1
      assert.equal(bytes.equals.call(one, other), false)
      assert.equal(bytes.compare.call(one, other), methods.compare.call(one, other))
      // Onto itself, both ways.
      for (const [target, start] of [
        [1, 0],
        [0, 1],
      ]) {
        const [ours, theirs] = [make(), make()]
        const count = bytes.copy.call(ours, ours, target, start)
        assert.equal(count, methods.copy.call(theirs, theirs, target, start))
        assert.deepEqual(ours, theirs)
      }
    }
  })

  test('readers of many numbers', () => {
    for (const length of LENGTHS.filter((length) => length < 70)) {
      for (const shift of SHIFTS) {
        const view = sample(length, shift, CONTENTS['every byte'])
        for (const [name, width, one] of [
          ['Int16', 2],
          ['UInt16', 2],
          ['Int32', 4],
          ['UInt32', 4],
          ['BigInt64', 8],
          ['BigUInt64', 8],
          ['Float', 4],
          ['Double', 8],
        ].flatMap(([name, width]) => ['LE', 'BE'].map((order) => [name + order, width, order]))) {
          const expected = []
          for (let at = 1; at + width <= length; at += width) expected.push(view[`read${name}`](at))
          assert.ok(one)
          if (length === 0) continue
          const values = buffer[`read${name}Array`](view, 1)
          assert.deepEqual([...values], expected, name)
          assert.deepEqual([...buffer[`read${name}Array`](view, 1, expected.length)], expected)
        }
      }
    }
  })
})
