'use strict'

// Makes streams of one kind, forgets them, and tells what is left of them
// after garbage collections: node --expose-gc dropped.js KIND LIBRARY COUNT FILE

const { once } = require('node:events')
const fs = require('node:fs')
const http = require('node:http')
const { Writable } = require('node:stream')
const { setTimeout: sleep } = require('node:timers/promises')

const [kind, library, count, file] = process.argv.slice(2)
const { createReadStream } = library === 'fs' ? fs : require('../..')

const { gc } = globalThis
const { size } = fs.statSync(file)

const turn = () => new Promise(setImmediate)

/** A server that drops what it serves, and a client that reads or does not. */
async function serve(afterwards) {
  let made
  const server = http.createServer((request, response) => {
    const stream = createReadStream(file)
    made = new WeakRef(stream)
    stream.pipe(response)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return async () => {
    const { port } = server.address()
    const request = http.get({ port, host: '127.0.0.1', agent: false })
    const [response] = await once(request, 'response')
    await afterwards(response)
    server.unref()
    return made
  }
}

/** What is done with one stream. Each returns it, weakly. */
const KINDS = {
  'never read': async () => {
    const stream = createReadStream(file)
    await once(stream, 'open')
    return new WeakRef(stream)
  },
  'dropped before it opens': async () => new WeakRef(createReadStream(file)),
  paused: async () => {
    const stream = createReadStream(file)
    await new Promise((resolve) => {
      stream.on('data', () => {
        stream.pause()
        resolve()
      })
    })
    return new WeakRef(stream)
  },
  unfinished: async () => {
    const stream = createReadStream(file)
    await once(stream, 'readable')
    stream.read()
    return new WeakRef(stream)
  },
  'piped to one that stands still': async () => {
    const stream = createReadStream(file)
    await new Promise((resolve) => {
      stream.pipe(new Writable({ write: resolve }))
    })
    return new WeakRef(stream)
  },
  'watched for stalls': async () => {
    const stream = createReadStream(file, { stallTimeout: 60_000 })
    await new Promise((resolve) => {
      stream.pipe(new Writable({ write: resolve }))
    })
    return new WeakRef(stream)
  },
  'read to its end': async () => {
    const stream = createReadStream(file)
    await once(stream.resume(), 'close')
    return new WeakRef(stream)
  },
  destroyed: async () => {
    const stream = createReadStream(file)
    await once(stream, 'readable')
    const closed = once(stream, 'close')
    stream.destroy()
    await closed
    return new WeakRef(stream)
  },
  sent: () =>
    serve(async (response) => {
      await once(response.resume(), 'end')
    }),
  'sent while memory is collected': () =>
    serve(async (response) => {
      // It stands still meanwhile, and nothing of the program holds on to it.
      for (let i = 0; i < 2; i += 1) {
        gc()
        await turn()
      }
      let length = 0
      for await (const chunk of response) length += chunk.length
      if (length !== size) throw new Error(`${length} bytes instead of ${size}`)
    }),
  'sent to one who leaves': () =>
    serve(async (response) => {
      response.on('error', () => {})
      response.destroy()
    }),
}

async function main() {
  const isServed = kind.startsWith('sent')
  const make = isServed ? await KINDS[kind]() : KINDS[kind]
  const isClosed = library !== 'fs' && (isServed || ['read to its end', 'destroyed'].includes(kind))
  const facts = []
  for (let part = 0; part < 3; part += 1) {
    const made = []
    for (let i = 0; i < count / 3; i += 1) {
      made.push(await make())
      if (i % 10 === 0) gc()
    }
    const alive = () => made.filter((ref) => ref.deref() !== undefined).length
    // Servers and threads need a moment to see that somebody has left.
    const isSettled = () => alive() === 0 && (!isClosed || openOn(file) === 0)
    for (let i = 0; i < 3 || (i < 500 && !isSettled()); i += 1) {
      await sleep(5)
      gc()
    }
    const { heapUsed, external } = process.memoryUsage()
    facts.push({ alive: alive(), open: openOn(file), memory: heapUsed + external })
  }
  console.log(JSON.stringify(facts))
  process.exit()
}

function openOn(file) {
  return fs.readdirSync('/proc/self/fd').filter((fd) => {
    try {
      return fs.readlinkSync(`/proc/self/fd/${fd}`) === file
    } catch {
      return false
    }
  }).length
}

void main()
