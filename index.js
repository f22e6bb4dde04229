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

module.exports = {
  createReadStream,
  ReadStream,
  Readable,
  Writable,
  Duplex,
  Transform,
  PassThrough,
  pipeline,
  finished,
}
