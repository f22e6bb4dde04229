'use strict'

// The client that discards bodies: client/ in Rust.

const { spawn, spawnSync } = require('node:child_process')
const { once } = require('node:events')
const path = require('node:path')
const readline = require('node:readline')

const { Problem } = require('./command.js')
const { onCore } = require('./pinning.js')

const FOLDER = path.join(__dirname, '..', 'client')
// Cargo puts it elsewhere on request.
const TARGET = path.resolve(FOLDER, process.env.CARGO_TARGET_DIR ?? 'target')
const PROGRAM = path.join(TARGET, 'release', 'benchmark-client')

function buildClient() {
  if (spawnSync('cargo', ['--version']).error) {
    throw new Problem(
      'the client is written in Rust, and cargo, which builds it, is not installed.',
    )
  }
  const { status } = spawnSync('cargo', ['build', '--release', '--quiet'], {
    cwd: FOLDER,
    stdio: ['ignore', 'inherit', 'inherit'],
  })
  if (status !== 0) throw new Problem('cargo could not build the client.')
}

/**
 * Starts the client.
 * @param {object} options
 * @param {(string | number)[]} options.args
 * @param {number} [options.core]
 * @param {boolean} [options.isMeek] lets others on its core go first
 */
function startClient({ args, core, isMeek = false }) {
  const meekly = isMeek ? ['nice', '-n', '10'] : []
  const [command, ...rest] = onCore(core, [...meekly, PROGRAM, ...args.map(String)])
  const child = spawn(command, rest)
  let complaint = ''
  child.stderr.on('data', (data) => (complaint += data))
  // Says that the client is gone: its exit does, with the reason.
  child.stdin.on('error', () => {})
  const exit = once(child, 'close')
  const lines = readline.createInterface({ input: child.stdout })[Symbol.asyncIterator]()
  return {
    exit,
    async nextLine() {
      const { value, done } = await lines.next()
      if (!done) return value
      await exit
      throw new Error(`the client ended: ${complaint.trim()}`)
    },
    /** Says that it may go on. */
    goOn: () => child.stdin.write('\n'),
    end: () => child.stdin.end(),
    kill: () => child.kill(),
  }
}

/**
 * One run: connects, makes one request on each connection, and then those
 * that count.
 * @param {object} run
 * @param {number} run.port
 * @param {string} run.target
 * @param {number} run.connections
 * @param {number} run.requests
 * @param {number} [run.core]
 * @param {() => Promise<number>} readCpu the server's CPU time; called right
 *   before and right after the requests that count, while the connections stand
 * @returns {Promise<{ seconds: number, cpu: number }>}
 */
async function runClient({ port, target, connections, requests, core }, readCpu) {
  const args = [port, target, connections, requests, 'paced']
  const client = startClient({ args, core })
  try {
    await client.nextLine()
    const before = await readCpu()
    client.goOn()
    const { seconds } = JSON.parse(await client.nextLine())
    const cpu = (await readCpu()) - before
    client.end()
    await client.exit
    return { seconds, cpu }
  } finally {
    client.kill()
  }
}

module.exports = { buildClient, runClient, startClient }
