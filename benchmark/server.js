'use strict'

// One process that serves a folder through either implementation, so that
// both meet the same heap, the same kernel and the same connections.
//
//   /fs/NAME        node:fs
//   /millrace/NAME  millrace
//   /floor/NAME     the same bytes from memory: what node:http itself costs
//   /cpu            CPU time of this process so far, in microseconds
//   /transfer       how the last file was carried, as soon as its stream is closed
//   /memory         resident bytes, after a garbage collection
//   /json           a small document
//   /loop           the p99 of the event loop's delay since the last such
//                   request, in milliseconds; watched from the first one on
//   /busy/MS        from now on, JavaScript computes for so long every 10 ms
//
// Node's handler and ours differ in one word.
//
// node server.js FOLDER [length]: with `length` the responses have a Content-Length.

const fs = require('node:fs')
const http = require('node:http')
const path = require('node:path')
const { monitorEventLoopDelay } = require('node:perf_hooks')

const millrace = require('..')

const [folder, framing] = process.argv.slice(2)
const setsLength = framing === 'length'
const implementations = { fs, millrace }

const BUSY_PERIOD = 10
const LOOP_PERIOD = 1
const DOCUMENT = { id: 7, name: 'millrace', tags: ['a', 'b', 'c'] }

const contents = new Map()
const lengths = new Map()
let last = null
let loop = null
let busy = null

function sendFile(implementation, name, response) {
  const file = path.join(folder, name)
  if (setsLength) {
    response.setHeader(
      'Content-Length',
      once(lengths, file, () => fs.statSync(file).size),
    )
  }
  last = implementation.createReadStream(file)
  last.pipe(response)
}

const others = {
  floor(response, name) {
    const file = path.join(folder, name)
    response.end(once(contents, file, () => fs.readFileSync(file)))
  },

  cpu(response) {
    const { user, system } = process.cpuUsage()
    response.end(String(user + system))
  },

  transfer(response) {
    const answer = () => response.end(JSON.stringify(last?.transfer ?? null))
    if (last === null || last.closed) answer()
    else last.once('close', answer)
  },

  memory(response) {
    globalThis.gc?.()
    response.end(String(process.memoryUsage.rss()))
  },

  json(response) {
    response.setHeader('Content-Type', 'application/json')
    response.end(JSON.stringify(DOCUMENT))
  },

  loop(response) {
    if (loop === null) {
      loop = monitorEventLoopDelay({ resolution: LOOP_PERIOD })
      loop.enable()
    }
    // It measures from one turn of its timer to the next.
    response.end(String(loop.percentile(99) / 1e6 - LOOP_PERIOD))
    loop.reset()
  },

  busy(response, milliseconds) {
    clearInterval(busy)
    if (milliseconds > 0) busy = setInterval(compute, BUSY_PERIOD, Number(milliseconds))
    response.end()
  },
}

function compute(milliseconds) {
  const end = performance.now() + milliseconds
  while (performance.now() < end);
}

function once(cache, key, compute) {
  if (!cache.has(key)) cache.set(key, compute())
  return cache.get(key)
}

const server = http.createServer((request, response) => {
  const [, kind, name] = request.url.split('/')
  if (Object.hasOwn(implementations, kind)) sendFile(implementations[kind], name, response)
  else others[kind](response, name)
})
// A client that waits for its turn is not to be hung up on.
server.keepAliveTimeout = 60_000
server.listen(0, '127.0.0.1', () => process.send(server.address().port))
process.once('disconnect', () => process.exit())
