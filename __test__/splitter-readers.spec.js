'use strict'

// Who reads the records of a splitter, and how: as from any other Transform.

const assert = require('node:assert/strict')
const { EventEmitter, once } = require('node:events')
const { PassThrough, Readable, Transform } = require('node:stream')
const { pipeline } = require('node:stream/promises')
const { describe, it } = require('node:test')

const { createSplitter } = require('..')

/** For whole lines. */
function plainSplitter(options) {
  let rest = ''
  return new Transform({
    ...options,
    readableObjectMode: true,
    transform(chunk, _, callback) {
      const lines = `${rest}${chunk}`.split('\n')
      rest = lines.pop()
      for (const line of lines) this.push(line)
      callback()
    },
    flush(callback) {
      if (rest !== '') this.push(rest)
      callback()
    },
  })
}

describe('readers of createSplitter', () => {
  it('reads lines one by one by for await, as readline does', async () => {
    const text = Array.from({ length: 5000 }, (_, i) => `line ${i}`).join('\n')
    const lines = []
    for await (const line of Readable.from([text], { objectMode: false }).pipe(createSplitter())) {
      lines.push(line)
    }
    assert.equal(lines.join('\n'), text)
  })

  it('is left early by for await, and is destroyed with its source', async () => {
    const source = new PassThrough()
    source.write('a\nb\nc\n')
    const splitter = createSplitter()
    const piped = pipeline(source, splitter)
    for await (const line of splitter) {
      assert.equal(line, 'a')
      break
    }
    assert.equal(splitter.destroyed, true)
    await assert.rejects(piped, { code: 'ABORT_ERR' })
    assert.equal(source.destroyed, true)
  })

  it('ends and is left by for await as a plain Transform is', async () => {
    const ways = {
      end: (stream, line) => line === 'c' && stream.end(),
      destroy: (stream) => stream.destroy(),
      fail: (stream) => stream.destroy(new Error('broken')),
      throw: () => {
        throw new Error('mine')
      },
      break: () => 'break',
    }
    for (const [name, way] of Object.entries(ways)) {
      const logs = await Promise.all(
        [plainSplitter(), createSplitter()].map(async (stream) => {
          const log = []
          for (const event of ['end', 'close', 'error', 'finish']) {
            stream.on(event, (error) => log.push([event, error?.message]))
          }
          stream.write('a\nb\nc\n')
          try {
            for await (const line of stream) {
              log.push(line)
              if (way(stream, line) === 'break') break
            }
          } catch (error) {
            log.push(['caught', error.name, error.code, error.message])
          }
          await new Promise(setImmediate)
          const { destroyed, errored, readableEnded, readableAborted, readableDidRead } = stream
          log.push({ destroyed, errored: errored?.message, readableEnded, readableDidRead })
          log.push(readableAborted, stream.listenerCount('readable'), stream.listenerCount('error'))
          return log
        }),
      )
      assert.deepEqual(logs[1], logs[0], name)
      assert.ok(logs[0].length > 3)
    }
  })

  it('hands records on as a plain Transform does when others read beside for await', async () => {
    const others = {
      read: (stream, log) => log.push(['read', stream.read()]),
      unshift: (stream) => stream.unshift('before'),
      push: (stream) => stream.push('behind'),
      setEncoding: (stream) => stream.setEncoding('hex'),
      iterator: async (stream, log) => {
        log.push(['other', await stream[Symbol.asyncIterator]().next()])
      },
      readable: (stream, log) => {
        stream.once('readable', () => log.push('readable'))
      },
      pipe: (stream, log) => {
        stream.pipe(new PassThrough({ objectMode: true })).on('data', (line) => log.push([line]))
      },
      nothing: () => {},
    }
    const one = async (stream, other) => {
      const log = []
      const iterator = stream[Symbol.asyncIterator]()
      stream.write('0\n')
      log.push((await iterator.next()).value)
      const lines = Array.from({ length: 40 }, (_, i) => `${i}`)
      stream.write(`${lines.join('\n')}\n`)
      log.push((await iterator.next()).value, stream.readableLength, stream.writableLength)
      await other(stream, log)
      log.push(stream.readableLength)
      stream.end('x\ny')
      for (let i = 0; i < 100; i += 1) {
        const { value, done } = await iterator.next()
        if (done) break
        log.push(value)
      }
      await new Promise(setImmediate)
      log.push(stream.readableEnded, stream.destroyed, stream.errored)
      return log
    }
    for (const [name, other] of Object.entries(others)) {
      const wanted = await one(plainSplitter(), other)
      assert.ok(wanted.length > 10, name)
      assert.deepEqual(await one(createSplitter(), other), wanted, name)
    }
  })

  it('lets its writer go as a plain Transform does, whoever reads', async () => {
    const one = async (stream) => {
      const log = []
      const iterator = stream[Symbol.asyncIterator]()
      const write = (text, name) => stream.write(text, () => log.push(name))
      write('0\n', 'first')
      await iterator.next()
      await new Promise(setImmediate)
      write('a\n'.repeat(15), 'small')
      write('b\n'.repeat(20), 'large')
      write('c\n', 'behind')
      for (let i = 0; i < 36; i += 1) {
        await new Promise(setImmediate)
        log.push([(await iterator.next()).value, stream.readableLength, stream.writableLength])
      }
      return log
    }
    for (const highWaterMark of [undefined, 0, 1, 3]) {
      const wanted = await one(plainSplitter({ highWaterMark }))
      assert.deepEqual(await one(createSplitter('\n', { highWaterMark })), wanted)
    }
  })

  it('has an iterator that keeps the order of calls, and ends once', async () => {
    const splitter = createSplitter()
    const iterator = splitter[Symbol.asyncIterator]()
    assert.equal(iterator[Symbol.asyncIterator](), iterator)
    const calls = [iterator.next(), iterator.next(), iterator.next(), iterator.next()]
    splitter.write('a\nb')
    setImmediate(() => splitter.end('c\n'))
    assert.deepEqual(await Promise.all(calls), [
      { value: 'a', done: false },
      { value: 'bc', done: false },
      { value: undefined, done: true },
      { value: undefined, done: true },
    ])
    assert.deepEqual(await iterator.next(), { value: undefined, done: true })
    assert.deepEqual(await iterator.return(5), { value: 5, done: true })
  })

  it('throws in for await what it is destroyed with, and what its source fails with', async () => {
    for (const early of [true, false]) {
      const splitter = createSplitter()
      splitter.write('a\nb\n')
      const failure = new Error('broken')
      if (early) splitter.destroy(failure)
      const seen = []
      await assert.rejects(async () => {
        for await (const line of splitter) {
          seen.push(line)
          if (line === 'b') splitter.destroy(failure)
        }
      }, failure)
      assert.deepEqual(seen, early ? [] : ['a', 'b'])
    }
    const splitter = createSplitter()
    splitter.write('a\n')
    splitter.destroy()
    await assert.rejects(
      async () => {
        for await (const line of splitter) assert.fail(line)
      },
      { code: 'ERR_STREAM_PREMATURE_CLOSE' },
    )
  })

  it('has an iterator with throw and return, which destroy what was begun', async () => {
    const unused = createSplitter()
    await unused[Symbol.asyncIterator]().return()
    assert.equal(unused.destroyed, false)
    const splitter = createSplitter()
    splitter.write('a\nb\n')
    const iterator = splitter[Symbol.asyncIterator]()
    assert.equal((await iterator.next()).value, 'a')
    await assert.rejects(iterator.throw(new Error('mine')), /mine/)
    assert.equal(splitter.destroyed, true)
    assert.deepEqual(await iterator.next(), { value: undefined, done: true })
  })

  it('emits records one by one as a plain Transform does, whatever a listener does', async () => {
    const deeds = {
      pause: (stream) => {
        stream.pause()
        setImmediate(() => stream.resume())
      },
      destroy: (stream) => stream.destroy(),
      fail: (stream) => stream.destroy(new Error('mine')),
      unlisten: (stream) => stream.removeAllListeners('data'),
      pipe: (stream) => stream.pipe(new PassThrough({ objectMode: true, highWaterMark: 1 })),
      readable: (stream) => stream.on('readable', () => stream.read()),
      second: (stream) => stream.on('data', () => {}),
      once: (stream) => stream.once('data', () => {}),
      encoding: (stream) => stream.setEncoding('hex'),
      emit: (stream, log) => {
        const { emit } = stream
        stream.emit = (...args) => {
          log.push(['emit', ...args])
          return emit.apply(stream, args)
        }
      },
      push: (stream, log) => {
        const { push } = stream
        stream.push = (...args) => {
          log.push(['push', ...args])
          return push.apply(stream, args)
        }
      },
      nothing: () => {},
    }
    for (const [name, deed] of Object.entries(deeds)) {
      const logs = await Promise.all(
        [plainSplitter(), createSplitter()].map(async (stream) => {
          const log = []
          stream.on('data', (line) => {
            const { readableLength, readableFlowing, destroyed } = stream
            log.push([line, readableLength, readableFlowing, destroyed])
            if (line === 'b') deed(stream, log)
          })
          for (const event of ['pause', 'resume', 'end', 'close', 'error']) {
            stream.on(event, () => log.push(event))
          }
          // Once it flows, what is written is emitted at once.
          await new Promise(setImmediate)
          stream.write('a\nb\nc\nd\n')
          stream.write('e\nf\n')
          await new Promise(setImmediate)
          log.push('turn')
          if (!stream.destroyed) stream.write('g\nh\n')
          await new Promise(setImmediate)
          if (!stream.destroyed) stream.end('i\n')
          await new Promise(setImmediate)
          await new Promise(setImmediate)
          return log
        }),
      )
      assert.deepEqual(logs[1], logs[0], name)
      assert.ok(logs[0].length > 3)
    }
  })

  it('lets rejections of listeners be captured', async () => {
    EventEmitter.captureRejections = true
    try {
      const splitter = createSplitter()
      splitter.on('data', async (line) => {
        if (line === 'b') throw new Error('mine')
      })
      splitter.write('a\nb\nc\n')
      const [error] = await once(splitter, 'error')
      assert.equal(error.message, 'mine')
    } finally {
      EventEmitter.captureRejections = false
    }
  })
})
