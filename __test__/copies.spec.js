'use strict'

// Several copies of the package in one process: of other paths, loaded twice
// from one, in contexts of their own (as test runners load them), in threads.

const assert = require('node:assert/strict')
const { once } = require('node:events')
const fs = require('node:fs')
const { createRequire } = require('node:module')
const path = require('node:path')
const { test } = require('node:test')
const vm = require('node:vm')
const { Worker } = require('node:worker_threads')

const millrace = require('..')
const { engine } = require('../lib/native.js')
const { beginMany, finish } = require('./helpers/downloads.js')
const { descriptorsOn, sha256 } = require('./helpers/files.js')
const { content, file, small } = require('./helpers/host.js')
const { copyOfPackage, root } = require('./helpers/program.js')
const { serveHttp, until } = require('./helpers/server.js')

const isNative = engine !== 'javascript'

/** The package once more, from the same files. */
function loadedAgain() {
  const ours = Object.keys(require.cache).filter(
    (name) => name.startsWith(path.join(root, 'lib')) || path.dirname(name) === root,
  )
  const before = ours.map((name) => [name, require.cache[name]])
  for (const name of ours) delete require.cache[name]
  try {
    return require(root)
  } finally {
    for (const [name, module] of before) require.cache[name] = module
  }
}

/** The package in a context of its own, whose Error and Map are others. */
function inContext() {
  const context = vm.createContext({ process, Buffer, AbortController, AbortSignal, URL })
  const modules = new Map()
  const load = (name) => {
    if (modules.has(name)) return modules.get(name).exports
    const module = { exports: {} }
    modules.set(name, module)
    const code = `(function (module, exports, require, __filename, __dirname) {${fs.readFileSync(name, 'utf8')}\n})`
    const resolve = createRequire(name)
    const requireFrom = (id) => {
      const target = id.startsWith('.') ? resolve.resolve(id) : id
      return target.endsWith('.js') ? load(target) : resolve(target)
    }
    vm.runInContext(code, context, { filename: name })(
      module,
      module.exports,
      requireFrom,
      name,
      path.dirname(name),
    )
    return module.exports
  }
  return load(path.join(root, 'index.js'))
}

const COPIES = {
  'of another path': () => require(copyOfPackage()),
  'that is loaded again': loadedAgain,
  'in a context of its own': inContext,
}

for (const [kind, make] of Object.entries(COPIES)) {
  test(`a copy ${kind} shares a socket with the first`, async (t) => {
    const other = make()
    assert.notEqual(other.createReadStream, millrace.createReadStream)
    const modes = []
    const { connect } = await serveHttp(t, (request, response) => {
      const first = millrace.createReadStream(file)
      first.pipe(response, { end: false })
      first.on('end', () => {
        const second = other.createReadStream(small.file)
        second.pipe(response)
        second.on('close', () => modes.push(first.transfer.mode, second.transfer.mode))
      })
    })
    const client = await connect()
    for (let i = 0; i < 3; i += 1) {
      client.get('/')
      const response = await client.response()
      assert.equal(response.sha256, sha256(Buffer.concat([content, small.content])))
    }
    client.destroy()
    await until(() => modes.length === 6, 'the streams to close')
    if (isNative) assert.deepEqual(new Set(modes), new Set(['native']))
  })

  test(`a copy ${kind} and the first carry transfers and reads at once`, async (t) => {
    const libraries = [millrace, make()]
    const streams = []
    const { address } = await serveHttp(t, (request, response) => {
      const stream = libraries[Number(request.url.slice(1))].createReadStream(file)
      streams.push(stream)
      stream.pipe(response)
    })
    const [first, second] = await Promise.all([
      beginMany(5, address, '/0'),
      beginMany(5, address, '/1'),
    ])
    if (isNative) for (const { transfer } of streams) assert.equal(transfer.mode, 'native')
    const hash = sha256(content)
    const reads = libraries.map(async ({ createReadStream }) => {
      const parts = []
      for await (const part of createReadStream(file)) parts.push(part)
      assert.equal(sha256(Buffer.concat(parts)), hash)
    })
    for (const response of first.splice(0, 2)) response.destroy()
    const ends = await Promise.all([...first, ...second].map(finish))
    for (const end of ends) assert.deepEqual(end, { isWhole: true, sha256: hash })
    await Promise.all(reads)
    await until(() => descriptorsOn(file) === 0, 'the files to be closed')
  })
}

test('a worker with a copy of another path is terminated beside the first', async (t) => {
  const { address } = await serveHttp(t, (request, response) => {
    millrace.createReadStream(file).pipe(response)
  })
  const [own] = await beginMany(1, address, '/')
  const copy = copyOfPackage()
  const code = `
    const http = require('node:http')
    const { parentPort } = require('node:worker_threads')
    const { createReadStream } = require(${JSON.stringify(copy)})
    const server = http.createServer((request, response) => {
      createReadStream(${JSON.stringify(file)}).pipe(response)
    })
    server.listen(0, '127.0.0.1', () => parentPort.postMessage(server.address().port))`
  for (let i = 0; i < 2; i += 1) {
    const worker = new Worker(code, { eval: true })
    const [port] = await once(worker, 'message')
    const stalled = await beginMany(10, { port, host: '127.0.0.1' }, '/')
    await worker.terminate()
    for (const { isWhole } of await Promise.all(stalled.map(finish))) assert.equal(isWhole, false)
  }
  assert.deepEqual(await finish(own), { isWhole: true, sha256: sha256(content) })
  await until(() => descriptorsOn(file) === 0, 'the files to be closed')
})
