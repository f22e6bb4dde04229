'use strict'

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
const { describe, test } = require('node:test')

const { begin, finish } = require('./helpers/downloads.js')
const { makeFile } = require('./helpers/files.js')
const { until } = require('./helpers/server.js')

const EXAMPLES = path.join(__dirname, '..', 'examples')
const DATA = path.join(EXAMPLES, 'data.txt')
const SCRIPTS = fs.readdirSync(EXAMPLES).filter((n) => n !== 'README.md' && n !== 'data.txt')

const SERVERS = ['read-file-server.js', 'stream-server.js']
const READERS = ['read-events.js', 'read-pause-resume.js', 'read-async-iterator.js']

const options = { timeout: 60_000 }

/** Every script that some test has run, by its name in examples/. */
const tested = new Set()

// For the ends of this process that no test's `after` sees.
const children = new Set()
const directories = new Set()
process.once('exit', () => {
  // Not SIGKILL: memory.js has children of its own to end.
  for (const child of children) child.kill()
  for (const directory of directories) fs.rmSync(directory, { recursive: true, force: true })
})
for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => process.exit(1))

function start(t, script, args = [], env = {}) {
  if (path.dirname(script) === EXAMPLES) tested.add(path.basename(script))
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

/** The script as it is on Node's own fs, in a directory of its own. */
function copyOnNodeFs(t, name) {
  const source = fs.readFileSync(path.join(EXAMPLES, name), 'utf8')
  const parts = source.split("require('..') // an installed app writes require('millrace')")
  assert.equal(parts.length, 2, `${name} requires millrace in one line`)
  const copy = parts.join("require('node:fs')")
  assert.doesNotMatch(copy, /millrace|\.\./)

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

for (const name of SERVERS) {
  describe(name, () => {
    const script = path.join(EXAMPLES, name)

    test('It serves data.txt by default, to every client.', options, async (t) => {
      const port = await serve(t, script)
      const answers = await Promise.all(Array.from({ length: 10 }, () => get(port)))
      for (const answer of answers) assert.deepEqual(answer, { status: 200, hash: hashOf(DATA) })
    })

    test('It serves the file that its argument names.', options, async (t) => {
      const file = largeFile(t)
      const port = await serve(t, script, [file])
      assert.deepEqual(await get(port), { status: 200, hash: hashOf(file) })
    })

    test('It answers 404 while the file is missing.', options, async (t) => {
      const file = path.join(temporaryDirectory(t), 'late.txt')
      const port = await serve(t, script, [file])
      assert.equal((await get(port)).status, 404)
      assert.equal((await get(port)).status, 404)
      fs.copyFileSync(DATA, file)
      assert.deepEqual(await get(port), { status: 200, hash: hashOf(DATA) })
    })

    test('It answers 500 where the file is a directory.', options, async (t) => {
      const port = await serve(t, script, [temporaryDirectory(t)])
      assert.equal((await get(port)).status, 500)
      assert.equal((await get(port)).status, 500)
    })

    test('It goes on after a client that left early.', options, async (t) => {
      const file = largeFile(t)
      const port = await serve(t, script, [file])
      const request = http.get({ port, host: '127.0.0.1', agent: false })
      const [response] = await once(request, 'response')
      response.destroy()
      assert.deepEqual(await get(port), { status: 200, hash: hashOf(file) })
    })
  })
}

describe('stream-server.js', () => {
  test("It works on Node's own fs if one line is changed back.", options, async (t) => {
    const port = await serve(t, copyOnNodeFs(t, 'stream-server.js'))
    assert.deepEqual(await get(port), { status: 200, hash: hashOf(DATA) })
  })

  test("It has the tutorial's calls.", () => {
    const source = fs.readFileSync(path.join(EXAMPLES, 'stream-server.js'), 'utf8')
    assert.match(source, /^let server = http\.createServer\(\(req, res\) => \{$/m)
    assert.match(source, /^ {2}let stream = fs\.createReadStream\(file\)$/m)
    assert.match(source, /^ {2}stream\.pipe\(res\)$/m)
  })
})

describe('writable.js', () => {
  const script = path.join(EXAMPLES, 'writable.js')

  test('It numbers the lines of data.txt, and leaves nothing else.', options, async (t) => {
    const target = path.join(path.dirname(largeFile(t)), 'numbered.txt')
    const { stdout, stderr, code } = await run(t, script, [DATA, target])
    const lines = fs.readFileSync(DATA, 'utf8').split('\n').slice(0, -1)
    const numbered = lines.map((line, index) => `${index + 1}  ${line}\n`).join('')
    assert.equal(fs.readFileSync(target, 'utf8'), numbered)
    assert.ok(stdout.startsWith(`lines: ${lines.length}, bytes: ${numbered.length}`), stdout)
    assert.equal(stderr, '')
    assert.equal(code, 0)
    assert.ok(!fs.readdirSync(path.dirname(target)).some((file) => file.startsWith('.millrace')))
  })

  test('It says why it cannot write.', options, async (t) => {
    const { stderr, code } = await run(t, script, [DATA, '/no/such/folder/file'])
    assert.match(stderr, /^The file cannot be written: ENOENT/)
    assert.equal(code, 1)
  })
})

for (const name of READERS) {
  describe(name, () => {
    const script = path.join(EXAMPLES, name)
    const counts = (file) => {
      const { size } = fs.statSync(file)
      return `bytes: ${size}, chunks: ${Math.ceil(size / 65536)}\n`
    }

    test('It counts the bytes and chunks of data.txt by default.', options, async (t) => {
      const { stdout, stderr, code } = await run(t, script)
      assert.ok(stdout.includes(counts(DATA)), stdout)
      assert.equal(stderr, '')
      assert.equal(code, 0)
    })

    test('It counts those of the file that its argument names.', options, async (t) => {
      const file = largeFile(t)
      const { stdout, code } = await run(t, script, [file])
      assert.ok(stdout.includes(counts(file)), stdout)
      assert.equal(code, 0)
    })

    test('It counts nothing in an empty file.', options, async (t) => {
      const file = path.join(temporaryDirectory(t), 'empty.txt')
      fs.writeFileSync(file, '')
      const { stdout, code } = await run(t, script, [file])
      assert.equal(stdout, 'bytes: 0, chunks: 0\n')
      assert.equal(code, 0)
    })

    test('It fails with one plain line if the file is missing.', options, async (t) => {
      const file = path.join(temporaryDirectory(t), 'missing.txt')
      const { stdout, stderr, code } = await run(t, script, [file])
      assert.equal(stdout, '')
      assert.equal(
        stderr,
        `The file cannot be read: ENOENT: no such file or directory, open '${file}'\n`,
      )
      assert.equal(code, 1)
    })

    test("It counts the same on Node's own fs if one line is changed back.", options, async (t) => {
      const { stdout, code } = await run(t, copyOnNodeFs(t, name))
      assert.ok(stdout.includes(counts(DATA)), stdout)
      assert.equal(code, 0)
    })
  })
}

describe('read-pause-resume.js', () => {
  test('No chunk comes between a pause and its resume.', options, async (t) => {
    const file = largeFile(t)
    const { stdout } = await run(t, path.join(EXAMPLES, 'read-pause-resume.js'), [file])
    // Node lets the end overtake the last resume.
    const order = stdout.replace(/^bytes: .*\n/m, '')
    assert.match(order, /^(chunk \d+: \d+ bytes\npaused\nresumed\n){81}$/)
  })
})

describe('memory.js', () => {
  const script = path.join(EXAMPLES, 'memory.js')

  test('It shows that the stream server needs far less memory.', options, async (t) => {
    const directory = temporaryDirectory(t)
    const { stdout, stderr, code } = await run(t, script, ['8'], { TMPDIR: directory })
    assert.equal(stderr, '')
    assert.equal(code, 0)
    assert.deepEqual(fs.readdirSync(directory), [], 'the temporary file is gone')

    const lines = stdout.trimEnd().split('\n')
    assert.equal(lines.length, 5, stdout)
    assert.equal(lines[0], '50 slow clients, a file of 8 MiB')
    assert.match(lines[1], /^server +peak MiB +per client MiB$/)
    const rows = lines.slice(2, 4).map((line) => line.split(/ +/))
    assert.deepEqual(
      rows.map(([name]) => name),
      SERVERS,
    )
    const [whole, streamed] = rows.map(([, peak, perClient]) => ({
      peak: Number(peak),
      perClient: Number(perClient),
    }))
    assert.ok(whole.perClient > 4, 'readFile has most of the file in memory for each client')
    assert.ok(streamed.perClient < 1, stdout)
    assert.ok(streamed.peak < whole.peak / 2, stdout)
    const conclusion = /^stream-server\.js needs (\d+) % of the memory of read-file-server\.js$/
    assert.match(lines[4], conclusion)
    const percent = Number(conclusion.exec(lines[4])[1])
    assert.ok(Math.abs(percent - (streamed.peak / whole.peak) * 100) <= 1, stdout)
  })

  test('It refuses a size that is none or too much.', options, async (t) => {
    for (const size of ['0', '-1', '1.5', 'much', '1e9', 'Infinity']) {
      const { stdout, stderr, code } = await run(t, script, [size])
      assert.equal(stdout, '')
      assert.match(stderr, /^The size must be a whole number of MiB from 1 to \d+, .*\n$/)
      assert.equal(code, 1)
    }
  })

  // Its servers share its stderr: 'close' tells that they have ended as well.
  async function stopBy(t, signal, directory) {
    const child = start(t, script, ['8'], { TMPDIR: directory })
    const closed = once(child, 'close')
    for await (const line of readline.createInterface({ input: child.stdout })) {
      if (line.startsWith('server')) child.kill(signal)
    }
    return closed
  }

  test('It leaves nothing behind when it is stopped.', options, async (t) => {
    const directory = temporaryDirectory(t)
    const [code] = await stopBy(t, 'SIGTERM', directory)
    assert.equal(code, 1)
    assert.deepEqual(fs.readdirSync(directory), [])
  })

  test('Its servers end with it even if it is killed.', options, async (t) => {
    const [, signal] = await stopBy(t, 'SIGKILL', temporaryDirectory(t))
    assert.equal(signal, 'SIGKILL')
  })
})

describe('cluster.js', () => {
  const script = path.join(EXAMPLES, 'cluster.js')
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
    for (const one of [script, copyOnNodeFs(t, 'cluster.js')]) {
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
      ['/in', 500],
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

describe('metrics.js', () => {
  const script = path.join(EXAMPLES, 'metrics.js')
  const { engine } = require('../lib/native.js')
  const isNative = engine !== 'javascript'

  /** What Prometheus would read, by its name and labels. */
  async function scrape(port) {
    const request = http.get({ port, path: '/metrics', host: '127.0.0.1', agent: false })
    const [response] = await once(request, 'response')
    assert.equal(response.headers['content-type'], 'text/plain; version=0.0.4; charset=utf-8')
    const lines = (await text(response)).split('\n').filter((line) => /^[^#]/.test(line))
    return Object.fromEntries(
      lines.map((line) => [line.slice(0, line.lastIndexOf(' ')), Number(line.split(' ').at(-1))]),
    )
  }

  /** The figures that are not 0, without buckets, sums and bytes that are never exact. */
  function counted(figures) {
    const entries = Object.entries(figures).filter(
      ([name, value]) => value !== 0 && !/_bucket|_sum/.test(name),
    )
    return Object.fromEntries(
      entries.map(([name, value]) => [name.replace('millrace_transfer', ''), value]),
    )
  }

  async function scrapeUntil(port, condition) {
    const end = Date.now() + 10_000
    for (;;) {
      const figures = await scrape(port)
      if (condition(figures)) return figures
      assert.ok(Date.now() < end, JSON.stringify(figures))
    }
  }

  const isIdle = ({ millrace_transfers_active: active }) => active === 0

  test('It counts downloads, a fallback and a client that left.', options, async (t) => {
    const file = largeFile(t)
    const { size } = fs.statSync(file)
    const port = await serve(t, script, [file])
    const types = await text((await once(http.get({ port, path: '/metrics' }), 'response'))[0])
    for (const [name, type] of [
      ['transfers_started_total', 'counter'],
      ['transfers_active', 'gauge'],
      ['transfers_ended_total', 'counter'],
      ['transfer_bytes_total', 'counter'],
      ['transfer_fallbacks_total', 'counter'],
      ['transfer_duration_seconds', 'histogram'],
    ]) {
      assert.ok(types.includes(`# TYPE millrace_${name} ${type}\n`), name)
    }
    assert.deepEqual(counted(await scrape(port)), {})

    for (let i = 0; i < 3; i += 1) assert.equal((await get(port)).hash, hashOf(file))
    const downloads = {
      s_started_total: 3,
      's_ended_total{outcome="done"}': 3,
      [`_bytes_total{engine="${engine}"}`]: 3 * size,
      '_duration_seconds_count{outcome="done"}': 3,
    }
    if (!isNative) downloads['_fallbacks_total{reason="engine-javascript"}'] = 3
    assert.deepEqual(counted(await scrapeUntil(port, isIdle)), downloads)

    const head = http.request({ port, host: '127.0.0.1', method: 'HEAD', agent: false }).end()
    const [answer] = await once(head, 'response')
    assert.equal(answer.statusCode, 200)
    const afterHead = {
      ...downloads,
      s_started_total: 4,
      's_ended_total{outcome="done"}': 4,
      [`_bytes_total{engine="javascript"}`]: isNative ? size : 4 * size,
      [`_fallbacks_total{reason="${isNative ? 'no-body' : 'engine-javascript'}"}`]: isNative
        ? 1
        : 4,
      '_duration_seconds_count{outcome="done"}': 4,
    }
    assert.deepEqual(counted(await scrapeUntil(port, isIdle)), afterHead)

    const request = http.get({ port, host: '127.0.0.1', agent: false })
    const [response] = await once(request, 'response')
    assert.equal((await scrape(port)).millrace_transfers_active, 1)
    response.destroy()
    const last = counted(await scrapeUntil(port, isIdle))
    const withoutBytes = (figures) =>
      Object.fromEntries(Object.entries(figures).filter(([name]) => !name.includes('_bytes_')))
    assert.deepEqual(withoutBytes(last), {
      ...withoutBytes(afterHead),
      s_started_total: 5,
      's_ended_total{outcome="aborted"}': 1,
      '_duration_seconds_count{outcome="aborted"}': 1,
      ...(!isNative && { '_fallbacks_total{reason="engine-javascript"}': 5 }),
    })
  })

  test('It answers 404 where the file is missing, which is no transfer.', options, async (t) => {
    const port = await serve(t, script, [path.join(temporaryDirectory(t), 'missing')])
    assert.equal((await get(port)).status, 404)
    assert.deepEqual(counted(await scrape(port)), {})
  })
})

describe('duplex.js', () => {
  test('Its upstream is free long before its client has everything.', options, async (t) => {
    const { stdout, stderr, code } = await run(t, path.join(EXAMPLES, 'duplex.js'), ['4'])
    assert.deepEqual(
      { stdout, stderr, code },
      {
        stdout: 'The upstream is free; less than half has arrived.\nAll 4 MiB have arrived.\n',
        stderr: '',
        code: 0,
      },
    )
  })
})

describe('transform.js', () => {
  test('It counts the words of data.txt, and makes hex of a line.', options, async (t) => {
    const { stdout, stderr, code } = await run(t, path.join(EXAMPLES, 'transform.js'))
    const content = fs.readFileSync(DATA, 'utf8')
    const lines = content.split('\n').slice(0, -1)
    const longest = lines.reduce((best, line) => (line.length > best.length ? line : best), '')
    const words = content.split(/\s+/).filter(Boolean).length
    assert.equal(stderr, '')
    assert.equal(code, 0)
    assert.equal(
      stdout,
      `lines: ${lines.length}, words: ${words}, the longest line in hex:\n` +
        `${Buffer.from(longest).toString('hex')}\n`,
    )
  })

  test('It says that a file is missing.', options, async (t) => {
    const { stderr, code } = await run(t, path.join(EXAMPLES, 'transform.js'), ['nowhere'])
    assert.equal(code, 1)
    assert.match(stderr, /^The file cannot be read: ENOENT/)
  })
})

describe('buffer.js', () => {
  const script = path.join(EXAMPLES, 'buffer.js')

  test("It prints what Node's own Buffer prints, line by line.", options, async (t) => {
    const source = fs.readFileSync(script, 'utf8')
    const parts = source.split("require('..') // an installed app writes require('millrace')")
    assert.equal(parts.length, 2)
    const copy = path.join(temporaryDirectory(t), 'buffer.js')
    fs.writeFileSync(copy, parts.join("require('node:buffer')"))
    const expected = await run(t, copy)
    assert.equal(expected.stderr, '')
    for (const mode of ['', 'native']) {
      assert.deepEqual(await run(t, script, [], { MILLRACE_BUFFER: mode }), expected)
    }
    const shown = expected.stdout.match(/^ {2}\S/gm)
    assert.equal(shown.length, source.match(/^show\(/gm).length)
    assert.match(expected.stdout, /^text\.toString\('base64'\)\n {2}'bmHDr3ZlIPCfmIA='$/m)
  })
})

describe('video-segments.js', () => {
  const script = path.join(EXAMPLES, 'video-segments.js')

  test('It plays the whole file, and waits where it is slow.', options, async (t) => {
    const file = path.join(temporaryDirectory(t), 'video.mp4')
    fs.writeFileSync(file, makeFile(1_000_001).content)
    const { stdout, stderr, code } = await run(t, script, [file])
    assert.equal(stderr, '')
    const [, waits] = /played 1000001 bytes of 8 segments, waited (\d+) times\n/.exec(stdout)
    assert.ok(Number(waits) >= 1, stdout)
    assert.ok(stdout.endsWith(`sha256 ${hashOf(file)}\n`), stdout)
    assert.match(stdout, /^█{5,39}▒*·* playing, buffer +\d+ %$/m)
    assert.match(stdout, /waiting, buffer/)
    assert.equal(code, 0)
  })

  test('It fails with one plain line if the file is missing.', options, async (t) => {
    const file = path.join(temporaryDirectory(t), 'missing.mp4')
    const { stderr, code } = await run(t, script, [file])
    const reason = `ENOENT: no such file or directory, stat '${file}'`
    assert.equal(stderr, `The video cannot be played: ${reason}\n`)
    assert.equal(code, 1)
  })
})

describe('examples/', () => {
  test('The README has a line for every script.', () => {
    const readme = fs.readFileSync(path.join(EXAMPLES, 'README.md'), 'utf8')
    for (const name of SCRIPTS) {
      assert.ok(readme.includes(`[${name}](${name})`), `${name} is named`)
      assert.match(readme, new RegExp(`\`node examples/${name}[ \`]`), `${name} has its command`)
    }
  })

  // The last test of all, so that it knows what the others ran.
  test('Every script is run by a test.', () => {
    assert.deepEqual(SCRIPTS.sort(), [...tested].sort())
  })
})
