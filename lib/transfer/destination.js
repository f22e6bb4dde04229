'use strict'

// Whether the kernel may write to a pipe's destination behind JavaScript's
// back. Asked before every native stretch, because anything may have changed
// since the last one.

const http = require('node:http')
const net = require('node:net')

const { binding } = require('../native.js')
const { writeFsOf } = require('../native-write-fs.js')
const {
  isFsWritingOriginal,
  isResponseOriginal,
  isSocketOriginal,
  isWriterOriginal,
} = require('../originals.js')
const { isTransparent } = require('./transparent.js')

/**
 * What forbids a native transfer to `destination` at this moment: one of the
 * reasons of `stream.transfer`, or null when nothing does.
 * @param {import('node:stream').Writable} destination
 * @returns {string | null}
 */
function obstacleOf(destination) {
  if (destination instanceof http.ServerResponse) {
    return obstacleOfResponse(destination) ?? obstacleOfSocket(destination.socket)
  }
  if (destination instanceof net.Socket) return obstacleOfSocket(destination)
  const writeFs = writeFsOf(destination)
  if (writeFs !== undefined) return obstacleOfFile(destination, writeFs)
  return 'destination-kind'
}

function obstacleOfResponse(response) {
  // compression, on-the-fly rewriting and mocks put their own in place.
  if (!isResponseOriginal(response) && !isTransparent(response)) return 'patched-destination'
  if (response.finished || response.destroyed) return 'destination-ended'
  // Counts body bytes in a private field and throws when they don't add up.
  if (response.strictContentLength) return 'strict-content-length'
  if (!response._hasBody) return 'no-body'
  const { socket } = response
  // A pipelined response gets its socket when those before it are done.
  if (!socket || socket._httpMessage !== response) return 'no-socket'
  if (response.writableLength !== 0 || response.writableCorked !== 0) return 'destination-busy'
  return null
}

function obstacleOfSocket(socket) {
  if (!(socket instanceof net.Socket)) return 'destination-kind'
  // The handle of a TLS or HTTP/2 socket shows the descriptor beneath it:
  // what is written there goes out in the clear.
  if (socket.encrypted) return 'tls'
  if (socket.connecting) return 'no-socket'
  const handle = socket._handle
  if (!handle || socket.destroyed || !socket.writable) return 'destination-ended'
  if (!(handle.fd >= 0) || !isStreamSocket(handle)) return 'destination-kind'
  if (!isSocketOriginal(socket)) return 'patched-destination'
  if (socket.writableLength !== 0 || socket.writableCorked !== 0 || handle.writeQueueSize !== 0) {
    return 'destination-busy'
  }
  return null
}

function obstacleOfFile(stream, writeFs) {
  if (!isWriterOriginal(stream)) return 'patched-destination'
  if (stream.destroyed || stream.writableEnded || stream.errored) return 'destination-ended'
  if (!isFsWritingOriginal()) return 'patched-fs'
  if (stream.pending) return 'not-open'
  const isBusy = stream.writableLength !== 0 || stream._writableState.writing || writeFs.isHeld
  if (isBusy || stream.writableCorked !== 0) return 'destination-busy'
  return writeFs.isCopyable(stream.fd) ? null : 'destination-kind'
}

// A Pipe handle may be a FIFO as well as a Unix socket, and is asked once.
const pipes = new WeakMap()

function isStreamSocket(handle) {
  const { name } = handle.constructor
  if (name !== 'Pipe') return name === 'TCP'
  if (!pipes.has(handle)) pipes.set(handle, binding.isStreamSocket(handle.fd))
  return pipes.get(handle)
}

module.exports = { obstacleOf }
