'use strict'

// Workers of a cluster that go with transfers in flight. This process is the
// primary.
//
// MILLRACE_ROUNDS is how many workers go in each way.

const assert = require('node:assert/strict')
const cluster = require('node:cluster')
const { once } = require('node:events')
const { after, test } = require('node:test')

const { engine } = require('../lib/native.js')
const { begin, beginMany, finish, goOnUntilGone } = require('./helpers/downloads.js')
const { makeFile, newPath, openDescriptors, sha256 } = require('./helpers/files.js')
const { until } = require('./helpers/server.js')

const isNative = engine !== 'javascript'
const ROUNDS = Number(process.env.MILLRACE_ROUNDS ?? 1)
const TIME = { timeout: 60_000 + ROUNDS * 5_000 }

// Of each kind.
const STALLED = ROUNDS > 1 ? 100 : 20
const MOVING = 8

// More than the buffers of a Unix socket, and of a TCP connection.
const medium = makeFile(2 ** 20, 2)
const large = makeFile(16 * 2 ** 20, 3)

after(() => {
  for (const worker of Object.values(cluster.workers)) worker.kill('SIGKILL')
})

let hosts = 0

async function fork(setup) {
  cluster.setupPrimary({
    exec: require.resolve('./helpers/serving.js'),
    args: [JSON.stringify(setup)],
    execArgv: [],
  })
  const worker = cluster.fork()
  const exit = once(worker, 'exit')
  const { ports } = await nextMessage(worker)
  return { worker, exit, ports }
}

/** Starts a worker that has its address for itself. */
async function startWorker(library, readers) {
  const path = newPath('socket')
  // All workers that listen on port 0 of one address get the same port.
  hosts = (hosts % 250) + 1
  const host = `127.0.1.${hosts}`
  const setup = {
    library,
    files: { medium: medium.file, large: large.file },
    addresses: [{ path }, { port: 0, host }],
    readers,
  }
  const { worker, exit, ports } = await fork(setup)
  return {
    worker,
    exit,
    unix: { socketPath: path },
    tcp: { port: ports[1], host },
  }
}

async function nextMessage(worker) {
  const [message] = await once(worker, 'message')
  return message
}

/** Ends a worker that has many transfers in flight. Returns what came of it. */
async function roundOf(library, end) {
  const { worker, exit, unix, tcp } = await startWorker(library, [medium.file])
  const stalled = [
    ...(await beginMany(STALLED, unix, '/medium')),
    ...(await beginMany(STALLED, unix, '/medium?length')),
    ...(await beginMany(2, tcp, '/large')),
  ]
  worker.send('count')
  const { native } = await nextMessage(worker)
  if (library === 'millrace' && isNative) assert.ok(native >= stalled.length)
  const loops = await Promise.all(
    Array.from({ length: MOVING }, (_, i) => goOnUntilGone(i % 2 === 0 ? unix : tcp, '/medium')),
  )
  end(worker)
  const outcomes = await Promise.all(stalled.map(finish))
  await Promise.all(loops.map(({ ended }) => ended))
  const [code, signal] = await exit
  const hashes = new Set(outcomes.map((outcome) => outcome.sha256))
  return { code, signal, hashes }
}

const WHOLE = new Set([sha256(medium.content), sha256(large.content)])
const CUT = new Set([null])

const ENDS = {
  'disconnect() lets every download complete': {
    end: (worker) => worker.disconnect(),
    outcome: { code: 0, signal: null, hashes: WHOLE },
  },
  'kill() cuts every download': {
    end: (worker) => worker.kill(),
    outcome: { code: null, signal: 'SIGTERM', hashes: CUT },
  },
  'kill("SIGKILL") cuts every download': {
    end: (worker) => worker.process.kill('SIGKILL'),
    outcome: { code: null, signal: 'SIGKILL', hashes: CUT },
  },
}

for (const [name, { end, outcome }] of Object.entries(ENDS)) {
  test(`a cluster's worker: ${name}, and the others go on`, TIME, async () => {
    const other = await startWorker('millrace', [])
    const [own] = await beginMany(1, other.unix, '/medium')
    assert.deepEqual(await roundOf('fs', end), outcome)
    const before = openDescriptors().length
    for (let round = 0; round < ROUNDS; round += 1) {
      assert.deepEqual(await roundOf('millrace', end), outcome)
      assert.equal((await finish(await begin(other.tcp, '/medium'))).isWhole, true)
    }
    await until(() => openDescriptors().length <= before, 'the descriptors of the primary')
    assert.deepEqual(await finish(own), { isWhole: true, sha256: sha256(medium.content) })
    other.worker.process.kill('SIGKILL')
    await other.exit
  })
}

test('workers are replaced one after the other, and no download is lost', TIME, async () => {
  const path = newPath('socket')
  const setup = { files: { medium: medium.file }, addresses: [{ path }] }
  const downloads = []
  const workers = []
  for (let i = 0; i < 4; i += 1) {
    // The new one is there before the old one goes.
    workers.push((await fork(setup)).worker)
    if (i > 0) workers[i - 1].disconnect()
    downloads.push(...(await beginMany(10, { socketPath: path }, '/medium')))
  }
  // What they have in flight keeps the old ones up.
  assert.ok(workers.every((worker) => !worker.isDead()))
  const whole = { isWhole: true, sha256: sha256(medium.content) }
  for (const outcome of await Promise.all(downloads.map(finish))) assert.deepEqual(outcome, whole)
  await until(() => workers.slice(0, 3).every((worker) => worker.isDead()), 'the old ones to end')
  assert.deepEqual(
    workers.map((worker) => worker.process.exitCode),
    [0, 0, 0, null],
  )
})
