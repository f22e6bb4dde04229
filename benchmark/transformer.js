'use strict'

// One way to do one thing of transform.js, in a process of its own.

const crypto = require('node:crypto')
const readline = require('node:readline')
const { Readable, Transform } = require('node:stream')
const { pipeline } = require('node:stream/promises')

const split2 = require('split2')

const millrace = require('..')
const { answerMessages } = require('./lib/worker-process.js')

const [name, kind] = process.argv.slice(2)

/** Bytes of a chunk, as file streams have them. */
const CHUNK = 2 ** 16

/** Counts, and in the first run looks at everything. */
class Sink {
  count = 0
  length = 0
  #hash

  constructor(isFirst) {
    this.#hash = isFirst ? crypto.createHash('sha256') : null
  }

  take(record) {
    this.count += 1
    this.length += record.length
    if (this.#hash !== null) this.#hash.update(record).update('\0')
  }

  takeBytes(chunk) {
    this.length += chunk.length
    this.#hash?.update(chunk)
  }

  result() {
    return { count: this.count, length: this.length, sha256: this.#hash?.digest('hex') }
  }
}

async function byAwait(records, sink) {
  for await (const record of records) sink.take(record)
}

function byData(stream, listener) {
  return new Promise((resolve, reject) => {
    stream.on('data', listener).on('end', resolve).on('error', reject)
  })
}

/** Everyone reads the file in the same way, the fastest that there is. */
const open = (path) => millrace.createReadStream(path)

const LINES = {
  await: {
    readline: ({ path }, sink) =>
      byAwait(readline.createInterface({ input: open(path), crlfDelay: Infinity }), sink),
    split2: ({ path }, sink) => byAwait(open(path).pipe(split2()), sink),
    millrace: ({ path }, sink) => byAwait(open(path).pipe(millrace.createSplitter()), sink),
  },
  data: {
    split2: ({ path }, sink) => byData(open(path).pipe(split2()), (line) => sink.take(line)),
    millrace: ({ path }, sink) =>
      byData(open(path).pipe(millrace.createSplitter()), (line) => sink.take(line)),
  },
  batch: {
    split2: ({ path }, sink) => byData(open(path).pipe(split2()), (line) => sink.take(line)),
    millrace: ({ path }, sink) =>
      byData(open(path).pipe(millrace.createSplitter('\n', { batch: true })), (lines) => {
        for (const line of lines) sink.take(line)
      }),
  },
}

/** What one writes with Node's Buffer. */
function bufferTransform(encoding, decodes, isBroken) {
  let carry = decodes ? '' : Buffer.alloc(0)
  const unbroken = (text) => (isBroken ? text.replaceAll(/[\r\n]/g, '') : text)
  const group = { hex: [1, 2], base64: [3, 4] }[encoding][decodes ? 1 : 0]
  return new Transform({
    transform(chunk, _, callback) {
      const all = decodes
        ? carry + unbroken(chunk.toString('latin1'))
        : carry.length === 0
          ? chunk
          : Buffer.concat([carry, chunk])
      const whole = all.length - (all.length % group)
      carry = decodes ? all.slice(whole) : all.subarray(whole)
      const made = decodes
        ? Buffer.from(all.slice(0, whole), encoding)
        : all.toString(encoding, 0, whole)
      callback(null, made)
    },
    flush(callback) {
      callback(null, decodes ? Buffer.from(carry, encoding) : carry.toString(encoding))
    },
  })
}

/** The same chunk again and again, from memory. */
function repeated(chunk, size) {
  let left = size
  return new Readable({
    highWaterMark: CHUNK,
    read() {
      const next = left < chunk.length ? chunk.subarray(0, left) : chunk
      left -= next.length
      this.push(next.length === 0 ? null : next)
    },
  })
}

/** `isBroken`: into lines of 76 characters, as in mail. */
function codec(encoding, decodes, isBroken = false) {
  const bytes = crypto
    .createHash('shake256', { outputLength: CHUNK - 1 })
    .update('x')
    .digest()
  const text = Buffer.from(bytes.toString(encoding), 'latin1')
  // Of whole groups, so that a repetition is one, too.
  const groups = decodes ? text.subarray(0, 4 * 3 * 5000) : bytes
  const chunk = isBroken ? brokenIntoLines(groups) : groups
  const through =
    (make) =>
    (_, sink, { size }) => {
      const stream = make()
      const done = byData(stream, (made) => sink.takeBytes(made))
      // Whole chunks, so that the last one ends as the others do.
      return Promise.all([pipeline(repeated(chunk, size - (size % chunk.length)), stream), done])
    }
  return {
    Buffer: through(() => bufferTransform(encoding, decodes, isBroken)),
    millrace: through(() =>
      decodes ? millrace.createDecoder(encoding) : millrace.createEncoder(encoding),
    ),
  }
}

function brokenIntoLines(text) {
  return Buffer.from(text.toString('latin1').replaceAll(/.{76}/g, '$&\r\n'), 'latin1')
}

const SPOOL_MEMORY = 2 ** 20

/** All is written before anything is read, as it is for a slow client. */
const SPOOL = {
  'fs-capacitor': async (_, sink, { size, folder }) => {
    const { WriteStream } = await import('fs-capacitor')
    const capacitor = new WriteStream({ tmpdir: () => folder })
    await pipeline(repeated(Buffer.alloc(CHUNK, 'x'), size), capacitor)
    await byData(capacitor.createReadStream(), (chunk) => sink.takeBytes(chunk))
    capacitor.release()
  },
  millrace: async (_, sink, { size, folder }) => {
    const spool = millrace.createSpool({ memory: SPOOL_MEMORY, directory: folder })
    repeated(Buffer.alloc(CHUNK, 'x'), size).pipe(spool)
    await new Promise((resolve) => {
      spool.once('finish', resolve)
    })
    await byData(spool, (chunk) => sink.takeBytes(chunk))
  },
}

const CASES = {
  ...Object.fromEntries(Object.entries(LINES).map(([how, ways]) => [`lines-${how}`, ways])),
  'hex-decode': codec('hex', true),
  'hex-encode': codec('hex', false),
  'base64-decode': codec('base64', true),
  'base64-lines': codec('base64', true, true),
  'base64-encode': codec('base64', false),
  spool: SPOOL,
}

const runOnce = (task, sink) => CASES[name][kind](task.file, sink, task)

answerMessages({
  async run({ isFirst, ...task }) {
    const sink = new Sink(isFirst)
    // V8 drops optimized code while the others run, and would compile all of it
    // in the run that is timed, for as long as the work itself takes.
    if (!isFirst) await runOnce(task, new Sink(false))
    global.gc()
    const cpu = process.cpuUsage()
    const start = performance.now()
    await runOnce(task, sink)
    const seconds = (performance.now() - start) / 1000
    const { user, system } = process.cpuUsage(cpu)
    return { ...sink.result(), seconds, cpuSeconds: (user + system) / 1e6 }
  },
})
