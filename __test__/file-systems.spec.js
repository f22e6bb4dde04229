'use strict'

// File systems where preadv2(2) does not say what is in memory: the layers of
// a container's image, and files that are nowhere else than in memory.

const assert = require('node:assert/strict')
const { execFileSync, spawnSync } = require('node:child_process')
const fs = require('node:fs')
const path = require('node:path')
const { after, describe, it } = require('node:test')

const { engine } = require('../lib/native.js')
const { bytes, newPath, sha256 } = require('./helpers/files.js')
const { valueOf } = require('./helpers/program.js')

const SIZES = [1000, 65_536, 3 * 2 ** 20 + 7]
const NOBODY = 65_534
const TMPFS_MAGIC = 0x01021994

const isNative = engine !== 'javascript'

const contents = new Map(SIZES.map((size) => [String(size), bytes(size, size)]))

/** Puts a file of each size into a folder. */
function fill(folder) {
  fs.mkdirSync(folder)
  for (const [name, content] of contents) fs.writeFileSync(path.join(folder, name), content)
  return folder
}

/** Drops the files of a folder from the page cache. */
function drop(folder) {
  for (const name of contents.keys()) {
    const file = path.join(folder, name)
    const descriptor = fs.openSync(file)
    fs.fsyncSync(descriptor)
    fs.closeSync(descriptor)
    execFileSync('dd', [`if=${file}`, 'iflag=nocache', 'count=0', 'status=none'])
  }
}

/** A folder whose files lie in the lower layer of an overlayfs, or why there is none. */
function mount() {
  const lower = fill(newPath('lower'))
  const [empty, merged] = [newPath('empty'), newPath('merged')]
  for (const folder of [empty, merged]) fs.mkdirSync(folder)
  const options = `lowerdir=${empty}:${lower}`
  const { status, stderr, error } = spawnSync(
    'mount',
    ['-t', 'overlay', 'overlay', '-o', options, merged],
    { encoding: 'utf8' },
  )
  if (status !== 0) return { refusal: `mount is refused: ${stderr || error}` }
  return { lower, merged, refusal: false }
}

/**
 * Sends the files of a folder and reads them, in a process of its own, as that
 * user.
 */
function carry(folder, user = null) {
  return valueOf(
    `
    const crypto = require('node:crypto')
    const fs = require('node:fs')
    const net = require('node:net')
    const { createHook } = require('node:async_hooks')
    const { once } = require('node:events')
    const { createReadStream } = require('millrace')

    const sha256 = (chunks) => crypto.createHash('sha256').update(Buffer.concat(chunks)).digest('hex')
    const names = ${JSON.stringify([...contents.keys()])}
    // Another user has no way to it through the folders above.
    process.chdir(${JSON.stringify(folder)})
    const user = ${JSON.stringify(user)}
    if (user !== null) process.setuid(user)
    let nodeRequests = 0
    createHook({
      init(id, type) {
        if (type === 'FSREQCALLBACK') nodeRequests += 1
      },
    }).enable()

    async function send(name) {
      const server = net.createServer().listen(0, '127.0.0.1')
      await once(server, 'listening')
      const client = net.connect(server.address().port, '127.0.0.1')
      const [socket] = await once(server, 'connection')
      const stream = createReadStream(name)
      stream.pipe(socket)
      const hash = sha256(await client.toArray())
      server.close()
      return { hash, ...stream.transfer }
    }

    const threads = () =>
      fs.readdirSync('/proc/self/task').map((id) =>
        fs.readFileSync('/proc/self/task/' + id + '/comm', 'utf8').trim())

    async function main() {
      const result = { sent: {}, read: {} }
      for (const name of names) result.sent[name] = await send(name)
      for (const name of names) result.read[name] = sha256(await createReadStream(name).toArray())
      result.nodeRequests = nodeRequests
      result.waiters = threads().filter((name) => name.startsWith('tokio-')).length
      console.log(JSON.stringify(result))
    }
    main()`,
  )
}

function assertWhole({ sent, read }) {
  for (const [name, content] of contents) {
    assert.equal(sent[name].hash, sha256(content), name)
    assert.equal(read[name], sha256(content), name)
  }
}

/** Nothing was read through Node, and no thread was sent to a disk. */
function assertFromMemory({ sent, nodeRequests, waiters }) {
  for (const name of contents.keys()) {
    const { mode, reason, bytes: count } = sent[name]
    const expected = { mode: 'native', reason: null, count: Number(name) }
    assert.deepEqual({ mode, reason, count }, expected, name)
  }
  assert.deepEqual({ nodeRequests, waiters }, { nodeRequests: 0, waiters: 0 })
}

describe('the lower layer of an overlayfs', { skip: !isNative && 'reads are left to Node' }, () => {
  const { lower, merged, refusal } = mount()
  after(() => refusal || execFileSync('umount', ['--lazy', merged]))

  it('is sent and read at once when it is in memory', { skip: refusal }, () => {
    // By the names that are opened later: they, too, have to be in memory.
    for (const name of contents.keys()) fs.readFileSync(path.join(merged, name))
    const result = carry(merged)
    assertWhole(result)
    assertFromMemory(result)
  })

  const isInMemory = !refusal && fs.statfsSync(lower).type === TMPFS_MAGIC && 'never leaves memory'

  it('is begun in JavaScript when it is not', { skip: refusal || isInMemory }, () => {
    drop(lower)
    const result = carry(merged)
    assertWhole(result)
    const [first, , last] = [...contents.keys()].map((name) => result.sent[name])
    assert.equal(first.reason, 'cold')
    assert.ok(result.waiters > 0)
    assert.ok(last.bytes > 2 ** 20, `${last.bytes} bytes`)
  })

  it('is taken for cold by a user who may not be told', { skip: refusal }, () => {
    for (const name of contents.keys()) fs.readFileSync(path.join(lower, name))
    for (const isWarm of [true, false]) {
      if (!isWarm) drop(lower)
      const result = carry(merged, NOBODY)
      assertWhole(result)
      assert.equal(result.sent[1000].reason, 'cold')
    }
  })
})

describe('a file on tmpfs', { skip: !isNative && 'reads are left to Node' }, () => {
  const memory = '/dev/shm'
  const isThere = fs.existsSync(memory) && fs.statfsSync(memory).type === TMPFS_MAGIC

  it('is sent and read at once', { skip: !isThere && 'there is no tmpfs in /dev/shm' }, (t) => {
    const parent = fs.mkdtempSync(path.join(memory, 'millrace-test-'))
    t.after(() => fs.rmSync(parent, { recursive: true }))
    const result = carry(fill(path.join(parent, 'files')))
    assertWhole(result)
    assertFromMemory(result)
  })
})
