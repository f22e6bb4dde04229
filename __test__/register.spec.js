'use strict'

// millrace/register: programs that never heard of millrace get its streams.

const assert = require('node:assert/strict')
const fs = require('node:fs')
const { test } = require('node:test')

const { makeFile, sha256 } = require('./helpers/files.js')
const { copyOfPackage, root, run, valueOf } = require('./helpers/program.js')

const { file, content } = makeFile(200_000)
const PATH = JSON.stringify(file)
const REQUIRE = ['--require', 'millrace/register']
const IMPORT = ['--import', 'millrace/register']

/** In programs: is this a stream of ours? */
const IS_OURS = `
  const isOurs = (stream) => {
    stream.destroy()
    return 'transfer' in stream
  }`

for (const [how, flags] of [
  ['--require', REQUIRE],
  ['--import', IMPORT],
  ['both', [...REQUIRE, ...IMPORT]],
  ['twice', [...REQUIRE, ...REQUIRE]],
]) {
  test(`${how}: require('fs') has our streams`, () => {
    const code = `
      ${IS_OURS}
      const fs = require('fs')
      console.log(JSON.stringify([
        isOurs(fs.createReadStream(${PATH})),
        isOurs(new fs.ReadStream(${PATH})),
        isOurs(fs.ReadStream(${PATH})),
        isOurs(new fs.FileReadStream(${PATH})),
        fs.createReadStream(${PATH}).destroy() instanceof fs.ReadStream,
        fs === require('node:fs') && fs.ReadStream === require('millrace').ReadStream,
        fs.createReadStream.name === 'createReadStream' && fs.ReadStream.name === 'ReadStream',
      ]))`
    assert.deepEqual(valueOf(code, { flags }), Array(7).fill(true))
  })

  test(`${how}: import 'fs' has our streams`, () => {
    const code = `
      ${IS_OURS}
      import { createReadStream, ReadStream } from 'node:fs'
      import fs from 'fs'
      import * as all from 'fs'
      const dynamic = await import('node:fs')
      console.log(JSON.stringify([
        isOurs(createReadStream(${PATH})),
        isOurs(new ReadStream(${PATH})),
        isOurs(fs.createReadStream(${PATH})),
        isOurs(new all.ReadStream(${PATH})),
        isOurs(dynamic.createReadStream(${PATH})),
        ReadStream === fs.ReadStream && all.ReadStream === dynamic.ReadStream,
      ]))`
    assert.deepEqual(valueOf(code, { flags, name: 'program.mjs' }), Array(6).fill(true))
  })
}

test('an unchanged server is sent natively', () => {
  const code = `
    const fs = require('fs')
    const http = require('http')
    let stream
    const server = http.createServer((request, response) => {
      stream = fs.createReadStream(${PATH})
      stream.pipe(response)
    })
    server.listen(0, async () => {
      const response = await fetch('http://127.0.0.1:' + server.address().port)
      const hash = require('crypto').createHash('sha256')
      hash.update(Buffer.from(await response.arrayBuffer()))
      const { mode, bytes, reason } = stream.transfer
      console.log(JSON.stringify({ mode, bytes, reason, sha256: hash.digest('hex') }))
      process.exit()
    })`
  fs.readFileSync(file)
  assert.deepEqual(valueOf(code, { flags: REQUIRE }), {
    mode: 'native',
    bytes: content.length,
    reason: null,
    sha256: sha256(content),
  })
})

test('functions that were taken from fs before make our streams, too', () => {
  const code = `
    ${IS_OURS}
    const { createReadStream, ReadStream } = require('fs')
    const { register } = require('millrace/register')
    console.log(JSON.stringify([
      register(),
      isOurs(createReadStream(${PATH})),
      isOurs(new ReadStream(${PATH})),
    ]))`
  // A class that someone holds stays what it is.
  assert.deepEqual(valueOf(code), [true, true, false])
})

test('import { register, unregister } works, and bindings follow', () => {
  const code = `
    ${IS_OURS}
    import { ReadStream, createReadStream } from 'fs'
    import { register, unregister } from 'millrace/register'
    const seen = []
    const look = () => seen.push(isOurs(createReadStream(${PATH})), isOurs(new ReadStream(${PATH})))
    look()
    unregister()
    look()
    register()
    look()
    console.log(JSON.stringify(seen))`
  assert.deepEqual(valueOf(code, { name: 'program.mjs' }), [true, true, false, false, true, true])
})

for (const [how, flags] of [
  ['--require', REQUIRE],
  ['--import', IMPORT],
]) {
  for (const channel of ['the command line', 'NODE_OPTIONS']) {
    test(`${how} by ${channel} reaches workers, forks and cluster workers`, () => {
      const code = `
        ${IS_OURS}
        const child_process = require('child_process')
        const cluster = require('cluster')
        const { once } = require('events')
        const { Worker, isMainThread, parentPort } = require('worker_threads')
        const answer = () => isOurs(require('fs').createReadStream(${PATH}))
        async function main() {
          const made = {
            worker: new Worker(__filename),
            fork: child_process.fork(__filename, ['fork']),
            cluster: cluster.fork(),
          }
          const names = Object.keys(made)
          const messages = names.map((name) => once(made[name], 'message'))
          const seen = { main: answer() }
          for (const name of names) [seen[name]] = await messages[names.indexOf(name)]
          const { stdout } = child_process.spawnSync(process.execPath, [__filename, 'spawn'])
          seen.spawn = JSON.parse(stdout)
          console.log(JSON.stringify(seen))
          process.exit()
        }
        if (!isMainThread) parentPort.postMessage(answer())
        else if (process.argv[2] === 'spawn') console.log(answer())
        else if (process.send) process.send(answer())
        else main()`
      const isInEnvironment = channel === 'NODE_OPTIONS'
      const seen = valueOf(
        code,
        isInEnvironment ? { env: { NODE_OPTIONS: flags.join(' ') } } : { flags },
      )
      assert.deepEqual(seen, {
        main: true,
        worker: true,
        fork: true,
        cluster: true,
        // Node hands flags on to forks, not to processes in general.
        spawn: isInEnvironment,
      })
    })
  }
}

test('register({ native: false }) makes it the default of streams, and no more', () => {
  const code = `
    const fs = require('fs')
    const { register, unregister } = require('millrace/register')
    const { createReadStream } = require('millrace')
    const { createServer, connect } = require('net')
    const server = createServer().listen(0)
    const reasonOf = async (create, options) => {
      const socket = connect(server.address().port)
      await require('events').once(socket, 'connect')
      const stream = create(${PATH}, options)
      stream.pipe(socket)
      await require('events').once(stream, 'close')
      socket.destroy()
      return stream.transfer.reason
    }
    server.on('connection', (socket) => socket.resume().on('error', () => {}))
    const seen = []
    server.on('listening', async () => {
      register({ native: false })
      seen.push(await reasonOf(fs.createReadStream))
      seen.push(await reasonOf(fs.createReadStream, 'latin1'))
      seen.push(await reasonOf(fs.createReadStream, { start: 1 }))
      seen.push(await reasonOf(fs.createReadStream, { native: true }))
      seen.push(await reasonOf(createReadStream))
      register()
      seen.push(await reasonOf(fs.createReadStream))
      seen.push(await reasonOf(fs.createReadStream, { native: false }))
      register({ native: false })
      unregister()
      seen.push(await reasonOf(createReadStream))
      console.log(JSON.stringify(seen))
      process.exit()
    })`
  const off = 'native-false'
  assert.deepEqual(valueOf(code), [off, off, off, null, off, null, off, null])
})

test('register({ only }) replaces what it names', () => {
  const code = `
    ${IS_OURS}
    const fs = require('fs')
    const { register } = require('millrace/register')
    const look = () => isOurs(fs.createReadStream(${PATH}))
    const seen = []
    for (const only of [[], ['createReadStream'], undefined]) seen.push(register({ only }), look())
    console.log(JSON.stringify(seen))`
  assert.deepEqual(valueOf(code), [true, false, true, true, true, true])
})

test('the write side: replaced, named by only, given back', () => {
  const code = `
    const fs = require('fs')
    const millrace = require('millrace')
    const nodes = [fs.WriteStream, fs.FileWriteStream]
    const { register, unregister } = require('millrace/register')
    const { WriteStream } = millrace
    const isOurs = () => fs.createWriteStream('/dev/null').destroy() instanceof WriteStream
    const seen = [
      isOurs(),
      new fs.WriteStream('/dev/null').destroy() instanceof WriteStream,
      fs.WriteStream('/dev/null').destroy() instanceof WriteStream,
      fs.WriteStream === WriteStream && fs.FileWriteStream === WriteStream,
    ]
    register({ only: ['createReadStream'] })
    seen.push(fs.WriteStream === nodes[0], fs.ReadStream === millrace.ReadStream)
    register({ only: ['createWriteStream'] })
    seen.push(fs.WriteStream === WriteStream, fs.ReadStream !== millrace.ReadStream)
    seen.push(new nodes[0]('/dev/null').destroy() instanceof fs.WriteStream)
    unregister()
    seen.push(fs.WriteStream === nodes[0], fs.FileWriteStream === nodes[1])
    const out = fs.createWriteStream('/dev/null').destroy()
    seen.push(out instanceof fs.WriteStream && out.constructor === nodes[0])
    console.log(JSON.stringify(seen))`
  assert.deepEqual(valueOf(code), Array(12).fill(true))
})

test('wrong options are refused, and change nothing', () => {
  const cases = [
    [null, 'TYPE', 'The "options" argument must be of type object. Received null'],
    ['x', 'TYPE', `The "options" argument must be of type object. Received type string ('x')`],
    [
      { native: 1 },
      'TYPE',
      'The "options.native" property must be of type boolean. Received type number (1)',
    ],
    [
      { native: null },
      'TYPE',
      'The "options.native" property must be of type boolean. Received null',
    ],
    [
      { only: 'createReadStream' },
      'TYPE',
      `The "options.only" property must be an instance of Array. Received type string ('createReadStream')`,
    ],
    [
      { only: {} },
      'TYPE',
      /"options.only" property must be an instance of Array\. Received an inst/,
    ],
    [
      { only: ['createReadStream', 'readFile'] },
      'VALUE',
      `The property 'options.only' knows only createReadStream, createWriteStream. Received [ 'createReadStream', 'readFile' ]`,
    ],
    [{ only: ['toString'] }, 'VALUE', /knows only/],
    [{ only: [1] }, 'VALUE', /knows only/],
  ]
  const code = `
    const fs = require('fs')
    const { register } = require('millrace/register')
    const before = fs.ReadStream
    console.log(JSON.stringify(${JSON.stringify(cases.map(([options]) => options))}.map((options) => {
      try {
        return register(options)
      } catch (error) {
        const { name, code, message } = error
        return { name, code, message, isSame: fs.ReadStream === before }
      }
    })))`
  valueOf(code).forEach((seen, index) => {
    const [, kind, message] = cases[index]
    assert.equal(seen.name, 'TypeError')
    assert.equal(seen.code, `ERR_INVALID_ARG_${kind}`)
    if (message instanceof RegExp) assert.match(seen.message, message)
    else assert.equal(seen.message, message)
    assert.ok(seen.isSame)
  })
})

test('unregister gives everything back as it was', () => {
  const code = `
    const fs = require('fs')
    const own = Object.getOwnPropertyDescriptors
    const streams = () => [fs.ReadStream, fs.FileReadStream, fs.createReadStream]
    const before = own(fs)
    const [ReadStream, FileReadStream, createReadStream] = streams()
    const ofClass = Reflect.ownKeys(ReadStream).length
    const { register, unregister } = require('millrace/register')
    const ours = fs.ReadStream
    const made = fs.createReadStream(${PATH}).destroy()
    unregister()
    unregister()
    const after = own(fs)
    const nodes = fs.createReadStream(${PATH}).destroy()
    console.log(JSON.stringify([
      ours !== ReadStream,
      fs.ReadStream === ReadStream,
      fs.FileReadStream === FileReadStream,
      fs.createReadStream === createReadStream,
      Reflect.ownKeys(before).every((key) => ['get', 'set', 'value', 'enumerable'].every(
        (part) => before[key][part] === after[key][part])),
      Reflect.ownKeys(ReadStream).length === ofClass,
      !('transfer' in nodes) && nodes instanceof ReadStream && !(nodes instanceof ours),
      made instanceof fs.ReadStream && made instanceof ours,
      register() && fs.ReadStream === ours && fs.FileReadStream === ours,
    ]))`
  assert.deepEqual(valueOf(code), Array(9).fill(true))
})

test('what a program has made read-only stays as it is', () => {
  const code = `
    const fs = require('fs')
    const { ReadStream, WriteStream } = fs
    const freeze = (name) =>
      Object.defineProperty(fs, name, { value: fs[name], writable: false, configurable: false })
    freeze('WriteStream')
    const { unregister } = require('millrace/register')
    const millrace = require('millrace')
    const seen = [fs.ReadStream === millrace.ReadStream, fs.WriteStream === WriteStream]
    freeze('FileReadStream')
    unregister()
    seen.push(fs.ReadStream === ReadStream, fs.WriteStream === WriteStream)
    console.log(JSON.stringify(seen))`
  assert.deepEqual(valueOf(code), [true, true, true, true])
})

test('what someone put over ours is left alone by unregister', () => {
  const code = `
    ${IS_OURS}
    const fs = require('fs')
    const { register, unregister } = require('millrace/register')
    class Theirs extends fs.ReadStream {}
    fs.ReadStream = Theirs
    unregister()
    const seen = [fs.ReadStream === Theirs, isOurs(fs.createReadStream(${PATH}))]
    seen.push(fs.createReadStream(${PATH}).destroy() instanceof Theirs)
    register()
    seen.push(isOurs(fs.createReadStream(${PATH})))
    unregister()
    seen.push(fs.ReadStream === Theirs)
    console.log(JSON.stringify(seen))`
  assert.deepEqual(valueOf(code), Array(5).fill(true))
})

test('without a binary: one warning, and fs untouched', () => {
  const register = `${copyOfPackage({ hasBinary: false })}/register.js`
  const code = `
    const fs = require('fs')
    const { once } = require('events')
    const { Worker, isMainThread, parentPort } = require('worker_threads')
    const { register } = require(${JSON.stringify(register)})
    const stream = fs.createReadStream(${PATH}).destroy()
    const seen = [
      register(),
      'transfer' in stream,
      Object.hasOwn(fs.ReadStream, Symbol.hasInstance),
      Function.prototype.toString.call(fs.ReadStream).includes('excludedBecause'),
    ]
    if (!isMainThread) parentPort.postMessage(seen)
    else once(new Worker(__filename), 'message').then(([ofWorker]) => {
      console.log(JSON.stringify([seen, ofWorker]))
    })`
  const { stdout, stderr, status } = run(code, { flags: ['--require', register] })
  assert.equal(status, 0, stderr)
  assert.deepEqual(JSON.parse(stdout), [Array(4).fill(false), Array(4).fill(false)])
  assert.equal(stderr.match(/Warning/g)?.length, 1, stderr)
  assert.match(stderr, /\[MILLRACE_NO_BINARY\] MillraceWarning: no native binary for /)
})

test('MILLRACE_ENGINE=javascript leaves fs untouched, without a word', () => {
  const code = `
    const fs = require('fs')
    const { register } = require('millrace/register')
    console.log(JSON.stringify([register(), 'transfer' in fs.createReadStream(${PATH}).destroy()]))`
  const how = { flags: REQUIRE, env: { MILLRACE_ENGINE: 'javascript' } }
  assert.deepEqual(valueOf(code, how), [false, false])
})

test('the permission model leaves fs untouched', () => {
  const flag = ['--permission', '--experimental-permission'].find((name) =>
    process.allowedNodeEnvironmentFlags.has(name),
  )
  const code = `
    const fs = require('fs')
    const { register } = require('millrace/register')
    const hash = require('crypto').createHash('sha256')
    const stream = fs.createReadStream(${PATH})
    stream.on('data', (part) => hash.update(part)).on('end', () => {
      console.log(JSON.stringify([register(), 'transfer' in stream, hash.digest('hex')]))
    })`
  const flags = ['--no-warnings', flag, '--allow-fs-read=*', ...REQUIRE]
  assert.deepEqual(valueOf(code, { flags }), [false, false, sha256(content)])
})

test('the package can be loaded from its own folder', () => {
  const code = `console.log('transfer' in require('fs').createReadStream(${PATH}).destroy())`
  assert.equal(valueOf(code, { flags: ['--require', `${root}/register.js`] }), true)
})
