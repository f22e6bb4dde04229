'use strict'

// Many downloads at a given pace: how well each keeps it, and what that costs
// beside downloads that have none. See README.md.

const { once } = require('node:events')
const net = require('node:net')
const path = require('node:path')
const { setTimeout: sleep } = require('node:timers/promises')

const { runCommand } = require('./lib/command.js')
const { createFiles, warm } = require('./lib/files.js')
const { startNode, versionOf } = require('./lib/node-process.js')
const { parseCommandLine, parseCount } = require('./lib/options.js')
const { toTable } = require('./lib/report.js')

const SERVER = path.join(__dirname, 'paced-server.js')

/** Downloads at once, and bytes a second for each; the last has no pace. */
const LOADS = [
  { clients: 500, rate: 64 * 2 ** 10 },
  { clients: 500, rate: 256 * 2 ** 10 },
  { clients: 500, rate: 2 ** 20 },
  { clients: 50, rate: 10 * 2 ** 20 },
  { clients: 4, rate: 100 * 2 ** 20 },
]

const FASTEST = Math.max(...LOADS.map(({ rate }) => rate))

/** A pace is told by what comes from here on: header and connect are over. */
const SETTLE = 500

const show = (bytes) => (bytes >= 2 ** 20 ? `${bytes / 2 ** 20} MiB/s` : `${bytes / 2 ** 10} KiB/s`)

function parseOptions() {
  const values = parseCommandLine({
    seconds: { type: 'string', default: '5' },
    clients: { type: 'string' },
    node: { type: 'string', default: process.execPath },
  })
  const most = values.clients === undefined ? Infinity : parseCount('clients', values.clients)
  return { seconds: parseCount('seconds', values.seconds), most, node: values.node }
}

/** Bytes into one buffer that nobody reads: a client that costs little. */
const trash = Buffer.allocUnsafe(2 ** 20)

class Download {
  bytes = 0
  #socket

  constructor(port, target) {
    this.#socket = net.connect({
      host: '127.0.0.1',
      port,
      onread: {
        buffer: trash,
        callback: (count) => {
          this.bytes += count
          return true
        },
      },
    })
    this.#socket.on('error', () => {})
    this.#socket.write(`GET /${target} HTTP/1.1\r\nHost: localhost\r\n\r\n`)
  }

  stop() {
    this.#socket.destroy()
  }
}

async function cpuOf(port) {
  const response = await fetch(`http://127.0.0.1:${port}/cpu`)
  return Number(await response.text())
}

async function measure(port, { clients, rate, seconds }) {
  const downloads = Array.from({ length: clients }, () => new Download(port, rate ?? ''))
  // Without a pace there is nothing that settles, and it may be over soon.
  await sleep(rate === null ? 0 : SETTLE)
  const before = downloads.map(({ bytes }) => bytes)
  const cpu = await cpuOf(port)
  const begin = performance.now()
  await sleep(seconds * 1000)
  // Each by the time at which it is looked at.
  const rates = downloads.map(
    ({ bytes }, i) => ((bytes - before[i]) / (performance.now() - begin)) * 1000,
  )
  const spent = (await cpuOf(port)) - cpu
  const total = rates.reduce((sum, each) => sum + each, 0) * seconds
  for (const download of downloads) download.stop()
  return { rates, cpuPerGib: spent / 1e6 / (total / 2 ** 30), total }
}

runCommand(async () => {
  const { seconds, most, node } = parseOptions()
  // More than the fastest client gets.
  const { folder, files } = createFiles([FASTEST * (seconds + 2)])
  const [file] = files
  warm(file)
  const { child } = startNode({ node, args: [SERVER, path.join(folder, file.name)] })
  const [port] = await once(child, 'message')

  const rows = []
  for (const { clients, rate } of LOADS) {
    const count = Math.min(clients, most)
    const { rates, cpuPerGib } = await measure(port, { clients: count, rate, seconds })
    const error = (value) => `${((value / rate - 1) * 100).toFixed(1)} %`
    rows.push([
      `${count} at ${show(rate)}`,
      error(Math.min(...rates)),
      error(Math.max(...rates)),
      cpuPerGib.toFixed(3),
    ])
    await sleep(SETTLE)
  }
  const count = Math.min(16, most)
  const free = await measure(port, { clients: count, rate: null, seconds: 1 })
  rows.push([`${count} without a pace`, '', '', free.cpuPerGib.toFixed(3)])
  child.kill()

  console.log(`Paced downloads over ${seconds} s, Node.js ${versionOf(node)}\n`)
  console.log(toTable(['downloads', 'slowest', 'fastest', 'server CPU s/GiB'], rows))
})
