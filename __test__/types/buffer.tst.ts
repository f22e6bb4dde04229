import * as nodes from 'node:buffer'

import { Buffer as Ours, buffer } from 'millrace'
import * as entry from 'millrace/buffer'
import {
  Finder,
  encodeHex,
  indexOf,
  readUInt32LEArray,
  split,
  writeUInt32LEArray,
} from 'millrace/buffer'
import { describe, expect, test } from 'tstyche'

const bytes = new Uint8Array(8)
const made = Ours.from('text')

describe('Buffer', () => {
  test('is that of Node', () => {
    expect(Ours).type.toBe<typeof nodes.Buffer>()
    expect(made).type.toBe<ReturnType<typeof nodes.Buffer.from>>()
    expect(buffer.Buffer).type.toBe<typeof Ours>()
  })
})

describe('functions', () => {
  test('are the same in both entries', () => {
    expect<keyof typeof buffer>().type.toBe<keyof typeof entry>()
    expect(buffer.indexOf).type.toBe<typeof indexOf>()
  })

  test('search any bytes', () => {
    expect(indexOf(bytes, 'x')).type.toBe<number>()
    expect(indexOf).type.toBeCallableWith(made, bytes, 3, 'latin1')
    expect(indexOf).type.toBeCallableWith(made, 5, 3, 8, 'latin1')
    expect(indexOf).type.toBeCallableWith(made, 'x', 'hex')
    expect(indexOf).type.not.toBeCallableWith('text', 'x')
    expect(indexOf).type.not.toBeCallableWith(made, 'x', 'utf9')
    expect(entry.indexOfAny(bytes, ['a', 1, made])).type.toBe<number>()
    expect(entry.indexOfAll(bytes, 'a')).type.toBe<number[]>()
    expect(entry.count).type.not.toBeCallableWith(bytes, { a: 1 })
  })

  test('split into the same class', () => {
    expect(split(made, '\n')).type.toBe<(typeof made)[]>()
    expect(split(bytes, 0, 2)).type.toBe<(typeof bytes)[]>()
  })

  test('prepare a search', () => {
    expect(new Finder(['a', 0x62]).matches(bytes)).type.toBe<entry.Match[]>()
    expect(new Finder('a', 'latin1').includes(made, 3)).type.toBe<boolean>()
    expect(Finder).type.not.toBeConstructableWith()
  })

  test('encode and decode, to new memory or to old', () => {
    expect(encodeHex(bytes)).type.toBe<nodes.Buffer>()
    expect(encodeHex(bytes, made)).type.toBe<number>()
    expect(entry.decodeBase64Url(bytes, bytes)).type.toBe<number>()
    expect(encodeHex).type.not.toBeCallableWith('text')
  })

  test('read many numbers', () => {
    expect(readUInt32LEArray(bytes, 1, 1)).type.toBe<Uint32Array>()
    expect(entry.readBigInt64BEArray(made)).type.toBe<BigInt64Array>()
    expect(writeUInt32LEArray(bytes, Uint32Array.of(1), 4)).type.toBe<number>()
    expect(entry.writeBigInt64BEArray(made, [1n])).type.toBe<number>()
    expect(writeUInt32LEArray).type.not.toBeCallableWith(bytes, Uint16Array.of(1))
    expect(entry.readDoubleLEArray).type.not.toBeCallableWith(bytes, '1')
  })

  test('install and uninstall', () => {
    expect(entry.install()).type.toBe<boolean>()
    expect(entry.uninstall()).type.toBe<void>()
  })
})
