'use strict'

// The beginning of a search. Most are over after one or two hits of a byte of
// the needle, which Node's `indexOf(number)` finds without leaving compiled
// code; where there are more hits, the addon goes on.

const { methods } = require('./nodes.js')

// Constants, so that the compiler knows what is called.
const { indexOf: nodesIndexOf, lastIndexOf: nodesLastIndexOf } = methods

/** Hits of the byte that are looked at. */
const HITS = 4

/** Longer needles are not compared here. */
const LONGEST_NEEDLE = 64

const ASCII = 0x80

/** What a probe answers when the search is to go on from a position. */
const goOn = (position) => -2 - position

/**
 * Looks at the first hits of a needle's first byte.
 * @param {Uint8Array} bytes at most 2 GiB
 * @param {string | Uint8Array} value not empty; a string in an encoding that
 *   leaves ASCII as it is
 * @param {number} from where to begin
 * @param {number} end where matches have to end
 * @returns {number} the position; -1 for none; below that, `goOn` of a position
 */
function probeForward(bytes, value, from, end) {
  const isText = typeof value === 'string'
  const { length } = value
  const first = isText ? value.charCodeAt(0) : value[0]
  if (length > LONGEST_NEEDLE || (isText && first >= ASCII)) return goOn(from)
  for (let hit = 0; hit < HITS; hit += 1) {
    const position = nodesIndexOf.call(bytes, first, from)
    if (position === -1 || position + length > end) return -1
    let i = 1
    for (; i < length; i += 1) {
      const unit = isText ? value.charCodeAt(i) : value[i]
      if (isText && unit >= ASCII) return goOn(position)
      if (bytes[position + i] !== unit) break
    }
    if (i === length) return position
    from = position + 1
  }
  return goOn(from)
}

/**
 * Looks at the last hits of a needle's last byte, as `probeForward`.
 * @param {number} from where a match may begin, at most
 */
function probeBackward(bytes, value, from) {
  const isText = typeof value === 'string'
  const { length } = value
  if (length > LONGEST_NEEDLE || from < 0) return from < 0 ? -1 : goOn(from)
  if (isText) {
    for (let i = 0; i < length; i += 1) if (value.charCodeAt(i) >= ASCII) return goOn(from)
  }
  const final = length - 1
  const last = isText ? value.charCodeAt(final) : value[final]
  for (let hit = 0; hit < HITS; hit += 1) {
    const start = nodesLastIndexOf.call(bytes, last, from + final) - final
    if (start < 0) return -1
    let i = final - 1
    while (i >= 0 && bytes[start + i] === (isText ? value.charCodeAt(i) : value[i])) i -= 1
    if (i < 0) return start
    from = start - 1
    if (from < 0) return -1
  }
  return goOn(from)
}

module.exports = { probeForward, probeBackward, goOn }
