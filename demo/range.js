'use strict'

// The Range header of RFC 9110, for one range of bytes.

/**
 * What part of a file a Range header asks for. Several ranges at once are
 * answered with the whole file, which the RFC allows.
 * @param {string | undefined} header
 * @param {number} size the file's
 * @returns {{ start: number, end: number } | 'unsatisfiable' | null} both ends
 *   are included; null means that the header is to be ignored
 */
function parseRange(header, size) {
  const unit = /^bytes=(.*)$/i.exec(header ?? '')
  if (unit === null) return null
  // Elements of a list may be empty.
  const specs = unit[1].split(',').map((spec) => spec.trim())
  const [spec, another] = specs.filter((spec) => spec !== '')
  if (spec === undefined || another !== undefined) return null

  const ends = /^(\d*)-(\d*)$/.exec(spec)
  if (ends === null || spec === '-') return null
  return ends[1] === '' ? lastBytes(Number(ends[2]), size) : fromFirst(ends, size)
}

function lastBytes(count, size) {
  if (count === 0) return 'unsatisfiable'
  // Satisfiable, but there is no Content-Range that says "nothing".
  if (size === 0) return null
  return { start: Math.max(0, size - count), end: size - 1 }
}

function fromFirst([, first, last], size) {
  const start = Number(first)
  const end = last === '' ? Infinity : Number(last)
  if (end < start) return null
  if (start >= size) return 'unsatisfiable'
  return { start, end: Math.min(end, size - 1) }
}

module.exports = { parseRange }
