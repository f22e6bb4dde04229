'use strict'

// What is told of the host and of the results.

const os = require('node:os')

const MIB = 2 ** 20

function describeHost(node) {
  return {
    cpu: os.cpus()[0].model.trim(),
    cores: os.availableParallelism(),
    kernel: `${os.type()} ${os.release()}`,
    architecture: os.arch(),
    node,
  }
}

/** The host in half a sentence. */
function hostFacts({ cpu, cores, kernel, architecture, node }) {
  const number = `${cores} ${cores === 1 ? 'core' : 'cores'}`
  return `${cpu} (${architecture}), ${number}, ${kernel}, Node.js ${node}`
}

function hostLine(host, options, pinned) {
  const placement = pinned
    ? `server on core ${pinned.server}, client on core ${pinned.client}`
    : 'unpinned'
  const framing = options.setsLength ? 'Content-Length' : 'chunked'
  return (
    `${hostFacts(host)}; ${placement}; ` +
    `${options.connections} connections; ${framing}; medians of ${options.rounds} rounds` +
    (options.isQuick ? ' (--quick: not a measurement)' : '')
  )
}

/** The whole result in Markdown. */
function toMarkdown({ command, host, pinned, options, rows }) {
  const parts = [
    hostLine(host, options, pinned),
    `\`${command}\``,
    toTable(
      [
        'file',
        'node:fs µs/request',
        'millrace µs/request',
        'ratio (quartiles)',
        'node:fs requests/s',
        'millrace requests/s',
        'node:fs CPU s/GiB',
        'millrace CPU s/GiB',
      ],
      rows.map(comparison),
    ),
  ]
  const floors = rows.filter(({ medians }) => medians.floor !== undefined)
  if (floors.length > 0) {
    parts.push(
      'The floor, `response.end(buffer)` with the same bytes in memory:',
      toTable(['file', 'µs/request', 'requests/s'], floors.map(floor)),
    )
  }
  return parts.join('\n\n')
}

function comparison({ file, size, medians: { fs, millrace }, ratios }) {
  const perGib = ({ cpuSecondsPerGib }) => (size >= MIB ? cpuSecondsPerGib.toFixed(3) : '')
  return [
    file,
    format(fs.cpuMicrosecondsPerRequest),
    format(millrace.cpuMicrosecondsPerRequest),
    formatRatio(ratios.cpuMicrosecondsPerRequest),
    format(fs.requestsPerSecond),
    format(millrace.requestsPerSecond),
    perGib(fs),
    perGib(millrace),
  ]
}

function floor({ file, medians }) {
  return [
    file,
    format(medians.floor.cpuMicrosecondsPerRequest),
    format(medians.floor.requestsPerSecond),
  ]
}

/** A ratio as `spread` describes it. */
function formatRatio({ median, lowerQuartile, upperQuartile }) {
  return `**${median.toFixed(2)}** (${lowerQuartile.toFixed(2)}–${upperQuartile.toFixed(2)})`
}

function format(value) {
  const digits = value < 100 ? 1 : 0
  return value.toLocaleString('en-US', {
    minimumFractionDigits: digits,
    maximumFractionDigits: digits,
  })
}

/** A Markdown table: the first column is text, the others are numbers. */
function toTable(titles, rows) {
  const lines = [titles, titles.map((_, column) => (column === 0 ? '---' : '---:')), ...rows]
  return lines.map((cells) => `| ${cells.join(' | ')} |`).join('\n')
}

module.exports = { describeHost, hostFacts, toMarkdown, toTable, format, formatRatio }
