'use strict'

// System calls of a transfer that fail for good: on the file, on the socket,
// and for want of descriptors, threads and memory. Whoever can hear of it does,
// as node:fs would tell it; nobody takes a part for the whole; and the server
// answers the next request.

const assert = require('node:assert/strict')
const { once } = require('node:events')
const fs = require('node:fs')
const { constants } = require('node:os')
const { test } = require('node:test')

const { engine } = require('../lib/native.js')
const { makeFile, sha256 } = require('./helpers/files.js')
const { FaultyServer, skip } = require('./helpers/faults.js')
const { FRAMINGS, download } = require('./helpers/framings.js')
const { until } = require('./helpers/server.js')

const KIB = 2 ** 10
const large = makeFile(700 * KIB + 3, 3)
const tiny = makeFile(5000, 5)
const small = makeFile(3000, 6)
const { content } = large

const WRITE = engine === 'copy' ? 'send' : 'sendfile'

/** A response that the faults of that call leave alone. */
const PROBE = WRITE === 'send' ? '/node/small' : '/millrace/small'

function start(t, faults, { file } = large) {
  return FaultyServer.start(t, { file, small: small.file }, { faults })
}

/** The server answers others, and has let go of the file. */
async function assertAlive(server, { file } = large) {
  const client = await server.connect()
  client.get(PROBE)
  assert.equal((await client.response()).sha256, sha256(small.content))
  await server.outcome()
  client.destroy()
  await until(() => server.descriptorsOn(file) === 0, 'the file to be closed')
}

/** What node:fs says of a disk that cannot be read. */
async function nodesReadError() {
  const [{ name, code, errno, syscall, message }] = await once(
    fs.createReadStream('/proc/self/mem').resume(),
    'error',
  )
  return { name, code, errno, syscall, message }
}

/** The client has a part of the file, and knows that it is one. */
function assertPart({ response, client }, framing, most = content.length - 1) {
  assert.ok(response.length <= most, `${response.length} bytes`)
  if (framing !== 'socket') assert.equal(response.complete, false)
  assert.equal(response.sha256, sha256(content.subarray(0, response.length)))
  client?.destroy()
}

for (const [where, bad] of Object.entries({
  'at the first byte of the pump': 64 * KIB,
  'in the middle': 300_000,
  'at the last byte': content.length - 1,
})) {
  test(`a disk that fails ${where} is Node's error, and ends the response`, { skip }, async (t) => {
    const server = await start(t, { bad })
    for (const framing of ['chunked', 'length']) {
      const result = await download(server, framing)
      assertPart(result, framing, bad)
      assert.deepEqual(result.told.source, await nodesReadError())
      assert.equal(result.told.socket, null)
      const { bytes, reason } = result.told.transfer
      // Where the page cache cannot be asked (overlayfs), the beginning is Node's.
      assert.ok(bytes > 0 || reason === 'cold' || bad === 64 * KIB, reason)
      await assertAlive(server)
    }
    // A pipe of Node's, too, leaves a socket open if its source fails.
    const client = await server.connectPlain()
    let length = 0
    while (length < bad) length += (await client.inbox.some()).length
    assert.equal(length, bad)
    await until(() => server.descriptorsOn(large.file) === 0)
    client.destroy()
    const told = await server.outcome()
    assert.deepEqual(told.source, await nodesReadError())
    assert.equal(told.bytesRead, bad)
    await assertAlive(server)
  })
}

for (const source of [large, tiny]) {
  const size = source.content.length
  test(
    `a disk that fails at once is heard of before the header, ${size} bytes`,
    { skip },
    async (t) => {
      const server = await start(t, { bad: 0 }, source)
      for (const framing of ['chunked', 'length']) {
        const client = await server.connect()
        client.get(`/millrace/${framing}`)
        assert.match(await client.inbox.until('\r\n'), / 500 /)
        client.destroy()
        const told = await server.outcome()
        assert.deepEqual(told.source, await nodesReadError())
        assert.equal(told.bytesRead, 0)
        await assertAlive(server, source)
      }
    },
  )
}

const SOCKET_ERRORS = ['EPIPE', 'ECONNRESET', 'ETIMEDOUT', 'ENOMEM', 'ENOBUFS']

for (const beyond of WRITE === 'send' ? [0] : [0, 300_000]) {
  const where = beyond === 0 ? 'at once' : 'in the middle'
  const title = `${WRITE} fails ${where} with ${SOCKET_ERRORS.join(', ')}: the socket has the error`
  test(title, { skip }, async (t) => {
    // At once it is tried twice: in place, and by the pump.
    const tries = FRAMINGS.length * (beyond === 0 ? 2 : 1)
    const rules = SOCKET_ERRORS.map((error, i) => {
      return { call: WRITE, beyond, first: i * tries + 1, last: (i + 1) * tries, error }
    })
    const server = await start(t, { rules: [...rules, { call: WRITE, clip: 50_000 }] })
    for (const code of SOCKET_ERRORS) {
      for (const framing of FRAMINGS) {
        const result = await download(server, framing)
        assertPart(result, framing, beyond === 0 ? 0 : beyond + 50_000)
        assert.deepEqual(result.told.socket, {
          name: 'Error',
          code,
          errno: -constants.errno[code],
          syscall: 'write',
          message: `write ${code}`,
        })
        assert.equal(result.told.source, null)
        // A pipe reads on until its next turn, as Node's does.
        assert.ok(result.told.bytesRead <= beyond + 50_000 + 128 * KIB)
      }
    }
    await assertAlive(server)
  })
}

const skipEnd = skip || (WRITE === 'send' && 'copies read the file')

test(
  'sendfile finds the end too early: the response is cut, and nothing repeats',
  { skip: skipEnd },
  async (t) => {
    const rules = [
      { call: 'sendfile', beyond: 300_000, end: true },
      { call: 'sendfile', clip: 50_000 },
    ]
    const server = await start(t, { rules })
    for (const framing of ['chunked', 'length']) {
      const before = server.calls('sendfile').length
      const result = await download(server, framing)
      assertPart(result, framing, 350_000)
      assert.equal(result.told.source.code, 'ERR_MILLRACE_CUT_SHORT')
      const calls = server.calls('sendfile').slice(before)
      assert.equal(calls.filter((call) => call.result === 0).length, 1)
      assert.equal(calls.at(-1).result, 0)
      await assertAlive(server)
    }
  },
)
