'use strict'

// A file that is not in memory is downloaded: how fast that is, and what it
// does to everyone else. See README.md.

const fs = require('node:fs')

const { version } = require('../package.json')
const { measureBeside, measureSpeed } = require('./lib/cold-runs.js')
const { toMarkdown } = require('./lib/cold-report.js')
const { chill } = require('./lib/cold.js')
const { Problem, runCommand } = require('./lib/command.js')
const { createFile, createFolder } = require('./lib/files.js')
const { versionOf } = require('./lib/node-process.js')
const { parseColdOptions } = require('./lib/options.js')
const { describeHost } = require('./lib/report.js')

/** Of what is downloaded beside. */
const WARM_SIZE = 2 ** 18

/** Cold files, one after the other, for as long as others are watched. */
const COLD_FILES = 4

runCommand(async () => {
  const options = parseColdOptions()
  const host = describeHost(versionOf(options.node))
  const date = new Date().toISOString()
  const folder = createFolder()
  const colds = Array.from({ length: COLD_FILES }, (_, i) =>
    createFile(folder, options.size, `cold-${i}`),
  )
  const [cold] = colds
  const warm = createFile(folder, WARM_SIZE, 'warm')
  if (!chill(cold)) {
    throw new Problem('files of this folder stay in memory: set TMPDIR to a folder on a disk.')
  }
  const setting = { ...options, folder, cold, colds, warm }
  const speed = await measureSpeed(setting)
  const beside = await measureBeside(setting)

  const command = ['node benchmark/cold.js', ...process.argv.slice(2)].join(' ')
  const result = { date, command, millrace: version, host, options, speed, beside }
  if (options.json !== undefined) {
    fs.writeFileSync(options.json, `${JSON.stringify(result, null, 2)}\n`)
  }
  console.log(toMarkdown(result))
})
