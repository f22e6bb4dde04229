'use strict'

const assert = require('node:assert/strict')
const { spawnSync } = require('node:child_process')
const crypto = require('node:crypto')
const { once } = require('node:events')
const fs = require('node:fs')
const path = require('node:path')
const { compose, Duplex, PassThrough, Readable, Writable } = require('node:stream')
const { finished, pipeline } = require('node:stream/promises')
const { describe, it } = require('node:test')

const { createSpool } = require('..')
const { binding } = require('../lib/native.js')
const { newPath } = require('./helpers/files.js')
const { application, run } = require('./helpers/program.js')
const { until } = require('./helpers/server.js')

const MIB = 2 ** 20

/** A new folder for temporary files, which are to leave nothing in it. */
function newFolder() {
  const folder = newPath('spool')
  fs.mkdirSync(folder)
  return folder
}

/** Descriptors of this process that lead to files of a folder. */
function descriptorsIn(folder) {
  return fs.readdirSync('/proc/self/fd').filter((fd) => {
    try {
      return fs.readlinkSync(`/proc/self/fd/${fd}`).startsWith(`${folder}/`)
    } catch {
      return false
    }
  })
}

const isLinux = process.platform === 'linux'

function assertNothingIn(folder) {
  assert.deepEqual(fs.readdirSync(folder), [])
  if (isLinux) assert.deepEqual(descriptorsIn(folder), [])
}

function random(seed) {
  let state = seed
  return (below) => {
    state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0
    return Math.floor((state / 2 ** 32) * below)
  }
}

function bytesOf(length, seed = 1) {
  return crypto.createHash('shake256', { outputLength: length }).update(String(seed)).digest()
}

describe('createSpool', () => {
  it('takes everything before anything is read, and gives it back in order', async () => {
    const folder = newFolder()
    for (const memory of [0, 1000, 100_000, MIB, 8 * MIB]) {
      const bytes = bytesOf(3 * MIB + 5)
      const spool = createSpool({ memory, directory: folder })
      const pick = random(memory)
      for (let at = 0; at < bytes.length;) {
        const length = 1 + pick(pick(2) === 0 ? 200 : 150_000)
        if (!spool.write(bytes.subarray(at, at + length))) await once(spool, 'drain')
        at += length
      }
      spool.end()
      await once(spool, 'finish')
      assert.equal(spool.size, bytes.length)
      assert.ok(bytes.length - spool.spilled <= memory + 2 ** 19, `${memory}: ${spool.spilled}`)
      const parts = await spool.toArray()
      assert.ok(Buffer.concat(parts).equals(bytes))
      assert.equal(spool.size, 0)
      if (!spool.closed) await once(spool, 'close')
      assertNothingIn(folder)
    }
  })

  it('gives what is written, whatever the order of writing and reading', async () => {
    const folder = newFolder()
    for (let seed = 1; seed <= 12; seed += 1) {
      const pick = random(seed)
      const bytes = bytesOf(1 + pick(2 * MIB), seed)
      const spool = createSpool({
        memory: pick(300_000),
        directory: folder,
        maxSize: pick(2) === 0 ? Infinity : 1 + pick(500_000),
        highWaterMark: 1 + pick(100_000),
      })
      const writing = (async () => {
        for (let at = 0; at < bytes.length;) {
          const length = 1 + pick(100_000)
          if (!spool.write(bytes.subarray(at, at + length))) await once(spool, 'drain')
          at += length
          if (pick(4) === 0) await new Promise(setImmediate)
        }
        spool.end()
      })()
      const parts = []
      for await (const part of spool) {
        parts.push(part)
        for (let i = pick(3); i > 0; i -= 1) await new Promise(setImmediate)
      }
      await writing
      await until(() => spool.closed)
      assert.ok(Buffer.concat(parts).equals(bytes), `seed ${seed}`)
    }
    assertNothingIn(folder)
  })

  it('has an error of a directory that can be none', async () => {
    const spool = createSpool({ memory: 1, directory: 'a\0b' })
    const failed = once(spool, 'error')
    spool.on('data', () => {})
    spool.pause()
    for (let i = 0; i < 3; i += 1) spool.write(Buffer.alloc(10))
    spool.resume()
    const [{ code }] = await failed
    assert.equal(code, 'ERR_INVALID_ARG_VALUE')
    if (!spool.closed) await once(spool, 'close')
  })

  it('writes nothing to a file while the reader keeps up', async () => {
    const spool = createSpool({ memory: MIB, directory: '/nowhere at all' })
    let length = 0
    await pipeline(
      async function* () {
        for (let i = 0; i < 100; i += 1) {
          yield Buffer.alloc(50_000)
          await new Promise(setImmediate)
        }
      },
      spool,
      new Writable({
        write(chunk, _, callback) {
          length += chunk.length
          callback()
        },
      }),
    )
    assert.equal(length, 5_000_000)
  })

  it('lets its writer go at once, and waits for the reader from maxSize on', async () => {
    const folder = newFolder()
    const spool = createSpool({
      memory: 1000,
      maxSize: 300_000,
      directory: folder,
      highWaterMark: 1,
    })
    let written = 0
    const source = new Readable({
      read() {
        written += 10_000
        this.push(written > 1_000_000 ? null : Buffer.alloc(10_000, 'x'))
      },
    })
    const piped = pipeline(source, spool)
    await until(() => spool.size === 300_000)
    await new Promise(setImmediate)
    assert.ok(written < 450_000, String(written))
    assert.equal(spool.size, 300_000)
    const parts = await spool.toArray()
    await piped
    assert.equal(Buffer.concat(parts).length, 1_000_000)
    // One chunk that is larger than all of it still gets through.
    const tiny = createSpool({ maxSize: 10 })
    tiny.end(Buffer.alloc(100))
    assert.equal(Buffer.concat(await tiny.toArray()).length, 100)
  })

  it('is an error when it is full, if so asked', async () => {
    const spool = createSpool({
      memory: 100,
      maxSize: 1000,
      overflow: 'error',
      directory: newFolder(),
    })
    spool.write(Buffer.alloc(1000))
    spool.write(Buffer.alloc(1))
    const [error] = await once(spool, 'error')
    assert.equal(error.code, 'ERR_MILLRACE_SPOOL_FULL')
    assert.equal(error.message, 'The spool has no room for 1 bytes: 1000 of 1000 are taken')
  })

  it('counts what it holds, and what of it is in the file', async () => {
    const spool = createSpool({ memory: 10_000, directory: newFolder() })
    assert.deepEqual([spool.size, spool.spilled], [0, 0])
    spool.write(Buffer.alloc(9000))
    assert.deepEqual([spool.size, spool.spilled], [9000, 0])
    spool.write(Buffer.alloc(70_000))
    assert.equal(spool.size, 79_000)
    await until(() => spool.spilled === 70_000)
    spool.destroy()
    await once(spool, 'close')
    assert.deepEqual([spool.size, spool.spilled], [0, 0])
  })

  it(
    'gives space back while it is read',
    { skip: (binding === null || !isLinux) && 'there is no call for it' },
    async () => {
      const folder = newFolder()
      const spool = createSpool({ memory: 0, directory: folder })
      const length = 8 * MIB
      for (let at = 0; at < length; at += 2 ** 16) spool.write(Buffer.alloc(2 ** 16, 'x'))
      await until(() => spool.spilled === length)
      const [fd] = descriptorsIn(folder)
      const space = () => fs.fstatSync(Number(fd)).blocks * 512
      if (space() < length) return
      let read = 0
      while (read < 6 * MIB) {
        const chunk = spool.read()
        if (chunk === null) await once(spool, 'readable')
        else read += chunk.length
      }
      await until(() => space() <= length - 5 * MIB)
      spool.destroy()
      await once(spool, 'close')
      assertNothingIn(folder)
    },
  )

  it('uses the file again from its beginning, where space cannot be given back', async () => {
    const folder = newFolder()
    const spool = createSpool({ memory: 0, directory: folder, highWaterMark: 1 })
    const all = []
    for (let round = 0; round < 5; round += 1) {
      const bytes = bytesOf(400_000, round)
      spool.write(bytes)
      await until(() => spool.spilled > 0 || spool.readableLength > 0)
      all.push(bytes)
      let length = 0
      while (length < bytes.length) {
        const chunk = spool.read()
        if (chunk === null) await once(spool, 'readable')
        else {
          assert.ok(chunk.equals(bytes.subarray(length, length + chunk.length)))
          length += chunk.length
        }
      }
      if (binding === null && isLinux) {
        const [fd] = descriptorsIn(folder)
        assert.ok(fs.fstatSync(Number(fd)).size <= 800_000)
      }
    }
    spool.end()
    spool.resume()
    await once(spool, 'close')
    assertNothingIn(folder)
  })

  it('leaves neither descriptor nor file, whenever it is destroyed', async () => {
    const folder = newFolder()
    for (let turns = 0; turns < 40; turns += 1) {
      const spool = createSpool({ memory: 1000, directory: folder })
      for (let i = 0; i < 20; i += 1) spool.write(Buffer.alloc(20_000))
      if (turns % 2 === 0) spool.resume()
      for (let i = 0; i < turns >> 1; i += 1) await new Promise(setImmediate)
      const failure = turns % 3 === 0 ? new Error('mine') : undefined
      if (failure) spool.on('error', (error) => assert.equal(error, failure))
      spool.destroy(failure)
      await once(spool, 'close').catch(() => {})
      await until(() => spool.closed)
      assertNothingIn(folder)
    }
  })

  it('holds two hundred at once', async () => {
    const folder = newFolder()
    const one = async (_, i) => {
      const bytes = bytesOf(200_000, i)
      const spool = createSpool({ memory: 10_000, directory: folder })
      for (let at = 0; at < bytes.length; at += 30_000) {
        if (!spool.write(bytes.subarray(at, at + 30_000))) await once(spool, 'drain')
      }
      spool.end()
      await once(spool, 'finish')
      await new Promise(setImmediate)
      const parts = await spool.toArray()
      assert.ok(Buffer.concat(parts).equals(bytes))
      await until(() => spool.closed)
    }
    await Promise.all(Array.from({ length: 200 }, one))
    assertNothingIn(folder)
  })

  it('fails when its disk is full, behind all that can be read', async () => {
    const folder = newFolder()
    const { open, writev } = fs
    // Someone's own functions: everything goes through them.
    fs.open = (...args) => open(...args)
    let room = 500_000
    fs.writev = (fd, pieces, position, callback) => {
      room -= pieces.reduce((sum, { length }) => sum + length, 0)
      if (room > 0) return writev(fd, pieces, position, callback)
      const error = Object.assign(new Error('ENOSPC: no space left on device, writev'), {
        code: 'ENOSPC',
      })
      return setImmediate(callback, error)
    }
    try {
      const bytes = bytesOf(2_000_000)
      const spool = createSpool({ memory: 100_000, directory: folder })
      let told = null
      spool.on('error', (error) => {
        told = error.code
      })
      for (let at = 0; at < bytes.length && !spool.writableNeedDrain; at += 50_000) {
        spool.write(bytes.subarray(at, at + 50_000))
        await until(() => !spool.writableNeedDrain || room <= 0)
      }
      await until(() => room <= 0)
      assert.equal(told, null)
      const held = spool.size
      assert.ok(held > 400_000, String(held))
      const parts = []
      spool.on('data', (part) => parts.push(part))
      await until(() => spool.closed)
      assert.equal(told, 'ENOSPC')
      const read = Buffer.concat(parts)
      assert.ok(read.length >= held)
      assert.ok(read.equals(bytes.subarray(0, read.length)))
    } finally {
      Object.assign(fs, { open, writev })
    }
    assertNothingIn(folder)
  })

  it('is told by the kernel what went wrong', { skip: !isLinux && 'needs ulimit' }, () => {
    const folder = application()
    const file = path.join(folder, 'program.js')
    fs.writeFileSync(
      file,
      `const { createSpool } = require('millrace')
       const spool = createSpool({ memory: 1000, directory: __dirname })
       let read = 0
       spool.on('error', ({ code, syscall }) => console.log(code, syscall, read))
       for (let i = 0; i < 50; i += 1) spool.write(Buffer.alloc(20_000))
       setTimeout(() => spool.on('data', ({ length }) => (read += length)), 200)`,
    )
    // No file longer than 256 KiB.
    const command = `ulimit -f 256; exec "$0" "$1"`
    const { stdout, stderr } = spawnSync('bash', ['-c', command, process.execPath, file], {
      encoding: 'utf8',
      timeout: 20_000,
    })
    assert.equal(stderr, '')
    const [code, syscall, read] = stdout.trim().split(' ')
    assert.deepEqual([code, syscall], ['EFBIG', 'write'])
    assert.ok(Number(read) >= 240_000, stdout)
  })

  it('says so when there is no place for its file', async () => {
    const spool = createSpool({ memory: 0, directory: '/nowhere at all' })
    const parts = []
    spool.on('data', (part) => parts.push(part))
    spool.pause()
    spool.write('some')
    spool.end('thing')
    setImmediate(() => spool.resume())
    const [error] = await once(spool, 'error')
    assert.equal(error.code, 'ENOENT')
    assert.equal(Buffer.concat(parts).toString(), 'something')
  })

  it('is emptied into a response by pipe, while its writer has gone', async () => {
    const folder = newFolder()
    const bytes = bytesOf(2 * MIB)
    const spool = createSpool({ memory: 10_000, directory: folder })
    const upstream = new PassThrough()
    upstream.pipe(spool)
    upstream.end(bytes)
    await once(spool, 'finish')
    const parts = []
    await pipeline(spool, async (source) => {
      for await (const part of source) parts.push(part)
    })
    assert.ok(Buffer.concat(parts).equals(bytes))
  })

  it('is a Duplex: compose, web streams, signal, strings, shared memory', async () => {
    const spool = createSpool()
    assert.ok(spool instanceof Duplex)
    spool.write('é')
    spool.write('c3', 'hex')
    spool.end(Buffer.from(new SharedArrayBuffer(1)).fill(0xa9))
    assert.equal(Buffer.concat(await spool.toArray()).toString(), 'éé')

    const both = compose(createSpool({ memory: 1 }), createSpool({ memory: 0 }))
    both.end('hello')
    assert.equal(String(Buffer.concat(await both.toArray())), 'hello')

    const { readable, writable } = Duplex.toWeb(createSpool({ memory: 1 }))
    const writer = writable.getWriter()
    const written = writer.write(Buffer.from('ab')).then(() => writer.close())
    const parts = []
    for await (const part of readable) parts.push(part)
    await written
    assert.equal(String(Buffer.concat(parts)), 'ab')

    const controller = new AbortController()
    const aborted = createSpool({ signal: controller.signal })
    controller.abort()
    await assert.rejects(finished(aborted), { name: 'AbortError' })
  })

  it('checks its options as Node does', () => {
    for (const [options, code] of [
      [null, 'ERR_INVALID_ARG_TYPE'],
      [{ memory: '1' }, 'ERR_INVALID_ARG_TYPE'],
      [{ memory: -1 }, 'ERR_OUT_OF_RANGE'],
      [{ maxSize: 0 }, 'ERR_OUT_OF_RANGE'],
      [{ directory: 5 }, 'ERR_INVALID_ARG_TYPE'],
      [{ overflow: 'drop' }, 'ERR_INVALID_ARG_VALUE'],
    ]) {
      assert.throws(() => createSpool(options), { code })
    }
  })

  // AddressSanitizer keeps what is freed.
  const skip = process.env.ASAN_OPTIONS !== undefined
  it('takes no more memory, however much it holds', { skip }, () => {
    // 4 GiB: MILLRACE_SPOOL_BYTES=4294967296.
    const size = Number(process.env.MILLRACE_SPOOL_BYTES ?? 192 * MIB)
    const { status, stdout, stderr } = run(
      `const { createSpool } = require('millrace')
       const { Readable } = require('node:stream')
       const size = ${size}
       const chunk = Buffer.alloc(65536, 'x')
       const rss = () => { global.gc(); return process.memoryUsage.rss() }
       let left = size
       const source = new Readable({
         read() {
           this.push(left === 0 ? null : chunk)
           left = Math.max(0, left - chunk.length)
         },
       })
       const spool = createSpool({ memory: 2 ** 20, directory: ${JSON.stringify(newFolder())} })
       const before = rss()
       source.pipe(spool)
       spool.on('finish', () => {
         const held = spool.size
         const full = rss()
         let read = 0
         let most = 0
         spool.on('data', (part) => {
           if (part[0] !== 120 || part[part.length - 1] !== 120) throw new Error('not the bytes')
           if (Math.floor((read + part.length) / 2 ** 25) > Math.floor(read / 2 ** 25)) {
             most = Math.max(most, rss())
           }
           read += part.length
         })
         spool.on('end', () => console.log(JSON.stringify({ held, read, grown: full - before, reading: most - before })))
       })`,
      { flags: ['--expose-gc'], env: { MILLRACE_ENGINE: process.env.MILLRACE_ENGINE ?? '' } },
    )
    assert.equal(stderr, '')
    assert.equal(status, 0)
    const { held, read, grown, reading } = JSON.parse(stdout)
    assert.equal(held, size)
    assert.equal(read, size)
    // The allocator keeps some of what came and went.
    assert.ok(grown < 48 * MIB, `${grown / MIB} MiB when full`)
    assert.ok(reading < 96 * MIB, `${reading / MIB} MiB when read`)
  })
})
