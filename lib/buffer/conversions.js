'use strict'

// Functions of node:buffer that are no methods: transcode, isUtf8, isAscii,
// atob, btoa.

const { isUint8Array } = require('node:util/types')

const { below, isDoneBy, isEverNative, least, native } = require('./dispatch.js')
const { NAMES, UTF16LE, numberOf } = require('./encodings.js')
const { functions, lengthOf, takesEnd } = require('./nodes.js')

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
const { atob: leastAtob, btoa: leastBtoa } = least
const { atob: belowAtob, btoa: belowBtoa } = below

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
  const size = isUint8Array(source) && source.length === lengthOf(source) ? source.length : NaN
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
  if (isUint8Array(input) && isUtf8Done(lengthOf(input))) {
    const answer = native.isUtf8(input)
    if (answer !== undefined) return answer
  }
  return nodesIsUtf8(input)
}

function isAscii(input) {
  if (isUint8Array(input) && isAsciiDone(lengthOf(input))) {
    const answer = native.isAscii(input)
    if (answer !== undefined) return answer
  }
  return nodesIsAscii(input)
}

function atob(input) {
  if (typeof input === 'string' && input.length >= leastAtob && input.length < belowAtob) {
    const text = native.atob(input)
    if (text !== undefined) return text
  }
  return arguments.length === 0 ? nodesAtob() : nodesAtob(input)
}

function btoa(input) {
  if (typeof input === 'string' && input.length >= leastBtoa && input.length < belowBtoa) {
    const text = native.btoa(input)
    if (text !== undefined) return text
  }
  return arguments.length === 0 ? nodesBtoa() : nodesBtoa(input)
}

module.exports = {
  transcode,
  // Node's own, where there is nothing to choose.
  isUtf8: isEverNative('isUtf8') ? isUtf8 : nodesIsUtf8,
  isAscii: isEverNative('isAscii') ? isAscii : nodesIsAscii,
  atob: isEverNative('atob') ? atob : nodesAtob,
  btoa: isEverNative('btoa') ? btoa : nodesBtoa,
}
