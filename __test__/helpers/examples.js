'use strict'

// The scripts of examples/, each in a process of its own.

const assert = require('node:assert/strict')
const { spawn } = require('node:child_process')
const { createHash } = require('node:crypto')
const { once } = require('node:events')
const fs = require('node:fs')
const http = require('node:http')
const os = require('node:os')
const path = require('node:path')
const readline = require('node:readline')
const { text } = require('node:stream/consumers')

const { root } = require('./program.js')

const EXAMPLES = path.join(root, 'examples')
const DATA = path.join(EXAMPLES, 'data.txt')

/** Of every test. */
const options = { timeout: 60_000 }

// For the ends of this process that no test's `after` sees.
const children = new Set()
const directories = new Set()
process.once('exit', () => {
  // Not SIGKILL: memory.js has children of its own to end.
  for (const child of children) child.kill()
  for (const directory of directories) fs.rmSync(directory, { recursive: true, force: true })
})
for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => process.exit(1))

/** The path of a script, by its name in examples/. */
function example(name) {
  return path.join(EXAMPLES, name)
}

function start(t, script, args = [], env = {}) {
  const child = spawn(process.execPath, [script, ...args], {
    env: { ...process.env, PORT: '0', ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  children.add(child)
  const closed = once(child, 'close')
  t.after(async () => {
    child.kill()
    await closed
    children.delete(child)
  })
  return child
}

/** Runs a script to its end, which includes that of its children. */
async function run(t, script, args, env) {
  const child = start(t, script, args, env)
  const [stdout, stderr, [code]] = await Promise.all([
    text(child.stdout),
    text(child.stderr),
    once(child, 'close'),
  ])
  return { stdout, stderr, code }
}

/** Starts a server and returns its port. */
async function serve(t, script, args, env) {
  return (await startServer(t, script, args, env)).port
}

async function startServer(t, script, args, env) {
  const child = start(t, script, args, env)
  child.stderr.pipe(process.stderr)
  const ended = once(child, 'exit').then(() => assert.fail(`${script} ended early`))
  const started = once(readline.createInterface({ input: child.stdout }), 'line')
  ended.catch(() => {})
  const [line] = await Promise.race([started, ended])
  assert.match(line, /^Our server is running on port [1-9]\d*$/)
  return { child, port: Number(line.split(' ').at(-1)) }
}

async function get(port, path = '/', agent = false) {
  const [response] = await once(http.get({ port, host: '127.0.0.1', path, agent }), 'response')
  const hash = createHash('sha256')
  for await (const chunk of response) hash.update(chunk)
  return { status: response.statusCode, hash: hash.digest('hex') }
}

function hashOf(file) {
  return createHash('sha256').update(fs.readFileSync(file)).digest('hex')
}

function temporaryDirectory(t) {
  const directory = fs.mkdtempSync(path.join(os.tmpdir(), 'millrace-examples-'))
  directories.add(directory)
  t.after(() => {
    fs.rmSync(directory, { recursive: true })
    directories.delete(directory)
  })
  return directory
}

/** The script as it is on Node's own module, in a directory of its own. */
function copyOnNode(t, name, module = 'node:fs') {
  const source = fs.readFileSync(path.join(EXAMPLES, name), 'utf8')
  const parts = source.split("require('millrace')")
  assert.equal(parts.length, 2, `${name} requires millrace in one place`)
  const copy = parts.join(`require('${module}')`)
  assert.doesNotMatch(copy, /millrace|'\.\./)

  const directory = temporaryDirectory(t)
  fs.writeFileSync(path.join(directory, name), copy)
  fs.copyFileSync(DATA, path.join(directory, 'data.txt'))
  return path.join(directory, name)
}

/** A file of several chunks, the last of which is not full. */
function largeFile(t) {
  const file = path.join(temporaryDirectory(t), 'large.txt')
  const data = Buffer.alloc(5 * 2 ** 20 + 1)
  for (let i = 0; i < data.length; i += 1) data[i] = (i * 31) ^ (i >> 8)
  fs.writeFileSync(file, data)
  return file
}

module.exports = {
  DATA,
  EXAMPLES,
  options,
  example,
  start,
  run,
  serve,
  startServer,
  get,
  hashOf,
  temporaryDirectory,
  copyOnNode,
  largeFile,
}
