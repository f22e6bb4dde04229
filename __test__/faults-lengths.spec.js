'use strict'

// Files that are not of the length that their responses promise, and that are not
// in memory when these begin: then it is JavaScript that reads and writes first. A
// client gets what was promised, or its connection ends.

const assert = require('node:assert/strict')
const fs = require('node:fs')
const { test } = require('node:test')

const { makeFile, newPath, sha256 } = require('./helpers/files.js')
const { FaultyServer, skip } = require('./helpers/faults.js')

const KIB = 2 ** 10
const small = makeFile(3000, 6)

// A connection that should end, and does not, lives for a minute.
const OPTIONS = { skip, timeout: 30_000 }

// Nothing is in memory, as far as the kernel tells.
const faults = { rules: [{ call: 'cachestat', end: true }] }

/** A server that promises the length that its file has now. */
async function start(t, size) {
  const { content } = makeFile(size, size)
  const file = newPath('changing')
  fs.writeFileSync(file, content)
  const server = await FaultyServer.start(t, { file, small: small.file }, { faults })
  return { server, file, content }
}

async function assertInStep(client) {
  client.get('/millrace/small')
  assert.equal((await client.response()).sha256, sha256(small.content))
  client.destroy()
}

// Less and more than JavaScript reads at once.
for (const size of [1000, 300 * KIB]) {
  test(
    `a file of ${size} bytes that is cold and has grown: what was promised comes`,
    OPTIONS,
    async (t) => {
      const { server, file, content } = await start(t, size)
      fs.appendFileSync(file, 'more')
      const client = await server.connect()
      client.get('/millrace/length')
      const { complete, sha256: hash } = await client.response()
      assert.deepEqual({ complete, hash }, { complete: true, hash: sha256(content) })
      const { bytesRead, source, transfer } = await server.outcome()
      await assertInStep(client)
      assert.deepEqual({ bytesRead, source }, { bytesRead: size, source: null })
      assert.ok(transfer.mode === 'native' || transfer.reason === 'cold')
    },
  )

  for (const left of [size / 2, 0]) {
    test(
      `a file of ${size} bytes that is cold, ${left} of which are left: the connection ends`,
      OPTIONS,
      async (t) => {
        const { server, file, content } = await start(t, size)
        fs.truncateSync(file, left)
        const client = await server.connect()
        client.get('/millrace/length')
        const { complete, sha256: hash } = await client.response()
        assert.deepEqual(
          { complete, hash },
          { complete: false, hash: sha256(content.subarray(0, left)) },
        )
        assert.equal((await server.outcome()).source, null)
        await assertInStep(await server.connect())
      },
    )
  }

  test(
    `a file of ${size} bytes that is cold, and bytes of others before or behind it`,
    OPTIONS,
    async (t) => {
      const { server, content } = await start(t, size)
      const client = await server.connect()
      client.get('/millrace/hints')
      assert.match(await client.inbox.until('\r\n\r\n'), /^HTTP\/1.1 103 /)
      assert.equal((await client.response()).sha256, sha256(content))
      await server.outcome()

      client.get('/millrace/first')
      const parts = [Buffer.from('first'), content]
      assert.equal((await client.response()).sha256, sha256(Buffer.concat(parts)))
      await server.outcome()

      client.get('/millrace/last')
      assert.equal((await client.response()).sha256, sha256(Buffer.concat(parts.toReversed())))
      await server.outcome()

      for (const [method, path] of [
        ['HEAD', 'length'],
        ['GET', 'unmodified'],
      ]) {
        client.get(`/millrace/${path}`, '', method)
        const { headers } = await client.response({ isHead: true })
        assert.equal(headers['content-length'], `${size}`)
        await server.outcome()
      }
      await assertInStep(client)
    },
  )
}
