'use strict'

// What is written to a stream.

/**
 * The chunk, or a copy of it where another thread may change it meanwhile.
 * @param {Buffer} chunk
 */
function unshared(chunk) {
  return chunk.buffer instanceof SharedArrayBuffer ? Buffer.from(chunk) : chunk
}

module.exports = { unshared }
