'use strict'

/**
 * The options of `stream.Duplex` that all Duplexes here hand on.
 * @param {object} options
 */
function duplexOptionsOf({
  highWaterMark,
  readableHighWaterMark,
  writableHighWaterMark,
  emitClose,
}) {
  return { highWaterMark, readableHighWaterMark, writableHighWaterMark, emitClose }
}

module.exports = { duplexOptionsOf }
