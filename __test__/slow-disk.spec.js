'use strict'

// Whoever waits for a disk waits alone. The disk is slow by a library that is
// preloaded (native/slow-reads.c): it stands still until it is told to go on,
// and notes which thread asked it for what.

const assert = require('node:assert/strict')
const { spawn, spawnSync } = require('node:child_process')
const { on, once } = require('node:events')
const fs = require('node:fs')
const net = require('node:net')
const path = require('node:path')
const { test } = require('node:test')

const { engine } = require('../lib/native.js')
const { Client } = require('./helpers/client.js')
const { bytes, newPath, sha256 } = require('./helpers/files.js')
const { until } = require('./helpers/server.js')

const MIB = 2 ** 20
const SLOW_SIZE = 9 * MIB + 12_345
const WARM_SIZE = 300_000
const CROWD = 64

const library = newPath('slow-reads.so')
const compiled = spawnSync(
  'cc',
  [
    '-O1',
    '-shared',
    '-fPIC',
    '-o',
    library,
    path.join(__dirname, 'native', 'slow-reads.c'),
    '-ldl',
  ],
  { encoding: 'utf8' },
)
const skip =
  engine === 'javascript'
    ? 'reads are left to Node'
    : compiled.error?.code === 'ENOENT' && 'there is no C compiler'

/** A server whose file `slow` is not in memory, and its disk. */
async function serve(t) {
  assert.equal(compiled.status, 0, compiled.stderr)
  const folder = newPath('folder')
  const [log, gate, order] = [newPath('log'), newPath('gate'), newPath('evict')]
  const contents = { slow: bytes(SLOW_SIZE, 3), warm: bytes(WARM_SIZE, 4) }
  fs.mkdirSync(folder)
  for (const name of Object.keys(contents)) {
    fs.writeFileSync(path.join(folder, name), contents[name])
  }
  fs.writeFileSync(log, '')
  fs.writeFileSync(gate, '')
  const script = path.join(__dirname, 'helpers', 'slow-disk-server.js')
  const child = spawn(process.execPath, [script, folder], {
    stdio: ['pipe', 'pipe', 'inherit'],
    env: {
      ...process.env,
      NODE_OPTIONS: '',
      LD_PRELOAD: library,
      SLOW_READS_FILE: path.join(folder, 'slow'),
      SLOW_READS_GATE: gate,
      SLOW_READS_LOG: log,
      SLOW_READS_EVICT: order,
    },
  })
  t.after(async () => {
    child.kill('SIGKILL')
    await once(child, 'close')
  })
  const [port] = await once(child.stdout, 'data')
  const address = { port: Number(port), host: '127.0.0.1' }
  const clients = new Set()
  t.after(() => {
    for (const client of clients) client.destroy()
  })
  const calls = () => fs.readFileSync(log, 'utf8').split('\n').slice(0, -1)
  const get = async (target) => {
    const client = await Client.connect(address)
    clients.add(client)
    client.get(target)
    const response = await client.response()
    client.destroy()
    clients.delete(client)
    return response
  }
  return {
    sha256: Object.fromEntries(Object.entries(contents).map(([k, v]) => [k, sha256(v)])),
    /** What the disk was asked for so far: `thread call`. */
    calls,
    /** Waits until somebody waits for the disk, and does not only set it going. */
    waitedFor(since) {
      const isWait = (call) => !call.includes(' ahead:')
      return until(() => calls().slice(since).some(isWait), 'the disk to be asked')
    },
    carried: async () => JSON.parse((await get('/carried')).body),
    goOn: () => fs.rmSync(gate),
    standStill: () => fs.writeFileSync(gate, ''),
    evict: () => fs.writeFileSync(order, ''),
    /** A client that takes `length` bytes of the answer, and then stands still. */
    async take(target, length) {
      const socket = net.connect(address)
      t.after(() => socket.destroy())
      socket.write(`GET ${target} HTTP/1.1\r\nHost: x\r\n\r\n`)
      let taken = 0
      for await (const [chunk] of on(socket, 'data')) {
        taken += chunk.length
        if (taken >= length) break
      }
      socket.pause()
      return socket
    },
    get,
  }
}

/** Only threads that are there for it waited for the disk, or set it going. */
function assertPoolOnly(calls) {
  const threads = new Set(calls.map((call) => call.slice(0, call.lastIndexOf(' '))))
  assert.ok(calls.length > 0)
  for (const thread of threads) assert.match(thread, /^tokio-/, calls.join('\n'))
}

/** As many downloads at a time as a busy server has. */
async function crowdOf(disk, target) {
  const responses = await Promise.all(Array.from({ length: CROWD }, () => disk.get(target)))
  for (const response of responses) assert.equal(response.sha256, disk.sha256.warm)
}

for (const way of ['pipe', 'read']) {
  test(`a slow disk holds up nobody else (${way})`, { skip, timeout: 50_000 }, async (t) => {
    const disk = await serve(t)
    let isDone = false
    const slow = disk.get(`/${way}/slow`)
    slow.finally(() => (isDone = true)).catch(() => {})
    await until(() => disk.calls().length > 0, 'the disk to be asked')
    await crowdOf(disk, '/pipe/warm')
    await crowdOf(disk, '/read/warm')

    // The same pages, which are on their way now.
    const again = disk.get(`/${way}/slow`)
    again.catch(() => {})
    await crowdOf(disk, '/pipe/warm')
    assert.equal(isDone, false)

    disk.goOn()
    for (const response of [await slow, await again]) {
      assert.equal(response.sha256, disk.sha256.slow)
    }
    assertPoolOnly(disk.calls())
  })
}

test(
  'what the kernel sends of a slow file was waited for',
  { skip, timeout: 50_000 },
  async (t) => {
    const disk = await serve(t)
    disk.goOn()
    const { sha256: hash } = await disk.get('/pipe/slow')
    assert.equal(hash, disk.sha256.slow)
    const carried = await disk.carried()
    assert.equal(carried.engine, engine)
    assert.ok(carried.bytes >= SLOW_SIZE - MIB, `${carried.bytes} bytes`)
    const asked = disk.calls()
    assertPoolOnly(asked)

    // Once it is in memory nobody asks the disk.
    assert.equal((await disk.get('/pipe/slow')).sha256, disk.sha256.slow)
    assert.equal((await disk.get('/read/slow')).sha256, disk.sha256.slow)
    assert.deepEqual(disk.calls(), asked)
  },
)

/** What was asked for in advance: [offset, length]. */
function aheadIn(calls) {
  const found = calls.map((call) => / ahead:(\d+)\+(\d+)$/.exec(call))
  return found.filter(Boolean).map(([, offset, length]) => [Number(offset), Number(length)])
}

test('a disk is asked for what comes next before it is waited for', { skip }, async (t) => {
  const disk = await serve(t)
  disk.goOn()
  assert.equal((await disk.get('/pipe/slow')).sha256, disk.sha256.slow)
  const calls = disk.calls()
  const asked = aheadIn(calls)
  const [[first]] = asked
  let end = first
  for (const [offset, length] of asked) {
    assert.equal(offset, end, 'without a gap, and nothing twice')
    assert.ok(length <= MIB / 4, `${length} bytes are asked for at once`)
    end += length
  }
  assert.ok(end >= SLOW_SIZE, `${end} bytes`)
  // Before anybody waits for the pump's first slice, the disk has more to do.
  const begin = calls.findIndex((call) => call.includes(' ahead:'))
  const next = calls.findIndex((call, i) => i > begin && !call.includes(' ahead:'))
  const before = aheadIn(calls.slice(begin, next)).reduce((sum, [, length]) => sum + length, 0)
  assert.ok(before > 4 * MIB, `${before} bytes`)
})

/** A download of the slow file that the pump has, and that waits for the disk. */
async function waiting(t, way = 'pipe') {
  const disk = await serve(t)
  disk.goOn()
  // The pages at both ends of the first slice.
  await disk.get('/part/slow/0')
  await disk.get(`/part/slow/${MIB - 2 ** 16}`)
  disk.standStill()
  const before = disk.calls().length
  const download = disk.get(`/${way}/slow`)
  await disk.waitedFor(before)
  return { disk, download }
}

test('who leaves while a disk is waited for is let go at once', { skip }, async (t) => {
  const { disk, download } = await waiting(t)
  await disk.get('/leave')
  const { complete } = await download
  assert.equal(complete, false)
  disk.goOn()
  assert.equal((await disk.get('/pipe/slow')).sha256, disk.sha256.slow)
})

test(
  'pages that are on their way are waited for, wherever they are in a slice',
  { skip },
  async (t) => {
    const { disk, download } = await waiting(t)
    // All of the first slice is there or on its way, and its ends are there.
    const again = disk.get('/pipe/slow')
    await crowdOf(disk, '/pipe/warm')
    disk.goOn()
    for (const response of await Promise.all([download, again])) {
      assert.equal(response.sha256, disk.sha256.slow)
    }
    assertPoolOnly(disk.calls())
  },
)

/** What was in memory is believed to be there for a tenth of a second. */
function trustEnds() {
  return new Promise((resolve) => {
    setTimeout(resolve, 300)
  })
}

test('who wants no more while a disk is waited for is not held up', { skip }, async (t) => {
  const { disk } = await waiting(t, 'sized')
  await disk.get('/stop')
  await until(async () => (await disk.carried()).mode !== 'native', 'the transfer to stop')
})

test('a client that leaves while a disk is waited for is let go', { skip }, async (t) => {
  const disk = await serve(t)
  disk.goOn()
  const socket = await disk.take('/sized/slow', 2 ** 16)
  await trustEnds()
  disk.standStill()
  disk.evict()
  const before = disk.calls().length
  socket.on('data', () => {}).resume()
  await disk.waitedFor(before)
  socket.end()
  const isLetGo = async () => {
    const { isGone, isDestroyed } = await disk.carried()
    return isGone && isDestroyed
  }
  await until(isLetGo, 'the response to close, and the source as soon as it can')
})

test(
  'what left memory while a client stood still is waited for by nobody else',
  { skip },
  async (t) => {
    const disk = await serve(t)
    disk.goOn()
    // Somewhere in a slice that was in memory.
    const sockets = await Promise.all([1, 2, 3].map((i) => disk.take('/pipe/slow', i * 100_000)))
    await trustEnds()
    disk.standStill()
    disk.evict()
    const before = disk.calls().length
    const closed = sockets.map((socket) => once(socket.on('data', () => {}).resume(), 'close'))
    const asked = () => disk.calls().slice(before)
    await until(() => asked().length > 0, 'the disk to be asked')
    await crowdOf(disk, '/pipe/warm')
    assertPoolOnly(asked())
    disk.goOn()
    for (const socket of sockets) socket.end()
    await Promise.all(closed)
  },
)
