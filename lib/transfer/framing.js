'use strict'

// How the body of a response is framed, and how much of it is still owed.

const kBodyStart = Symbol('millrace.bodyStart')

/**
 * Puts the header of a response on its socket, as the first write of a body
 * would. Throws what `writeHead` throws.
 * @param {import('node:http').ServerResponse} response
 */
function sendHeader(response) {
  if (response._headerSent) return
  response.flushHeaders()
  // Where the body begins in the count of the connection's bytes. Whoever
  // finds it later (a second file into the same response) can tell how much
  // of a promised Content-Length is out, whoever wrote it.
  if (!response.chunkedEncoding && typeof response._contentLength === 'number') {
    response[kBodyStart] = response.socket.bytesWritten
  }
}

/**
 * Body bytes that the response still owes its client: Infinity when no length
 * was promised, or when the header was not sent by `sendHeader`.
 * @param {import('node:http').ServerResponse} response its header is sent
 */
function bytesOwed(response) {
  const start = response[kBodyStart]
  if (start === undefined || response.socket === null) return Infinity
  return Math.max(0, response._contentLength - (response.socket.bytesWritten - start))
}

/**
 * True when the framing of the response is one that can be written from
 * outside: chunked, a Content-Length that is a number, or until the
 * connection closes.
 */
function isKnown(response) {
  const { chunkedEncoding, _contentLength: length } = response
  return chunkedEncoding || length === null || length === undefined || Number.isSafeInteger(length)
}

module.exports = { sendHeader, bytesOwed, isKnown }
