'use strict'

// What is written to a stream.

const { Buffer } = require('node:buffer')
const { isSharedArrayBuffer } = require('node:util').types

/**
 * The chunk, or a copy of it where another thread may change it meanwhile.
 * @param {Buffer} chunk
 */
function unshared(chunk) {
  return isSharedArrayBuffer(chunk.buffer) ? Buffer.from(chunk) : chunk
}

module.exports = { unshared }
