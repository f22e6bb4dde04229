'use strict'

// What a string is like, by a look at a part of it: some content Node does as
// fast as the addon, which first has to copy the string. A wrong guess costs
// time, and nothing else.

const { mode } = require('./dispatch.js')
const { BASE64, UTF8 } = require('./encodings.js')
const { methods, statics } = require('./nodes.js')

// Constants, so that the compiler knows what is called.
const { base64Write: nodesBase64Write, base64urlWrite: nodesBase64urlWrite } = methods

/** How much of base64 is decoded to see whether it is clean. */
const PREFIX = 256
const decoded = statics.allocUnsafeSlow((PREFIX / 4) * 3)

/** Characters beyond these make a string one of two bytes each, which Node is slow with. */
const LATIN1 = 0x100

/** Up to Node 20, writing is slow with all of latin1 that is not ASCII. */
const isSlowWithLatin1 = Number.parseInt(process.versions.node, 10) < 22
const UNWRITTEN = isSlowWithLatin1 ? 0x80 : LATIN1

/**
 * How many characters are looked at. In text that is not Latin nearly all are
 * beyond it; in French a few are beyond ASCII.
 */
const SAMPLES = 4
const SAMPLES_WRITTEN = isSlowWithLatin1 ? 16 : SAMPLES

/** Whether a string seems to have characters from one on. */
function seemsToHave(least, string, samples) {
  const step = Math.max(1, Math.floor(string.length / samples))
  for (let i = 0; i < string.length; i += step) {
    if (string.charCodeAt(i) >= least) return true
  }
  return false
}

/** Whether base64 seems to have characters that keep Node from its fast decoder. */
function isDirty(string, code) {
  const prefix = string.slice(0, PREFIX)
  // The two in which the other alphabet differs.
  const isOther =
    code === BASE64
      ? prefix.includes('-') || prefix.includes('_')
      : prefix.includes('+') || prefix.includes('/')
  if (isOther) return true
  const decode = code === BASE64 ? nodesBase64Write : nodesBase64urlWrite
  if (decode.call(decoded, prefix, 0, decoded.length) === decoded.length) return false
  // White space Node skips quickly.
  return !prefix.includes('\n') && !prefix.includes(' ')
}

/**
 * Whether the addon is worth it for a string that is long enough.
 * @param {number} code of the encoding
 */
function isWorthIt(string, code) {
  if (mode === 'native') return true
  if (code === UTF8) return seemsToHave(UNWRITTEN, string, SAMPLES_WRITTEN)
  return code < BASE64 || (string.length >= PREFIX && isDirty(string, code))
}

/** The same of its length in an encoding. */
function isWorthCounting(string, code) {
  return mode === 'native' || code !== UTF8 || seemsToHave(LATIN1, string, SAMPLES)
}

module.exports = { isWorthIt, isWorthCounting }
