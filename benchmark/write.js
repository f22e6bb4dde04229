'use strict'

// Writes files through node:fs and through millrace, and compares what that
// costs: see README.md.

const fs = require('node:fs')
const path = require('node:path')

const { version } = require('../package.json')
const { Problem, note, runCommand } = require('./lib/command.js')
const { createFile, createFolder, labelOf, warm } = require('./lib/files.js')
const { versionOf } = require('./lib/node-process.js')
const { parseWriteOptions } = require('./lib/options.js')
const { describeHost, formatRatio, hostFacts, toTable } = require('./lib/report.js')
const { measureRounds } = require('./lib/rounds.js')
const { startWorker } = require('./lib/worker-process.js')

const KINDS = ['fs', 'millrace']
const WRITER = path.join(__dirname, 'writer.js')

/** What is measured: a way of writer.js, and what is to be reached. */
const CASES = [
  { label: 'in writes of 100 bytes', way: 'writes', chunk: 100, targets: { throughput: 1.5 } },
  {
    label: 'in writes of 64 KiB',
    way: 'writes',
    chunk: 2 ** 16,
    targets: { throughput: 1, cpu: 0.8 },
  },
  { label: 'piped from a file', way: 'pipe', targets: { cpu: 0.35 } },
]

function judge({ targets, ratios }) {
  const { gibPerSecond, cpuSecondsPerGib } = ratios
  const verdicts = {}
  if (targets.throughput !== undefined) {
    verdicts.throughput = gibPerSecond.median >= targets.throughput
  }
  if (targets.cpu !== undefined) verdicts.cpu = cpuSecondsPerGib.median <= targets.cpu
  return verdicts
}

async function measureCase({ node, rounds, size, folder }, { label, ...task }) {
  const target = path.join(folder, 'written.bin')
  const source = task.way === 'pipe' ? createFile(folder, size) : null
  const whole = { ...task, size, target, source: source?.path }
  // A process each time: where the kernel has put the threads of one, together
  // on a core or apart, they stay, and trips between them cost accordingly.
  const ask = async (kind, action) => {
    const writer = startWorker({ node, script: WRITER, args: [kind] })
    const answer = await writer.ask(action, whole)
    await writer.stop()
    return answer
  }
  const fallback = await ask('millrace', 'fallback')
  if (fallback !== null) throw new Problem(`millrace leaves everything to Node here: ${fallback}.`)
  const hashes = []
  for (const kind of KINDS) hashes.push(await ask(kind, 'verify'))
  if (hashes[0] !== hashes[1]) throw new Problem(`${label}: other bytes were written.`)
  note(`${label}: same bytes; ${rounds} rounds`)
  const measured = await measureRounds({
    label,
    kinds: KINDS,
    rounds,
    ratios: ['gibPerSecond', 'cpuSecondsPerGib'],
    run(kind) {
      if (source !== null) warm(source)
      return ask(kind, 'write')
    },
  })
  if (source !== null) fs.rmSync(source.path)
  return { label, targets: task.targets, sha256: hashes[0], ...measured }
}

function toMarkdown({ command, host, options, rows }) {
  const facts = `${hostFacts(host)}; medians of ${options.rounds} rounds`
  const table = toTable(
    [
      `${labelOf(options.size)}, written`,
      'node:fs GiB/s',
      'millrace GiB/s',
      'ratio (quartiles)',
      'node:fs CPU s/GiB',
      'millrace CPU s/GiB',
      'ratio (quartiles)',
      'targets',
    ],
    rows.map(({ label, medians, ratios, targets, verdicts }) => [
      label,
      medians.fs.gibPerSecond.toFixed(2),
      medians.millrace.gibPerSecond.toFixed(2),
      formatRatio(ratios.gibPerSecond),
      medians.fs.cpuSecondsPerGib.toFixed(3),
      medians.millrace.cpuSecondsPerGib.toFixed(3),
      formatRatio(ratios.cpuSecondsPerGib),
      Object.entries(targets)
        .map(([name, target]) => {
          const wanted = name === 'cpu' ? `CPU ≤ ${target}` : `throughput ≥ ${target}`
          return `${wanted}: ${verdicts[name] ? 'met' : '**missed**'}`
        })
        .join(', '),
    ]),
  )
  const warning = options.isQuick ? ' (--quick: not a measurement)' : ''
  return [facts + warning, `\`${command}\``, table].join('\n\n')
}

runCommand(async () => {
  const options = parseWriteOptions()
  const host = describeHost(versionOf(options.node))
  const date = new Date().toISOString()
  const folder = createFolder()
  const rows = []
  for (const entry of CASES) {
    const row = await measureCase({ ...options, folder }, entry)
    rows.push({ ...row, verdicts: judge(row) })
  }
  const command = ['node benchmark/write.js', ...process.argv.slice(2)].join(' ')
  const result = { date, command, millrace: version, host, options, rows }
  if (options.json !== undefined) {
    fs.writeFileSync(options.json, `${JSON.stringify(result, null, 2)}\n`)
  }
  console.log(toMarkdown(result))
})
