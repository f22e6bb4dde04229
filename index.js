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

const buffer = require('./buffer.js')
const { ReadStream, createReadStream } = require('./lib/read-stream.js')
const { createSpool } = require('./lib/spool/spool.js')
const { createDecoder, createEncoder } = require('./lib/transforms/codecs.js')
const { createSplitter } = require('./lib/transforms/splitter.js')
const { createThrottle } = require('./lib/transforms/throttle.js')
const { stats } = require('./lib/transfer/statistics.js')
const { WriteStream, createWriteStream } = require('./lib/write-stream.js')

const { Buffer } = buffer

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
  Buffer,
  buffer,
  Readable,
  Writable,
  Duplex,
  Transform,
  PassThrough,
  pipeline,
  finished,
}
