'use strict'

// What is made of the measurements of Buffer's operations: a table to read,
// and bounds to choose by.

const { hostFacts, toTable } = require('./report.js')

/** So much faster for some kind of content, and so little slower for any. */
const GAIN = 1.15
const LOSS = 0.95
/**
 * Of base64 a part is decoded to see whether it is clean: up to 70 ns, for what
 * is several times as fast if it is not.
 */
const LOSSES = { 'write.base64': 0.85, 'write.base64url': 0.85 }

/**
 * The sizes between which the addon does each operation: faster for some
 * kind of content, and slower for none.
 * @returns {Record<string, [number, number | null]>}
 */
function calibrate(rows) {
  const found = {}
  for (const operation of new Set(rows.map((row) => row.operation))) {
    const kinds = rows.filter((row) => row.operation === operation)
    const sizes = kinds[0].cells.map(({ size }) => size)
    const isFaster = sizes.map((_, i) => {
      const ratios = kinds.map(({ cells }) => cells[i].ratio)
      const isSlower = ({ median }) => median < (LOSSES[operation] ?? LOSS)
      const isGain = ({ median, lowerQuartile }) => median >= GAIN && lowerQuartile > 1
      return ratios.some(isGain) && !ratios.some(isSlower)
    })
    const bounds = longestRun(sizes, isFaster)
    if (bounds !== null) found[operation] = bounds
  }
  return found
}

/**
 * Of several runs of sizes, the longest; of equals the one of larger sizes. One
 * size alone is chance, and at the end not worth what a look at it costs the others.
 */
function longestRun(sizes, isFaster) {
  let best = null
  let longest = 0
  for (let start = 0; start < sizes.length; start += 1) {
    let end = start
    while (end < sizes.length && isFaster[end]) end += 1
    if (end - start > 1 && end - start >= longest) {
      longest = end - start
      best = [sizes[start], sizes[end] ?? null]
    }
    start = end
  }
  return best
}

/** The table with what was found for the running Node in it, as text. */
function merge(table, found, measured) {
  const { arch, versions } = process
  const major = Number.parseInt(versions.node, 10)
  const before = { ...table[arch]?.[major] }
  for (const operation of measured) delete before[operation]
  const all = { ...table, [arch]: { ...table[arch], [major]: { ...before, ...found } } }
  return `${JSON.stringify(all, null, 2).replaceAll(/\[\s+(\d+),\s+(\d+|null)\s+\]/g, '[$1, $2]')}\n`
}

function sizeOf(size) {
  if (size < 2 ** 10) return `${size} B`
  return size < 2 ** 20 ? `${size / 2 ** 10} KiB` : `${size / 2 ** 20} MiB`
}

/** In bold where it is the addon that works. */
function cellOf({ ratio, isNative }) {
  const text = ratio.median.toFixed(ratio.median < 10 ? 2 : 1)
  return isNative ? `**${text}**` : text
}

function timeOf(nanoseconds) {
  return nanoseconds < 10_000
    ? `${Math.round(nanoseconds)} ns`
    : `${(nanoseconds / 1000).toFixed(1)} µs`
}

function toMarkdown({ host, command, rows }) {
  const { cells } = rows[0]
  const shown = cells.find(({ size }) => size === 2 ** 16) ?? cells.at(-1)
  const at = cells.indexOf(shown)
  const titles = ['', ...cells.map(({ size }) => sizeOf(size)), `Node, ${sizeOf(shown.size)}`]
  const lines = rows.map(({ operation, kind, cells }) => [
    `${operation}: ${kind}`,
    ...cells.map(cellOf),
    timeOf(cells[at].node),
  ])
  return [
    `${hostFacts(host)}; \`${command}\`.`,
    'How many times as fast as Node: medians; in bold where the addon does it.',
    toTable(titles, lines),
  ].join('\n\n')
}

module.exports = { calibrate, merge, toMarkdown }
