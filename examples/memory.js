'use strict'

// The tutorial's point in numbers: the peak memory of its two servers while
// 50 slow clients ask for the same file.
//
//   node examples/memory.js [MEBIBYTES]
//
// The first server needs 50 times the file, so 800 MiB for the default of 16.

const { fork } = require('node:child_process')
const { once } = require('node:events')
const fs = require('node:fs')
const net = require('node:net')
const os = require('node:os')
const path = require('node:path')
const readline = require('node:readline')

const CLIENTS = 50
const MIB = 2 ** 20
const REQUEST = 'GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n'

// Added to the servers from outside, so that they stay the tutorial's.
const PROBE = `data:text/javascript,${encodeURIComponent(`
  process.on('message', () => process.send(process.resourceUsage().maxRSS))
  process.on('disconnect', () => process.exit())
  if (!process.connected) process.exit()
`)}`

async function measure(name, file) {
  const child = fork(path.join(__dirname, name), [file], {
    env: { ...process.env, PORT: '0' },
    execArgv: ['--import', PROBE],
    stdio: ['ignore', 'pipe', 'inherit', 'ipc'],
  })
  process.once('exit', () => child.kill())
  const died = once(child, 'exit').then(([code, signal]) => {
    throw new Error(`${name} ended: ${signal ?? code}`)
  })
  const row = await Promise.race([died, load(child, file)])
  child.kill()
  await died.catch(() => {})
  return { name, ...row }
}

async function load(child, file) {
  const [line] = await once(readline.createInterface({ input: child.stdout }), 'line')
  const port = Number(/\d+$/.exec(line)[0])
  const idle = await peakOf(child)
  // Nobody reads on before everybody has an answer, and then all read all.
  const sockets = await Promise.all(Array.from({ length: CLIENTS }, () => request(port)))
  await Promise.all(sockets.map((socket) => readAll(socket, fs.statSync(file).size)))
  const peak = await peakOf(child)
  return { peak, perClient: (peak - idle) / CLIENTS }
}

async function request(port) {
  const socket = net.connect(port, '127.0.0.1')
  socket.write(REQUEST)
  await once(socket, 'readable')
  return socket
}

async function readAll(socket, size) {
  let bytes = 0
  for await (const chunk of socket) bytes += chunk.length
  if (bytes < size) throw new Error(`A client got ${bytes} bytes for a file of ${size}`)
}

/** The most memory that the process ever had resident, in MiB. */
async function peakOf(child) {
  try {
    const status = fs.readFileSync(`/proc/${child.pid}/status`, 'latin1')
    return Number(/^VmHWM:\s*(\d+) kB$/m.exec(status)[1]) / 1024
  } catch {
    // Not Linux, where maxRSS would count the memory of whoever forked.
    child.send('peak')
    const [kibibytes] = await once(child, 'message')
    return kibibytes / 1024
  }
}

function print(name, peak, perClient) {
  console.log(name.padEnd(22) + peak.padStart(10) + perClient.padStart(22))
}

async function main() {
  const mebibytes = Number(process.argv[2] ?? 16)
  const most = Math.floor(os.totalmem() / 2 / CLIENTS / MIB)
  if (!Number.isInteger(mebibytes) || mebibytes < 1 || mebibytes > most) {
    throw new Error(`The size must be a whole number of MiB from 1 to ${most}, for this memory`)
  }

  const directory = fs.mkdtempSync(path.join(os.tmpdir(), 'millrace-memory-'))
  process.once('exit', () => fs.rmSync(directory, { recursive: true, force: true }))
  const file = path.join(directory, 'data.txt')
  fs.writeFileSync(file, Buffer.alloc(mebibytes * MIB, 'millrace\n'))

  console.log(`${CLIENTS} slow clients, a file of ${mebibytes} MiB`)
  print('server', 'peak MiB', 'per client MiB')
  const rows = []
  for (const name of ['read-file-server.js', 'stream-server.js']) {
    const row = await measure(name, file)
    print(name, row.peak.toFixed(1), row.perClient.toFixed(2))
    rows.push(row)
  }
  const [low, high] = rows.sort((a, b) => a.peak - b.peak)
  const percent = ((low.peak / high.peak) * 100).toFixed(0)
  console.log(`${low.name} needs ${percent} % of the memory of ${high.name}`)
}

for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => process.exit(1))
main().catch((error) => {
  console.error(error.message)
  process.exit(1)
})
