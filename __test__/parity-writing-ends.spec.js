'use strict'

// The ends of a WriteStream: destroyed, closed, failed, aborted, at any moment.

const assert = require('node:assert/strict')
const { execFileSync } = require('node:child_process')
const fs = require('node:fs')
const { test } = require('node:test')

const { bytes, descriptorsOn, newPath } = require('./helpers/files.js')
const { until } = require('./helpers/server.js')
const { lookAtWriter, settled, told, turns, watch, writingParity } = require('./helpers/writing.js')

/** Each calls `act` at some moment in the life of a stream that writes. */
const moments = {
  'at once': (stream, act) => act(),
  'in the next tick': (stream, act) => process.nextTick(act),
  'at open': (stream, act) => stream.once('open', act),
  'at ready': (stream, act) => stream.once('ready', act),
  'behind a first write': (stream, act) =>
    stream.once('ready', () => {
      stream.write(bytes(100_000, 5))
      act()
    }),
  'behind small writes': (stream, act) =>
    stream.once('ready', () => {
      for (let i = 0; i < 100; i += 1) stream.write(`${i};`)
      act()
    }),
  'in the tick behind small writes': (stream, act) =>
    stream.once('ready', () => {
      for (let i = 0; i < 100; i += 1) stream.write(`${i};`)
      process.nextTick(act)
    }),
  'when a write is done': (stream, act) => stream.write('done', act),
  'when the first of many is done': (stream, act) => {
    stream.write('done', act)
    for (let i = 0; i < 100; i += 1) stream.write(`${i};`)
  },
  'behind many rounds': (stream, act) => {
    let rounds = 4
    const write = () => {
      for (let i = 0; i < 60; i += 1) stream.write(`${rounds}.${i};`)
      rounds -= 1
      if (rounds > 0) stream.write('|', write)
      else act()
    }
    write()
  },
  'at drain': (stream, act) => {
    stream.once('drain', act)
    stream.write(bytes(200_000, 6))
  },
  'behind the end': (stream, act) => {
    stream.end('the end')
    act()
  },
  'at finish': (stream, act) => stream.once('finish', act).end('the end'),
  'at close': (stream, act) => stream.once('close', act).end('the end'),
}

const ours = () => Object.assign(new Error('ours'), { code: 'OURS' })

/** What is done to a stream. */
const actions = {
  'destroy()': (stream) => stream.destroy(),
  'destroy(error)': (stream) => stream.destroy(ours()),
  'close()': (stream) => stream.close(),
  'close(callback)': (stream, note) => stream.close(note('close called back')),
  'close(callback), twice'(stream, note) {
    stream.close(note('first'))
    stream.close(note('second'))
  },
  'destroySoon()': (stream) => stream.destroySoon(),
  'end(), twice'(stream, note) {
    stream.end(note('first'))
    stream.end(note('second'))
  },
  'write behind the end'(stream, note) {
    stream.end()
    stream.write('too late', note('too late'))
  },
  'destroy, then write'(stream, note) {
    stream.destroy()
    stream.write('too late', note('too late'))
  },
  'write, then destroy'(stream, note) {
    stream.write('lost or not', note('lost'))
    stream.destroy()
  },
  'an error of a write: null'(stream, note) {
    try {
      stream.write(null, note('null'))
    } catch (error) {
      note('thrown')(error)
    }
    stream.end()
  },
  'an unknown encoding'(stream, note) {
    try {
      stream.write('x', 'utf9')
    } catch (error) {
      note('thrown')(error)
    }
    stream.end()
  },
}

for (const [moment, when] of Object.entries(moments)) {
  for (const [action, act] of Object.entries(actions)) {
    for (const option of [{}, { autoClose: false }, { flush: true }]) {
      // It would never come.
      if (moment === 'at close' && option.autoClose === false) continue
      const run = async ({ createWriteStream, path, journal }) => {
        const stream = watch(createWriteStream(path, option), journal)
        await new Promise((resolve) =>
          when(stream, () => {
            journal.note('stream', 'act')
            act(stream, (what) => told(journal, what))
            resolve()
          }),
        )
        if (option.autoClose === false) {
          // Nothing but this closes what failed or has finished.
          await settled(stream)
          await until(() => stream.closed || (!stream.pending && stream.writableLength === 0))
          stream.destroy()
          await until(() => stream.closed)
        }
        await settled(stream)
        return lookAtWriter(stream)
      }
      writingParity(`${action} ${moment}, ${JSON.stringify(option)}`, run, 'before')
    }
  }
}

for (const when of ['before', 'at once', 'open', 'drain', 'finish']) {
  writingParity(`a signal that is aborted: ${when}`, async (implementation) => {
    const { createWriteStream, path, journal } = implementation
    const controller = new AbortController()
    if (when === 'before') controller.abort()
    const { signal } = controller
    const stream = watch(createWriteStream(path, { signal }), journal)
    if (when === 'at once') controller.abort()
    else if (when !== 'before') stream.once(when, () => controller.abort())
    stream.write(bytes(100_000))
    stream.end()
    await settled(stream)
    // It opens its file all the same, behind its end.
    if (when === 'before') await until(() => !stream.pending)
    await turns(20)
  })
}

const folder = newPath('folder')
fs.mkdirSync(folder)

/** Streams that cannot write, by the error. */
const failing = {
  'no folder': { path: `${folder}/missing/file` },
  'a folder': { path: folder },
  'bad flags': { option: { flags: 'q' } },
  'bad mode': { option: { mode: 'nine' } },
  'a file that must not be there': { path: __filename, option: { flags: 'wx' } },
  'a file that must be there': { option: { flags: 'r+' } },
  'a disk that is full': { path: '/dev/full' },
  'a descriptor that is not open': { option: { fd: 1_000_000 } },
  'a descriptor for reading': { open: () => fs.openSync(__filename, 'r') },
  'a name that is too long': { path: `/${'n'.repeat(300)}` },
}

for (const [name, { path: given, option, open }] of Object.entries(failing)) {
  for (const count of [0, 1, 20]) {
    for (const autoClose of [true, false]) {
      writingParity(`${name}, ${count} writes, autoClose ${autoClose}`, async (implementation) => {
        const { createWriteStream, path, journal } = implementation
        const options = { ...option, autoClose, ...(open && { fd: open() }) }
        const stream = watch(createWriteStream(given ?? path, options), journal)
        for (let i = 0; i < count; i += 1) stream.write(`text ${i}`, told(journal, i))
        stream.end(told(journal, 'end'))
        await settled(stream)
        if (open && !autoClose) fs.closeSync(options.fd)
      })
    }
  }
}

test('a limit of a file’s size, a reader that has gone: the errors are Node’s', () => {
  const program = `
    const fs = require('node:fs')
    const { describeError } = require(${JSON.stringify(require.resolve('./helpers/parity.js'))})
    const millrace = require(${JSON.stringify(require.resolve('..'))})
    const [, file, fifo] = process.argv
    const story = (createWriteStream, path, sizes, options) => new Promise((resolve) => {
      const log = []
      const stream = createWriteStream(path, options)
      stream.on('error', (error) => log.push(['error', describeError(error), stream.bytesWritten]))
      stream.on('finish', () => log.push(['finish']))
      stream.on('close', () => resolve([...log, stream.bytesWritten, stream.pos]))
      const write = () => {
        for (const [i, size] of sizes.entries()) {
          stream.write(Buffer.alloc(size, i), (error) => log.push([i, describeError(error)]))
        }
        stream.end()
      }
      if (stream.pending) stream.once('ready', write)
      else write()
    })
    const sizesOf = [[100_000], Array(50).fill(99), Array(50).fill(5000), [1, 4095, 10_000, 10_000_000, 1]]
    const main = async () => {
      const stories = []
      for (const { createWriteStream } of [fs, millrace]) {
        const told = []
        for (const sizes of sizesOf) {
          for (const options of [{}, { flags: 'a' }, { start: 100 }]) {
            fs.writeFileSync(file, '')
            told.push(await story(createWriteStream, file, sizes, options))
            told.push(require('crypto').hash?.('sha1', fs.readFileSync(file)) ?? fs.statSync(file).size)
          }
        }
        // Opened for both, so that there is a reader, which then leaves.
        const reader = fs.openSync(fifo, fs.constants.O_RDONLY | fs.constants.O_NONBLOCK)
        const fd = fs.openSync(fifo, 'w')
        fs.closeSync(reader)
        told.push(await story(createWriteStream, fifo, [10, 20, 30], { fd }))
        stories.push(told)
      }
      console.log(JSON.stringify(stories))
    }
    main()`
  const fifo = newPath('fifo')
  execFileSync('mkfifo', [fifo])
  const command = 'ulimit -f 20 && exec "$0" "$@"'
  const args = ['-c', command, process.execPath, '-e', program, newPath('limited'), fifo]

  const output = execFileSync('sh', args, {
    env: { ...process.env, NODE_OPTIONS: '' },
  })
  const [nodes, ours] = JSON.parse(output)
  assert.deepEqual(ours, nodes)
  const codes = nodes
    .flatMap((story) => (Array.isArray(story) ? story : []))
    .map((entry) => entry?.[1]?.code)
  assert.ok(codes.includes('EFBIG'), JSON.stringify(codes))
  assert.ok(codes.includes('EPIPE'), JSON.stringify(codes))
})

test('streams of all fates leave no descriptor open', async () => {
  const millrace = require('..')
  const paths = []
  for (let round = 0; round < 60; round += 1) {
    const path = newPath('fate')
    paths.push(path)
    const stream = millrace.createWriteStream(path, { atomic: round % 3 === 0 })
    // Node's own, of a write that was under way.
    stream.on('error', ({ code }) => assert.ok(['OURS', 'ERR_STREAM_DESTROYED'].includes(code)))
    for (let i = 0; i < round; i += 1) stream.write(bytes(100 * i, i))
    await turns(round % 5)
    if (round % 4 === 0) stream.destroy(ours())
    else if (round % 4 === 1) stream.destroy()
    else stream.end()
    await settled(stream)
  }
  for (const path of paths) assert.equal(descriptorsOn(path), 0)
})
