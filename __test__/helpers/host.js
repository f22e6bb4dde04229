'use strict'

// A server of a large file, and of a small one to see whether it still answers.

const assert = require('node:assert/strict')
const { pipeline } = require('node:stream')

const { createReadStream } = require('../..')
const { makeFile, sha256 } = require('./files.js')
const { serveHttp } = require('./server.js')

const MIB = 2 ** 20
const { file, content } = makeFile(16 * MIB)
const small = makeFile(3000, 9)

/** A server whose client may go at any time, and what it had to say. */
async function hostOf(t, source = file, options = undefined) {
  const seen = { errors: [], streams: new Set() }
  const host = await serveHttp(t, (request, response) => {
    const from = request.url === '/small' ? small.file : source
    const stream = createReadStream(from, options)
    seen.streams.add(stream)
    stream.on('close', () => seen.streams.delete(stream))
    if (request.url === '/pipeline') pipeline(stream, response, () => {})
    else stream.pipe(response)
  })
  host.server.on('clientError', (error, socket) => {
    seen.errors.push(error)
    socket.destroy()
  })
  return { ...host, seen }
}

async function probe(connect) {
  const client = await connect()
  client.get('/small')
  const { sha256: hash } = await client.response()
  client.destroy()
  assert.equal(hash, sha256(small.content))
}

module.exports = { MIB, file, content, small, hostOf, probe }
