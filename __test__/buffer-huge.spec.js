'use strict'

// Beyond 2 GiB, where Node's own search answers with negative numbers. The
// memory is never touched but for a few pages.

const assert = require('node:assert/strict')
const os = require('node:os')
const { describe, test } = require('node:test')

const { load } = require('./helpers/buffer-modes.js')

const SIZE = 2 ** 31 + 2 ** 20
/** The whole is read, and pages of zeros that are read take memory in part. */
const hasMemory = os.freemem() > 5 * 2 ** 30 && process.constrainedMemory() > 5 * 2 ** 30
const skip = !hasMemory && 'it takes 5 GiB of memory'

describe('beyond 2 GiB', { skip, timeout: 120_000 }, () => {
  const bytes = hasMemory ? Buffer.alloc(SIZE) : null
  const last = SIZE - 1000
  // Not by `write`, which in Node 20 and 22 writes nothing to so much memory.
  bytes?.set(Buffer.from('needle'), last)
  bytes?.set(Buffer.from('needle'), 5)

  for (const mode of ['native', 'measured', 'node']) {
    test(`indexOf, lastIndexOf, includes, ${mode}`, () => {
      const { buffer, find } = load(mode)
      assert.equal(buffer.indexOf(bytes, 'needle', 6), last)
      assert.equal(find.indexOf.call(bytes, Buffer.from('needle'), -2000), last)
      assert.equal(buffer.indexOf(bytes, 'nowhere', last - 9), -1)
      assert.equal(buffer.indexOf(bytes, 'needle'.charCodeAt(0), 2 ** 31), last)
      assert.equal(buffer.includes(bytes, 'needle', 2 ** 31), true)
      assert.equal(buffer.indexOf(bytes, '', 2 ** 31 + 5), 2 ** 31 + 5)
      assert.equal(buffer.lastIndexOf(bytes, 'needle'), last)
      assert.equal(buffer.lastIndexOf(bytes, 'needle', last - 1), 5)
      assert.equal(buffer.lastIndexOf(bytes, Buffer.from('eedle'), 2 ** 31 + 2 ** 20), last + 1)
      assert.equal(buffer.lastIndexOf(bytes, 'needle', 4), -1)
      const unit = last + (last % 2)
      assert.equal(buffer.indexOf(bytes, bytes.subarray(unit, unit + 4), 6, 'utf16le'), unit)
      assert.equal(buffer.lastIndexOf(bytes, '6e6565', 'hex'), last)
    })
  }

  test('count and indexOfAll', () => {
    const { buffer } = load('measured')
    assert.equal(buffer.count(bytes, 'needle'), 2)
    assert.deepEqual(buffer.indexOfAll(bytes, 'needle'), [5, last])
    assert.deepEqual(new buffer.Finder(['nowhere', 'needle']).indexOfAll(bytes, 6), [last])
  })
})
