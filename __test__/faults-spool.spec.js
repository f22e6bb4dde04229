'use strict'

// A spool whose disk is full, or whose file system cannot do what others can.

const assert = require('node:assert/strict')
const { spawnSync } = require('node:child_process')
const { once } = require('node:events')
const fs = require('node:fs')
const path = require('node:path')
const { Writable } = require('node:stream')
const { test } = require('node:test')

const { createSpool } = require('..')
const { engine } = require('../lib/native.js')
const { newPath } = require('./helpers/files.js')
const { hasCompiler, refusing } = require('./helpers/faults.js')

const STORY = path.join(__dirname, 'helpers', 'spool-story.js')

/** O_TMPFILE, without O_DIRECTORY. */
const TMPFILE = 0o20000000
const CALLS = {
  x64: { openat: 257, fallocate: 285 },
  arm64: { openat: 56, fallocate: 47 },
}[process.arch]

function storyOf(command, words, ...details) {
  const { status, stdout, stderr } = spawnSync(
    command,
    [...words, process.execPath, STORY, ...details.map(String)],
    { encoding: 'utf8', timeout: 30_000 },
  )
  assert.equal(stderr, '')
  assert.equal(status, 0)
  return JSON.parse(stdout)
}

/** Has a command find a small disk at `folder`. */
function withDisk(folder, options) {
  const script = `mount -t tmpfs -o "$0" millrace "$1" && shift && exec "$@"`
  return ['unshare', ['--map-root-user', '--mount', 'sh', '-c', script, options, folder]]
}

function newFolder() {
  const folder = newPath('spool')
  fs.mkdirSync(folder)
  return folder
}

function canMount() {
  const [command, words] = withDisk(newFolder(), 'size=64k')
  return spawnSync(command, [...words, 'true']).status === 0
}

const skipDisk = !canMount() && 'no file systems can be mounted here'

function canRefuse() {
  if (!hasCompiler || CALLS === undefined) return false
  const [command, ...words] = refusing('EPERM', [])
  return spawnSync(command, [...words, 'true']).status === 0
}

const skipRefusing = !canRefuse() && 'needs seccomp and a C compiler'

for (const way of ['read', 'pipe']) {
  test(`a full disk is told behind all that was taken: ${way}`, { skip: skipDisk }, () => {
    const folder = newFolder()
    const told = storyOf(...withDisk(folder, 'size=1m'), folder, 3_000_000, way)
    const { held, spilled, sent, acknowledged, refused, early, error, left, isRight } = told
    assert.equal(early, null)
    assert.equal(error, 'ENOSPC write')
    assert.equal(refused, 'ENOSPC')
    assert.ok(spilled >= 700_000 && spilled <= 2 ** 20, String(spilled))
    assert.equal(told.received, held)
    assert.ok(acknowledged > 0 && acknowledged <= held)
    assert.equal(isRight, true)
    assert.deepEqual(left, [])
    const isSent = way === 'pipe' && engine !== 'javascript' && process.arch === 'x64'
    assert.equal(sent > 0, isSent, String(sent))
  })

  test(`a file system without O_TMPFILE: ${way}`, { skip: skipRefusing }, () => {
    for (const error of ['EOPNOTSUPP', 'EINVAL', 'EISDIR']) {
      const folder = newFolder()
      const [command, ...words] = refusing(error, [`${CALLS.openat}/2/${TMPFILE}`])
      const told = storyOf(command, words, folder, 3_000_000, way)
      assert.equal(told.error, null)
      assert.equal(told.received, 3_000_000)
      assert.equal(told.acknowledged, 3_000_000)
      assert.ok(told.spilled > 2_000_000, String(told.spilled))
      assert.equal(told.isRight, true)
      assert.deepEqual(told.left, [])
    }
  })

  test(`a file system that punches no holes: ${way}`, { skip: skipRefusing }, () => {
    const folder = newFolder()
    const [command, ...words] = refusing('EOPNOTSUPP', [CALLS.fallocate])
    const told = storyOf(command, words, folder, 9_000_000, way)
    assert.equal(told.error, null)
    assert.equal(told.received, 9_000_000)
    assert.equal(told.isRight, true)
    assert.deepEqual(told.left, [])
  })
}

test('a disk without room for a file', { skip: skipDisk }, () => {
  const folder = newFolder()
  const told = storyOf(...withDisk(folder, 'size=1m,nr_inodes=1'), folder, 3_000_000, 'read')
  assert.equal(told.early, null)
  assert.equal(told.error, 'ENOSPC open')
  assert.equal(told.spilled, 0)
  assert.equal(told.received, told.held)
  assert.equal(told.isRight, true)
})

test('O_TMPFILE is refused by that sandbox, and nothing else is', { skip: skipRefusing }, () => {
  const folder = newFolder()
  const [command, ...words] = refusing('EOPNOTSUPP', [`${CALLS.openat}/2/${TMPFILE}`])
  const program = `
    const { constants, openSync, writeFileSync } = require('node:fs')
    writeFileSync(process.argv[1] + '/named', 'x')
    try {
      openSync(process.argv[1], constants.O_RDWR | constants.O_DIRECTORY | ${TMPFILE}, 0o600)
    } catch ({ code }) {
      console.log(code)
    }`
  const { stdout } = spawnSync(command, [...words, process.execPath, '-e', program, folder], {
    encoding: 'utf8',
  })
  assert.equal(stdout, 'ENOTSUP\n')
})

/** Ways to read slowly; each gives a function that tells how much was read. */
const SLOW_READERS = {
  'a Writable'(spool) {
    let read = 0
    spool.pipe(
      new Writable({
        highWaterMark: 1,
        write(chunk, _, callback) {
          read += chunk.length
          setTimeout(callback, 5)
        },
      }),
    )
    return () => read
  },
  'for await'(spool) {
    let read = 0
    const reading = async () => {
      for await (const chunk of spool) {
        read += chunk.length
        await new Promise((resolve) => {
          setTimeout(resolve, 5)
        })
      }
    }
    // The error is what the test waits for.
    reading().catch(() => {})
    return () => read
  },
  'a pause'(spool) {
    let read = 0
    spool.on('data', (chunk) => (read += chunk.length)).pause()
    setTimeout(() => spool.resume(), 20)
    return () => read
  },
  'read(1000)'(spool) {
    let read = 0
    spool.on('readable', () => {
      for (let chunk; (chunk = spool.read(1000)) !== null;) read += chunk.length
    })
    return () => read
  },
}

for (const [name, attach] of Object.entries(SLOW_READERS)) {
  for (const count of [1, 3]) {
    test(`${count} chunks are read before their disk fails: ${name}`, async () => {
      const spool = createSpool({ memory: 10, directory: path.join(newFolder(), 'missing') })
      let acknowledged = 0
      for (let i = 0; i < count; i += 1) {
        const chunk = Buffer.alloc(2 ** 16 + i, 'x')
        spool.write(chunk, (error) => {
          if (!error) acknowledged += chunk.length
        })
      }
      spool.end()
      const read = attach(spool)
      const [error] = await once(spool, 'error')
      assert.equal(error.code, 'ENOENT')
      assert.equal(acknowledged, count * 2 ** 16 + (count * (count - 1)) / 2)
      assert.equal(read(), acknowledged)
    })
  }
}
