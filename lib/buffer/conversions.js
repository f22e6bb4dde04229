'use strict'

// Functions of node:buffer that are no methods: transcode, isUtf8, isAscii,
// atob, btoa.

const { isDoneBy, native } = require('./dispatch.js')
const { NAMES, UTF16LE, numberOf } = require('./encodings.js')
const { functions, takesEnd } = require('./nodes.js')

// Constants, so that the compiler knows what is called.
const {
  transcode: nodesTranscode,
  isUtf8: nodesIsUtf8,
  isAscii: nodesIsAscii,
  atob: nodesAtob,
  btoa: nodesBtoa,
} = functions

const isUtf8Done = isDoneBy('isUtf8')
const isAsciiDone = isDoneBy('isAscii')
const isAtobDone = isDoneBy('atob')
const isBtoaDone = isDoneBy('btoa')

/** Whether the addon transcodes so much, by the numbers of both encodings. */
const pairs = NAMES.slice(0, 4).map((from) => {
  return NAMES.slice(0, 4).map((to) => isDoneBy(`transcode.${from}.${to}`))
})

/** Whether Node transcodes half a unit beyond the end of its memory. */
function isHazard(size) {
  return native !== null && !takesEnd && size > 1024
}

function transcode(source, fromEncoding, toEncoding) {
  const from = numberOf(fromEncoding)
  const to = numberOf(toEncoding)
  const isDone = pairs[from]?.[to]
  const size = source?.length
  // Half a unit at the end: Node's answers are its own, but for memory that
  // Node 22 and earlier write to without having it.
  const isWhole = from !== UTF16LE || size % 2 === 0
  const isDoable = isWhole ? isDone?.(size) : isHazard(size)
  if (isDone !== undefined && isDoable) {
    const result = native.transcode(source, from, to)
    if (result !== undefined && result.length > 0) return result
  }
  return nodesTranscode(source, fromEncoding, toEncoding)
}

function isUtf8(input) {
  if (isUtf8Done(input?.length)) {
    const answer = native.isUtf8(input)
    if (answer !== undefined) return answer
  }
  return nodesIsUtf8(input)
}

function isAscii(input) {
  if (isAsciiDone(input?.length)) {
    const answer = native.isAscii(input)
    if (answer !== undefined) return answer
  }
  return nodesIsAscii(input)
}

function atob(input) {
  if (typeof input === 'string' && isAtobDone(input.length)) {
    const text = native.atob(input)
    if (text !== undefined) return text
  }
  return arguments.length === 0 ? nodesAtob() : nodesAtob(input)
}

function btoa(input) {
  if (typeof input === 'string' && isBtoaDone(input.length)) {
    const text = native.btoa(input)
    if (text !== undefined) return text
  }
  return arguments.length === 0 ? nodesBtoa() : nodesBtoa(input)
}

module.exports = { transcode, isUtf8, isAscii, atob, btoa }
