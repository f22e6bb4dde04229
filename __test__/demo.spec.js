'use strict'

const assert = require('node:assert/strict')
const { spawn } = require('node:child_process')
const { once } = require('node:events')
const fs = require('node:fs')
const http = require('node:http')
const net = require('node:net')
const os = require('node:os')
const path = require('node:path')
const nodeTest = require('node:test')

const { createApp } = require('../demo/app.js')
const { parseRange } = require('../demo/range.js')

const { after, before } = nodeTest
const SERVER = path.join(__dirname, '../demo/server.js')
const WEIRD_NAMES = [
  'with space.webm',
  `quotes " and ' <b>&amp;.webm`,
  '100% #1 ?a=b;c+d.webm',
  '%41.webm',
  'kůň 🎬 עברית.WEBM',
]
const UNLISTED = `..%2f..%2fetc%2fpasswd ..%2fsecret.mp4 %2e%2e%2fsecret.mp4 ../secret.mp4
  ..%5csecret.mp4 ..%252fsecret.mp4 %2e%2fclip.mp4 folder.mp4%2finner.mp4
  folder.mp4%2f..%2fclip.mp4 . .. .mp4 ...mp4
  clip.mp4%00 %00clip.mp4 clip.mp4%00.mp4 clip.mp4/ /clip.mp4 none.mp4 .hidden.mp4 notes.txt
  folder.mp4 out.mp4 to-hidden.mp4 dangling.mp4 socket.mp4`.split(/\s+/)
const content = Buffer.from(Array.from({ length: 1000 }, (_, index) => index % 251))

const home = fs.mkdtempSync(path.join(os.tmpdir(), 'millrace-demo-'))
const folder = path.join(home, 'videos')
const inFolder = (name) => path.join(folder, name)
const local = { server: null, port: 0, onTransfer: () => {} }

before(async () => {
  fs.mkdirSync(inFolder('folder.mp4'), { recursive: true })
  for (const name of ['clip.mp4', '.hidden.mp4', 'notes.txt', 'folder.mp4/inner.mp4']) {
    fs.writeFileSync(inFolder(name), content)
  }
  for (const name of WEIRD_NAMES) fs.writeFileSync(inFolder(name), name)
  fs.writeFileSync(inFolder('empty.mov'), '')
  fs.writeFileSync(inFolder('big.mkv'), '')
  fs.truncateSync(inFolder('big.mkv'), 2 ** 28)
  fs.writeFileSync(path.join(home, 'secret.mp4'), 'secret')
  fs.symlinkSync('../secret.mp4', inFolder('out.mp4'))
  fs.symlinkSync('.hidden.mp4', inFolder('to-hidden.mp4'))
  fs.symlinkSync('nowhere.mp4', inFolder('dangling.mp4'))
  fs.symlinkSync('clip.mp4', inFolder('link.m4v'))
  const app = createApp({ directory: folder, onTransfer: (given) => local.onTransfer(given) })
  local.server = http.createServer(app).listen(0, '127.0.0.1')
  await once(local.server, 'listening')
  local.port = local.server.address().port
})

after(() => {
  local.server.close()
  local.server.closeAllConnections()
  fs.rmSync(home, { recursive: true })
})

/** A test that fails, rather than waits, when an answer never comes. */
function test(name, body) {
  nodeTest.test(name, { timeout: 30_000 }, body)
}

/** The answer to one request, on a connection of its own unless told otherwise. */
async function ask(target, { method = 'GET', headers, port = local.port, agent = false } = {}) {
  const request = http.request({ port, host: '127.0.0.1', path: target, method, headers, agent })
  request.end()
  const [response] = await once(request, 'response')
  const body = Buffer.concat(await response.toArray())
  return { status: response.statusCode, headers: response.headers, body }
}

/** The answer to a request line that no client would write. */
async function askRaw(target) {
  const socket = net.connect(local.port, '127.0.0.1')
  socket.write(`GET ${target} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n`)
  return Buffer.concat(await socket.toArray()).toString('latin1')
}

/** The head of an answer whose body is not read, and its socket. */
async function beginDownload(target, port = local.port) {
  const socket = net.connect(port, '127.0.0.1').on('error', () => {})
  socket.write(`GET ${target} HTTP/1.1\r\nHost: localhost\r\n\r\n`)
  const [head] = await once(socket, 'data')
  socket.pause()
  return { socket, head: head.toString('latin1') }
}

/** Runs the command. What it has printed when it ends is in `ended`. */
function run(t, args) {
  const child = spawn(process.execPath, [SERVER, ...args], { stdio: ['ignore', 'pipe', 'pipe'] })
  const output = { stdout: '', stderr: '' }
  for (const name of ['stdout', 'stderr']) {
    child[name].setEncoding('utf8').on('data', (text) => (output[name] += text))
  }
  t.after(() => child.kill('SIGKILL'))
  const ended = once(child, 'close').then(([code, signal]) => ({ ...output, code, signal }))
  return { child, ended }
}

/** Runs the command until it serves. */
async function serve(t, args) {
  const { child, ended } = run(t, ['--port', '0', ...args])
  const [line] = await once(child.stdout, 'data')
  return { child, ended, line, port: Number(/:(\d+)\n$/.exec(line)?.[1]) }
}

test('a Range header selects the bytes it names', async () => {
  const cases = [
    ['bytes=0-', 206, 0, 999],
    ['bytes=0-0', 206, 0, 0],
    ['bytes=100-299', 206, 100, 299],
    ['bytes=999-', 206, 999, 999],
    ['bytes=500-99999999999999999999', 206, 500, 999],
    ['bytes=-500', 206, 500, 999],
    ['bytes=-5000', 206, 0, 999],
    ['BYTES= 1-2 ,', 206, 1, 2],
    ['bytes=1000-', 416],
    ['bytes=99999999999999999999-', 416],
    ['bytes=-0', 416],
    ['bytes=', 200],
    ['bytes=-', 200],
    ['bytes=2-1', 200],
    ['bytes=a-b', 200],
    ['bytes=+1-2', 200],
    ['bytes=1-2-3', 200],
    ['bytes 1-2', 200],
    ['lines=1-2', 200],
    ['bytes=0-1,3-4', 200],
    ['bytes=0-1,5000-', 200],
  ]
  for (const [range, status, first = 0, last = 999] of cases) {
    const answer = await ask('/videos/clip.mp4', { headers: { range } })
    assert.equal(answer.status, status, range)
    assert.equal(answer.headers['accept-ranges'], 'bytes', range)
    if (status === 416) {
      assert.equal(answer.headers['content-range'], 'bytes */1000', range)
      continue
    }
    const contentRange = status === 206 ? `bytes ${first}-${last}/1000` : undefined
    assert.equal(answer.headers['content-range'], contentRange, range)
    assert.equal(answer.headers['content-length'], String(last - first + 1), range)
    assert.equal(answer.headers['content-type'], 'video/mp4', range)
    assert.deepEqual(answer.body, content.subarray(first, last + 1), range)
  }
})

test('an empty file has no range, and is sent as nothing', async () => {
  assert.equal(parseRange('bytes=0-', 0), 'unsatisfiable')
  assert.equal(parseRange('bytes=-5', 0), null)
  const { status, body } = await ask('/videos/empty.mov', { headers: { range: 'bytes=-5' } })
  assert.deepEqual([status, body.length], [200, 0])
  assert.equal((await ask('/videos/empty.mov', { headers: { range: 'bytes=0-' } })).status, 416)
})

test('parts of a large file arrive at their places', async (t) => {
  const marked = inFolder('marked.webm')
  fs.copyFileSync(path.join(__dirname, '../demo/videos/sample.webm'), marked)
  t.after(() => fs.rmSync(marked))
  const whole = fs.readFileSync(marked)
  const agent = new http.Agent({ keepAlive: true, maxSockets: 1 })
  for (const first of [0, 1, 65_536, 500_000, whole.length - 1]) {
    const headers = { range: `bytes=${first}-` }
    const { status, body } = await ask('/videos/marked.webm', { headers, agent })
    assert.equal(status, 206)
    assert.ok(body.equals(whole.subarray(first)))
  }
  agent.destroy()
})

test('HEAD tells what GET would send, and ignores ranges', async () => {
  for (const target of ['/', '/videos/clip.mp4', '/videos/none.mp4']) {
    const get = await ask(target)
    const head = await ask(target, { method: 'HEAD', headers: { range: 'bytes=0-1' } })
    assert.equal(head.status, get.status)
    assert.equal(head.body.length, 0)
    assert.equal(head.headers['content-length'], String(get.body.length))
    assert.equal(head.headers.etag, get.headers.etag)
  }
})

test('what the client has already is not sent again', async () => {
  const { etag, 'last-modified': modified } = (await ask('/videos/clip.mp4')).headers
  assert.match(etag, /^"[^"]+"$/)
  assert.equal(modified, fs.statSync(inFolder('clip.mp4')).mtime.toUTCString())
  const cases = [
    [{ 'if-none-match': etag }, 304],
    [{ 'if-none-match': `"other", W/${etag}` }, 304],
    [{ 'if-none-match': '*', range: 'bytes=0-1' }, 304],
    [{ 'if-none-match': '"other"', 'if-modified-since': modified }, 200],
    [{ 'if-modified-since': modified }, 304],
    [{ 'if-modified-since': 'Thu, 01 Jan 1970 00:00:00 GMT' }, 200],
    [{ 'if-modified-since': 'yesterday' }, 200],
  ]
  for (const [headers, status] of cases) {
    const answer = await ask('/videos/clip.mp4', { headers })
    assert.equal(answer.status, status, JSON.stringify(headers))
    assert.equal(answer.headers.etag, etag)
    assert.equal(answer.body.length, status === 304 ? 0 : 1000)
  }
})

test('If-Range grants a part only of the very same file', async (t) => {
  const { etag, 'last-modified': modified } = (await ask('/videos/clip.mp4')).headers
  const cases = [
    [etag, 206],
    [`W/${etag}`, 200],
    ['"other"', 200],
    [modified, 200],
  ]
  for (const [condition, status] of cases) {
    const headers = { range: 'bytes=0-1', 'if-range': condition }
    assert.equal((await ask('/videos/clip.mp4', { headers })).status, status, condition)
  }
  t.after(() => fs.rmSync(inFolder('changing.mp4')))
  fs.writeFileSync(inFolder('changing.mp4'), 'one')
  const before = (await ask('/videos/changing.mp4')).headers.etag
  fs.writeFileSync(inFolder('changing.mp4'), 'other')
  assert.notEqual((await ask('/videos/changing.mp4')).headers.etag, before)
})

/** What a browser would make of the page's list: the names and where they lead. */
function linksOf(page) {
  const plain = { '&lt;': '<', '&gt;': '>', '&quot;': '"', '&#39;': "'", '&amp;': '&' }
  const unescape = (html) => html.replace(/&[^;]+;/g, (entity) => plain[entity])
  const links = [...page.matchAll(/<a href="([^"]+)"[^>]*>\s*<bdi[^>]*>([^<]*)<\/bdi>/g)]
  return new Map(links.map(([, href, name]) => [unescape(name), unescape(href)]))
}

test('the page lists the videos of the folder and is complete in itself', async () => {
  const { status, headers, body } = await ask('/?query')
  const page = body.toString()
  assert.equal(status, 200)
  assert.equal(headers['content-type'], 'text/html; charset=utf-8')
  assert.match(headers['content-security-policy'], /^default-src 'none'/)
  assert.doesNotMatch(page, /https?:/)
  assert.match(page, /clip\.mp4<\/bdi>\s*<span class="size">1\.0 kB</)
  assert.match(page, /big\.mkv<\/bdi>\s*<span class="size">268 MB</)
  const names = ['big.mkv', 'clip.mp4', 'empty.mov', 'link.m4v', ...WEIRD_NAMES]
  assert.deepEqual([...linksOf(page).keys()].sort(), names.sort())
})

test('videos with weird names are linked and sent', async () => {
  const links = linksOf((await ask('/')).body.toString())
  for (const name of WEIRD_NAMES) {
    const { status, headers, body } = await ask(links.get(name))
    assert.deepEqual([status, body.toString()], [200, name])
    assert.equal(headers['content-type'], 'video/webm')
  }
  assert.equal((await ask('/videos/link.m4v')).body.length, 1000)
})

test('nothing but the listed videos can be reached', async (t) => {
  const socketFile = net.createServer().listen(inFolder('socket.mp4'))
  await once(socketFile, 'listening')
  t.after(() => socketFile.close())
  const out = encodeURIComponent(path.join(home, 'secret.mp4'))
  const targets = {
    400: ['/videos/%', '/videos/%zz.mp4', '/videos/%ff.mp4', '/videos/%c0%ae.mp4'],
    404: [out, '', `${'x'.repeat(300)}.mp4`, ...UNLISTED].map((name) => `/videos/${name}`),
  }
  targets[404].push('/videos', '//videos/clip.mp4', '/../secret.mp4', '/favicon.ico', '/index.html')
  for (const [status, list] of Object.entries(targets)) {
    for (const target of list) {
      const answer = await askRaw(target)
      assert.match(answer, new RegExp(`^HTTP/1\\.1 ${status} `), target)
      assert.doesNotMatch(answer, /secret/, target)
    }
  }
  assert.match(await askRaw('http://localhost/videos/clip.mp4?x#y'), /^HTTP\/1\.1 200 /)
})

test('methods other than GET and HEAD are refused', async () => {
  for (const method of ['POST', 'PUT', 'DELETE', 'OPTIONS', 'PATCH']) {
    const { status, headers } = await ask('/videos/clip.mp4', { method })
    assert.deepEqual([status, headers.allow], [405, 'GET, HEAD'])
  }
})

/** Runs `change` on a file once its size is known, before it is opened. */
function changeAfterStat(t, file, change) {
  fs.writeFileSync(file, content)
  const { stat } = fs.promises
  t.mock.method(fs.promises, 'stat', async (...args) => {
    const stats = await stat(...args)
    if (args[0] === file) change()
    return stats
  })
}

test('a file that vanishes before it is opened is not found', async (t) => {
  const file = inFolder('vanishing.mp4')
  changeAfterStat(t, file, () => fs.rmSync(file))
  const { status, headers, body } = await ask('/videos/vanishing.mp4')
  assert.equal(status, 404)
  assert.equal(headers['content-type'], 'text/plain; charset=utf-8')
  assert.equal(headers['content-length'], String(body.length))
  assert.equal(headers.etag, undefined)
})

test('a file that shrinks before it is sent ends the connection', async (t) => {
  const file = inFolder('shrinking.mp4')
  // A connection that nothing else ends.
  local.server.keepAliveTimeout = 0
  const agent = new http.Agent({ keepAlive: true })
  t.after(() => agent.destroy())
  for (const length of [500, 0]) {
    changeAfterStat(t, file, () => fs.truncateSync(file, length))
    await assert.rejects(ask('/videos/shrinking.mp4', { agent }), { code: 'ECONNRESET' })
    t.mock.restoreAll()
  }
  assert.equal((await ask('/', { agent })).status, 200)
})

test('a client that leaves in the middle harms nobody', async (t) => {
  const closed = new Promise((resolve) => {
    local.onTransfer = resolve
  })
  t.after(() => {
    local.onTransfer = () => {}
  })
  const { socket, head } = await beginDownload('/videos/big.mkv')
  assert.match(head, /^HTTP\/1\.1 200 /)
  socket.resetAndDestroy()
  assert.ok((await closed).bytes < 2 ** 28)
  assert.equal((await ask('/videos/clip.mp4')).status, 200)
})

test('the command prints its address once, and serves the sample clip by default', async (t) => {
  const { child, ended, line, port } = await serve(t, [])
  assert.match(line, /^http:\/\/localhost:\d+\n$/)
  assert.match((await ask('/', { port })).body.toString(), /sample\.webm/)
  child.kill('SIGINT')
  assert.deepEqual(await ended, { stdout: line, stderr: '', code: 0, signal: null })
})

test('the command serves the folder that it is given, on the host that it is given', async (t) => {
  const { line, port } = await serve(t, [folder, '--host', '127.0.0.2'])
  assert.equal(line, `http://127.0.0.2:${port}\n`)
  const [response] = await once(http.get(`http://127.0.0.2:${port}/videos/clip.mp4`), 'response')
  assert.deepEqual(Buffer.concat(await response.toArray()), content)
})

for (const signal of ['SIGINT', 'SIGTERM']) {
  test(`${signal} ends the command cleanly, with downloads in flight`, async (t) => {
    const { child, ended, port } = await serve(t, [folder])
    const idle = net.connect(port, '127.0.0.1').on('error', () => {})
    await once(idle, 'connect')
    const downloads = await Promise.all([
      beginDownload('/videos/big.mkv', port),
      beginDownload('/videos/big.mkv', port),
    ])
    child.kill(signal)
    const { code, signal: endedBy, stderr } = await ended
    assert.deepEqual([code, endedBy, stderr], [0, null, ''])
    for (const { socket } of [...downloads, { socket: idle }]) socket.destroy()
  })
}

test('the command explains itself', async (t) => {
  const { stdout, code } = await run(t, ['--help']).ended
  assert.match(stdout, /^Usage: npm start .*--port N.*--host/s)
  assert.equal(code, 0)
})

test('the command says in one sentence why it cannot start', async (t) => {
  const cases = [
    [['--port', String(local.port)], `Port ${local.port} is in use: choose another`],
    [['--host', '192.0.2.1', '--port', '0'], 'Cannot listen on port 0 of 192.0.2.1'],
    [['/no/such/folder'], 'There is no folder "/no/such/folder".'],
    [[inFolder('clip.mp4')], `"${inFolder('clip.mp4')}" is not a folder.`],
    [['--colour'], "Unknown option '--colour'"],
    [['--port'], "Option '--port <value>' argument missing"],
    [['--port', '--help'], "Option '--port' argument is ambiguous"],
    [['--port', '65536'], 'The port has to be a number from 0 to 65535, not "65536".'],
    [['--port', 'http'], 'The port has to be a number'],
    [[folder, folder], 'There can be only one folder.'],
  ]
  for (const [args, sentence] of cases) {
    const { stdout, stderr, code } = await run(t, args).ended
    assert.ok(stderr.startsWith(sentence), stderr)
    assert.match(stderr, /^[^\n]+\.\n$/)
    assert.deepEqual([stdout, code], ['', 1])
  }
})
