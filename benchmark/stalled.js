'use strict'

// Many clients ask for a large file, stop reading, and go away: what that
// costs a server through node:fs and through millrace. See README.md.

const { once } = require('node:events')
const fs = require('node:fs')

const { Problem, note, runCommand } = require('./lib/command.js')
const { createFiles, warm } = require('./lib/files.js')
const { versionOf } = require('./lib/node-process.js')
const { parseCommandLine, parseCount } = require('./lib/options.js')
const { countDescriptors, descriptorLimit, until, untilQuiet } = require('./lib/process-facts.js')
const { toTable } = require('./lib/report.js')
const { startServer } = require('./lib/server-process.js')
const { Clients, probe } = require('./lib/stalled-clients.js')
const { median } = require('./lib/statistics.js')

const SMALL = 2 ** 10
const LARGE = 2 ** 24
const WARM_UPS = 8
const PROBES = 200
const STALL_PATIENCE = 60_000
const LEAVE_PATIENCE = 5_000

/** A socket, a file, and what a transfer duplicates of both. */
const DESCRIPTORS_PER_CLIENT = 4
const OTHER_DESCRIPTORS = 200

function parseOptions() {
  const values = parseCommandLine({
    clients: { type: 'string', default: '1000' },
    node: { type: 'string', default: process.execPath },
  })
  const wanted = parseCount('clients', values.clients)
  const limit = descriptorLimit()
  const most = Math.floor((limit - OTHER_DESCRIPTORS) / DESCRIPTORS_PER_CLIENT)
  if (most < 1) throw new Problem(`${limit} descriptors are too few.`)
  if (wanted > most) note(`${limit} descriptors are enough for ${most} clients.`)
  return { count: Math.min(wanted, most), node: values.node }
}

async function observe({ kind, node, count, folder, small, large }) {
  const server = await startServer({ node, folder })
  const { pid, port } = server
  const latency = async () => median(await probe(port, `/${kind}/${small.name}`, PROBES))
  const memory = async () => Number(await server.getText('/memory'))

  // What the first downloads leave behind is not the stalled clients' share;
  // nor may garbage leave room in the heap that hides it.
  for (let i = 0; i < WARM_UPS; i++) {
    warm(large)
    const response = await server.get(`/${kind}/${large.name}`)
    await once(response.resume(), 'end')
    await memory()
  }
  await latency()
  await memory()
  await untilQuiet(pid, STALL_PATIENCE)
  const descriptors = { before: countDescriptors(pid) }

  const clients = new Clients(port, count)
  await clients.connect('/cpu')
  descriptors.idle = countDescriptors(pid)
  const latencies = { idle: await latency() }
  const memories = { idle: await memory() }

  warm(large)
  await clients.stall(`/${kind}/${large.name}`)
  if ((await untilQuiet(pid, STALL_PATIENCE)) === null) {
    throw new Problem(`the server of ${kind} does not come to rest while its clients stall.`)
  }
  descriptors.stalled = countDescriptors(pid)
  latencies.stalled = await latency()
  memories.stalled = await memory()

  clients.leave()
  const gone = await until(() => countDescriptors(pid) <= descriptors.before, LEAVE_PATIENCE)
  descriptors.after = countDescriptors(pid)
  await server.stop()
  return { memories, latencies, descriptors, gone }
}

runCommand(async () => {
  if (!fs.existsSync('/proc/self/fd')) throw new Problem('this needs the /proc of Linux.')
  const { count, node } = parseOptions()
  const version = versionOf(node)
  const { folder, files } = createFiles([SMALL, LARGE])
  const [small, large] = files

  const results = []
  for (const kind of ['fs', 'millrace']) {
    note(`${kind}: ${count} clients`)
    results.push(await observe({ kind, node, count, folder, small, large }))
  }

  const row = (title, show) => [title, ...results.map(show)]
  const mebibytes = (value) => `${(value / 2 ** 20).toFixed(1)} MiB`
  const milliseconds = (value) => `${value.toFixed(2)} ms`
  console.log(`${count} stalled downloads of ${large.label}, Node.js ${version}\n`)
  console.log(
    toTable(
      ['', 'node:fs', 'millrace'],
      [
        row('memory, connections idle', (r) => mebibytes(r.memories.idle)),
        row('memory, downloads stalled', (r) => mebibytes(r.memories.stalled)),
        row(
          'memory per stalled download',
          ({ memories: { idle, stalled } }) =>
            `${((stalled - idle) / count / 2 ** 10).toFixed(1)} KiB`,
        ),
        row('descriptors before the clients', (r) => r.descriptors.before),
        row('descriptors, connections idle', (r) => r.descriptors.idle),
        row('descriptors, downloads stalled', (r) => r.descriptors.stalled),
        row('descriptors after the clients left', (r) => r.descriptors.after),
        row('all closed after', ({ gone }) =>
          gone === null ? `not in ${LEAVE_PATIENCE / 1000} s` : `${Math.ceil(gone)} ms`,
        ),
        row('probe, connections idle', (r) => milliseconds(r.latencies.idle)),
        row('probe, downloads stalled', (r) => milliseconds(r.latencies.stalled)),
      ],
    ),
  )
})
