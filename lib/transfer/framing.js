'use strict'

// How the body of a response is framed, and how much of it is still owed.

const http = require('node:http')

const { writeHead, _implicitHeader } = http.ServerResponse.prototype

const kBodyStart = Symbol('millrace.bodyStart')

/**
 * Composes the header of a response, as the first write of a body would.
 * Throws what `writeHead` throws.
 * @param {import('node:http').ServerResponse} response
 * @returns {string} what of it is still to be sent, as a string of bytes
 */
function takeHeader(response) {
  if (response._headerSent) return ''
  if (!response._header) response._implicitHeader()
  return response._header
}

/**
 * Has Node's first write meet the error that was met here. It would compose the
 * header again, and who wants to see headers may do so once.
 * @param {import('node:http').ServerResponse} response
 * @param {unknown} error what `takeHeader` threw
 */
function failNextHeader(response, error) {
  const own = Object.getOwnPropertyDescriptor(response, '_implicitHeader')
  Object.defineProperty(response, '_implicitHeader', {
    configurable: true,
    enumerable: false,
    writable: true,
    value() {
      if (own) Object.defineProperty(response, '_implicitHeader', own)
      else delete response._implicitHeader
      throw error
    },
  })
}

/**
 * Notes that the next bytes on the connection are the header and the body.
 * @param {import('node:http').ServerResponse} response
 * @param {string} header what `takeHeader` gave
 */
function markHeaderSent(response, header) {
  if (header === '') return
  response._headerSent = true
  // Where the body begins in the count of the connection's bytes. Whoever
  // finds it later (a second file into the same response) can tell how much
  // of a promised Content-Length is out, whoever wrote it.
  if (hasLength(response)) {
    response[kBodyStart] = response.socket.bytesWritten + header.length
  }
}

/** Takes the mark back: nothing was sent. */
function unmarkHeaderSent(response, header) {
  if (header === '') return
  response._headerSent = false
  response[kBodyStart] = undefined
}

/**
 * Notes a header that Node has sent, if nothing but `count` bytes of the body
 * went out behind it.
 * @param {import('node:http').ServerResponse} response
 * @param {number} start `socket.bytesWritten` when it was still to be sent
 * @param {number} count
 */
function recognizeHeader(response, start, count) {
  if (!response._headerSent || response.socket === null || !hasLength(response)) return
  const bodyStart = start + response._header.length
  // Others may have written as well: an interim response, a body of their own.
  if (response.socket.bytesWritten === bodyStart + count) response[kBodyStart] ??= bodyStart
}

/** The same as `bytesOwed`, of a response whose header may not be composed. */
function bytesToCome(response) {
  if (response._header) return bytesOwed(response)
  const isFramed = response.hasHeader('transfer-encoding')
  const length = Number(response.getHeader('content-length'))
  return length >= 0 && !isFramed ? length : Infinity
}

/**
 * Body bytes that the response still owes its client: Infinity when no length
 * was promised, or when the header was sent by others.
 * @param {import('node:http').ServerResponse} response its header is composed
 */
function bytesOwed(response) {
  const start = response[kBodyStart]
  if (start === undefined || response.socket === null) {
    return response._headerSent || !hasLength(response) ? Infinity : response._contentLength
  }
  return Math.max(0, response._contentLength - (response.socket.bytesWritten - start))
}

/** True when someone has put a function of their own where headers are made. */
function isHeard(response) {
  return response.writeHead !== writeHead || response._implicitHeader !== _implicitHeader
}

/**
 * True when the framing of the response is one that can be written from
 * outside: chunked, a Content-Length that is a number, or until the
 * connection closes.
 */
function isKnown(response) {
  const { chunkedEncoding, _contentLength: length } = response
  return chunkedEncoding || length == null || (Number.isSafeInteger(length) && length >= 0)
}

function hasLength({ chunkedEncoding, _contentLength: length }) {
  return !chunkedEncoding && typeof length === 'number'
}

/** True for an ended response whose client waits for more bytes than come. */
function isShort(response) {
  const owed = bytesOwed(response)
  return response.finished && response._hasBody && owed > 0 && owed < Infinity
}

/** The same, for a response that was ended while a stretch ran. */
function isEndedShort({ socket, response, owed }, sent) {
  if (response === null || !response.finished || owed === Infinity) return false
  // What was held back is its last bytes, unless it has left the socket.
  const held = response.socket === null ? 0 : socket.writableLength
  return owed - sent - held > 0
}

module.exports = {
  takeHeader,
  failNextHeader,
  markHeaderSent,
  recognizeHeader,
  bytesToCome,
  unmarkHeaderSent,
  bytesOwed,
  isHeard,
  isKnown,
  isShort,
  isEndedShort,
}
