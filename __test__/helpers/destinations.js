'use strict'

// Destinations of every kind, each with what came through it.

const crypto = require('node:crypto')
const { once } = require('node:events')
const fs = require('node:fs')
const http2 = require('node:http2')
const https = require('node:https')
const { Duplex, PassThrough, Transform, Writable } = require('node:stream')
const tls = require('node:tls')
const zlib = require('node:zlib')

const { certificate } = require('./certificate.js')
const { newPath } = require('./files.js')
const { listen } = require('./server.js')

/** What a readable gives: its length, and a hash of it. */
async function digest(readable) {
  const hash = crypto.createHash('sha256')
  let length = 0
  try {
    for await (const part of readable) {
      hash.update(part)
      length += part.length
    }
  } catch (error) {
    return { failed: error.code }
  }
  return { length, hash: hash.digest('hex') }
}

/** A stream whose other side is read. */
function throughOf(make) {
  return () => {
    const destination = make()
    return { destination, received: digest(destination) }
  }
}

/** A sink that notes the size of each chunk. */
function sinkOf(options) {
  return () => {
    const sizes = []
    const hash = crypto.createHash('sha256')
    const take = (chunk) => {
      sizes.push(chunk.length)
      hash.update(chunk)
    }
    const destination = new Writable({ ...options(take) })
    const result = () => ({ sizes, hash: hash.digest('hex') })
    return { destination, received: once(destination, 'close').then(result, result) }
  }
}

/** The server's end of a connection; the client reads all. */
function servedBy(makeServer, connect) {
  return async (t) => {
    let onDestination
    const destinationCame = new Promise((resolve) => {
      onDestination = resolve
    })
    const { address } = await listen(t, makeServer(onDestination))
    const { readable, close } = await connect(address)
    t.after(close)
    const received = digest(readable)
    return { destination: await destinationCame, received }
  }
}

function h2Client(scheme) {
  return ({ port }) => {
    const session = http2.connect(`${scheme}://127.0.0.1:${port}`, { rejectUnauthorized: false })
    session.on('error', () => {})
    const request = session.request({ ':path': '/' })
    return { readable: request, close: () => session.destroy() }
  }
}

async function httpsClient(address) {
  // A client that closes its connection at the last byte would be first.
  const agent = new https.Agent({ keepAlive: true })
  const request = https.get({ ...address, rejectUnauthorized: false, agent })
  const readable = new PassThrough()
  request.on('response', (response) => {
    response.pipe(readable)
    response.on('aborted', () => readable.destroy(Object.assign(new Error(), { code: 'ABORTED' })))
  })
  request.on('error', (error) => readable.destroy(error))
  return { readable, close: () => agent.destroy() }
}

function tlsClient(address) {
  const readable = tls.connect({ ...address, rejectUnauthorized: false })
  return { readable, close: () => readable.destroy() }
}

const DESTINATIONS = {
  'an HTTPS response': servedBy(
    (onDestination) => https.createServer(certificate(), (_, response) => onDestination(response)),
    httpsClient,
  ),
  'an HTTPS response with a Content-Length': servedBy(
    (onDestination) =>
      https.createServer(certificate(), (_, response) => {
        response.shouldHaveLength = true
        onDestination(response)
      }),
    httpsClient,
  ),
  'a TLS socket': servedBy(
    (onDestination) => tls.createServer(certificate(), onDestination),
    tlsClient,
  ),
  'a response of HTTP/2': servedBy(
    (onDestination) =>
      http2.createSecureServer(certificate(), (_, response) => onDestination(response)),
    h2Client('https'),
  ),
  'a response of HTTP/2 in the clear': servedBy(
    (onDestination) => http2.createServer((_, response) => onDestination(response)),
    h2Client('http'),
  ),
  'a stream of HTTP/2': servedBy((onDestination) => {
    const server = http2.createServer()
    server.on('stream', (stream) => {
      stream.respond({ ':status': 200 })
      onDestination(stream)
    })
    return server
  }, h2Client('http')),
  'a PassThrough': throughOf(() => new PassThrough()),
  'a Transform': throughOf(
    () =>
      new Transform({
        transform: (chunk, _, callback) => callback(null, Buffer.from(chunk).reverse()),
      }),
  ),
  gzip: throughOf(() => zlib.createGzip()),
  'a hash': throughOf(() => crypto.createHash('sha256')),
  'a Duplex': throughOf(() => {
    const duplex = new Duplex({
      read() {},
      write(chunk, _, callback) {
        this.push(chunk)
        setImmediate(callback)
      },
      final(callback) {
        this.push(null)
        callback()
      },
    })
    return duplex
  }),
  'a WriteStream': () => {
    const file = newPath('copy')
    const destination = fs.createWriteStream(file)
    const received = once(destination, 'close').then(
      () => digest(fs.createReadStream(file)),
      () => null,
    )
    return { destination, received }
  },
  'a Writable': sinkOf((take) => ({
    write(chunk, _, callback) {
      take(chunk)
      callback()
    },
  })),
  'a Writable in object mode': sinkOf((take) => ({
    objectMode: true,
    highWaterMark: 2,
    write(chunk, _, callback) {
      take(chunk)
      setImmediate(callback)
    },
  })),
  'a slow Writable that takes several chunks at once': sinkOf((take) => ({
    highWaterMark: 200_000,
    writev(chunks, callback) {
      for (const { chunk } of chunks) take(chunk)
      setTimeout(callback, 1)
    },
  })),
}

module.exports = { DESTINATIONS }
