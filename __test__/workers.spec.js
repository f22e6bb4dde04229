'use strict'

// Worker threads that end with transfers and reads in flight, and what the
// rest of the process has of it.
//
// MILLRACE_ROUNDS is how many workers end in each way.

const assert = require('node:assert/strict')
const { once } = require('node:events')
const fs = require('node:fs')
const { setTimeout: sleep } = require('node:timers/promises')
const { test } = require('node:test')
const { Worker } = require('node:worker_threads')

const { chill } = require('../benchmark/lib/cold.js')
const { engine } = require('../lib/native.js')
const { begin, beginMany, finish, goOnUntilGone } = require('./helpers/downloads.js')
const {
  countDescriptors,
  countKept,
  descriptorsOn,
  makeFile,
  newPath,
  sha256,
} = require('./helpers/files.js')
const { file, content, hostOf, probe } = require('./helpers/host.js')
const { serveNet, until } = require('./helpers/server.js')

const isNative = engine !== 'javascript'
const ROUNDS = Number(process.env.MILLRACE_ROUNDS ?? 1)
const TIME = { timeout: 60_000 + ROUNDS * 5_000 }

const STALLED = ROUNDS > 1 ? 200 : 100
const MOVING = 24
const COLD = 8

// More than the buffers of a Unix socket.
const medium = makeFile(2 * 2 ** 20, 2)
const cold = Array.from({ length: COLD }, (_, i) => makeFile(4 * 2 ** 20, 10 + i).file)
// An open that is under way when a worker ends is lost by Node, and its
// descriptor with it: so what is opened time and again is opened once, here.
const mediumFd = fs.openSync(medium.file)
const coldFds = cold.map((name) => fs.openSync(name))

/** The addon's threads start as they are needed, with an epoll and an eventfd or two. */
const THREADS_START_LATE = 12

/** Starts a worker that serves files, and reads some in JavaScript. */
async function startWorker() {
  const path = newPath('socket')
  const files = { medium: medium.file, large: file, open: mediumFd }
  for (const [i, fd] of coldFds.entries()) files[`cold${i}`] = fd
  const worker = new Worker(require.resolve('./helpers/serving.js'), {
    workerData: {
      files,
      addresses: [{ path }, { port: 0, host: '127.0.0.1' }],
      readers: [mediumFd, mediumFd, ...coldFds.slice(0, 2)],
    },
  })
  const exit = new Promise((resolve) => {
    worker.once('exit', resolve)
  })
  const [{ ports }] = await once(worker, 'message')
  return {
    worker,
    exit,
    unix: { socketPath: path },
    tcp: { port: ports[1], host: '127.0.0.1' },
  }
}

/** Hundreds of downloads of all kinds. */
async function load({ worker, unix, tcp }) {
  for (const path of cold) chill({ path })
  const stalled = [
    ...(await beginMany(STALLED, unix, '/medium')),
    ...(await beginMany(2, tcp, '/large')),
  ]
  worker.postMessage('count')
  const [{ native, chunksRead }] = await once(worker, 'message')
  if (isNative) assert.ok(native >= stalled.length)
  assert.ok(chunksRead > 0)
  const moving = Array.from({ length: MOVING }, (_, i) =>
    goOnUntilGone(i % 2 === 0 ? unix : tcp, i % 3 === 0 ? '/open?length' : '/open'),
  )
  const chilled = cold.map((_, i) => goOnUntilGone(unix, `/cold${i}`))
  return { stalled, loops: await Promise.all([...moving, ...chilled]) }
}

const ENDS = {
  'terminated from outside': async ({ worker }) => {
    assert.equal(await worker.terminate(), 1)
    return 1
  },
  'terminated in the middle of a process.exit()': async ({ worker }) => {
    worker.postMessage('exit')
    await worker.terminate()
    return undefined
  },
  'ended by its process.exit()': async ({ worker }) => {
    worker.postMessage('exit')
    return 7
  },
  'ended by an uncaught error': async ({ worker }) => {
    const failed = once(worker, 'error')
    worker.postMessage('throw')
    const [error] = await failed
    assert.equal(error.message, 'on purpose')
    return 1
  },
}

for (const [how, end] of Object.entries(ENDS)) {
  test(`a worker with hundreds of transfers in flight is ${how}`, TIME, async (t) => {
    const { connect, address } = await hostOf(t)
    // A transfer of the main thread, which nothing may happen to.
    const own = await begin(address, '/')
    const before = countDescriptors()
    let kept
    for (let round = 0; round < ROUNDS; round += 1) {
      const server = await startWorker()
      const { stalled, loops } = await load(server)
      // Anywhere in the downloads that move.
      await sleep(Math.random() * 20)
      const expected = await end(server)
      const code = await server.exit
      if (expected !== undefined) assert.equal(code, expected)
      for (const { isWhole } of await Promise.all(stalled.map(finish))) assert.equal(isWhole, false)
      await Promise.all(loops.map(({ ended }) => ended))
      await probe(connect)
      await until(() => countDescriptors() <= before, 'the descriptors of the worker')
      kept ??= countKept()
    }
    assert.ok(countKept() <= kept + THREADS_START_LATE)
    assert.deepEqual(await finish(own), { isWhole: true, sha256: sha256(content) })
  })
}

test('what a worker opens and closes is warned of nowhere, and is closed when it ends', async (t) => {
  const { address } = await serveNet(t, (socket) => socket.resume().on('end', () => socket.end()))
  const { file: own } = makeFile(100_000, 77)
  const target = newPath('target')
  const worker = new Worker(
    `
    const { once } = require('node:events')
    const net = require('node:net')
    const { parentPort, workerData } = require('node:worker_threads')
    const { createReadStream, createWriteStream } = require(workerData.library)
    const { own, target, address } = workerData
    const warnings = []
    process.on('warning', ({ message }) => warnings.push(message))
    async function run() {
      for (let i = 0; i < 20; i += 1) {
        const socket = net.connect(address)
        createReadStream(own).pipe(socket).resume()
        await once(socket, 'close')
        await once(createReadStream(own).resume(), 'close')
        await once(createReadStream(own).pipe(createWriteStream(target)), 'close')
      }
      // One that is left open.
      await once(createReadStream(own), 'open')
      await new Promise(setImmediate)
      parentPort.postMessage(warnings)
    }
    run()`,
    {
      eval: true,
      workerData: { library: require.resolve('..'), own, target, address },
    },
  )
  const exit = once(worker, 'exit')
  const [warnings] = await once(worker, 'message')
  assert.deepEqual(warnings, [])
  const [code] = await exit
  assert.equal(code, 0)
  await until(() => descriptorsOn(own) === 0, 'the descriptors to be closed')
})
