'use strict'

// The tables of read.js.

const { format, formatRatio, hostFacts, toTable } = require('./report.js')

/** Below it, files are counted instead of bytes. */
const SMALL = 2 ** 20

/** Whether the targets of a case are met, by name. */
function judge({ targets, ratios, medians }) {
  const verdicts = {}
  if (targets.throughput !== undefined) {
    const { median, upperQuartile } = ratios.filesPerSecond
    // "Never slower" is a promise about what noise alone does not explain.
    const reached = targets.throughput === 1 ? upperQuartile : median
    verdicts.throughput = reached >= targets.throughput
  }
  if (targets.cpu !== undefined) {
    verdicts.cpu = ratios.cpuMicrosecondsPerFile.median <= targets.cpu
  }
  if (targets.hold !== undefined) {
    verdicts.hold = medians.millrace.holdP99Milliseconds <= targets.hold
  }
  return verdicts
}

const describeTarget = {
  throughput: (target) => (target === 1 ? 'not slower' : `throughput ≥ ${target.toFixed(2)}`),
  cpu: (target) => `CPU ≤ ${target.toFixed(2)}`,
  hold: (target) => `p99 ≤ ${target} ms`,
}

function targetsOf({ targets, verdicts }) {
  return Object.entries(targets)
    .map(
      ([name, target]) =>
        `${describeTarget[name](target)}: ${verdicts[name] ? 'met' : '**missed**'}`,
    )
    .join(', ')
}

/** The whole result in Markdown. */
function toMarkdown({ command, host, options, rows }) {
  const parts = [
    `${hostFacts(host)}; medians of ${options.rounds} rounds` +
      (options.isQuick ? ' (--quick: not a measurement)' : ''),
    `\`${command}\``,
  ]
  const held = rows.filter(({ kind }) => kind === 'hold')
  const others = rows.filter(({ kind }) => kind !== 'hold')
  const small = others.filter(({ size }) => size < SMALL)
  const large = others.filter(({ size }) => size >= SMALL)
  if (large.length > 0) parts.push(comparison(large, 'GiB/s', 'CPU s/GiB', largeColumns))
  if (small.length > 0) parts.push(comparison(small, 'files/s', 'CPU µs/file', smallColumns))
  if (held.length > 0) {
    parts.push('How long the event loop is held, in milliseconds:', holds(held))
  }
  return parts.join('\n\n')
}

const largeColumns = ({ gibPerSecond, cpuSecondsPerGib }) => [
  gibPerSecond.toFixed(2),
  cpuSecondsPerGib.toFixed(3),
]
const smallColumns = ({ filesPerSecond, cpuMicrosecondsPerFile }) => [
  format(filesPerSecond),
  format(cpuMicrosecondsPerFile),
]

function comparison(rows, throughput, cpu, columns) {
  return toTable(
    [
      'read',
      `node:fs ${throughput}`,
      `millrace ${throughput}`,
      'ratio (quartiles)',
      `node:fs ${cpu}`,
      `millrace ${cpu}`,
      'ratio (quartiles)',
      'targets',
    ],
    rows.map((row) => {
      const [fs, millrace] = [columns(row.medians.fs), columns(row.medians.millrace)]
      return [
        row.label,
        fs[0],
        millrace[0],
        formatRatio(row.ratios.filesPerSecond),
        fs[1],
        millrace[1],
        formatRatio(row.ratios.cpuMicrosecondsPerFile),
        targetsOf(row),
      ]
    }),
  )
}

function holds(rows) {
  const kinds = ['idle', 'fs', 'millrace']
  const line = ({ label, medians, ratios }, what, name, targets) => [
    `${label}: ${what}`,
    ...kinds.map((kind) => medians[kind][name].toFixed(3)),
    formatRatio(ratios[name]),
    targets,
  ]
  return toTable(
    ['read', 'nothing is read', 'node:fs', 'millrace', 'ratio (quartiles)', 'targets'],
    rows.flatMap((row) => [
      line(row, 'p99', 'holdP99Milliseconds', targetsOf(row)),
      line(row, 'longest', 'holdLongestMilliseconds', ''),
    ]),
  )
}

module.exports = { judge, toMarkdown }
