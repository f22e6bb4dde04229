'use strict'

// Functions of node:buffer that are no methods: transcode, isUtf8, isAscii,
// atob, btoa.

const { below, least, native } = require('./dispatch.js')
const { NAMES, UTF16LE, numberOf } = require('./encodings.js')
const { functions, takesEnd } = require('./nodes.js')

function isDone(operation, size) {
  return size >= least[operation] && size < below[operation]
}

/** The operations of `transcode`, by the numbers of both encodings. */
const pairs = NAMES.slice(0, 4).map((from) => {
  return NAMES.slice(0, 4).map((to) => `transcode.${from}.${to}`)
})

/** Whether Node transcodes half a unit beyond the end of its memory. */
function isHazard(size) {
  return native !== null && !takesEnd && size > 1024
}

function transcode(source, fromEncoding, toEncoding) {
  const from = numberOf(fromEncoding)
  const to = numberOf(toEncoding)
  const operation = pairs[from]?.[to]
  const size = source?.length
  // Half a unit at the end: Node's answers are its own, but for memory that
  // Node 22 and earlier write to without having it.
  const isWhole = from !== UTF16LE || size % 2 === 0
  const isDoable = isWhole ? isDone(operation, size) : isHazard(size)
  if (operation !== undefined && isDoable) {
    const result = native.transcode(source, from, to)
    if (result !== undefined && result.length > 0) return result
  }
  return functions.transcode(source, fromEncoding, toEncoding)
}

function isUtf8(input) {
  if (isDone('isUtf8', input?.length)) {
    const answer = native.isUtf8(input)
    if (answer !== undefined) return answer
  }
  return functions.isUtf8(input)
}

function isAscii(input) {
  if (isDone('isAscii', input?.length)) {
    const answer = native.isAscii(input)
    if (answer !== undefined) return answer
  }
  return functions.isAscii(input)
}

function atob(input) {
  if (typeof input === 'string' && isDone('atob', input.length)) {
    const text = native.atob(input)
    if (text !== undefined) return text
  }
  return arguments.length === 0 ? functions.atob() : functions.atob(input)
}

function btoa(input) {
  if (typeof input === 'string' && isDone('btoa', input.length)) {
    const text = native.btoa(input)
    if (text !== undefined) return text
  }
  return arguments.length === 0 ? functions.btoa() : functions.btoa(input)
}

module.exports = { transcode, isUtf8, isAscii, atob, btoa }
