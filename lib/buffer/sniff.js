'use strict'

// What a string is like, by a look at a part of it: some content Node does as
// fast as the addon, which first has to copy the string. A wrong guess costs
// time, and nothing else.

const { mode } = require('./dispatch.js')
const { BASE64, UTF8 } = require('./encodings.js')
const { methods, statics } = require('./nodes.js')

// Constants, so that the compiler knows what is called.
const { base64Write: nodesBase64Write, base64urlWrite: nodesBase64urlWrite } = methods

/** Characters that are looked at. */
const SAMPLES = 16

/** How much of base64 is decoded to see whether it is clean. */
const PREFIX = 256
const decoded = statics.allocUnsafeSlow((PREFIX / 4) * 3)

/** From here on, characters are slow to write for Node: 22 and later are quick with latin1. */
const WIDE = Number.parseInt(process.versions.node, 10) >= 22 ? 0x100 : 0x80

/** Whether a string seems to have such characters. */
function isWide(string) {
  const step = string.length / SAMPLES
  for (let i = 0; i < SAMPLES; i += 1) {
    if (string.charCodeAt(Math.floor(i * step)) >= WIDE) return true
  }
  return false
}

/** Whether base64 seems to have characters that keep Node from its fast decoder. */
function isDirty(string, code) {
  const prefix = string.slice(0, PREFIX)
  // Of the two that differ between the alphabets, one is enough to look for.
  if (prefix.includes(code === BASE64 ? '_' : '/')) return true
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
  if (code === UTF8) return isWide(string)
  return code < BASE64 || (string.length >= PREFIX && isDirty(string, code))
}

module.exports = { isWorthIt }
