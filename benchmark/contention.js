'use strict'

// Sends many files at once through node:fs and through millrace, and compares
// what everyone else notices: see README.md.

const fs = require('node:fs')

const { version } = require('../package.json')
const { buildClient } = require('./lib/client.js')
const { runCommand } = require('./lib/command.js')
const { judge, toMarkdown } = require('./lib/contention-report.js')
const { measureBusy, measureIdle, measureOthers } = require('./lib/contention-runs.js')
const { createFiles } = require('./lib/files.js')
const { versionOf } = require('./lib/node-process.js')
const { parseContentionOptions } = require('./lib/options.js')
const { chooseSides } = require('./lib/pinning.js')
const { threadNames } = require('./lib/process-facts.js')
const { describeHost } = require('./lib/report.js')
const { startServer } = require('./lib/server-process.js')
const { verify } = require('./lib/verify.js')

const SIZE = 2 ** 24

runCommand(async () => {
  const options = parseContentionOptions()
  const { node, downloads, seconds, rounds } = options
  const host = describeHost(versionOf(node))
  const date = new Date().toISOString()
  buildClient()
  const pinned = chooseSides()
  const { folder, files } = createFiles([SIZE])
  const [file] = files
  const settingOf = (server) => ({ server, core: pinned?.client, file, downloads, seconds, rounds })
  const start = async (core) => {
    const server = await startServer({ node, folder, core })
    const verified = await verify({ server, file, kinds: ['fs', 'millrace'], setsLength: false })
    return { server, verified }
  }

  const { server: first, verified } = await start(pinned?.server)
  const idle = await measureIdle(settingOf(first))
  const others = await measureOthers(settingOf(first))
  await first.stop()

  // Two things at a time need two cores. Where there are no more, the clients
  // are on one of them, too.
  const { server: second } = await start(pinned?.others > 1 ? pinned.server : undefined)
  const demand = others.medians.fs.gibPerSecond * 2 ** 30
  const busy = await measureBusy(settingOf(second), demand)
  const threads = countThreads(second.pid)
  await second.stop()

  const command = ['node benchmark/contention.js', ...process.argv.slice(2)].join(' ')
  const measured = { verified, idle, others, busy, demand, threads }
  const verdicts = judge(measured)
  const result = { date, command, millrace: version, host, pinned, options, ...measured, verdicts }
  if (options.json !== undefined) {
    fs.writeFileSync(options.json, `${JSON.stringify(result, null, 2)}\n`)
  }
  console.log(toMarkdown(result))
})

function countThreads(pid) {
  return threadNames(pid).filter((name) => name === 'millrace').length
}
