'use strict'

// Reads files in JavaScript through node:fs and through millrace, and compares
// what that costs: see README.md.

const fs = require('node:fs')

const { version } = require('../package.json')
const { runCommand } = require('./lib/command.js')
const { createFolder } = require('./lib/files.js')
const { versionOf } = require('./lib/node-process.js')
const { parseReadOptions } = require('./lib/options.js')
const { chooseCores } = require('./lib/pinning.js')
const { GROUPS, createCases } = require('./lib/read-cases.js')
const { judge, toMarkdown } = require('./lib/read-report.js')
const { measureCase } = require('./lib/read-runs.js')
const { describeHost } = require('./lib/report.js')

runCommand(async () => {
  const options = parseReadOptions(GROUPS)
  const { node, rounds, isQuick, only } = options
  const host = describeHost(versionOf(node))
  const date = new Date().toISOString()
  const pinned = only.includes('https') ? chooseCores() : null

  const rows = []
  for (const entry of createCases(createFolder(), only, isQuick)) {
    const { group, label, kind, files, task, targets } = entry
    const measured = await measureCase({ node, rounds, isQuick, pinned }, entry)
    const { size, sha256 } = files[0]
    const row = { group, label, kind, size, sha256, task, targets, ...measured }
    rows.push({ ...row, verdicts: judge(row) })
  }

  const command = ['node benchmark/read.js', ...process.argv.slice(2)].join(' ')
  const result = { date, command, millrace: version, host, pinned, options, rows }
  if (options.json !== undefined) {
    fs.writeFileSync(options.json, `${JSON.stringify(result, null, 2)}\n`)
  }
  console.log(toMarkdown(result))
})
