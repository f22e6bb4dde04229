'use strict'

// Measures Buffer's operations, Node's own against ours, and writes the table
// by which one is chosen: see README.md.

const fs = require('node:fs')
const path = require('node:path')

const { createCases } = require('./lib/buffer-cases.js')
const { measure, summarize } = require('./lib/buffer-measure.js')
const { calibrate, merge, toMarkdown } = require('./lib/buffer-report.js')
const { Problem, note, runCommand } = require('./lib/command.js')
const { parseBufferOptions } = require('./lib/options.js')
const { describeHost } = require('./lib/report.js')

const TABLE = path.join(__dirname, '..', 'lib', 'buffer', 'table.json')
const library = path.join(__dirname, '..', 'lib', 'buffer')

/** How often everything is gone through. */
const PASSES = 3

/** Both sides, by the same names. */
function loadSides(mode) {
  process.env.MILLRACE_BUFFER = mode
  const part = (name) => require(path.join(library, name))
  const { methods, statics, functions } = part('nodes.js')
  const strings = part('strings.js')
  const { native, least, below } = part('dispatch.js')
  if (native === null) throw new Problem('there is no addon here: nothing to compare with.')
  const { toString, write } = strings
  return {
    bounds: { least, below },
    nodes: { methods, statics, functions },
    ours: {
      methods: { ...part('find.js'), ...part('bytes.js'), toString, write },
      statics: part('statics.js'),
      functions: part('conversions.js'),
      buffer: require('../buffer.js'),
    },
  }
}

runCommand(async () => {
  const options = parseBufferOptions()
  const { rounds, sizes, only, isQuick, calibrates } = options
  const { nodes, ours, bounds } = loadSides(calibrates ? 'unbounded' : '')
  const limits = { rounds: Math.ceil(rounds / PASSES), batch: isQuick ? 20_000 : 1_000_000 }

  const rows = createCases(nodes, ours)
    .filter(({ operation }) => only?.some((name) => operation.startsWith(name)) ?? true)
    .filter(({ operation }) => nodes.functions.transcode || !operation.startsWith('transcode'))
  for (const row of rows) row.cells = sizes.map((size) => ({ size, measurements: [] }))
  // Apart in time, so that what disturbs one pass does not spoil a cell.
  const passes = Math.min(PASSES, rounds)
  for (let pass = 1; pass <= passes; pass += 1) {
    note(`pass ${pass} of ${passes}`)
    for (const { make, cells } of rows) {
      for (const { size, measurements } of cells) {
        measurements.push(measure(() => make(size), limits))
      }
    }
  }
  for (const row of rows) {
    const { least, below } = bounds
    row.cells = row.cells.map(({ size, measurements }) => {
      const isNative = size >= least[row.operation] && size < below[row.operation]
      return Object.assign({ size, isNative }, summarize(measurements))
    })
  }
  if (rows.length === 0) throw new Problem('--only names no operation.')

  const command = ['node benchmark/buffer.js', ...process.argv.slice(2)].join(' ')
  const host = describeHost(process.version)
  const result = { date: new Date().toISOString(), command, host, options, rows }
  if (options.json !== undefined) {
    fs.writeFileSync(options.json, `${JSON.stringify(result, null, 2)}\n`)
  }
  if (calibrates) {
    const table = JSON.parse(fs.readFileSync(TABLE, 'utf8'))
    fs.writeFileSync(
      TABLE,
      merge(
        table,
        calibrate(rows),
        rows.map((row) => row.operation),
      ),
    )
  }
  console.log(toMarkdown(result))
})
