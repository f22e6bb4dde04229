'use strict'

// Files that replace others in one step, and room that is set aside.

const assert = require('node:assert/strict')
const { execFileSync, spawn, spawnSync } = require('node:child_process')
const { once } = require('node:events')
const fs = require('node:fs')
const path = require('node:path')
const { pipeline } = require('node:stream/promises')
const { test } = require('node:test')
const { Worker } = require('node:worker_threads')

const { createReadStream, createWriteStream } = require('..')
const { binding } = require('../lib/native.js')
const { bytes, makeFile, newPath } = require('./helpers/files.js')
const { settled } = require('./helpers/writing.js')

const ROUNDS = Number(process.env.MILLRACE_CRASH_ROUNDS ?? 20)
const OLD = 'the old file'
const native = { skip: binding === null && 'the addon is not used' }

/** A folder of its own with one file in it. */
function makeFolder(name = 'target') {
  const folder = newPath('folder')
  fs.mkdirSync(folder)
  const file = path.join(folder, name)
  fs.writeFileSync(file, OLD)
  return { folder, file }
}

function assertLeft(folder, file, content) {
  assert.equal(fs.readFileSync(file, 'latin1'), content)
  assert.deepEqual(fs.readdirSync(folder), [path.basename(file)])
}

/** Where it is native, and as Node's functions do it. */
const ways = { native: {}, 'by names': { native: false } }

for (const [way, option] of Object.entries(ways)) {
  const atomic = { ...option, atomic: true }

  test(`${way}: the old file is whole until 'finish', and then the new one is`, async () => {
    const { folder, file } = makeFolder()
    const stream = createWriteStream(file, atomic)
    const seen = []
    stream.on('open', () => seen.push(['open', fs.readFileSync(file, 'latin1')]))
    stream.on('finish', () => seen.push(['finish', fs.readFileSync(file, 'latin1')]))
    stream.write('the ')
    stream.write('new ', () => seen.push(['written', fs.readFileSync(file, 'latin1')]))
    stream.end('file')
    await once(stream, 'close')
    assert.deepEqual(seen, [
      ['open', OLD],
      ['written', OLD],
      ['finish', 'the new file'],
    ])
    assertLeft(folder, file, 'the new file')
    assert.equal(stream.path, file)
  })

  test(`${way}: a file that is not there yet`, async () => {
    const { folder, file } = makeFolder()
    fs.rmSync(file)
    const stream = createWriteStream(file, { ...atomic, mode: 0o640 })
    await once(stream.end('new'), 'close')
    assertLeft(folder, file, 'new')
    assert.equal(fs.statSync(file).mode & 0o777, 0o640 & ~process.umask())
  })

  for (const when of ['at once', 'open', 'drain', 'finishing']) {
    test(`${way}: destroyed ${when}, the old file stays and nothing is beside it`, async () => {
      const { folder, file } = makeFolder()
      const stream = createWriteStream(file, atomic)
      stream.on('error', () => {})
      const destroy = () => stream.destroy(new Error('ours'))
      if (when === 'at once') destroy()
      else if (when === 'finishing') stream.once('drain', () => stream.end(destroy).destroy())
      else stream.once(when, destroy)
      stream.write(bytes(100_000))
      await settled(stream)
      assertLeft(folder, file, OLD)
    })
  }

  test(`${way}: permissions and the sticky bit are kept, others are not`, async () => {
    const { file } = makeFolder()
    fs.chmodSync(file, 0o1751)
    await once(createWriteStream(file, atomic).end('x'), 'close')
    assert.equal(fs.statSync(file).mode & 0o7777, 0o1751)
    fs.chmodSync(file, 0o4755)
    await once(createWriteStream(file, atomic).end('x'), 'close')
    assert.equal(fs.statSync(file).mode & 0o7777, 0o755)
  })

  const isRoot = process.getuid?.() === 0
  test(`${way}: the owner is kept`, { skip: !isRoot && 'only root gives files away' }, async () => {
    const { file } = makeFolder()
    fs.chownSync(file, 1234, 5678)
    await once(createWriteStream(file, atomic).end('x'), 'close')
    const { uid, gid } = fs.statSync(file)
    assert.deepEqual([uid, gid], [1234, 5678])
  })

  test(`${way}: a link is followed, also to a file that is not there`, async () => {
    const { folder, file } = makeFolder()
    const link = newPath('link')
    fs.symlinkSync(file, link)
    await once(createWriteStream(link, atomic).end('by link'), 'close')
    assertLeft(folder, file, 'by link')
    assert.ok(fs.lstatSync(link).isSymbolicLink())
    fs.rmSync(file)
    await once(createWriteStream(link, atomic).end('dangling'), 'close')
    assertLeft(folder, file, 'dangling')
  })

  test(`${way}: errors of opening are those of a plain stream`, async () => {
    const { file, folder } = makeFolder()
    for (const target of [folder, path.join(folder, 'no', 'such'), path.join(file, 'below')]) {
      const errors = []
      for (const options of [{}, atomic]) {
        const stream = createWriteStream(target, options)
        const [{ code, syscall, path: where, message }] = await once(stream, 'error')
        errors.push({ code, syscall, where, message })
      }
      assert.deepEqual(errors[1], errors[0])
    }
    const device = createWriteStream('/dev/null', atomic)
    const [error] = await once(device, 'error')
    assert.equal(error.code, 'ERR_MILLRACE_NOT_A_FILE')
  })

  test(`${way}: a pipe fills it, and an error of its source leaves the old file`, async () => {
    const { folder, file } = makeFolder()
    const source = makeFile(1_000_000, 8)
    await pipeline(createReadStream(source.file), createWriteStream(file, atomic))
    assert.ok(fs.readFileSync(file).equals(source.content))
    assert.equal(fs.readdirSync(folder).length, 1)
    const failing = createReadStream(source.file)
    failing.once('open', () => setImmediate(() => failing.destroy(new Error('ours'))))
    // One portion of the kernel's may be all of the file.
    const outcome = await pipeline(failing, createWriteStream(file, atomic)).catch((e) => e.message)
    assert.ok(outcome === 'ours' || outcome === undefined)
    assert.ok(fs.readFileSync(file).equals(source.content))
    assert.equal(fs.readdirSync(folder).length, 1)
  })

  test(`${way}: a final of the user's own comes first`, async () => {
    const { file } = makeFolder()
    let isFinal = false
    const final = (callback) => {
      isFinal = fs.readFileSync(file, 'latin1') === OLD
      callback()
    }
    await once(createWriteStream(file, { ...atomic, final }).end('x'), 'close')
    assert.ok(isFinal)
    const failing = createWriteStream(file, { ...atomic, final: (done) => done(new Error('no')) })
    await once(failing.end('lost'), 'error')
    assert.equal(fs.readFileSync(file, 'latin1'), 'x')
  })

  test(`${way}: killed at any moment, the file is an old one or a new one`, async () => {
    const { folder, file } = makeFolder()
    const writer = path.join(__dirname, 'helpers', 'atomic-writer.js')
    const isWhole = (content) => {
      const size = 1000 + ((content[0] * 7919) % 300_000)
      return content.length === size && content.every((byte) => byte === content[0])
    }
    let versions = 0
    for (let round = 0; round < ROUNDS; round += 1) {
      const child = spawn(process.execPath, [writer, file, JSON.stringify(atomic)], {
        env: { ...process.env, NODE_OPTIONS: '' },
        stdio: ['ignore', 'pipe', 'inherit'],
      })
      await once(child.stdout, 'data')
      await new Promise((resolve) => setTimeout(resolve, Math.random() * 25))
      child.kill('SIGKILL')
      await once(child, 'close')
      const content = fs.readFileSync(file)
      if (content.toString('latin1') === OLD) continue
      versions += 1
      assert.ok(isWhole(content), `round ${round}: ${content.length} bytes`)
    }
    assert.ok(versions > 0)
    // Only a name that was given in the last moment stays behind; where there
    // are none but names, each kill may leave one.
    const left = fs.readdirSync(folder).filter((name) => name !== path.basename(file))
    assert.ok(left.every((name) => name.startsWith('.millrace-')))
    assert.ok(left.length <= (way === 'native' && binding !== null ? 1 + ROUNDS / 20 : ROUNDS))
  })
}

test('in a worker, and in one that is terminated', async () => {
  const { folder, file } = makeFolder()
  const code = (rest) => `
    const { createWriteStream } = require(${JSON.stringify(path.join(__dirname, '..'))})
    const stream = createWriteStream(${JSON.stringify(file)}, { atomic: true })
    stream.write('from a worker')
    ${rest}`
  await once(new Worker(code('stream.end()'), { eval: true }), 'exit')
  assertLeft(folder, file, 'from a worker')
  const worker = new Worker(
    code(
      `stream.write(Buffer.alloc(9_000_000), () => {}); stream.on('open', () => require('worker_threads').parentPort.postMessage(1))`,
    ),
    { eval: true },
  )
  await once(worker, 'message')
  await worker.terminate()
  assert.equal(fs.readFileSync(file, 'latin1'), 'from a worker')
})

test('options that do not go together are refused', () => {
  const { file } = makeFolder()
  for (const [options, code] of [
    [{ atomic: 1 }, 'ERR_INVALID_ARG_TYPE'],
    [{ atomic: true, flags: 'a' }, 'ERR_INVALID_ARG_VALUE'],
    [{ atomic: true, flags: 'r+' }, 'ERR_INVALID_ARG_VALUE'],
    [{ atomic: true, fd: 1 }, 'ERR_INCOMPATIBLE_OPTION_PAIR'],
    [{ atomic: true, fs }, 'ERR_INCOMPATIBLE_OPTION_PAIR'],
    [{ preallocate: '1' }, 'ERR_INVALID_ARG_TYPE'],
    [{ preallocate: -1 }, 'ERR_OUT_OF_RANGE'],
    [{ preallocate: 1.5 }, 'ERR_OUT_OF_RANGE'],
    [{ preallocate: 1, fd: 1 }, 'ERR_INCOMPATIBLE_OPTION_PAIR'],
  ]) {
    assert.throws(() => createWriteStream(file, options), { code }, JSON.stringify(options))
  }
  assert.equal(fs.readFileSync(file, 'latin1'), OLD)
})

test('room is set aside, used, and given back', native, async (t) => {
  const file = newPath('room')
  const stream = createWriteStream(file, { preallocate: 8_000_000 })
  await once(stream, 'open')
  const { size, blocks } = fs.statSync(file)
  assert.equal(size, 0)
  if (blocks === 0) return t.skip('a file system without fallocate')
  assert.ok(blocks * 512 >= 8_000_000)
  await once(stream.end(bytes(100_000)), 'close')
  const after = fs.statSync(file)
  assert.equal(after.size, 100_000)
  assert.ok(after.blocks * 512 < 200_000)
})

test('more room than there is, is an error at open', native, async (t) => {
  const file = newPath('too much')
  const stream = createWriteStream(file, { preallocate: 2 ** 50 })
  const error = await Promise.race([once(stream, 'error'), once(stream, 'open')]).then(([e]) => e)
  if (!(error instanceof Error)) return t.skip('a file system without fallocate')
  assert.ok(['ENOSPC', 'EFBIG'].includes(error.code))
  assert.equal(error.syscall, 'fallocate')
  assert.equal(error.path, file)
  assert.match(error.message, /, fallocate '/)
  await settled(stream)
  assert.equal(stream.fd, null)
})

test('a file that is appended to gets its room at its end, and keeps it', native, async () => {
  const { file } = makeFile(50_000)
  const stream = createWriteStream(file, { flags: 'a', preallocate: 1_000_000 })
  await once(stream, 'open')
  const { blocks } = fs.statSync(file)
  await once(stream.end('behind'), 'close')
  const after = fs.statSync(file)
  assert.equal(after.size, 50_006)
  // Others may append as well: nothing is cut off.
  assert.equal(after.blocks, blocks)
})

test('without the addon both options work, and set nothing aside', () => {
  const { folder, file } = makeFolder()
  const code = `
    const { createWriteStream } = require(${JSON.stringify(path.join(__dirname, '..'))})
    createWriteStream(${JSON.stringify(file)}, { atomic: true, preallocate: 2 ** 50 }).end('new')`
  const env = { ...process.env, MILLRACE_ENGINE: 'javascript', NODE_OPTIONS: '' }
  execFileSync(process.execPath, ['-e', code], { env })
  assertLeft(folder, file, 'new')
})

// Others are made for the test, where that is allowed.
for (const [kind, make] of Object.entries({
  xfs: ['mkfs.xfs', '-q'],
  btrfs: ['mkfs.btrfs', '-q'],
})) {
  const isThere = spawnSync(make[0], ['-V']).status === 0 && process.getuid() === 0
  const skip =
    process.env.MILLRACE_LOOP !== '1' ? 'MILLRACE_LOOP=1 mounts images' : !isThere && 'no mkfs'
  test(`on ${kind}: written, copied, replaced`, { skip }, async (t) => {
    const image = newPath('image')
    const folder = newPath('mounted')
    fs.mkdirSync(folder)
    fs.closeSync(fs.openSync(image, 'w'))
    fs.truncateSync(image, 512 * 2 ** 20)
    execFileSync(make[0], [...make.slice(1), image])
    execFileSync('mount', ['-o', 'loop', image, folder])
    t.after(() => execFileSync('umount', [folder]))
    const file = path.join(folder, 'file')
    const content = bytes(20_000_000, 3)
    const stream = createWriteStream(file, { atomic: true, preallocate: 1_000_000 })
    for (let at = 0; at < content.length; at += 777) {
      if (!stream.write(content.subarray(at, at + 777))) await once(stream, 'drain')
    }
    await once(stream.end(), 'close')
    assert.ok(fs.readFileSync(file).equals(content))
    const source = createReadStream(file)
    const target = createWriteStream(`${file}.copy`)
    await pipeline(source, target)
    assert.ok(fs.readFileSync(`${file}.copy`).equals(content))
    assert.equal(source.transfer.mode, binding === null ? 'javascript' : 'native')
    assert.deepEqual(
      fs.readdirSync(folder).filter((name) => name.startsWith('.millrace')),
      [],
    )
  })
}
