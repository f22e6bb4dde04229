'use strict'

// The package as its users meet it.

const assert = require('node:assert/strict')
const { execFileSync, spawnSync } = require('node:child_process')
const fs = require('node:fs')
const path = require('node:path')
const stream = require('node:stream')
const { test } = require('node:test')

const millrace = require('..')
const { makeFile, newPath, sha256 } = require('./helpers/files.js')
const { application } = require('./helpers/program.js')

const root = path.join(__dirname, '..')
const { file, content } = makeFile(200_000)

const NAMES = [
  'createReadStream',
  'ReadStream',
  'createWriteStream',
  'WriteStream',
  'createSpool',
  'createSplitter',
  'createDecoder',
  'createEncoder',
  'createThrottle',
  'stats',
  'Buffer',
  'buffer',
  'Readable',
  'Writable',
  'Duplex',
  'Transform',
  'PassThrough',
  'pipeline',
  'finished',
]

test('require gives what is documented', () => {
  assert.deepEqual(Object.keys(millrace), NAMES)
  for (const name of NAMES.slice(NAMES.indexOf('Readable')))
    assert.equal(millrace[name], stream[name])
  const made = millrace.createReadStream(file)
  assert.ok(made instanceof fs.ReadStream && made instanceof stream.Readable)
  assert.ok(made instanceof millrace.ReadStream)
  made.destroy()
})

test('import gives the same by name', () => {
  const script = `
    import { ${NAMES.join(', ')} } from 'millrace'
    import millrace from 'millrace'
    console.log([${NAMES.join(', ')}].every((value, i) => value === Object.values(millrace)[i]))`
  const output = run(['--input-type=module', '-e', script], { cwd: application() })
  assert.equal(output.stdout.trim(), 'true', output.stderr)
})

function run(args, { env = {}, cwd = root } = {}) {
  return spawnSync(process.execPath, args, {
    cwd,
    encoding: 'utf8',
    env: { ...process.env, MILLRACE_ENGINE: '', NODE_OPTIONS: '', ...env },
  })
}

/** Serves the file once, and prints its hash and how it was sent. */
function serveOnce(packagePath) {
  return `
    const http = require('node:http')
    const { createHash } = require('node:crypto')
    const { createReadStream } = require(${JSON.stringify(packagePath)})
    let stream
    const server = http.createServer((request, response) => {
      stream = createReadStream(${JSON.stringify(file)})
      stream.pipe(response)
    }).listen(0, () => {
      http.get({ port: server.address().port, agent: false }, (response) => {
        const hash = createHash('sha256')
        response.on('data', (part) => hash.update(part)).on('end', () => {
          server.close(() => {
            const { mode, reason, engine } = stream.transfer
            console.log(JSON.stringify({ sha256: hash.digest('hex'), mode, reason, engine }))
          })
        })
      })
    })`
}

test('without a binary everything goes through JavaScript, with one warning', () => {
  const copy = newPath('without-binary')
  fs.mkdirSync(copy)
  for (const name of ['index.js', 'buffer.js', 'binding.js', 'package.json', 'lib']) {
    fs.cpSync(path.join(root, name), path.join(copy, name), { recursive: true })
  }
  const script = `
    const { Worker } = require('node:worker_threads')
    new Worker('require(' + ${JSON.stringify(JSON.stringify(copy))} + ')', { eval: true })
    ${serveOnce(copy)}`
  const { stdout, stderr } = run(['-e', script])
  assert.deepEqual(JSON.parse(stdout), {
    sha256: sha256(content),
    mode: 'javascript',
    reason: 'no-binary',
    engine: null,
  })
  assert.equal(stderr.match(/MILLRACE_NO_BINARY/g)?.length, 1, stderr)
})

for (const [value, expected] of [
  ['sendfile', { mode: 'native', reason: null, engine: 'sendfile' }],
  ['copy', { mode: 'native', reason: null, engine: 'copy' }],
  ['javascript', { mode: 'javascript', reason: 'engine-javascript', engine: null }],
]) {
  test(`MILLRACE_ENGINE=${value} is heard`, () => {
    fs.readFileSync(file)
    const { stdout, stderr } = run(['-e', serveOnce(root)], { env: { MILLRACE_ENGINE: value } })
    assert.deepEqual(JSON.parse(stdout), { sha256: sha256(content), ...expected })
    assert.equal(stderr, '')
  })
}

test('MILLRACE_ENGINE with any other value is reported, and changes nothing', () => {
  const { stdout, stderr } = run(['-e', serveOnce(root)], { env: { MILLRACE_ENGINE: 'warp' } })
  assert.equal(JSON.parse(stdout).mode, 'native')
  assert.match(stderr, /MILLRACE_ENGINE is "warp"/)
})

test('what is published is complete', () => {
  const { files, main, types } = require('../package.json')
  for (const name of [
    main,
    types,
    'LICENSE',
    'README.md',
    ...files.filter((f) => !f.includes('*')),
  ]) {
    assert.ok(fs.existsSync(path.join(root, name)), name)
  }
  const listing = JSON.parse(
    execFileSync('npm', ['pack', '--dry-run', '--json', '--ignore-scripts'], {
      cwd: root,
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
    }),
  )
  const [pack] = Array.isArray(listing) ? listing : Object.values(listing)
  const packed = pack.files.map((entry) => entry.path)
  for (const name of ['index.js', 'index.d.ts', 'binding.js', 'lib/native.js']) {
    assert.ok(packed.includes(name), name)
  }
  assert.ok(
    packed.some((name) => name.endsWith('.node')),
    'the binary',
  )
  assert.ok(!packed.some((name) => /^(target|src|__test__|node_modules)\//.test(name)))
})

test('versions agree', () => {
  const cargo = fs.readFileSync(path.join(root, 'Cargo.toml'), 'utf8')
  assert.equal(/^version = "(.*)"$/m.exec(cargo)[1], require('../package.json').version)
})

test('a clone without cargo is told what to install', () => {
  const clone = newPath('clone')
  fs.mkdirSync(clone)
  for (const name of ['scripts', 'Cargo.toml', 'Cargo.lock', 'build.rs', 'src']) {
    fs.cpSync(path.join(root, name), path.join(clone, name), { recursive: true })
  }
  const { status, stderr } = run([path.join(clone, 'scripts', 'prepare.js')], {
    env: { PATH: '/nowhere' },
  })
  assert.equal(status, 1)
  assert.match(stderr, /^millrace: building needs Rust [^\n]*\n$/)
})
