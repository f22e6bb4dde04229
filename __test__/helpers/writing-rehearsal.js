'use strict'

// Carries out a life of writing-schedule.js.

const { once } = require('node:events')
const fs = require('node:fs')
const util = require('node:util')

const { describeError } = require('./parity.js')
const { until } = require('./server.js')
const { chunkOf } = require('./writing-schedule.js')
const { lookAtWriter, turns } = require('./writing.js')

const EVENTS = ['open', 'ready', 'drain', 'prefinish', 'finish', 'close']

const WRONG = [null, undefined, 7, {}, [], true, Symbol('s')]

class WritingRehearsal {
  #schedule
  #implementation
  #path
  #log = []
  /** Chunks as they were taken, and whether they were called back, and how. */
  chunks = []
  /** Since then, errors are its own. */
  #isOver = false

  constructor(schedule, implementation, path) {
    this.#schedule = schedule
    this.#implementation = implementation
    this.#path = path
  }

  async run() {
    const { write, writev } = fs
    try {
      return await this.#run()
    } finally {
      Object.assign(fs, { write, writev })
    }
  }

  async #run() {
    const { steps, options, waitsForOpen, isFatal } = this.#schedule
    const { stream, close } = await this.#open()
    this.stream = stream
    for (const event of EVENTS) stream.on(event, () => this.#note(event, stream))
    stream.on('error', (error) => this.#note('error', stream, describeError(error)))
    if (waitsForOpen && stream.pending) await once(stream, 'ready')
    for (const [place, step] of steps.entries()) {
      this.#take(stream, step, place)
      await this.#moment(stream, step)
    }
    if (!isFatal) this.#end(stream)
    const isLeftOpen = () =>
      options.autoClose === false && (stream.errored || stream.writableFinished)
    await until(() => stream.closed || isLeftOpen(), 'the end of the stream')
    await turns(5)
    this.#isOver = true
    if (!stream.closed) {
      stream.destroy()
      await until(() => stream.closed, 'the close of the stream')
    }
    await close()
    return { log: this.#log, end: lookAtWriter(stream), chunks: this.chunks }
  }

  async #open() {
    const { opens, options: given, kind, fs: own } = this.#schedule
    this.controller = new AbortController()
    const options = { ...given, signal: this.controller.signal }
    // A FileHandle cannot be used with an fs.
    if (own !== null && opens !== 'handle') {
      const { open, write, writev, close, fsync } = fs
      options.fs =
        own === 'whole' ? { open, write, writev, close, fsync } : { open, write, close, fsync }
    }
    let close = () => {}
    if (opens === 'descriptor') {
      options.fd = fs.openSync(this.#path, given.flags ?? 'w')
    } else if (opens === 'handle') {
      const handle = await fs.promises.open(this.#path, given.flags ?? 'w')
      options.fd = handle
      close = () => handle.close().catch(() => {})
    }
    return { stream: this.#make(kind, opens === 'path' ? this.#path : '', options), close }
  }

  #make(kind, path, options) {
    const { WriteStream, createWriteStream } = this.#implementation
    if (kind === 'plain') return createWriteStream(path, options)
    if (kind === 'called') return WriteStream(path, options)
    if (kind === 'class') return new (class extends WriteStream {})(path, options)
    function Old(...args) {
      WriteStream.apply(this, args)
    }
    util.inherits(Old, WriteStream)
    return new Old(path, options)
  }

  #note(what, stream, detail) {
    if (this.#isOver) return
    const { bytesWritten, pos, writableLength, writableNeedDrain, destroyed, fd } = stream
    const state = { bytesWritten, pos, writableLength, writableNeedDrain, destroyed, fd: typeof fd }
    this.#log.push([what, detail ?? null, state])
  }

  #write(stream, chunk, encoding, bytes) {
    const entry = { bytes, outcome: null }
    this.chunks.push(entry)
    const place = this.chunks.length
    this.latest = new Promise((resolve) => {
      const called = (error) => {
        if (entry.outcome !== null) entry.outcome = 'twice'
        else entry.outcome = error ? 'error' : 'done'
        this.#note(`called back ${place}`, stream, describeError(error))
        resolve()
      }
      try {
        const isFull = !stream.write(chunk, encoding, called)
        this.#log.push(['wrote', place, isFull])
      } catch (error) {
        this.chunks.pop()
        this.#log.push(['thrown', place, error.code])
        resolve()
      }
    })
  }

  #take(stream, { act, size, encoding, turns: count }, place) {
    const chunk = (at = place) => chunkOf(at, size)
    const acts = {
      write: () => this.#write(stream, chunk(), undefined, chunk()),
      text: () => {
        const text = chunk().toString(encoding)
        this.#write(stream, text, encoding, Buffer.from(text, encoding))
      },
      many: () => {
        for (let i = 0; i < 8 * count; i += 1) {
          const small = chunkOf(place + i, Math.min(size, 300))
          this.#write(stream, small, undefined, small)
        }
      },
      array: () => this.#write(stream, new Uint8Array(chunk()), undefined, chunk()),
      // Taken or refused, by the version.
      view: () => {
        const { buffer } = new Uint8Array(chunkOf(place, size & ~1))
        const view = count % 2 === 0 ? new Uint16Array(buffer) : new DataView(buffer)
        this.#write(stream, view, undefined, Buffer.from(buffer))
      },
      cork: () => stream.cork(),
      uncork: () => stream.uncork(),
      wrong: () => this.#write(stream, WRONG[place % WRONG.length], undefined, Buffer.alloc(0)),
      encoding: () => stream.setDefaultEncoding(encoding),
      'patch-write': () =>
        (fs.write = (
          (write) =>
          (...args) =>
            write(...args)
        )(fs.write)),
      'patch-writev': () =>
        (fs.writev = (
          (writev) =>
          (...args) =>
            writev(...args)
        )(fs.writev)),
      'patch-instance': () => {
        const { _write } = stream
        stream._write = (...args) => _write.apply(stream, args)
      },
      repair: () => delete stream._write,
      fill: () => {
        for (let i = 0; i < 200 && !stream.writableNeedDrain; i += 1) {
          const small = chunkOf(i, 90)
          this.#write(stream, small, undefined, small)
        }
      },
      destroy: () => stream.destroy(),
      fail: () => stream.destroy(Object.assign(new Error('ours'), { code: 'OURS' })),
      close: () => stream.close((error) => this.#note('closed', stream, describeError(error))),
      abort: () => this.controller.abort(),
      'end-and-destroy': () => {
        stream.end()
        stream.destroy()
      },
    }
    acts[act]()
  }

  async #moment(stream, { moment, turns: count }) {
    if (moment === 'tick') await new Promise(process.nextTick)
    else if (moment === 'microtask') await Promise.resolve()
    else if (moment === 'immediate') await turns(1)
    else if (moment === 'turns') await turns(4 * count)
    else if (moment === 'millisecond') await new Promise((resolve) => setTimeout(resolve, 1))
    else if (moment === 'called-back' && stream.writableCorked === 0) await this.latest
  }

  #end(stream) {
    const { end } = this.#schedule
    while (stream.writableCorked > 0) stream.uncork()
    const last = Buffer.from('the end')
    if (end === 'chunk') {
      this.chunks.push({ bytes: last, outcome: 'done' })
      stream.end(last)
    } else if (end === 'callback') {
      stream.end((error) => this.#note('ended', stream, describeError(error)))
    } else {
      stream.end()
    }
  }
}

module.exports = { WritingRehearsal }
