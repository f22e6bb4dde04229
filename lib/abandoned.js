'use strict'

// Sources whose client is gone. Node leaves the source of a pipe open when its
// destination closes early, and its descriptor with it (nodejs/node#1834).

const http = require('node:http')
const net = require('node:net')
const { setImmediate } = require('node:timers')

/**
 * True for the side of a network connection whose peer is gone.
 * @param {import('node:stream').Writable} destination
 * @param {boolean} [isPiped] the source is still piped to it: it has not finished,
 *   whatever a response says that was ended and has lost its socket
 */
function isGone(destination, isPiped = false) {
  // Node ends a socket whose client has ended, unless it may be half open.
  if (destination instanceof net.Socket && destination.readableEnded) {
    if (destination.writableFinished) return true
  }
  if (destination instanceof http.OutgoingMessage) {
    if (!isPiped && destination.writableFinished) return false
    return destination.destroyed || destination.closed === true || isOrphan(destination)
  }
  if (destination instanceof net.Socket) {
    return (destination.destroyed || destination.closed) && !destination.writableFinished
  }
  // HTTP/2, without loading node:http2 to ask. Its response knows whether it
  // was ended, its stream whether all of it was sent.
  const { stream = destination } = destination
  if (typeof stream.respond !== 'function' || !stream.destroyed) return false
  return stream === destination ? !stream.writableFinished : !destination.writableEnded
}

/**
 * True for a response whose connection closed before its turn came. Until Node 24
 * nobody tells it.
 */
function isOrphan(response) {
  return connectionOf(response)?.destroyed === true
}

function connectionOf(response) {
  return response.socket ?? response.req?.socket
}

/**
 * Destroys a source that has no destination left but such that are gone, unless
 * somebody reads on. Who wants to has until the event loop's next turn to say so.
 * @param {import('node:fs').ReadStream} stream
 */
function releaseLater(stream) {
  setImmediate(() => {
    const { pipes } = stream._readableState
    const isUsed =
      pipes.some((destination) => !isGone(destination)) ||
      (pipes.length === 0 && stream.listenerCount('data') + stream.listenerCount('readable') > 0)
    if (!isUsed && stream.autoClose && !stream.destroyed) stream.destroy()
  })
}

/** The sources that wait for their turn, by connection. */
const waiting = new WeakMap()

/**
 * Has a source released when the connection closes on which its destination, a
 * pipelined response, waits for those before it.
 * @param {import('node:fs').ReadStream} stream
 * @param {import('node:stream').Writable} destination
 */
function releaseWithConnection(stream, destination) {
  const isWaiting = destination instanceof http.ServerResponse && destination.socket === null
  const connection = isWaiting ? connectionOf(destination) : undefined
  if (!(connection instanceof net.Socket) || connection.destroyed) return
  let streams = waiting.get(connection)
  if (streams === undefined) {
    streams = new Set()
    waiting.set(connection, streams)
    // One for all of them: there may be thousands.
    connection.once('close', () => {
      for (const each of streams) if (!each.destroyed) releaseLater(each)
    })
  }
  streams.add(stream)
  stream.once('close', () => streams.delete(stream))
}

module.exports = { isGone, releaseLater, releaseWithConnection }
