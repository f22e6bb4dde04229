'use strict'

// Many clients ask for a large file, stop reading, and go away: what that
// costs a server through node:fs and through millrace. See README.md.

const { once } = require('node:events')
const fs = require('node:fs')

const { version: millrace } = require('../package.json')
const { buildClient } = require('./lib/client.js')
const { Problem, note, runCommand } = require('./lib/command.js')
const { createFiles, warm } = require('./lib/files.js')
const { versionOf } = require('./lib/node-process.js')
const { parseCommandLine, parseCount } = require('./lib/options.js')
const {
  countDescriptors,
  descriptorLimit,
  privateBytes,
  socketBytes,
  threadNames,
  until,
  untilQuiet,
} = require('./lib/process-facts.js')
const { describeHost, toTable } = require('./lib/report.js')
const { startServer } = require('./lib/server-process.js')
const { connectClients, probe } = require('./lib/stalled-clients.js')
const { median } = require('./lib/statistics.js')

const SMALL = 2 ** 10
const LARGE = 2 ** 24
const WARM_UPS = 8
const PROBES = 200
const STALL_PATIENCE = 60_000
const LEAVE_PATIENCE = 5_000
const COLLECTIONS = 3

/** A socket, a file, and what a transfer duplicates of both. */
const DESCRIPTORS_PER_CLIENT = 4
const OTHER_DESCRIPTORS = 100

function parseOptions() {
  const values = parseCommandLine({
    clients: { type: 'string', default: '5000' },
    json: { type: 'string' },
    node: { type: 'string', default: process.execPath },
  })
  const wanted = parseCount('clients', values.clients)
  const limit = descriptorLimit()
  const most = Math.floor((limit - OTHER_DESCRIPTORS) / DESCRIPTORS_PER_CLIENT)
  if (most < 1) throw new Problem(`${limit} descriptors are too few.`)
  if (wanted > most) note(`${limit} descriptors are enough for ${most} clients.`)
  return { count: Math.min(wanted, most), node: values.node, json: values.json }
}

async function observe({ kind, node, count, folder, small, large }) {
  const server = await startServer({ node, folder })
  const { pid, port } = server
  const latency = async () => median(await probe(port, `/${kind}/${small.name}`, PROBES))
  const memory = async () => {
    let resident = 0
    // One collection leaves what became garbage while it ran.
    for (let i = 0; i < COLLECTIONS; i++) resident = Number(await server.getText('/memory'))
    return { resident, private: privateBytes(pid), sockets: socketBytes() }
  }

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
  const threads = {}

  const target = `/${kind}/${large.name}`
  const clients = await connectClients({ port, idle: '/cpu', target, count })
  descriptors.idle = countDescriptors(pid)
  const latencies = { idle: await latency() }
  const memories = { idle: await memory() }
  threads.idle = threadNames(pid).length

  warm(large)
  await clients.stall()
  if ((await untilQuiet(pid, STALL_PATIENCE)) === null) {
    throw new Problem(`the server of ${kind} does not come to rest while its clients stall.`)
  }
  descriptors.stalled = countDescriptors(pid)
  latencies.stalled = await latency()
  memories.stalled = await memory()
  threads.stalled = threadNames(pid).length

  await clients.leave()
  const gone = await until(() => countDescriptors(pid) <= descriptors.before, LEAVE_PATIENCE)
  descriptors.after = countDescriptors(pid)
  await server.stop()
  return { memories, latencies, descriptors, threads, gone }
}

runCommand(async () => {
  if (!fs.existsSync('/proc/self/fd')) throw new Problem('this needs the /proc of Linux.')
  const { count, node, json } = parseOptions()
  const version = versionOf(node)
  const date = new Date().toISOString()
  buildClient()
  const { folder, files } = createFiles([SMALL, LARGE])
  const [small, large] = files

  const results = {}
  for (const kind of ['fs', 'millrace']) {
    note(`${kind}: ${count} clients`)
    results[kind] = await observe({ kind, node, count, folder, small, large })
  }
  if (json !== undefined) {
    const result = { date, millrace, host: describeHost(version), count, results }
    fs.writeFileSync(json, `${JSON.stringify(result, null, 2)}\n`)
  }

  const row = (title, show) => [title, ...Object.values(results).map(show)]
  const mebibytes = (value) => `${(value / 2 ** 20).toFixed(1)} MiB`
  const milliseconds = (value) => `${value.toFixed(2)} ms`
  const growth =
    (name) =>
    ({ memories: { idle, stalled } }) =>
      `${((stalled[name] - idle[name]) / count / 2 ** 10).toFixed(1)} KiB`
  console.log(`${count} stalled downloads of ${large.label}, Node.js ${version}\n`)
  console.log(
    toTable(
      ['', 'node:fs', 'millrace'],
      [
        row('memory, connections idle', (r) => mebibytes(r.memories.idle.resident)),
        row('memory, downloads stalled', (r) => mebibytes(r.memories.stalled.resident)),
        row('memory per stalled download', growth('resident')),
        row('private memory per stalled download', growth('private')),
        row('in the kernel, both ends, per stalled download', growth('sockets')),
        row('descriptors before the clients', (r) => r.descriptors.before),
        row('descriptors, connections idle', (r) => r.descriptors.idle),
        row('descriptors, downloads stalled', (r) => r.descriptors.stalled),
        row('descriptors after the clients left', (r) => r.descriptors.after),
        row('all closed after', ({ gone }) =>
          gone === null ? `not in ${LEAVE_PATIENCE / 1000} s` : `${Math.ceil(gone)} ms`,
        ),
        row('threads, connections idle', (r) => r.threads.idle),
        row('threads, downloads stalled', (r) => r.threads.stalled),
        row('probe, connections idle', (r) => milliseconds(r.latencies.idle)),
        row('probe, downloads stalled', (r) => milliseconds(r.latencies.stalled)),
      ],
    ),
  )
})
