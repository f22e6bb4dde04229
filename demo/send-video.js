'use strict'

// One video as the answer to one request: whole, in part, or not at all when
// the client has it already.

const { createReadStream } = require('..')

/** Milliseconds. A player that is paused for longer asks again. */
const STALL_TIMEOUT = 120_000
const { parseRange } = require('./range.js')
const { sendFailure, sendText } = require('./reply.js')

/**
 * @param {import('node:http').IncomingMessage} request GET or HEAD
 * @param {import('node:http').ServerResponse} response
 * @param {import('./videos.js').Video} video
 * @param {(transfer: object) => void} onTransfer gets `stream.transfer` of the
 *   file when it is closed
 */
function sendVideo(request, response, video, onTransfer) {
  const { size, type, etag, modified } = video
  response.setHeader('ETag', etag)
  response.setHeader('Last-Modified', modified.toUTCString())
  response.setHeader('Cache-Control', 'no-cache')
  response.setHeader('Accept-Ranges', 'bytes')
  if (isUnchanged(request.headers, video)) {
    response.statusCode = 304
    response.end()
    return
  }

  const range = rangeOf(request, video)
  if (range === 'unsatisfiable') {
    const headers = { 'Content-Range': `bytes */${size}`, 'Accept-Ranges': 'bytes' }
    sendText(response, 416, `There are ${size} bytes.`, headers)
    return
  }
  const { start, end } = range ?? { start: 0, end: size - 1 }
  if (range !== null) {
    response.statusCode = 206
    response.setHeader('Content-Range', `bytes ${start}-${end}/${size}`)
  }
  response.setHeader('Content-Type', type)
  response.setHeader('Content-Length', end - start + 1)
  response.setHeader('X-Content-Type-Options', 'nosniff')
  if (request.method === 'HEAD' || size === 0) response.end()
  else sendFile(response, video.file, { start, end }, onTransfer)
}

function isUnchanged(headers, { etag, modified }) {
  const known = headers['if-none-match']
  if (known === undefined) {
    // Dates of HTTP have no fractions of a second.
    const seconds = Math.floor(modified.getTime() / 1000)
    return seconds * 1000 <= Date.parse(headers['if-modified-since'])
  }
  return known.split(',').some((tag) => ['*', etag, `W/${etag}`].includes(tag.trim()))
}

function rangeOf({ method, headers }, { etag, size }) {
  if (method !== 'GET') return null
  const condition = headers['if-range']
  // A date is too coarse to join two parts of a file by it.
  if (condition !== undefined && condition !== etag) return null
  return parseRange(headers.range, size)
}

function sendFile(response, file, { start, end }, onTransfer) {
  const stream = createReadStream(file, { start, end, stallTimeout: STALL_TIMEOUT })
  stream.once('end', () => {
    // The file has become shorter since its size was promised. A client that
    // kept the connection would take the next answer for the rest of this one.
    if (stream.bytesRead < end - start + 1) response.destroy()
  })
  stream.on('error', (error) => sendFailure(response, error))
  stream.once('close', () => onTransfer(stream.transfer))
  // Clients leave at any moment: to seek is to leave.
  response.once('close', () => stream.destroy())
  stream.pipe(response)
}

module.exports = { sendVideo }
