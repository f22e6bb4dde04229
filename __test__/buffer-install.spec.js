'use strict'

// Our methods under the whole process, and out again.

const assert = require('node:assert/strict')
const { spawnSync } = require('node:child_process')
const path = require('node:path')
const { describe, test } = require('node:test')

const root = path.join(__dirname, '..')
const nodes = require('../lib/buffer/nodes.js')
const { binding } = require('../lib/native.js')
const { makeFile } = require('./helpers/files.js')

const skip = binding === null && 'there is no addon here'

/** Runs a script in a process of its own, and gives what it printed as JSON. */
function run(script, { env = {}, args = [] } = {}) {
  const { stdout, stderr, status } = spawnSync(process.execPath, [...args, '-e', script], {
    cwd: root,
    encoding: 'utf8',
    env: { ...process.env, MILLRACE_BUFFER: '', NODE_OPTIONS: '', ...env },
  })
  assert.equal(status, 0, stderr)
  return JSON.parse(stdout)
}

/** Everything about the properties of Buffer, its prototype and node:buffer. */
const PORTRAIT = `
  const portrait = () => [Buffer, Buffer.prototype, require('node:buffer')].map((holder) =>
    Reflect.ownKeys(holder).map((key) => {
      const { value, ...rest } = Object.getOwnPropertyDescriptor(holder, key)
      const isFunction = typeof value === 'function'
      const group = isFunction && Reflect.ownKeys(holder).find((other) => {
        return Object.getOwnPropertyDescriptor(holder, other).value === value
      })
      return [String(key), rest, isFunction && [value.name, value.length, typeof value.prototype, String(group)]]
    }))`

describe('install', { skip }, () => {
  test('what it puts there looks like what was there', () => {
    for (const mode of ['', 'native']) {
      const { before, during, after, changed } = run(
        `${PORTRAIT}
        const originals = { ...Buffer.prototype }
        const { install, uninstall } = require('./buffer.js')
        const before = portrait()
        install()
        const during = portrait()
        const changed = Object.keys(originals).filter((name) => originals[name] !== Buffer.prototype[name])
        install()
        uninstall()
        const isBack = Object.keys(originals).every((name) => originals[name] === Buffer.prototype[name])
        console.log(JSON.stringify({ before, during, after: portrait(), changed: isBack && changed }))`,
        { env: { MILLRACE_BUFFER: mode } },
      )
      assert.ok(changed.includes('indexOf') && changed.includes('hexWrite'), `${changed}`)
      assert.equal(changed.includes('toLocaleString'), changed.includes('toString'))
      assert.equal(changed.includes('toString'), nodes.takesEnd)
      assert.deepEqual(after, before)
      // Node 22 and earlier have functions without a prototype of their own.
      const isNative = ([name]) =>
        /^(ascii|base64|base64url|latin1|hex|ucs2|utf8)(Slice|Write)$/.test(name)
      const seen = (all) => all.map((list) => list.filter((one) => !isNative(one)))
      assert.deepEqual(seen(during), seen(before))
      const names = (all) =>
        all[1].filter(isNative).map(([name, , [own, length]]) => [name, own, length])
      assert.deepEqual(names(during), names(before))
    }
  })

  test('constructors, globals and modules are the same objects', () => {
    const same = run(`
      const before = [Buffer, require('node:buffer').Buffer, Buffer.prototype]
      require('./buffer.js').install()
      const after = [Buffer, require('node:buffer').Buffer, Buffer.prototype]
      console.log(JSON.stringify(before.every((one, i) => one === after[i])))`)
    assert.equal(same, true)
  })

  test('it is Node that calls ours: buffers of fs and net, and import', () => {
    const { file } = makeFile(200_000)
    const seen = run(
      `
      const fs = require('node:fs')
      const net = require('node:net')
      const { execPath } = process
      const { install, uninstall, Buffer: Ours } = require('./buffer.js')
      const { native } = require('./lib/buffer/dispatch.js')
      const calls = { toString: 0 }
      const { toString } = native
      const data = fs.readFileSync(${JSON.stringify(file)})
      const expected = data.toString('hex')
      install()
      const marked = Symbol.for('millrace.nodes') in data.hexSlice
      import('node:buffer').then(({ Buffer, transcode, default: all }) => {
        const server = net.createServer((socket) => socket.end(data)).listen(0, () => {
          const parts = []
          net.connect(server.address().port).on('data', (part) => parts.push(part)).on('close', () => {
            server.close()
            const received = Buffer.concat(parts)
            console.log(JSON.stringify({
              marked,
              net: Symbol.for('millrace.nodes') in received.indexOf,
              hex: received.toString('hex') === expected,
              isSame: all.transcode === transcode,
              patched: Symbol.for('millrace.nodes') in transcode,
              ours: Ours.from(expected, 'hex').equals(received),
            }))
          })
        })
      })`,
      { env: { MILLRACE_BUFFER: 'native' } },
    )
    assert.deepEqual(seen, {
      marked: true,
      net: true,
      hex: true,
      isSame: true,
      patched: true,
      ours: true,
    })
  })

  test('what others have replaced stays theirs', () => {
    const seen = run(`
      const { install, uninstall } = require('./buffer.js')
      const nodes = Buffer.prototype.lastIndexOf
      const theirs = () => 'theirs'
      Buffer.prototype.indexOf = theirs
      install()
      const during = Buffer.prototype.indexOf === theirs
      const ours = Buffer.prototype.lastIndexOf
      Buffer.prototype.lastIndexOf = function (...args) { return ours.apply(this, args) }
      const over = Buffer.prototype.lastIndexOf
      uninstall()
      console.log(JSON.stringify({
        during,
        isInstalled: ours !== nodes,
        after: Buffer.prototype.indexOf === theirs && Buffer.prototype.lastIndexOf === over,
        works: Buffer.from('abab').lastIndexOf('b'),
      }))`)
    assert.deepEqual(seen, { during: true, isInstalled: true, after: true, works: 3 })
  })

  test('what cannot be replaced stays, and the rest is', () => {
    const freezing = {
      one: "Object.defineProperty(Buffer.prototype, 'indexOf', { writable: false, configurable: false })",
      all: "[Buffer, Buffer.prototype, require('node:buffer')].forEach(Object.freeze)",
    }
    for (const [what, freeze] of Object.entries(freezing)) {
      const seen = run(`
        const { Buffer: Ours, install, uninstall, indexOf } = require('./buffer.js')
        const isOurs = (name) => Symbol.for('millrace.nodes') in Buffer.prototype[name]
        ;${freeze}
        install()
        const during = [isOurs('indexOf'), isOurs('lastIndexOf')]
        const works = [Ours.from('cafe'.repeat(900), 'hex').length, indexOf(Buffer.alloc(9000, 'ab'), 'bb')]
        uninstall()
        console.log(JSON.stringify({ during, works, after: isOurs('lastIndexOf') }))`)
      assert.deepEqual(
        seen,
        { during: [false, what === 'one'], works: [1800, -1], after: false },
        what,
      )
    }
    const frozenSince = run(`
      const { install, uninstall } = require('./buffer.js')
      install()
      Object.freeze(Buffer.prototype)
      uninstall()
      console.log(JSON.stringify(Symbol.for('millrace.nodes') in Buffer.prototype.indexOf))`)
    assert.equal(frozenSince, true)
  })

  test('ours that someone put back can be taken away again', () => {
    const seen = run(`
      const { install, uninstall } = require('./buffer.js')
      const nodes = Buffer.prototype.indexOf
      install()
      const ours = Buffer.prototype.indexOf
      let calls = 0
      Buffer.prototype.indexOf = function (...args) {
        calls += 1
        return ours.apply(this, args)
      }
      uninstall()
      Buffer.from('abc').indexOf('b')
      Buffer.prototype.indexOf = ours
      install()
      uninstall()
      console.log(JSON.stringify([calls, Buffer.prototype.indexOf === nodes]))`)
    assert.deepEqual(seen, [1, true])
  })

  test('two copies of the package: the first stands, and either can go', () => {
    const seen = run(`
      const path = require('node:path')
      const load = () => {
        for (const key of Object.keys(require.cache)) {
          if (/[\\\\/]lib[\\\\/]buffer[\\\\/]|buffer\\.js$/.test(key)) delete require.cache[key]
        }
        return require('./buffer.js')
      }
      const nodes = Buffer.prototype.indexOf
      const one = load()
      one.install()
      const first = Buffer.prototype.indexOf
      const other = load()
      other.install()
      const still = Buffer.prototype.indexOf === first
      const found = other.indexOf(Buffer.alloc(5000, 'ab'), 'bb')
      one.uninstall()
      const back = Buffer.prototype.indexOf === nodes
      other.install()
      other.uninstall()
      console.log(JSON.stringify({ isOther: one !== other, still, found, back, end: Buffer.prototype.indexOf === nodes }))`)
    assert.deepEqual(seen, { isOther: true, still: true, found: -1, back: true, end: true })
  })

  test('millrace/register leaves buffers alone, unless it is told', () => {
    const script = `
      const isOurs = () => Symbol.for('millrace.nodes') in Buffer.prototype.indexOf
      const seen = []
      const { register, unregister } = require('./register.js')
      seen.push(isOurs())
      register({ buffer: true })
      seen.push(isOurs())
      register({ buffer: true, only: [] })
      seen.push(isOurs())
      register({ buffer: false })
      seen.push(isOurs())
      register({ buffer: true })
      unregister()
      seen.push(isOurs())
      const { install, uninstall } = require('./buffer.js')
      install()
      register({ buffer: true })
      unregister()
      seen.push(isOurs())
      uninstall()
      seen.push(isOurs())
      console.log(JSON.stringify(seen))`
    assert.deepEqual(run(script), [false, true, true, false, false, true, false])
    const [first] = run(script, { env: { MILLRACE_BUFFER: 'install' } })
    assert.equal(first, true)
  })

  test('register refuses what is no boolean', () => {
    const { register, unregister } = require('../lib/register.js')
    assert.throws(() => register({ buffer: 'yes' }), {
      code: 'ERR_INVALID_ARG_TYPE',
      message: /"options\.buffer" property must be of type boolean/,
    })
    unregister()
  })

  test('--require puts it under a program, and its workers', () => {
    const script = `
      const { Worker } = require('node:worker_threads')
      const code = "require('node:worker_threads').parentPort.postMessage(Symbol.for('millrace.nodes') in Buffer.prototype.indexOf)"
      new Worker(code, { eval: true }).on('message', (isInWorker) => {
        console.log(JSON.stringify([Symbol.for('millrace.nodes') in Buffer.prototype.indexOf, isInWorker]))
      })`
    const args = ['--require', path.join(root, 'register.js')]
    assert.deepEqual(run(script, { args, env: { MILLRACE_BUFFER: 'install' } }), [true, true])
    assert.deepEqual(run(script, { args }), [false, false])
  })
})

test('MILLRACE_BUFFER with another value is reported, and changes nothing', () => {
  const env = { ...process.env, MILLRACE_BUFFER: 'warp' }
  const { stderr, status } = spawnSync(process.execPath, ['-e', "require('./buffer.js')"], {
    cwd: root,
    encoding: 'utf8',
    env,
  })
  assert.equal(status, 0)
  assert.match(stderr, /MILLRACE_BUFFER_UNKNOWN.*MILLRACE_BUFFER is "warp"/)
})

describe('without the addon', () => {
  for (const [what, env] of [
    ['MILLRACE_ENGINE=javascript', { MILLRACE_ENGINE: 'javascript' }],
    ['MILLRACE_BUFFER=node', { MILLRACE_BUFFER: 'node' }],
  ]) {
    test(`${what}: install changes nothing, and everything works`, () => {
      const seen = run(
        `
        const { indexOf, toString } = Buffer.prototype
        const { buffer } = require('.')
        const isNative = buffer.install()
        const same = Buffer.prototype.indexOf === indexOf && Buffer.prototype.toString === toString
        const bytes = buffer.Buffer.from('one, two, three')
        console.log(JSON.stringify({
          isNative,
          same,
          found: buffer.indexOf(bytes, 'two'),
          parts: buffer.split(bytes, ', ').map(String),
          hex: buffer.decodeHex(buffer.encodeHex(bytes)).toString(),
          transcoded: [...buffer.transcode(Buffer.from('é'), 'utf8', 'latin1')],
          numbers: [...buffer.readUInt16BEArray(Buffer.from([1, 2, 3, 4]))],
          any: buffer.indexOfAny(bytes, ['three', 'two']),
        }))`,
        { env },
      )
      assert.deepEqual(seen, {
        isNative: false,
        same: true,
        found: 5,
        parts: ['one', 'two', 'three'],
        hex: 'one, two, three',
        transcoded: [0xe9],
        numbers: [258, 772],
        any: 5,
      })
    })
  }
})
