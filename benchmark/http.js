'use strict'

// Sends files over HTTP through node:fs and through millrace, and compares
// what that costs: see README.md.

const fs = require('node:fs')

const { version } = require('../package.json')
const { buildClient } = require('./lib/client.js')
const { note, runCommand } = require('./lib/command.js')
const { createFiles } = require('./lib/files.js')
const { measureFile } = require('./lib/measure.js')
const { versionOf } = require('./lib/node-process.js')
const { parseHttpOptions } = require('./lib/options.js')
const { chooseCores } = require('./lib/pinning.js')
const { describeHost, toMarkdown } = require('./lib/report.js')
const { startServer } = require('./lib/server-process.js')
const { verify } = require('./lib/verify.js')

/** Above it, node:http's own part is small. */
const LARGEST_FLOOR = 2 ** 16

runCommand(async () => {
  const options = parseHttpOptions()
  const host = describeHost(versionOf(options.node))
  const date = new Date().toISOString()
  buildClient()
  const pinned = chooseCores()
  const { folder, files } = createFiles(options.sizes)
  const { node, setsLength, connections, rounds, isQuick } = options
  const server = await startServer({ node, folder, setsLength, core: pinned?.server })
  const setting = { server, connections, clientCore: pinned?.client, rounds, isQuick }

  const rows = []
  for (const file of files) {
    const kinds = ['fs', 'millrace', ...(file.size <= LARGEST_FLOOR ? ['floor'] : [])]
    const verified = await verify({ server, file, kinds, setsLength })
    const { mode, engine } = verified.transfer
    note(`${file.label}: same bytes through ${kinds.join(', ')}; millrace: ${mode}, ${engine}`)
    const measured = await measureFile(setting, file, kinds)
    rows.push({ file: file.label, size: file.size, verified, ...measured })
  }
  await server.stop()

  const command = ['node benchmark/http.js', ...process.argv.slice(2)].join(' ')
  const result = { date, command, millrace: version, host, pinned, options, rows }
  if (options.json !== undefined) {
    fs.writeFileSync(options.json, `${JSON.stringify(result, null, 2)}\n`)
  }
  console.log(toMarkdown(result))
})
