'use strict'

// One download from a FaultyServer in each framing, and what must hold of it.

const assert = require('node:assert/strict')

const { sha256 } = require('./files.js')

/** How a body is framed: in chunks, with a Content-Length, by its connection. */
const FRAMINGS = ['chunked', 'length', 'socket']

const NOTHING = { complete: false, length: 0, sha256: sha256(Buffer.alloc(0)) }

/** The file in one framing: what of it came, what was told, and its client. */
async function download(server, framing, implementation = 'millrace') {
  if (framing === 'socket') {
    const client = await server.connectPlain()
    const response = await client.rest()
    client.destroy()
    return { client: null, response, told: await server.outcome() }
  }
  const client = await server.connect()
  client.get(`/${implementation}/${framing}`)
  // The header may not have come.
  const response = await client.response().catch(() => ({ ...NOTHING }))
  return { client, response, told: await server.outcome() }
}

/**
 * Downloads the whole file in a framing, and another behind it on the same
 * connection, which shows that both sides agree where the first one ended.
 * @returns {Promise<object>} what the server told of the first
 */
async function downloadWhole(server, framing, { content, small }) {
  const { client, response, told } = await download(server, framing)
  assert.equal(response.complete, true)
  assert.equal(response.garbage, null)
  assert.equal(response.length, content.length)
  assert.equal(response.sha256, sha256(content))
  assert.deepEqual([told.source, told.socket], [null, null])
  assert.equal(told.bytesRead, content.length)
  if (client !== null) {
    client.get('/millrace/small')
    const next = await client.response()
    assert.equal(next.status, 200)
    assert.equal(next.sha256, sha256(small.content))
    await server.outcome()
    client.destroy()
  }
  return told
}

/** Sees that the file went natively, by `engine`, if it was in memory. */
function assertCarried({ transfer }, engine) {
  if (transfer.reason === 'cold') return
  assert.equal(transfer.mode, 'native', transfer.reason)
  assert.equal(transfer.engine, engine)
}

module.exports = { FRAMINGS, assertCarried, download, downloadWhole }
