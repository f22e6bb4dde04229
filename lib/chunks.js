'use strict'

// What is written to a stream.

const { Buffer } = require('node:buffer')

/**
 * The chunk, or a copy of it where another thread may change it meanwhile.
 * @param {Buffer} chunk
 */
function unshared(chunk) {
  return chunk.buffer instanceof SharedArrayBuffer ? Buffer.from(chunk) : chunk
}

module.exports = { unshared }
