'use strict'

// One process that reads files through one implementation. It is told what to
// do by messages, one at a time, and answers each.
//
// node reader.js fs|millrace

const crypto = require('node:crypto')
const { once } = require('node:events')
const https = require('node:https')
const { createHistogram } = require('node:perf_hooks')
const { Writable } = require('node:stream')
const { pipeline } = require('node:stream/promises')
const { setTimeout: sleep } = require('node:timers/promises')
const zlib = require('node:zlib')

const { answerMessages } = require('./lib/worker-process.js')
const { preSharedKey } = require('./lib/pre-shared-key.js')

const isMillrace = process.argv[2] === 'millrace'
const { createReadStream } = isMillrace ? require('..') : require('node:fs')

/** Each reads a stream to its end, and gives every chunk to `take`. */
const ways = {
  async data(stream, take) {
    stream.on('data', take)
    await once(stream, 'close')
  },

  async iterator(stream, take) {
    for await (const chunk of stream) take(chunk)
    if (!stream.closed) await once(stream, 'close')
  },

  pipeline: (stream, take) => pipeline(stream, sinkOf(take)),

  // What comes out again is what went in.
  async gzip(stream, take, isVerifying) {
    const gzip = zlib.createGzip({ level: 1 })
    if (isVerifying) {
      await pipeline(stream, gzip, zlib.createGunzip(), sinkOf(take))
    } else {
      await pipeline(
        stream,
        gzip,
        sinkOf(() => {}),
      )
      take({ length: gzip.bytesWritten })
    }
  },
}

function sinkOf(take) {
  return new Writable({
    write(chunk, _encoding, callback) {
      take(chunk)
      callback()
    },
  })
}

async function readOnce({ way, highWaterMark }, { path, size }, isVerifying = false) {
  const hash = isVerifying ? crypto.createHash('sha256') : null
  let length = 0
  const stream = createReadStream(path, highWaterMark === undefined ? {} : { highWaterMark })
  await ways[way](
    stream,
    (chunk) => {
      length += chunk.length
      hash?.update(chunk)
    },
    isVerifying,
  )
  if (length !== size) throw new Error(`${length} bytes of ${path} came, and not ${size}`)
  return hash?.digest('hex')
}

/** Reads so many files, in turn, so many at a time. */
async function readMany(task) {
  const { files, count, concurrency = 1 } = task
  let next = 0
  const reader = async () => {
    while (next < count) await readOnce(task, files[next++ % files.length])
  }
  await Promise.all(Array.from({ length: concurrency }, reader))
}

/** Runs `work` while the event loop does nothing else but turn. */
async function watchLoop(work) {
  const histogram = createHistogram()
  let isOver = false
  let last = process.hrtime.bigint()
  const turn = () => {
    const now = process.hrtime.bigint()
    histogram.record(now - last || 1n)
    last = now
    if (!isOver) setImmediate(turn)
  }
  setImmediate(turn)
  await work()
  isOver = true
  return {
    holdP99Milliseconds: histogram.percentile(99) / 1e6,
    holdLongestMilliseconds: histogram.max / 1e6,
  }
}

async function measured(work) {
  globalThis.gc()
  const cpuBefore = process.cpuUsage()
  const begin = performance.now()
  const result = await work()
  const seconds = (performance.now() - begin) / 1000
  const { user, system } = process.cpuUsage(cpuBefore)
  return { ...result, seconds, cpu: user + system }
}

const actions = {
  /** Why millrace leaves everything to Node here, or null. */
  fallback: () => (isMillrace ? require('../lib/native.js').disabledBecause : null),

  verify: (task) => readOnce(task, task.files[0], true),

  read: (task) => measured(() => readMany(task)),

  hold: (task) => measured(() => watchLoop(() => readMany(task))),

  /** What a loop that reads nothing is held up by. */
  idle: ({ milliseconds }) => watchLoop(() => sleep(milliseconds)),

  async listen({ path }) {
    const server = https.createServer(preSharedKey.server, (_request, response) => {
      createReadStream(path).pipe(response)
    })
    // A client that waits for its turn is not to be hung up on.
    server.keepAliveTimeout = 60_000
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    return server.address().port
  },

  cpu() {
    const { user, system } = process.cpuUsage()
    return user + system
  },

  collect() {
    globalThis.gc()
  },
}

answerMessages(actions)
