'use strict'

// millrace/register beside others who build on fs or replace parts of it, in
// whatever order they come.

const assert = require('node:assert/strict')
const fs = require('node:fs')
const { test } = require('node:test')

const { makeFile, newPath, sha256 } = require('./helpers/files.js')
const { copyOfPackage, valueOf } = require('./helpers/program.js')

const { file, content } = makeFile(200_000)
const PATH = JSON.stringify(file)
const REQUIRE = ['--require', 'millrace/register']

/** In programs: how a stream of theirs reaches a socket. */
const SEND = `
  const net = require('net')
  const { once } = require('events')
  async function send(create) {
    const server = net.createServer((socket) => create().pipe(socket)).listen(0)
    await once(server, 'listening')
    let stream
    const given = create
    create = () => (stream = given())
    const hash = require('crypto').createHash('sha256')
    const client = net.connect(server.address().port)
    for await (const part of client) hash.update(part)
    server.close()
    const { mode, reason } = stream.transfer ?? { mode: 'nodes', reason: null }
    return { sha256: hash.digest('hex'), mode, reason }
  }`

const skip = Number.parseInt(process.versions.node, 10) >= 26 && 'mock-fs does not load there'

const sent = { sha256: sha256(content), mode: 'native', reason: null }
const readByFs = { ...sent, mode: 'javascript', reason: 'patched-fs' }

test('two copies of the package stand beside each other', () => {
  const copies = [copyOfPackage(), copyOfPackage()].map((folder) => JSON.stringify(folder))
  const code = `
    const fs = require('fs')
    const nodes = fs.ReadStream
    const first = require(${copies[0]} + '/register.js')
    const ofFirst = fs.ReadStream
    const second = require(${copies[1]} + '/register.js')
    const ofSecond = require(${copies[1]})
    const seen = [
      ofFirst !== nodes,
      fs.ReadStream === ofFirst,
      ofFirst !== ofSecond.ReadStream,
      Object.getPrototypeOf(ofSecond.ReadStream) === nodes,
      ofSecond.createReadStream(${PATH}).destroy() instanceof fs.ReadStream,
      fs.createReadStream(${PATH}).destroy() instanceof fs.ReadStream,
    ]
    second.unregister()
    seen.push(fs.ReadStream === ofFirst)
    first.unregister()
    seen.push(fs.ReadStream === nodes)
    second.register()
    seen.push(fs.ReadStream === ofSecond.ReadStream)
    first.register()
    first.unregister()
    seen.push(fs.ReadStream === ofSecond.ReadStream)
    second.unregister()
    seen.push(fs.ReadStream === nodes)
    console.log(JSON.stringify(seen))`
  assert.deepEqual(valueOf(code), Array(11).fill(true))
})

test('classes on top of fs.ReadStream are ours, and only their own instances theirs', () => {
  const code = `
    const fs = require('fs')
    const util = require('util')
    class Modern extends fs.ReadStream {
      constructor(path) {
        super(path, { start: 10 })
      }
    }
    function Ancient(path) {
      fs.ReadStream.call(this, path, { start: 10 })
    }
    util.inherits(Ancient, fs.ReadStream)
    const made = [new Modern(${PATH}), new Ancient(${PATH})]
    const plain = fs.createReadStream(${PATH}).destroy()
    Promise.all(made.map(async (stream) => {
      const hash = require('crypto').createHash('sha256')
      for await (const part of stream) hash.update(part)
      return hash.digest('hex')
    })).then((hashes) => console.log(JSON.stringify({
      hashes,
      isOurs: made.map((stream) => 'transfer' in stream),
      isInstance: made.map((stream) => stream instanceof fs.ReadStream),
      ofModern: [...made, plain].map((stream) => stream instanceof Modern),
      ofAncient: [...made, plain].map((stream) => stream instanceof Ancient),
    })))`
  const hash = sha256(content.subarray(10))
  assert.deepEqual(valueOf(code, { flags: REQUIRE }), {
    hashes: [hash, hash],
    isOurs: [true, true],
    isInstance: [true, true],
    ofModern: [true, false, false],
    ofAncient: [false, true, false],
  })
})

test('streams that Node makes by itself are instances of fs.ReadStream', () => {
  const code = `
    const fs = require('fs')
    const { ReadStream } = fs
    const isStdinEarly = 'EARLY' in process.env && process.stdin instanceof ReadStream
    const { unregister } = require('millrace/register')
    const { open } = require('fs/promises')
    async function main() {
      const handle = await open(${PATH})
      const ofHandle = handle.createReadStream({ start: 199_990 })
      const seen = [ofHandle instanceof fs.ReadStream, process.stdin instanceof fs.ReadStream]
      for (const other of [{}, null, 1, fs.createWriteStream]) seen.push(!(other instanceof fs.ReadStream))
      const hash = require('crypto').createHash('sha256')
      for await (const part of process.stdin) hash.update(part)
      let length = 0
      for await (const part of ofHandle) length += part.length
      unregister()
      seen.push(ofHandle instanceof fs.ReadStream, process.stdin instanceof fs.ReadStream)
      console.log(JSON.stringify({ seen, isStdinEarly, length, hash: hash.digest('hex') }))
    }
    main()`
  for (const isEarly of [false, true]) {
    const stdin = fs.openSync(file)
    const env = isEarly ? { EARLY: '1' } : {}
    assert.deepEqual(valueOf(code, { stdin, env }), {
      seen: Array(8).fill(true),
      isStdinEarly: isEarly,
      length: 10,
      hash: sha256(content),
    })
    fs.closeSync(stdin)
  }
})

for (const when of ['before', 'after']) {
  const flags = when === 'after' ? REQUIRE : []
  const load = when === 'before' ? `require('millrace/register')` : ''

  test(`graceful-fs loaded ${when} leaves fs to us, and works by itself`, () => {
    const code = `
      ${SEND}
      const graceful = require('graceful-fs')
      ${load}
      const fs = require('fs')
      async function main() {
        const seen = {
          fs: await send(() => fs.createReadStream(${PATH})),
          theirs: await send(() => graceful.createReadStream(${PATH})),
          isInstance: graceful.createReadStream(${PATH}).destroy() instanceof graceful.ReadStream,
        }
        const stream = graceful.createReadStream('/nowhere')
        seen.code = (await once(stream, 'error'))[0].code
        require('millrace/register').unregister()
        seen.after = await send(() => fs.createReadStream(${PATH}))
        seen.theirsAfter = (await send(() => graceful.createReadStream(${PATH}))).sha256
        console.log(JSON.stringify(seen))
      }
      main()`
    const { theirs, ...seen } = valueOf(code, { flags, packages: ['graceful-fs'] })
    assert.equal(theirs.sha256, sent.sha256)
    // Its class was made on top of the fs.ReadStream that it found.
    assert.equal(theirs.mode, when === 'before' ? 'nodes' : 'native')
    assert.deepEqual(seen, {
      fs: sent,
      isInstance: true,
      code: 'ENOENT',
      after: { ...sent, mode: 'nodes' },
      theirsAfter: sent.sha256,
    })
  })

  test(`gracefulify(fs) ${when} is heard: its open and read are used`, () => {
    const code = `
      ${SEND}
      const fs = require('fs')
      const { gracefulify } = require('graceful-fs')
      gracefulify(fs)
      const theirs = fs.ReadStream
      ${load}
      async function main() {
        const seen = [
          await send(() => fs.createReadStream(${PATH})),
          await send(() => new fs.ReadStream(${PATH})),
        ]
        require('millrace/register').unregister()
        console.log(JSON.stringify([...seen, fs.ReadStream === theirs]))
      }
      main()`
    const seen = valueOf(code, { flags, packages: ['graceful-fs'] })
    assert.deepEqual(seen, [readByFs, readByFs, true])
  })

  test(`fs-extra loaded ${when} has the streams that it found`, () => {
    const code = `
      ${SEND}
      const extra = require('fs-extra')
      ${load}
      async function main() {
        const seen = [await send(() => extra.createReadStream(${PATH}))]
        await extra.copy(${PATH}, ${JSON.stringify(newPath('copy'))})
        console.log(JSON.stringify(seen))
      }
      main()`
    // It takes its streams from graceful-fs, which makes a class of its own.
    const mode = when === 'before' ? 'nodes' : 'native'
    assert.deepEqual(valueOf(code, { flags, packages: ['fs-extra'] }), [{ ...sent, mode }])
  })

  test(`memfs loaded ${when} has its own files`, () => {
    const code = `
      ${SEND}
      const { fs: memory } = require('memfs')
      ${load}
      memory.writeFileSync('/memory', 'from memory')
      async function main() {
        const text = []
        for await (const part of memory.createReadStream('/memory')) text.push(String(part))
        // Behind the hook of fs streams, too.
        const stream = require('fs').createReadStream('/memory', { fs: memory, encoding: 'utf8' })
        for await (const part of stream) text.push(part)
        const seen = { text, fs: await send(() => require('fs').createReadStream(${PATH})) }
        console.log(JSON.stringify({ ...seen, isOurs: 'transfer' in stream }))
      }
      main()`
    assert.deepEqual(valueOf(code, { flags, packages: ['memfs'] }), {
      text: ['from memory', 'from memory'],
      fs: sent,
      isOurs: true,
    })
  })

  // The file is there for real as well: the mock's must be read.
  test(`mock-fs loaded ${when} is what streams read from, while it is on`, { skip }, () => {
    const code = `
      ${SEND}
      const mock = require('mock-fs')
      ${load}
      const fs = require('fs')
      async function text(path) {
        let text = ''
        for await (const part of fs.createReadStream(path, 'utf8')) text += part
        return text
      }
      async function main() {
        const seen = { before: await send(() => fs.createReadStream(${PATH})) }
        mock({ [${PATH}]: 'mocked', '/only': { mocked: 'too' } })
        seen.texts = [await text(${PATH}), await text('/only/mocked')]
        seen.during = await send(() => fs.createReadStream(${PATH}))
        seen.code = (await once(fs.createReadStream('/etc/passwd'), 'error'))[0].code
        seen.bypassed = (await mock.bypass(() => send(() => fs.createReadStream(${PATH})))).sha256
        mock.restore()
        seen.after = await send(() => fs.createReadStream(${PATH}))
        console.log(JSON.stringify(seen))
      }
      main()`
    const withoutWarnings = ['--no-deprecation', ...flags]
    assert.deepEqual(valueOf(code, { flags: withoutWarnings, packages: ['mock-fs'] }), {
      before: sent,
      texts: ['mocked', 'too'],
      during: { ...readByFs, sha256: sha256('mocked') },
      code: 'ENOENT',
      bypassed: sent.sha256,
      after: sent,
    })
  })
}

test('classes that were derived in the old style before, between and after', () => {
  const code = `
    const fs = require('fs')
    const util = require('util')
    const { once } = require('events')
    const derived = () => {
      function Derived(path) { fs.ReadStream.call(this, path) }
      util.inherits(Derived, fs.ReadStream)
      return Derived
    }
    const lengthOf = async (Class) => {
      let length = 0
      const stream = new Class(${PATH}).on('data', (chunk) => { length += chunk.length })
      await once(stream, 'close')
      return length
    }
    const main = async () => {
      const Before = derived()
      const { register, unregister } = require('millrace/register')
      const Between = derived()
      const seen = [await lengthOf(Before), await lengthOf(Between)]
      unregister()
      const After = derived()
      seen.push(await lengthOf(Before), await lengthOf(Between), await lengthOf(After))
      register()
      seen.push(await lengthOf(Before), await lengthOf(Between), await lengthOf(After))
      console.log(JSON.stringify(seen))
    }
    main()`
  assert.deepEqual(valueOf(code), Array(8).fill(content.length))
})
