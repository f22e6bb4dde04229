'use strict'

// Real applications, unchanged, with and without millrace/register: the same
// responses, sent natively, and nothing left behind by clients that leave.

const assert = require('node:assert/strict')
const { once } = require('node:events')
const fs = require('node:fs')
const net = require('node:net')
const path = require('node:path')
const { test } = require('node:test')

const { engine } = require('../lib/native.js')
const { App, Session, pipelined } = require('./helpers/app.js')
const { bytes, newPath } = require('./helpers/files.js')
const { until } = require('./helpers/server.js')

const skip = engine === 'javascript' && 'nothing is registered'

const MIB = 2 ** 20
const SIZES = { 'small.txt': 1024, 'data.bin': 200 * 1024, 'video.mp4': 5 * MIB }
/** Asked for once, so that it is known whose report is whose. */
const SENT = { 'sent.txt': 1024, 'sent.bin': 200 * 1024, 'sent.mp4': 5 * MIB }
/** Long enough not to fit into the sockets' buffers. */
const LONG = 'long.mp4'

const folder = path.join(newPath('served'), 'public')
fs.mkdirSync(path.join(folder, 'folder'), { recursive: true })
for (const [name, size] of Object.entries({ ...SIZES, ...SENT })) {
  fs.writeFileSync(path.join(folder, name), bytes(size, size))
}
fs.writeFileSync(path.join(folder, 'page.html'), '<p>To be compressed.</p>\n'.repeat(8192))
fs.writeFileSync(path.join(folder, 'folder', 'inner.txt'), 'inner')
fs.writeFileSync(path.join(folder, '..', 'secret.txt'), 'secret')
fs.writeFileSync(path.join(folder, LONG), '')
fs.truncateSync(path.join(folder, LONG), 64 * MIB)

/** What the requests bring forth where ranges are known, and conditions are too. */
const RANGED = [200, 206, 404, 416]
const ALL = [...RANGED, 304, 412]

/** `first`: bytes of a file that go through JavaScript before the rest. */
const APPLICATIONS = [
  { title: 'Express: express.static', file: 'express-static.js', prefix: '/', statuses: ALL },
  { title: 'Express: res.sendFile', file: 'express-send-file.js', prefix: '/file/', statuses: ALL },
  {
    title: 'Express: res.download',
    file: 'express-send-file.js',
    prefix: '/download/',
    statuses: ALL,
  },
  {
    title: 'Express: express.static behind compression and morgan',
    file: 'express-compression.js',
    prefix: '/',
    first: 65_536,
    smallReason: 'patched-destination',
    statuses: ALL,
    encodings: ['gzip', 'br', 'deflate', 'gzip;q=0, identity', '*'],
  },
  { title: 'Fastify: @fastify/static', file: 'fastify.js', prefix: '/static/', statuses: ALL },
  { title: 'Fastify: reply.send(stream)', file: 'fastify.js', prefix: '/stream/' },
  { title: 'Koa: koa-send', file: 'koa.js', prefix: '/send/' },
  { title: 'Koa: ctx.body = stream', file: 'koa.js', prefix: '/' },
  // A range that runs backwards ends its process, on node:fs as well.
  { title: 'sirv', file: 'sirv.js', prefix: '/', fatal: 'bytes=5-1', statuses: RANGED },
  { title: 'serve-handler', file: 'serve-handler.js', prefix: '/', statuses: RANGED },
  { title: 'NestJS: StreamableFile', file: 'nest.mjs', prefix: '/files/' },
  // Its streams are the web's, which JavaScript reads.
  { title: 'Hono: serveStatic', file: 'hono.mjs', prefix: '/', reason: 'no-pipe' },
]

/** The requests of a comparison; `known` is the header of data.bin. */
function requestsFor({ prefix, encodings = ['gzip'] }, known) {
  const data = `${prefix}data.bin`
  const video = `${prefix}video.mp4`
  const etag = known.etag ?? '"none"'
  const modified = known['last-modified'] ?? new Date(0).toUTCString()
  const names = [...Object.keys(SIZES), 'page.html']
  return [
    ...names.map((name) => ({ target: prefix + name })),
    ...names.map((name) => ({ target: prefix + name, method: 'HEAD' })),
    ...[
      'bytes=0-99',
      'bytes=-500',
      'bytes=1000-1999999',
      'bytes=2000000-',
      'bytes=0-99999999',
      'bytes=99999999-',
      'bytes=5-1',
      'bytes=0-0,10-20',
      'lines=1-2',
    ].map((range) => ({ target: video, headers: { Range: range } })),
    { target: video, method: 'HEAD', headers: { Range: 'bytes=0-99' } },
    { target: data, headers: { 'If-None-Match': etag } },
    { target: data, headers: { 'If-None-Match': '"other"' } },
    { target: data, headers: { 'If-Modified-Since': modified } },
    { target: data, headers: { 'If-Modified-Since': new Date(0).toUTCString() } },
    { target: data, headers: { 'If-Match': '"other"' } },
    { target: data, headers: { 'If-Range': etag, Range: 'bytes=10-19' } },
    { target: data, headers: { 'If-Range': modified, Range: 'bytes=10-19' } },
    { target: data, headers: { 'If-Range': '"other"', Range: 'bytes=10-19' } },
    ...encodings.flatMap((encoding) =>
      ['page.html', 'small.txt', 'data.bin'].map((name) => ({
        target: prefix + name,
        headers: { 'Accept-Encoding': encoding },
      })),
    ),
    ...[
      'missing.bin',
      'folder',
      'folder/',
      'folder/inner.txt',
      '../secret.txt',
      '%2e%2e/secret.txt',
      '..%2fsecret.txt',
      '..%5csecret.txt',
      'video.mp4/',
      'video.mp4%00',
      '%',
    ].map((name) => ({ target: prefix + name, isAlone: true })),
    { target: '/', isAlone: true },
    { target: data, method: 'POST', headers: { 'Content-Length': 0 } },
    { target: data, headers: { Connection: 'close' } },
  ]
}

/** The application with and without the register. */
async function bothOf(t, file) {
  // So that the pages are in memory.
  for (const name of Object.keys({ ...SIZES, ...SENT })) fs.readFileSync(path.join(folder, name))
  return Promise.all([false, true].map((isRegistered) => App.start(t, file, folder, isRegistered)))
}

async function sameResponses(apps, application) {
  const { prefix, fatal } = application
  const sessions = apps.map(({ address }) => new Session(address))
  const { headers } = await sessions[0].request({ target: `${prefix}data.bin` })
  const statuses = new Set()
  for (const request of requestsFor(application, headers)) {
    if (request.headers?.Range === fatal && fatal) continue
    const [plain, registered] = await Promise.all(
      sessions.map((session) => session.request(request)),
    )
    assert.deepEqual(registered.seen, plain.seen, JSON.stringify(request))
    statuses.add(Number(registered.seen.statusLine?.split(' ')[1]))
  }
  for (const session of sessions) session.end()
  for (const status of application.statuses ?? [200]) {
    assert.ok(statuses.has(status), `no response was a ${status}`)
  }
  const targets = ['small.txt', 'data.bin', 'page.html', 'video.mp4', 'small.txt'].map(
    (name) => prefix + name,
  )
  const [plain, registered] = await Promise.all(
    apps.map(({ address }) => pipelined(address, targets)),
  )
  assert.deepEqual(registered, plain)
}

/** Downloads a file, and tells how its stream was sent. */
async function transferOf(app, prefix, name) {
  const session = new Session(app.address)
  const { seen } = await session.request({ target: prefix + name })
  const report = () => app.transfers.find((transfer) => transfer.name === name)
  await until(report, 'the report of a stream')
  session.end()
  const { bytesRead, mode, engine: used, bytes: sent, reason } = report()
  assert.deepEqual([seen.length, bytesRead], [SENT[name], SENT[name]])
  return { mode, engine: used, sent, reason }
}

/** Clients that take the first bytes and leave, 200 of them. */
async function leave(app, target) {
  let most = 0
  for (let round = 0; round < 10; round += 1) {
    const sockets = await Promise.all(Array.from({ length: 20 }, () => begun(app.address, target)))
    most = Math.max(most, open(app).files)
    for (const [index, socket] of sockets.entries()) {
      if (index % 2 === 0) socket.destroy()
      else socket.resetAndDestroy()
    }
  }
  return most
}

async function begun(address, target) {
  const socket = net.connect(address)
  socket.on('error', () => {})
  socket.write(`GET ${target} HTTP/1.1\r\nHost: test\r\n\r\n`)
  await once(socket, 'readable')
  socket.read(1)
  return socket
}

function open(app) {
  const links = app.descriptors()
  return {
    files: links.filter((link) => link.startsWith(folder)).length,
    sockets: links.filter((link) => link.startsWith('socket:')).length,
  }
}

for (const application of APPLICATIONS) {
  const { title, file, prefix, first = 0, smallReason = null, reason } = application
  test(title, { skip }, async (t) => {
    const apps = await bothOf(t, file)
    const [, app] = apps
    const start = open(app)

    await t.test('every response is the same', () => sameResponses(apps, application))

    await t.test(reason ? 'is read by JavaScript' : 'is sent natively', async () => {
      const javascript = { mode: 'javascript', engine: null, sent: 0 }
      for (const [name, size] of Object.entries(SENT)) {
        const isSmall = size <= first
        const expected =
          reason || isSmall
            ? { ...javascript, reason: reason ?? smallReason }
            : { mode: 'native', engine, sent: size - first, reason: null }
        assert.deepEqual(await transferOf(app, prefix, name), expected, name)
      }
    })

    await t.test('200 clients that leave: every file and socket is closed', async () => {
      assert.ok((await leave(app, prefix + LONG)) >= 20)
      await until(() => {
        const { files, sockets } = open(app)
        return files === 0 && sockets <= start.sockets
      }, 'the descriptors').catch((error) => {
        assert.deepEqual(open(app), { files: 0, sockets: start.sockets }, error.message)
      })
    })
  })
}
