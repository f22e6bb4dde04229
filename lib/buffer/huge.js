'use strict'

// Searching in more than 2 GiB with Node's own, which are right below that:
// in windows of 64 MiB.

const { methods, statics } = require('./nodes.js')

/** Even, so that UTF-16 stays aligned. */
const WINDOW = 2 ** 26

function slice(bytes, start, end) {
  return new Uint8Array(bytes.buffer, bytes.byteOffset + start, end - start)
}

/** What Node can search: UTF-16 at an even address, and no half unit. */
function part(bytes, start, end, step) {
  const view = slice(bytes, start, end - ((end - start) % step))
  return view.byteOffset % step === 0 ? view : statics.from(view)
}

/**
 * The first match of `needle` (not empty, of less than 1 GiB) that lies in
 * `[from, to)`, or the last that begins at `from` or before; -1 for none.
 * @param {1 | 2} step 2 for UTF-16, where only even positions count
 */
function findInWindows(bytes, needle, from, to, step, isForward) {
  const encoding = step === 2 ? 'utf16le' : 'latin1'
  if (step === 2) needle = slice(needle, 0, needle.length - (needle.length % 2))
  if (isForward) {
    for (let start = from; start + needle.length <= to; start += WINDOW) {
      const end = Math.min(to, start + WINDOW + needle.length - step)
      const found = methods.indexOf.call(part(bytes, start, end, step), needle, 0, encoding)
      if (found !== -1) return start + found
    }
    return -1
  }
  let last = Math.min(from, to - needle.length)
  while (last >= 0) {
    const start = Math.max(0, last - WINDOW + 1 + ((last + 1) % 2))
    const window = part(bytes, start, last + needle.length, step)
    const found = methods.lastIndexOf.call(window, needle, last - start, encoding)
    if (found !== -1) return start + found
    last = start - 1
  }
  return -1
}

module.exports = { findInWindows }
