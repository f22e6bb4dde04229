'use strict'

// Transfers that wait for a client that takes nothing: who stops one, or lets go
// of it, is heard at once, and not when the client goes on.

const assert = require('node:assert/strict')
const { test } = require('node:test')
const { setTimeout } = require('node:timers/promises')

const { engine } = require('../lib/native.js')
const { descriptorsOn } = require('./helpers/files.js')
const { file, interrupted } = require('./helpers/interrupted.js')
const { until } = require('./helpers/server.js')

const skip = engine === 'javascript' && 'nothing is native'

const FRAMINGS = {
  'in chunks': {},
  'with a Content-Length': { withLength: true },
  'into a socket': { isSocket: true },
}

/** Waits until all buffers between the server and its client are full. */
async function standstillOf(stream) {
  let seen = -1
  let since = 0
  await until(() => {
    const { bytes } = stream.transfer
    if (bytes !== seen) since = Date.now()
    seen = bytes
    return Date.now() - since > 250
  }, 'the buffers to be full')
}

for (const [framing, options] of Object.entries(FRAMINGS)) {
  test(
    `a destination that is destroyed, ${framing}, while its client takes nothing`,
    { skip },
    async (t) => {
      const { client, stream } = await interrupted(
        t,
        async ({ stream, response }) => {
          await standstillOf(stream)
          response.destroy()
          await until(() => descriptorsOn(file) === 0, 'the descriptors to be closed')
        },
        options,
      )
      await until(() => stream.closed)
      client.destroy()
    },
  )

  if (framing === 'in chunks') {
    // To stop it would break a chunk, so it goes on to wait.
    test(`a destination that is destroyed behind an unpipe, ${framing}`, { skip }, async (t) => {
      const { client, stream } = await interrupted(t, async ({ stream, response }) => {
        await standstillOf(stream)
        stream.unpipe(response)
        stream.destroy()
        await setTimeout(100)
        assert.ok(descriptorsOn(file) > 0)
        response.destroy()
        await until(() => descriptorsOn(file) === 0, 'the descriptors to be closed')
      })
      await until(() => stream.closed)
      client.destroy()
    })
    continue
  }
  test(`an unpipe, ${framing}, while its client takes nothing`, { skip }, async (t) => {
    const { client, stream } = await interrupted(
      t,
      async ({ stream, response }) => {
        await standstillOf(stream)
        assert.equal(stream.bytesRead, 0)
        const socket = response.socket ?? response
        const before = [stream.transfer.bytes, socket.bytesWritten]
        stream.unpipe(response)
        await until(() => stream.bytesRead > 0, 'the bytes to be counted')
        // What was told while it ran is what it came to.
        assert.deepEqual([stream.transfer.bytes, socket.bytesWritten], before)
        // What was read since is in the stream's buffer.
        assert.equal(stream.bytesRead - stream.readableLength, stream.transfer.bytes)
        stream.destroy()
        await until(() => descriptorsOn(file) === 0, 'the descriptors to be closed')
      },
      options,
    )
    await until(() => stream.closed)
    client.destroy()
  })
}
