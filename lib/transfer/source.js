'use strict'

// Whether a ReadStream's bytes may bypass JavaScript.

const { isFsOriginal, isSourceOriginal } = require('../originals.js')

/**
 * What forbids a native transfer from `source` at this moment: one of the
 * reasons of `stream.transfer`, or null when nothing does.
 * @param {import('../read-stream.js').ReadStream} source
 * @param {Function} ondata the listener that its pipe put on it
 * @returns {string | null}
 */
function obstacleOf(source, ondata) {
  const { pipes } = source._readableState
  if (pipes.length !== 1) return pipes.length === 0 ? 'no-pipe' : 'several-destinations'
  if (source.readableEncoding !== null) return 'encoding'
  // A single listener is kept as it is, several as an array.
  if (source._events.data !== ondata) return 'data-listener'
  if (source.listenerCount('readable') !== 0) return 'readable-listener'
  if (!isSourceOriginal(source)) return 'patched-source'
  if (!isFsOriginal()) return 'patched-fs'
  return null
}

/**
 * What forbids it for the time being, once nothing else does.
 * @param {import('../read-stream.js').ReadStream} source
 * @returns {string | null}
 */
function passingObstacleOf(source) {
  if (source.readableFlowing !== true) return 'paused'
  if (source.readableLength !== 0) return 'buffered'
  if (source.readableHighWaterMark === 0 || bytesWanted(source) <= 0) return 'empty'
  return null
}

/**
 * Whether Node may be on the way with a chunk that nothing counts: from 26.12 on it
 * takes the only chunk of a flowing stream out of its buffer, has the next one
 * read, and hands the first on behind that.
 * @param {import('node:stream').Readable} source that is asked to read
 */
function mayHoldChunk({ _readableState: state }) {
  return state.fastChunk !== undefined && state.sync
}

/** Bytes up to the stream's `end`; Infinity when it has none. */
function bytesWanted({ pos, end, bytesRead }) {
  return end - (pos ?? bytesRead) + 1
}

/** True for a file that the stream opened itself and showed to nobody yet. */
function isUntouched(source) {
  return (
    source.pos === undefined &&
    source.bytesRead === 0 &&
    source.path !== undefined &&
    source.listenerCount('open') === 0 &&
    source.listenerCount('ready') === 0
  )
}

module.exports = { obstacleOf, passingObstacleOf, mayHoldChunk, bytesWanted, isUntouched }
