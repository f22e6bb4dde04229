'use strict'

// Reads of a file by JavaScript: from memory at once, from the disk by the
// addon's threads, and where neither is possible by Node.

const assert = require('node:assert/strict')
const { AsyncLocalStorage } = require('node:async_hooks')
const { execFileSync, spawn } = require('node:child_process')
const { once } = require('node:events')
const fs = require('node:fs')
const os = require('node:os')
const { test } = require('node:test')
const { Worker } = require('node:worker_threads')

const { createReadStream } = require('..')
const { binding } = require('../lib/native.js')
const { folder, makeFile, newPath, openDescriptors, descriptorsOn } = require('./helpers/files.js')
const { until } = require('./helpers/server.js')

const KIB = 1024
const MIB = 2 ** 20
const SIZE = 5 * MIB + 4321
const { file, content } = makeFile(SIZE)
const native = { skip: binding === null }

// Reads only as much of a chunk from memory, as if the rest were on the disk.
const memories = {
  'all in memory': null,
  'nothing in memory': () => -1,
  'some of each chunk in memory': (readCached, fd, buffer, position) => {
    const count = readCached(fd, buffer.subarray(0, 1000), position)
    return count < 1000 ? count : -1 - count
  },
  'every other chunk in memory': (readCached, fd, buffer, position) =>
    buffer.length % 3 === 0 ? readCached(fd, buffer, position) : -1,
  'a file system that cannot tell': () => -(2 ** 31),
}

/** Has the addon find in memory what `answer` says, for the time of `run`. */
async function withMemory(answer, run) {
  if (answer === null || binding === null) return run()
  const { readCached } = binding
  binding.readCached = (...args) => answer(readCached, ...args)
  try {
    return await run()
  } finally {
    binding.readCached = readCached
  }
}

/** All chunks of a stream. */
async function chunksOf(stream) {
  const chunks = []
  stream.on('data', (chunk) => chunks.push(chunk))
  await once(stream, 'close')
  return chunks
}

for (const [memory, answer] of Object.entries(memories)) {
  for (const options of [
    {},
    { highWaterMark: 1000 },
    { highWaterMark: 99_999, start: 7 },
    { highWaterMark: 2 * MIB },
    { start: 70_000, end: 300_000 },
    { start: SIZE - 1 },
    { start: SIZE + 5 },
  ]) {
    test(`${memory}: the chunks are Node's, ${JSON.stringify(options)}`, async () => {
      await withMemory(answer, async () => {
        const nodes = await chunksOf(fs.createReadStream(file, options))
        const ours = await chunksOf(createReadStream(file, options))
        assert.deepEqual(
          ours.map((chunk) => chunk.length),
          nodes.map((chunk) => chunk.length),
        )
        assert.ok(Buffer.concat(ours).equals(Buffer.concat(nodes)))
        for (const { buffer, byteOffset, length } of ours) {
          assert.deepEqual([byteOffset, buffer.byteLength], [0, length])
        }
      })
    })
  }

  test(`${memory}: the descriptor's own offset follows the reads`, async () => {
    await withMemory(answer, async () => {
      const fd = fs.openSync(file)
      try {
        const seen = []
        for (const end of [99_999, 199_999, undefined]) {
          const stream = createReadStream(null, { fd, end, autoClose: false })
          stream.on('data', (chunk) => seen.push(chunk))
          await once(stream, 'end')
        }
        assert.ok(Buffer.concat(seen).equals(content))
      } finally {
        fs.closeSync(fd)
      }
    })
  })

  test(`${memory}: a stream that is destroyed in a read closes its file behind it`, async () => {
    await withMemory(answer, async () => {
      for (let i = 0; i < 20; i += 1) {
        const stream = createReadStream(file)
        stream.on('data', () => stream.destroy())
        stream.on('ready', () => {
          if (i % 2 === 0) setImmediate(() => stream.destroy())
        })
        await once(stream, 'close')
        assert.equal(stream.fd, null)
      }
      assert.equal(descriptorsOn(file), 0)
    })
  })

  test(`${memory}: promises and ticks of a chunk are done before the next chunk`, async () => {
    await withMemory(answer, async () => {
      const log = []
      const stream = createReadStream(file, { highWaterMark: 256 * KIB })
      stream.on('data', () => {
        log.push('data')
        process.nextTick(() => log.push('tick'))
        Promise.resolve()
          .then(() => {})
          .then(() => log.push('promise'))
      })
      await once(stream, 'close')
      assert.equal(log.join(' '), Array(21).fill('data tick promise').join(' '))
    })
  })

  test(`${memory}: chunks come in the context that the stream was read in`, async () => {
    await withMemory(answer, async () => {
      const storage = new AsyncLocalStorage()
      const seen = new Set()
      await storage.run('here', async () => {
        const stream = createReadStream(file)
        for (const event of ['open', 'data', 'end', 'close']) {
          stream.on(event, () => seen.add(storage.getStore()))
        }
        await once(stream, 'close')
      })
      assert.deepEqual([...seen], ['here'])
    })
  })
}

// Opens as if nothing were known of the path yet.
async function withColdPaths(run) {
  if (binding === null) return run()
  const { openCached } = binding
  binding.openCached = () => -os.constants.errno.EAGAIN
  try {
    return await run()
  } finally {
    binding.openCached = openCached
  }
}

test('a file whose path is not in memory is opened as Node opens it', async () => {
  await withColdPaths(async () => {
    const storage = new AsyncLocalStorage()
    const runs = []
    for (const create of [fs.createReadStream, createReadStream]) {
      const log = []
      await storage.run('here', async () => {
        const stream = create(file, { end: 99_999 })
        for (const event of ['open', 'ready', 'data', 'end', 'close']) {
          stream.on(event, (value) => log.push([event, value?.length, storage.getStore()]))
        }
        await once(stream, 'close')
      })
      runs.push(log)
    }
    assert.deepEqual(runs[1], runs[0])
    await assert.rejects(once(createReadStream(`${file}-missing`), 'open'), {
      code: 'ENOENT',
      errno: -2,
      syscall: 'open',
      path: `${file}-missing`,
      message: `ENOENT: no such file or directory, open '${file}-missing'`,
    })
    await assert.rejects(once(createReadStream(folder).resume(), 'end'), { code: 'EISDIR' })
    const stream = createReadStream(file)
    stream.destroy()
    await once(stream, 'close')
  })
  assert.equal(descriptorsOn(file), 0)
})

test('a FIFO whose path is not in memory waits for its writer', async () => {
  const fifo = newPath('fifo')
  execFileSync('mkfifo', [fifo])
  await withColdPaths(async () => {
    const stream = createReadStream(fifo, 'utf8')
    const closed = once(stream, 'close')
    let text = ''
    stream.on('data', (chunk) => {
      text += chunk
    })
    fs.createWriteStream(fifo).end('through the pipe')
    await closed
    assert.equal(text, 'through the pipe')
  })
})

test('the event loop turns while a file is read, and two readers take turns', async () => {
  let turns = 0
  let isOver = false
  const turn = () => {
    turns += 1
    if (!isOver) setImmediate(turn)
  }
  setImmediate(turn)
  const large = newPath('sparse')
  fs.writeFileSync(large, '')
  fs.truncateSync(large, 256 * MIB)
  const order = []
  const readers = ['a', 'b'].map((name) =>
    once(
      createReadStream(large).on('data', () => order.push(name)),
      'close',
    ),
  )
  await Promise.all(readers)
  isOver = true
  assert.ok(turns > 10, `${turns} turns`)
  const firstHalf = order.slice(0, order.length / 2)
  const share = firstHalf.filter((name) => name === 'a').length / firstHalf.length
  assert.ok(share > 0.2 && share < 0.8, `one of them had ${share} of the first half`)
})

test('a process with reads in flight stays up until they have ended', native, async () => {
  const script = `
    const { binding } = require(${JSON.stringify(require.resolve('../lib/native.js'))})
    binding.readCached = () => -1
    const { createReadStream } = require(${JSON.stringify(require.resolve('..'))})
    let length = 0
    createReadStream(${JSON.stringify(file)}).on('data', (chunk) => { length += chunk.length })
    process.on('exit', () => { process.exitCode = length === ${SIZE} ? 0 : 1 })`
  const [code] = await once(spawn(process.execPath, ['-e', script], { stdio: 'inherit' }), 'exit')
  assert.equal(code, 0)
})

test('a process with reads in flight exits when it is told to', native, async () => {
  const script = `
    const { binding } = require(${JSON.stringify(require.resolve('../lib/native.js'))})
    binding.readCached = () => -1
    const { createReadStream } = require(${JSON.stringify(require.resolve('..'))})
    for (let i = 0; i < 50; i += 1) createReadStream(${JSON.stringify(file)}).on('data', () => {})
    setTimeout(() => process.exit(7), 5)`
  const [code] = await once(spawn(process.execPath, ['-e', script], { stdio: 'inherit' }), 'exit')
  assert.equal(code, 7)
})

test('a worker that is terminated with reads in flight takes nothing with it', native, async () => {
  const script = `
    const { binding } = require(${JSON.stringify(require.resolve('../lib/native.js'))})
    binding.readCached = () => -1
    const { createReadStream } = require(${JSON.stringify(require.resolve('..'))})
    const { parentPort } = require('node:worker_threads')
    let count = 0
    const read = () => createReadStream(${JSON.stringify(file)}, { highWaterMark: 500_000 })
      .on('data', () => { if ((count += 1) === 20) parentPort.postMessage('reading') })
      .on('close', read)
    for (let i = 0; i < 20; i += 1) read()`
  for (let round = 0; round < 10; round += 1) {
    const worker = new Worker(script, { eval: true })
    await once(worker, 'message')
    await worker.terminate()
  }
  await until(() => descriptorsOn(file) === 0)
})

test('without descriptors to spare the rest of a file is still read', native, async () => {
  await withMemory(memories['some of each chunk in memory'], async () => {
    const stream = createReadStream(file)
    const chunks = []
    stream.on('data', (chunk) => chunks.push(chunk))
    await once(stream, 'data')
    const held = []
    assert.throws(
      () => {
        for (let i = 0; i < 2 ** 21; i += 1) held.push(fs.openSync(file))
      },
      { code: 'EMFILE' },
    )
    let isClosed = false
    stream.on('close', () => {
      isClosed = true
    })
    await until(() => isClosed)
    for (const fd of held) fs.closeSync(fd)
    assert.ok(Buffer.concat(chunks).equals(content))
  })
})

test(
  'a file in /dev/shm is read as Node reads it',
  { skip: !fs.existsSync('/dev/shm') },
  async () => {
    const copy = `/dev/shm/millrace-test-${process.pid}`
    fs.copyFileSync(file, copy)
    try {
      const chunks = await chunksOf(createReadStream(copy))
      assert.ok(Buffer.concat(chunks).equals(content))
    } finally {
      fs.unlinkSync(copy)
    }
  },
)

test('a long read of a file that is shorter than it seems is Node’s', async () => {
  const options = { highWaterMark: 3 * MIB }
  const nodes = await chunksOf(fs.createReadStream('/proc/kallsyms', options))
  const ours = await chunksOf(createReadStream('/proc/kallsyms', options))
  assert.ok(nodes.length > 1)
  assert.equal(ours.length, nodes.length)
  assert.ok(Buffer.concat(ours).equals(Buffer.concat(nodes)))
})

test('a path that means another file in another folder is looked at again', async (t) => {
  const home = process.cwd()
  t.after(() => process.chdir(home))
  const folders = ['a', 'b'].map((name) => newPath(name))
  for (const name of folders) fs.mkdirSync(name)
  fs.writeFileSync(`${folders[0]}/x`, 'a file')
  execFileSync('mkfifo', [`${folders[1]}/x`])
  process.chdir(folders[0])
  assert.equal(String(await chunksOf(createReadStream('x'))), 'a file')
  process.chdir(folders[1])
  const writer = spawn('sh', ['-c', 'echo through the pipe > x'])
  const ended = once(writer, 'exit')
  assert.equal(String(await chunksOf(createReadStream('x'))), 'through the pipe\n')
  assert.deepEqual(await ended, [0, null])
})

test('no request is kept alive by the read that it was the first to make', native, async () => {
  const script = `
    const { AsyncLocalStorage } = require('node:async_hooks')
    const { once } = require('node:events')
    const { binding } = require(${JSON.stringify(require.resolve('../lib/native.js'))})
    binding.readCached = () => -1
    const { createReadStream } = require(${JSON.stringify(require.resolve('..'))})
    const storage = new AsyncLocalStorage()
    const read = async () => {
      const request = {}
      await storage.run(request, async () => {
        await once(createReadStream(${JSON.stringify(file)}).resume(), 'close')
      })
      return new WeakRef(request)
    }
    read().then(async (reference) => {
      for (let i = 0; i < 100 && reference.deref() !== undefined; i += 1) {
        await new Promise((resolve) => setTimeout(resolve, 5))
        gc()
      }
      process.exitCode = reference.deref() === undefined ? 0 : 1
    })`
  const child = spawn(process.execPath, ['--expose-gc', '-e', script], { stdio: 'inherit' })
  assert.deepEqual(await once(child, 'exit'), [0, null])
})

test('loaded under a test’s clock, everything goes through JavaScript', native, async () => {
  const script = `
    const timers = require('node:timers')
    const { setImmediate } = timers
    timers.setImmediate = () => ({})
    const { createReadStream } = require(${JSON.stringify(require.resolve('..'))})
    timers.setImmediate = setImmediate
    const stream = createReadStream(${JSON.stringify(file)})
    stream.resume().on('close', () => {
      process.exitCode = stream.bytesRead === ${SIZE} && stream.transfer.reason === 'fake-timers' ? 7 : 1
    })`
  const [code] = await once(spawn(process.execPath, ['-e', script], { stdio: 'inherit' }), 'exit')
  assert.equal(code, 7)
})

test('nothing stays open', async () => {
  await until(() => openDescriptors().filter((target) => target.startsWith(folder)).length === 0)
})
