'use strict'

// Node's own methods, as they were when this module was loaded. Whoever
// replaces one wants to see the calls, so while one is replaced nothing
// bypasses it. Replaced before, it cannot be told by comparing: then its
// source text tells, by a word of Node's.

const { EventEmitter } = require('node:events')
const fs = require('node:fs')
const http = require('node:http')
const net = require('node:net')
const { Readable, Writable } = require('node:stream')

// Several copies of this package may be loaded; none builds on another.
const kNodes = Symbol.for('millrace.nodes')

/** Node's own fs.ReadStream, also where a copy of ours stands in its place. */
const NodeReadStream = fs.ReadStream[kNodes] ?? fs.ReadStream

/** Node's own fs.WriteStream, likewise. */
const NodeWriteStream = fs.WriteStream[kNodes] ?? fs.WriteStream

/** Marks a class of ours as standing in for one of Node's. */
function markMillraceClass(ours, nodes) {
  Object.defineProperty(ours, kNodes, { value: nodes })
}

/** True for the classes of any copy of this package, not for derived ones. */
function isMillraceClass(value) {
  return Object.hasOwn(value, kNodes)
}

const toText = Function.prototype.toString

/** The methods of `holder`, by name, and whether all of them are Node's. */
function originals(holder, words) {
  const names = Object.keys(words)
  const isOf = (name) =>
    typeof holder[name] === 'function' && words[name].test(toText.call(holder[name]))
  return {
    methods: Object.fromEntries(names.map((name) => [name, holder[name]])),
    areNodes: names.every(isOf),
  }
}

const ofFs = originals(fs, { open: /\bbinding\./, read: /\bbinding\./ })
const ofWriting = originals(fs, {
  open: /\bbinding\./,
  write: /\bbinding\./,
  writev: /\bbinding\./,
})
// Apart, because graceful-fs replaces it in every program that loads it.
const ofClose = originals(fs, { close: /\bbinding\./ })
const ofResponse = originals(http.ServerResponse.prototype, {
  write: /\bwrite_\(/,
  _send: /_headerSent/,
  _writeRaw: /_httpMessage/,
})
const ofSocket = originals(net.Socket.prototype, {
  write: /\b_write\(/,
  _write: /_writeGeneric\(false/,
  _writev: /_writeGeneric\(true/,
  _writeGeneric: /\bwriteGeneric\(/,
  _final: /ShutdownWrap/,
  _destroy: /kBytesWritten/,
})
const ofSource = {
  _read: originals(NodeReadStream.prototype, { _read: /kIsPerformingIO/ }),
  push: originals(Readable.prototype, { push: /readableAddChunk/ }),
  emit: originals(EventEmitter.prototype, { emit: /kErrorMonitor/ }),
}
const ofWriter = [
  originals(NodeWriteStream.prototype, {
    _write: /kIsPerformingIO/,
    _writev: /kIsPerformingIO/,
    _destroy: /kIsPerformingIO/,
  }),
  originals(Writable.prototype, { write: /\b_write\(/, end: /\bfinishMaybe\(/ }),
]
const areWritersNodes = ofWriter.every(({ areNodes }) => areNodes)
const writerMethods = Object.entries(Object.assign({}, ...ofWriter.map(({ methods }) => methods)))
const fsReadStream = NodeReadStream.prototype
const { _read } = ofSource._read.methods
const { push } = ofSource.push.methods
const { emit } = ofSource.emit.methods
const areSourcesNodes = Object.values(ofSource).every(({ areNodes }) => areNodes)

let knownCwd = null
let isMocked = false

/**
 * mock-fs replaces what is beneath fs, and with it, to be seen from here,
 * process.cwd: by a function that names its mark.
 */
function isFsMocked() {
  if (process.cwd !== knownCwd) {
    knownCwd = process.cwd
    isMocked = typeof knownCwd === 'function' && toText.call(knownCwd).includes('_mockedBinding')
  }
  return isMocked
}

/** True while `node:fs` opens and reads with functions of Node's. */
function isFsOriginal() {
  const { open, read } = ofFs.methods
  return ofFs.areNodes && fs.open === open && fs.read === read && !isFsMocked()
}

/** True while `node:fs` opens and writes with functions of Node's. */
function isFsWritingOriginal() {
  const { open, write, writev } = ofWriting.methods
  const isSame = fs.open === open && fs.write === write && fs.writev === writev
  return ofWriting.areNodes && isSame && !isFsMocked()
}

/** True while `node:fs` closes with a function of Node's. */
function isCloseOriginal() {
  return ofClose.areNodes && fs.close === ofClose.methods.close && !isFsMocked()
}

/** True while nobody stands between a source's file and its chunks. */
function isSourceOriginal(source) {
  return (
    areSourcesNodes && source.push === push && source.emit === emit && fsReadStream._read === _read
  )
}

/** True while nobody stands between a stream and its listeners. */
function isEmitOriginal(stream) {
  return ofSource.emit.areNodes && stream.emit === emit
}

/** True while nobody stands between a writer's chunks and its file. */
function isWriterOriginal(stream) {
  return areWritersNodes && writerMethods.every(([name, method]) => stream[name] === method)
}

/** True while the body of a response goes the way that Node sends it. */
function isResponseOriginal(response) {
  return response.write === ofResponse.methods.write && isSendOriginal(response)
}

/** The same, whatever becomes of it in `response.write`. */
function isSendOriginal(response) {
  const { _send, _writeRaw } = ofResponse.methods
  return ofResponse.areNodes && response._send === _send && response._writeRaw === _writeRaw
}

/** True while what is written to a socket goes the way that Node sends it. */
function isSocketOriginal(socket) {
  const { write, _write, _writev, _writeGeneric, _final, _destroy } = ofSocket.methods
  return (
    ofSocket.areNodes &&
    socket.write === write &&
    socket._write === _write &&
    socket._writev === _writev &&
    socket._writeGeneric === _writeGeneric &&
    socket._final === _final &&
    socket._destroy === _destroy
  )
}

module.exports = {
  NodeReadStream,
  NodeWriteStream,
  markMillraceClass,
  isMillraceClass,
  isFsOriginal,
  isFsWritingOriginal,
  isCloseOriginal,
  isSourceOriginal,
  isEmitOriginal,
  isResponseOriginal,
  isSendOriginal,
  isSocketOriginal,
  isWriterOriginal,
}
