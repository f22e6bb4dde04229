'use strict'

// One process that writes files through one implementation. It is told what to
// do by messages, one at a time, and answers each.
//
// node writer.js fs|millrace

const crypto = require('node:crypto')
const { once } = require('node:events')
const fs = require('node:fs')

const { answerMessages } = require('./lib/worker-process.js')

const isMillrace = process.argv[2] === 'millrace'
const { createReadStream, createWriteStream } = isMillrace ? require('..') : fs

/** Each fills a stream, which it ends. */
const ways = {
  async writes(stream, { chunk, size }) {
    const bytes = Buffer.alloc(chunk, 'millrace ')
    for (let left = size; left > 0; left -= chunk) {
      const isFull = !stream.write(left >= chunk ? bytes : bytes.subarray(0, left))
      if (isFull) await once(stream, 'drain')
    }
    stream.end()
  },

  pipe(stream, { source }) {
    createReadStream(source).pipe(stream)
  },
}

/** Writes as fast as the stream takes it, and measures until it is closed. */
async function write(task) {
  globalThis.gc()
  const cpuBefore = process.cpuUsage()
  const begin = performance.now()
  const stream = createWriteStream(task.target)
  const closed = once(stream, 'close')
  await ways[task.way](stream, task)
  await closed
  const seconds = (performance.now() - begin) / 1000
  const { user, system } = process.cpuUsage(cpuBefore)
  return { seconds, cpu: user + system, written: stream.bytesWritten }
}

async function hashOf(file) {
  const hash = crypto.createHash('sha256')
  for await (const chunk of fs.createReadStream(file)) hash.update(chunk)
  return hash.digest('hex')
}

answerMessages({
  /** Why millrace leaves everything to Node here, or null. */
  fallback: () => (isMillrace ? require('../lib/native.js').disabledBecause : null),

  async verify(task) {
    await write(task)
    const sha256 = await hashOf(task.target)
    fs.rmSync(task.target)
    return sha256
  },

  async write(task) {
    // What a process does first is not like the rest.
    await write(task)
    const { seconds, cpu, written } = await write(task)
    // What is gone need not be written to the disk.
    fs.rmSync(task.target)
    if (written !== task.size) throw new Error(`${written} bytes were written, not ${task.size}`)
    const gib = task.size / 2 ** 30
    return { seconds, gibPerSecond: gib / seconds, cpuSecondsPerGib: cpu / 1e6 / gib }
  },
})
