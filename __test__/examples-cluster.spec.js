'use strict'

// A server in several processes.

const assert = require('node:assert/strict')
const { once } = require('node:events')
const fs = require('node:fs')
const http = require('node:http')
const path = require('node:path')
const { describe, test } = require('node:test')

const { begin, finish } = require('./helpers/downloads.js')
const {
  DATA,
  copyOnNode,
  example,
  get,
  hashOf,
  largeFile,
  options,
  run,
  serve,
  startServer,
  temporaryDirectory,
} = require('./helpers/examples.js')
const { makeFile } = require('./helpers/files.js')
const { until } = require('./helpers/server.js')

describe('cluster.js', () => {
  const script = example('cluster.js')
  const two = { WORKERS: '2' }
  const address = (port) => ({ port, host: '127.0.0.1' })

  function childrenOf(pid) {
    const children = fs.readFileSync(`/proc/${pid}/task/${pid}/children`, 'latin1')
    return children.split(' ').filter(Boolean).map(Number)
  }

  function hasOpen(pid, file) {
    const folder = `/proc/${pid}/fd`
    const isFile = (fd) => {
      try {
        return fs.readlinkSync(path.join(folder, fd)) === file
      } catch {
        return false
      }
    }
    return fs.readdirSync(folder).some(isFile)
  }

  const isAlive = (pid) => fs.existsSync(`/proc/${pid}`)

  test('Each of its workers serves a file to clients that stay.', options, async (t) => {
    const file = largeFile(t)
    const port = await serve(t, script, [file], two)
    const agent = new http.Agent({ keepAlive: true, maxSockets: 4 })
    t.after(() => agent.destroy())
    const answers = await Promise.all(Array.from({ length: 12 }, () => get(port, '/', agent)))
    for (const answer of answers) assert.deepEqual(answer, { status: 200, hash: hashOf(file) })
  })

  test('It serves data.txt by default, also on fs of Node.', options, async (t) => {
    for (const one of [script, copyOnNode(t, 'cluster.js')]) {
      const port = await serve(t, one, [], two)
      assert.deepEqual(await get(port), { status: 200, hash: hashOf(DATA) })
    }
  })

  test('It serves what is in a folder, and nothing else.', options, async (t) => {
    const folder = temporaryDirectory(t)
    fs.mkdirSync(path.join(folder, 'in'))
    fs.copyFileSync(DATA, path.join(folder, 'a file'))
    fs.copyFileSync(DATA, path.join(path.dirname(folder), `${path.basename(folder)}-beside`))
    t.after(() => fs.rmSync(`${folder}-beside`))
    const port = await serve(t, script, [folder], two)
    const found = { status: 200, hash: hashOf(DATA) }
    assert.deepEqual(await get(port, '/a%20file?version=2'), found)
    assert.deepEqual(await get(port, '/in/../a%20file'), found)
    const beside = `${path.basename(folder)}-beside`
    for (const [url, status] of [
      ['/none', 404],
      ['/a%20file/none', 404],
      [`/../${beside}`, 404],
      [`/..%2f${beside}`, 404],
      [`/in/%2e%2e/../../${beside}`, 404],
      ['/in', 404],
      ['/%00', 400],
      ['/%zz', 400],
    ]) {
      assert.equal((await get(port, url)).status, status, url)
    }
    assert.deepEqual(await get(port, '/a%20file'), found)
  })

  test('A worker that is killed in a download is replaced.', options, async (t) => {
    const large = makeFile(16 * 2 ** 20).file
    const { child, port } = await startServer(t, script, [large], two)
    const before = childrenOf(child.pid)
    const download = await begin(address(port), '/')
    await until(() => before.some((pid) => hasOpen(pid, large)), 'a worker that serves')
    const busy = before.find((pid) => hasOpen(pid, large))
    process.kill(busy, 'SIGKILL')
    assert.equal((await finish(download)).isWhole, false)
    await until(() => {
      const now = childrenOf(child.pid)
      return now.length === 2 && !now.includes(busy)
    }, 'another worker')
    const other = before.find((pid) => pid !== busy)
    assert.ok(childrenOf(child.pid).includes(other), 'the other goes on')
    assert.equal((await get(port)).hash, hashOf(large))
  })

  for (const [how, signal, isForAll] of [
    ['SIGTERM', 'SIGTERM', false],
    ['Ctrl-C, which reaches all its processes,', 'SIGINT', true],
  ]) {
    test(`${how} ends it when its downloads are complete.`, options, async (t) => {
      const large = makeFile(16 * 2 ** 20).file
      const { child, port } = await startServer(t, script, [large], two)
      const workers = childrenOf(child.pid)
      const agent = new http.Agent({ keepAlive: true })
      t.after(() => agent.destroy())
      await get(port, '/', agent)
      const downloads = await Promise.all(
        [false, false, agent].map((agent) => begin(address(port), '/', agent)),
      )
      const exit = once(child, 'exit')
      for (const pid of isForAll ? workers : []) process.kill(pid, signal)
      child.kill(signal)
      const isRefused = () =>
        get(port).then(
          () => false,
          (error) => error.code === 'ECONNREFUSED',
        )
      await until(isRefused, 'the end of new connections')
      const ends = await Promise.all(downloads.map(finish))
      for (const end of ends) assert.deepEqual(end, { isWhole: true, sha256: hashOf(large) })
      assert.deepEqual(await exit, [0, null])
      assert.deepEqual(workers.filter(isAlive), [])
    })
  }

  test('It ends if its workers cannot start.', options, async (t) => {
    const taken = http.createServer().listen(0)
    await once(taken, 'listening')
    t.after(() => taken.close())
    const { port } = taken.address()
    const { stdout, stderr, code } = await run(t, script, [], { ...two, PORT: String(port) })
    assert.equal(stdout, '')
    assert.match(stderr, /EADDRINUSE/)
    assert.equal(code, 1)
  })
})
