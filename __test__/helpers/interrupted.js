'use strict'

// A transfer that is in the middle: its client has read a little and stands
// still.

const fs = require('node:fs')

const { ReadStream, createReadStream } = require('../..')
const { engine } = require('../../lib/native.js')
const { bytes, newPath } = require('./files.js')
const { serveHttp, serveNet, until } = require('./server.js')

const isNative = engine !== 'javascript'
// More than all buffers between the server and a client that does not read.
const SIZE = 24 * 2 ** 20
const file = newPath('long.bin')
const content = bytes(SIZE, 5)
fs.writeFileSync(file, content)

/**
 * Starts a download whose client reads a little and stops, so that the
 * transfer is in the middle; then `interfere`; then the client reads on.
 * `isFull` waits until node:fs too has met a destination that is full.
 */
async function interrupted(
  t,
  interfere,
  {
    withLength = false,
    isSocket = false,
    isFull = false,
    make = createReadStream,
    streamOptions,
  } = {},
) {
  let context
  const handler = (response) => {
    const stream = make(file, streamOptions)
    if (withLength) response.setHeader('Content-Length', SIZE)
    stream.pipe(response)
    context = { stream, response }
  }
  const { connect, server } = isSocket
    ? await serveNet(t, handler)
    : await serveHttp(t, (request, response) => handler(response))
  const client = await connect()
  if (!isSocket) client.get('/')
  await client.inbox.begun()
  client.socket.pause()
  const { stream, response } = context
  if (stream instanceof ReadStream && isNative) {
    await until(() => stream.transfer.bytes > 0, 'a native transfer')
  } else if (isFull) {
    await until(() => response.writableNeedDrain, 'a destination that is full')
  }
  const result = await interfere({ ...context, client, server })
  client.socket.resume()
  return { ...context, client, result }
}

module.exports = { SIZE, content, file, interrupted }
