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
//
// Node's handler and ours differ in one word.
//
// node server.js FOLDER [length]: with `length` the responses have a Content-Length.

const fs = require('node:fs')
const http = require('node:http')
const path = require('node:path')

const millrace = require('..')

const [folder, framing] = process.argv.slice(2)
const setsLength = framing === 'length'
const implementations = { fs, millrace }

const contents = new Map()
const lengths = new Map()
let last = null

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
