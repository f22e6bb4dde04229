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

const { ReadStream, createReadStream } = require('./lib/read-stream.js')
const { stats } = require('./lib/transfer/statistics.js')
const { WriteStream, createWriteStream } = require('./lib/write-stream.js')

module.exports = {
  createReadStream,
  ReadStream,
  createWriteStream,
  WriteStream,
  stats,
  Readable,
  Writable,
  Duplex,
  Transform,
  PassThrough,
  pipeline,
  finished,
}
