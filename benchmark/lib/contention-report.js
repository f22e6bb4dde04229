'use strict'

// The tables of contention.js.

const { formatRatio, hostFacts, toTable } = require('./report.js')

/** What is to be reached, by the name of the ratio. */
const TARGETS = {
  probeP99: { most: 0.5 },
  loopP99: { most: 1 / 3 },
  kept: { least: 0.9 },
  keptOfDemand: { least: 0.9 },
}

/**
 * Whether the targets are met, by medians.
 * @param {{ others: object, busy: object }} measured
 */
function judge({ others, busy }) {
  const isMet = (name, value) => {
    const { most = Infinity, least = -Infinity } = TARGETS[name]
    return value <= most && value >= least
  }
  return {
    probeP99: isMet('probeP99', others.ratios.probeP99.median),
    loopP99: isMet('loopP99', others.ratios.loopP99.median),
    kept: isMet('kept', busy.medians.millrace.kept),
    keptOfDemand: isMet('keptOfDemand', busy.medians.millrace.keptOfDemand),
  }
}

function describeTarget(name, verdicts) {
  const { most, least } = TARGETS[name]
  const bound = most === undefined ? `≥ ${least.toFixed(2)}` : `≤ ${most.toFixed(2)}`
  return `${bound}: ${verdicts[name] ? 'met' : '**missed**'}`
}

const milliseconds = (value) => value.toFixed(2)
const gib = (value) => value.toFixed(2)
const part = (value) => value.toFixed(2)

/** The whole result in Markdown. */
function toMarkdown({
  command,
  host,
  pinned,
  options,
  idle,
  others,
  busy,
  demand,
  threads,
  verdicts,
}) {
  return [
    `${hostFacts(host)}; ${placementOf(pinned)}; ${options.downloads} downloads of 16 MiB at a ` +
      `time, for ${options.seconds} s; medians of ${options.rounds} rounds` +
      (options.isQuick ? ' (--quick: not a measurement)' : ''),
    `\`${command}\``,
    'What others notice of downloads that take all they get:',
    othersTable(idle, others, verdicts),
    `What JavaScript takes from the downloads when it computes 5 ms of every 10; ` +
      `\`demand\` is what the clients take at most, ${gib(demand / 2 ** 30)} GiB/s:`,
    busyTable(busy, verdicts),
    `The addon's threads: ${threads}.`,
  ].join('\n\n')
}

function placementOf(pinned) {
  if (pinned === null) return 'unpinned'
  const { server, client, others } = pinned
  const where = `clients on core ${client}, server on ${others === 1 ? 'core' : 'cores'} ${server}`
  return others === 1 ? `${where} (on both beside busy JavaScript)` : where
}

function othersTable(idle, { medians: { fs, millrace }, ratios }, verdicts) {
  const row = (title, name, show, target = '') => [
    title,
    idle[name] === undefined ? '' : show(idle[name]),
    show(fs[name]),
    show(millrace[name]),
    ratios[name] === undefined ? '' : formatRatio(ratios[name]),
    target,
  ]
  return toTable(
    ['', 'nothing is sent', 'node:fs', 'millrace', 'ratio (quartiles)', 'target'],
    [
      row('probe, p99, ms', 'probeP99', milliseconds, describeTarget('probeP99', verdicts)),
      row('probe, median, ms', 'probeMedian', milliseconds),
      row('event loop, p99, ms', 'loopP99', milliseconds, describeTarget('loopP99', verdicts)),
      row('downloads, GiB/s', 'gibPerSecond', gib),
      row('CPU of the server, cores', 'coresUsed', part),
      row('begun together: slowest / median', 'slowestToMedian', part),
      row('begun together: slowest / fastest', 'slowestToFastest', part),
    ],
  )
}

function busyTable({ medians: { fs, millrace } }, verdicts) {
  const row = (title, name, target = '') => [title, part(fs[name]), part(millrace[name]), target]
  return toTable(
    ['', 'node:fs', 'millrace', 'target'],
    [
      row('GiB/s, JavaScript free', 'free'),
      row('GiB/s, JavaScript busy', 'busy'),
      row('part that is left', 'kept', describeTarget('kept', verdicts)),
      row('demand: GiB/s, JavaScript free', 'demandFree'),
      row('demand: GiB/s, JavaScript busy', 'demandBusy'),
      row('demand: part that is left', 'keptOfDemand', describeTarget('keptOfDemand', verdicts)),
    ],
  )
}

module.exports = { judge, toMarkdown }
