'use strict'

// `Buffer` of this package is Node's in all that can be seen of what it makes.

const assert = require('node:assert/strict')
const { execFileSync } = require('node:child_process')
const path = require('node:path')
const { test } = require('node:test')
const { pathToFileURL } = require('node:url')
const { inspect } = require('node:util')

const { Buffer: Ours, buffer } = require('..')

test('it is one Buffer, by every name', () => {
  assert.equal(buffer.Buffer, Ours)
  assert.equal(require('../buffer.js'), buffer)
})

test('it is loaded when it is asked for, and is there for import', () => {
  const index = path.join(__dirname, '..', 'index.js')
  const isLoaded = `Object.keys(require.cache).some((file) => file.endsWith('facade.js'))`
  const script = `
    const { createReadStream } = require(${JSON.stringify(index)})
    const before = ${isLoaded}
    const millrace = require(${JSON.stringify(index)})
    const names = Object.keys(millrace)
    // A patch of today is not Node's own tomorrow.
    const { indexOf } = Buffer.prototype
    Buffer.prototype.indexOf = () => 'patched'
    const found = millrace.buffer.indexOf(Buffer.from('ab'), 'b')
    Buffer.prototype.indexOf = indexOf
    const { value, writable } = Object.getOwnPropertyDescriptor(millrace, 'buffer')
    millrace.Buffer = 'a mock'
    console.log(JSON.stringify([before, ${isLoaded}, found, writable, value === require(${JSON.stringify(index)}).buffer, millrace.Buffer, Object.keys(millrace).join() === names.join()]))`
  const output = execFileSync(process.execPath, ['-e', script], { encoding: 'utf8' })
  assert.deepEqual(JSON.parse(output), [false, true, 1, true, true, 'a mock', true])

  const module = `
    import millrace, { Buffer as Ours, buffer } from ${JSON.stringify(pathToFileURL(index).href)}
    console.log(JSON.stringify([millrace.Buffer === Ours, buffer.Buffer === Ours, typeof Ours]))`
  const imported = execFileSync(process.execPath, ['--input-type=module', '-e', module], {
    encoding: 'utf8',
  })
  assert.deepEqual(JSON.parse(imported), [true, true, 'function'])
})

test('it has every static method and property of Node', () => {
  assert.deepEqual(
    Reflect.ownKeys(Ours).map(String).sort(),
    Reflect.ownKeys(Buffer).map(String).sort(),
  )
  for (const key of Reflect.ownKeys(Buffer)) {
    const { value: theirs } = Object.getOwnPropertyDescriptor(Buffer, key)
    const { value: ours } = Object.getOwnPropertyDescriptor(Ours, key)
    if (typeof theirs !== 'function') continue
    assert.equal(ours.name, theirs.name)
    assert.equal(ours.length, theirs.length)
  }
  assert.equal(Object.getPrototypeOf(Ours), Uint8Array)
  assert.equal(Ours.prototype, Buffer.prototype)
  assert.equal(Ours[Symbol.species], Buffer[Symbol.species])
  assert.equal(Ours.name, 'Buffer')
  assert.equal(Ours.length, Buffer.length)
})

test('what it makes are Buffers of Node', () => {
  const made = {
    alloc: Ours.alloc(3, 'ab'),
    allocUnsafe: Ours.allocUnsafe(3).fill(1),
    allocUnsafeSlow: Ours.allocUnsafeSlow(3).fill(1),
    from: Ours.from('cafe', 'hex'),
    fromLong: Ours.from('cafe'.repeat(5000), 'hex'),
    fromArray: Ours.from([1, 2, 300]),
    fromBuffer: Ours.from(Buffer.from('x')),
    fromMemory: Ours.from(new ArrayBuffer(8), 2, 3),
    concat: Ours.concat([Buffer.from('a'), Uint8Array.of(1)]),
    of: Ours.of(1, 2),
    copyBytesFrom: Ours.copyBytesFrom(Uint16Array.of(1, 2)),
  }
  for (const [name, one] of Object.entries(made)) {
    assert.ok(Buffer.isBuffer(one) && Ours.isBuffer(one), name)
    assert.ok(one instanceof Buffer && one instanceof Ours && one instanceof Uint8Array, name)
    assert.equal(Object.getPrototypeOf(one), Buffer.prototype, name)
    assert.deepStrictEqual(one, Buffer.from(one), name)
    assert.equal(inspect(one), inspect(Buffer.from(one)), name)
    assert.equal(one.constructor, Buffer, name)
  }
  assert.equal(inspect(made.from), '<Buffer ca fe>')
  assert.ok(Buffer.from('x') instanceof Ours)
})

test('it makes them with new and without', () => {
  const script = `
    const { Buffer: Ours } = require(${JSON.stringify(path.join(__dirname, '..'))})
    console.log(JSON.stringify([new Ours(3).length, Ours('hi').toString(), new Ours([1, 2]).length]))`
  const output = execFileSync(process.execPath, ['--no-deprecation', '-e', script], {
    encoding: 'utf8',
  })
  assert.deepEqual(JSON.parse(output), [3, 'hi', 2])
  assert.throws(() => Ours.from(5), { code: 'ERR_INVALID_ARG_TYPE' })
  assert.throws(() => Ours.alloc('5'), { code: 'ERR_INVALID_ARG_TYPE' })
})

test('the size of the pool is one for both', () => {
  const before = Buffer.poolSize
  try {
    Ours.poolSize = 4096
    assert.equal(Buffer.poolSize, 4096)
    Buffer.poolSize = 2048
    assert.equal(Ours.poolSize, 2048)
    assert.ok(Object.keys(Ours).includes('poolSize'))
  } finally {
    Buffer.poolSize = before
  }
})

test('classes can be derived from it', () => {
  class Derived extends Ours {}
  assert.ok(Derived.from('x') instanceof Ours)
  assert.equal(Derived.alloc(4).length, 4)
})
