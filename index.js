'use strict'

const {
  Duplex,
  PassThrough,
  Readable,
  Transform,
  Writable,
  finished,
  pipeline,
} = require('node:stream')

const { defer } = require('./lib/deferred.js')
const { ReadStream, createReadStream } = require('./lib/read-stream.js')
const { createSpool } = require('./lib/spool/create-spool.js')
const { createDecoder, createEncoder } = require('./lib/transforms/codecs.js')
const { createSplitter } = require('./lib/transforms/splitter.js')
const { createThrottle } = require('./lib/transforms/throttle.js')
const { stats } = require('./lib/transfer/statistics.js')
const { WriteStream, createWriteStream } = require('./lib/write-stream.js')

// What is Node's is what is there now, and not when a buffer is asked for.
require('./lib/buffer/nodes.js')

module.exports = {
  createReadStream,
  ReadStream,
  createWriteStream,
  WriteStream,
  createSpool,
  createSplitter,
  createDecoder,
  createEncoder,
  createThrottle,
  stats,
  // Named here for `import`; deferred below.
  Buffer: undefined,
  buffer: undefined,
  Readable,
  Writable,
  Duplex,
  Transform,
  PassThrough,
  pipeline,
  finished,
}

defer(module.exports, 'buffer', () => require('./buffer.js'))
defer(module.exports, 'Buffer', () => require('./buffer.js').Buffer)
