'use strict'

const assert = require('node:assert/strict')
const { once } = require('node:events')
const { compose, PassThrough, Readable, Transform, Writable } = require('node:stream')
const { finished, pipeline } = require('node:stream/promises')
const { describe, it } = require('node:test')

const { createThrottle } = require('..')
const { Bucket } = require('../lib/transforms/bucket.js')

/** Bytes that a bucket lets go in `milliseconds` when more are always wanted. */
function simulate(bucket, { from, milliseconds, chunk, late = () => 0 }) {
  const until = from + milliseconds
  let time = from
  let total = 0
  let left = chunk
  let portions = 0
  while (time <= until) {
    const count = bucket.take(left, time)
    total += count
    portions += count > 0 ? 1 : 0
    left = left === count ? chunk : left - count
    const delay = bucket.delay(left)
    // As a timer has it: whole milliseconds, and at least one.
    if (count === 0 || delay > 0) time += Math.max(1, Math.ceil(delay)) + late()
  }
  return { total, portions }
}

describe('the bucket of createThrottle', () => {
  it('keeps every pace within 5 %, whatever the chunks and however late the timers', () => {
    for (const rate of [100, 1000, 16_384, 65_536, 1e6, 1e7, 1e8, 1e9]) {
      for (const chunk of [1, 100, 65_536, 2 ** 22]) {
        if (rate / chunk > 1e5) continue
        for (const late of [() => 0, () => 7]) {
          const bucket = new Bucket(rate, undefined, 0)
          const { total } = simulate(bucket, { from: 0, milliseconds: 20_000, chunk, late })
          const ratio = total / (rate * 20)
          assert.ok(ratio > 0.95 && ratio < 1.05, `${rate} in ${chunk}: ${ratio}`)
        }
      }
    }
  })

  it('lets a burst go at once, and no more than that after a rest', () => {
    const bucket = new Bucket(1000, 5000, 0)
    assert.equal(bucket.take(8000, 0), 5000)
    assert.equal(bucket.take(8000, 0), 0)
    bucket.rest(60_000)
    assert.equal(bucket.take(8000, 60_000), 5000)
  })

  it('goes on from what was saved up when its pace changes', () => {
    const bucket = new Bucket(1000, undefined, 0)
    assert.equal(bucket.take(100, 0), 100)
    bucket.change(1e6, undefined, 0)
    const { total } = simulate(bucket, { from: 0, milliseconds: 2000, chunk: 65_536 })
    assert.ok(Math.abs(total - 2e6) < 1e5, String(total))
    bucket.change(Infinity, undefined, 3000)
    assert.equal(bucket.take(1e9, 3000), 1e9)
  })

  it('goes at low paces in portions that are worth a packet, and soon at high ones', () => {
    const slow = simulate(new Bucket(65_536, undefined, 0), {
      from: 0,
      milliseconds: 10_000,
      chunk: 65_536,
    })
    assert.ok(slow.portions <= 165, String(slow.portions))
    assert.ok(slow.portions >= 80, String(slow.portions))
  })

  it('goes from no limit to one at the same moment', () => {
    const bucket = new Bucket(Infinity, undefined, 5)
    bucket.rest(5)
    bucket.change(1000, undefined, 5)
    assert.equal(bucket.take(500, 5), 100)
    assert.equal(bucket.take(500, 5), 0)
  })

  it('counts what went another way, at a pace that changed meanwhile', () => {
    const bucket = new Bucket(1000, undefined, 0)
    bucket.bypass(0)
    bucket.change(10_000, undefined, 1000)
    // A burst, a second's at the first pace, two seconds' at the second.
    bucket.settle(100 + 1000 + 20_000 - 50, 3000)
    assert.equal(bucket.isInDebt(3000), false)
    assert.equal(bucket.take(50, 3000), 50)
    assert.equal(bucket.take(50, 3000), 0)
    bucket.bypass(3000)
    bucket.settle(500, 3000)
    assert.equal(bucket.isInDebt(3049), true)
    assert.equal(bucket.isInDebt(3051), false)
    // What was not used is not hoarded.
    bucket.bypass(3051)
    bucket.settle(0, 60_000)
    assert.equal(bucket.take(9000, 60_000), 1000)
  })

  it('owes no more than a tenth of a second of what was under way at a higher pace', () => {
    const bucket = new Bucket(5e6, undefined, 0)
    bucket.bypass(0)
    bucket.change(50_000, undefined, 1000)
    bucket.settle(5e5 + 5e6 + 4e5, 1080)
    assert.equal(bucket.isInDebt(1179), true)
    assert.equal(bucket.isInDebt(1181), false)
  })

  it('is not led astray by a clock that stands still', () => {
    const bucket = new Bucket(1000, 10, 500)
    assert.equal(bucket.take(10, 400), 10)
    assert.equal(bucket.take(10, 450), 0)
    assert.ok(bucket.delay(10) > 0)
  })
})

describe('createThrottle', () => {
  it('passes every byte in order, in no less time than they need', async () => {
    const bytes = Buffer.from(Array.from({ length: 30_000 }, (_, i) => i % 251))
    const throttle = createThrottle({ bytesPerSecond: 100_000, burst: 1000 })
    const start = performance.now()
    const parts = []
    await pipeline(
      Readable.from([bytes.subarray(0, 7), bytes.subarray(7)]),
      throttle,
      async (source) => {
        for await (const part of source) parts.push(part)
      },
    )
    assert.deepEqual(Buffer.concat(parts), bytes)
    assert.ok(parts.length > 2)
    // 29,000 bytes behind the burst; timers may be a millisecond early.
    assert.ok(performance.now() - start >= 285)
  })

  it('changes its pace while it runs', async () => {
    const throttle = createThrottle({ bytesPerSecond: 1, burst: 1 })
    assert.equal(throttle.bytesPerSecond, 1)
    const done = Readable.from([Buffer.alloc(100_000)])
      .pipe(throttle)
      .toArray()
    setImmediate(() => {
      throttle.bytesPerSecond = Infinity
    })
    assert.equal(Buffer.concat(await done).length, 100_000)
    assert.equal(throttle.bytesPerSecond, Infinity)
    throttle.burst = 77
    assert.equal(throttle.burst, 77)
    assert.equal(createThrottle({ bytesPerSecond: 1000 }).burst, 100)
  })

  it('is changed by who gets its bytes', async () => {
    const throttle = createThrottle({ bytesPerSecond: 10, burst: 10 })
    const lengths = []
    throttle.on('data', ({ length }) => {
      lengths.push(length)
      throttle.bytesPerSecond = 1e9
    })
    throttle.end(Buffer.alloc(5000))
    await finished(throttle)
    assert.equal(lengths[0], 10)
    assert.equal(
      lengths.reduce((sum, length) => sum + length),
      5000,
    )
  })

  it('holds its source back', async () => {
    let read = 0
    const source = new Readable({
      read(size) {
        read += size
        this.push(Buffer.alloc(size))
      },
    })
    const throttle = createThrottle({ bytesPerSecond: 1 })
    const piped = pipeline(source, throttle, new PassThrough())
    await new Promise((resolve) => {
      setTimeout(resolve, 20)
    })
    assert.ok(read < 2 ** 20, String(read))
    throttle.destroy()
    await assert.rejects(piped, { code: 'ERR_STREAM_PREMATURE_CLOSE' })
  })

  it('keeps no timer once it is destroyed', async () => {
    const throttle = createThrottle({ bytesPerSecond: 1, burst: 1 })
    throttle.resume()
    throttle.write(Buffer.alloc(10))
    await once(throttle, 'data')
    throttle.destroy()
    await once(throttle, 'close')
    throttle.bytesPerSecond = Infinity
    assert.equal(process.getActiveResourcesInfo().filter((name) => name === 'Timeout').length, 0)
  })

  it('is a Transform: compose, web streams, signal, empty chunks', async () => {
    assert.ok(createThrottle({ bytesPerSecond: 5 }) instanceof Transform)
    const both = compose(
      createThrottle({ bytesPerSecond: 1e6 }),
      createThrottle({ bytesPerSecond: 1e6 }),
    )
    both.write('')
    both.end('hello')
    assert.equal(String(Buffer.concat(await both.toArray())), 'hello')

    const { readable, writable } = Transform.toWeb(createThrottle({ bytesPerSecond: 1e6 }))
    const writer = writable.getWriter()
    const written = writer.write(Buffer.from('ab')).then(() => writer.close())
    const parts = []
    for await (const part of readable) parts.push(part)
    await written
    assert.equal(String(Buffer.concat(parts)), 'ab')

    const controller = new AbortController()
    const aborted = createThrottle({ bytesPerSecond: 1, signal: controller.signal })
    aborted.write('abc')
    controller.abort()
    await assert.rejects(finished(aborted), { name: 'AbortError' })
    await pipeline(
      Readable.from(['x']),
      createThrottle({ bytesPerSecond: 9 }),
      new Writable({ write: (_, __, callback) => callback() }),
    )
  })

  it('checks its options as Node does', () => {
    for (const [options, code] of [
      [undefined, 'ERR_INVALID_ARG_TYPE'],
      [{}, 'ERR_INVALID_ARG_TYPE'],
      [{ bytesPerSecond: '5' }, 'ERR_INVALID_ARG_TYPE'],
      [{ bytesPerSecond: 0 }, 'ERR_OUT_OF_RANGE'],
      [{ bytesPerSecond: Number.NaN }, 'ERR_OUT_OF_RANGE'],
      [{ bytesPerSecond: 1, burst: 0 }, 'ERR_OUT_OF_RANGE'],
    ]) {
      assert.throws(() => createThrottle(options), { code })
    }
    const throttle = createThrottle({ bytesPerSecond: 1 })
    assert.throws(() => (throttle.bytesPerSecond = -1), { code: 'ERR_OUT_OF_RANGE' })
    assert.throws(() => (throttle.burst = 'x'), { code: 'ERR_INVALID_ARG_TYPE' })
  })
})
