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
const { stats } = require('./lib/transfer/statistics.js')

const { Buffer } = buffer

module.exports = {
  createReadStream,
  ReadStream,
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
