'use strict'

// Transforms and the spool beside what they replace: see README.md.

const assert = require('node:assert')
const fs = require('node:fs')
const path = require('node:path')

const { runCommand, note } = require('./lib/command.js')
const { createFolder } = require('./lib/files.js')
const { versionOf } = require('./lib/node-process.js')
const { parseReadOptions } = require('./lib/options.js')
const { describeHost, hostFacts, toTable } = require('./lib/report.js')
const { median, spread } = require('./lib/statistics.js')
const { startWorker } = require('./lib/worker-process.js')

const SCRIPT = path.join(__dirname, 'transformer.js')
const LINE = 125
const MIB = 2 ** 20

/** Who does it, and how many times as fast as each millrace is to be. */
const CASES = {
  'lines-await': { label: 'lines, `for await`', targets: { readline: 1.5, split2: 2 } },
  'lines-data': { label: "lines, `on('data')`", targets: { split2: 2 } },
  'lines-batch': { label: 'lines, in batches', targets: { split2: 4 } },
  'hex-decode': { label: 'hex, decode', targets: { Buffer: 3 } },
  'hex-encode': { label: 'hex, encode', targets: { Buffer: 3 } },
  'base64-decode': { label: 'base64, decode', targets: { Buffer: 3 } },
  'base64-lines': { label: 'base64 in lines of 76, decode', targets: { Buffer: 3 } },
  'base64-encode': { label: 'base64, encode', targets: { Buffer: 3 } },
  spool: { label: 'spool, 1 MiB of memory', targets: { 'fs-capacitor': 1 } },
}

/** A log of lines of 125 bytes. */
function createLog(folder, size) {
  const location = path.join(folder, 'lines.log')
  const line = (i) => `2026-11-25T07:10:37Z INFO request=${i} path=/a/b/${i % 977} status=200 `
  const block = Array.from({ length: 8192 }, (_, i) => `${line(i).padEnd(LINE - 1, 'x')}\n`).join(
    '',
  )
  const descriptor = fs.openSync(location, 'wx')
  for (let written = 0; written < size; written += block.length) {
    fs.writeSync(descriptor, block.slice(0, size - written))
  }
  fs.closeSync(descriptor)
  return { path: location }
}

async function measure({ node, rounds, size, folder, file }, name) {
  const kinds = [...Object.keys(CASES[name].targets), 'millrace']
  const workers = kinds.map((kind) => startWorker({ node, script: SCRIPT, args: [name, kind] }))
  const samples = Object.fromEntries(kinds.map((kind) => [kind, []]))
  let first
  for (let round = 0; round <= rounds; round++) {
    // Who comes first changes, so that nobody profits.
    const order = kinds.map((_, i) => (i + round) % kinds.length)
    for (const i of order) {
      const isFirst = round === 0
      // eslint-disable-next-line no-await-in-loop -- one at a time
      const sample = await workers[i].ask('run', { file, size, folder, isFirst })
      const { count, length, sha256 } = sample
      // The first, which is discarded, compares everything.
      first ??= { count, length, sha256 }
      assert.deepStrictEqual({ count, length }, { count: first.count, length: first.length }, name)
      if (isFirst) assert.strictEqual(sha256, first.sha256, `${name}: ${kinds[i]}`)
      else samples[kinds[i]].push(sample)
    }
  }
  await Promise.all(workers.map((worker) => worker.stop()))
  return { name, sha256: first.sha256, ...compare(kinds, samples, CASES[name].targets), samples }
}

function compare(kinds, samples, targets) {
  const medianOf = (kind, what) => median(samples[kind].map((sample) => sample[what]))
  const seconds = Object.fromEntries(kinds.map((kind) => [kind, medianOf(kind, 'seconds')]))
  const cpuSeconds = Object.fromEntries(kinds.map((kind) => [kind, medianOf(kind, 'cpuSeconds')]))
  const ratios = Object.fromEntries(
    Object.keys(targets).map((peer) => [
      peer,
      spread(samples[peer].map((sample, i) => sample.seconds / samples.millrace[i].seconds)),
    ]),
  )
  return { seconds, cpuSeconds, ratios }
}

function rowsOf({ name, seconds, cpuSeconds, ratios }, size) {
  const { label, targets } = CASES[name]
  const speed = (kind) => Math.round(size / MIB / seconds[kind])
  return Object.entries(targets).map(([peer, target]) => [
    label,
    peer,
    `${speed(peer)}`,
    `${speed('millrace')}`,
    `**${ratios[peer].median.toFixed(2)}** (${ratios[peer].lowerQuartile.toFixed(2)}–` +
      `${ratios[peer].upperQuartile.toFixed(2)})`,
    (cpuSeconds.millrace / cpuSeconds[peer]).toFixed(2),
    `${target}: ${ratios[peer].median >= target ? 'met' : 'missed'}`,
  ])
}

runCommand(async () => {
  const options = parseReadOptions(Object.keys(CASES))
  const { node, rounds, only, isQuick } = options
  const host = describeHost(versionOf(node))
  const folder = createFolder()
  const size = isQuick ? MIB : 256 * MIB
  const file = createLog(folder, size)
  const rows = []
  for (const name of only) {
    note(`${name}: ${rounds} rounds`)
    // eslint-disable-next-line no-await-in-loop -- one at a time
    rows.push(await measure({ node, rounds, size, folder, file }, name))
  }
  const command = ['node benchmark/transform.js', ...process.argv.slice(2)].join(' ')
  const result = { date: new Date().toISOString(), command, host, options, size, rows }
  if (options.json !== undefined) {
    fs.writeFileSync(options.json, `${JSON.stringify(result, null, 2)}\n`)
  }
  const quick = isQuick ? ' (--quick: not a measurement)' : ''
  console.log(`${hostFacts(host)}; medians of ${rounds} rounds${quick}\n`)
  const columns = ['', 'beside', 'MiB/s', 'millrace, MiB/s', 'ratio', 'CPU', 'target']
  const lines = rows.flatMap((row) => rowsOf(row, size))
  console.log(toTable(columns, lines))
})
