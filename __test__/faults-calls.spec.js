'use strict'

// What the addon asks of the kernel, call by call: never more than is left, in
// slices, header and body in the same packets, and without signals.

const assert = require('node:assert/strict')
const { constants } = require('node:os')
const { test } = require('node:test')

const { engine } = require('../lib/native.js')
const { makeFile } = require('./helpers/files.js')
const { FaultyServer, skip } = require('./helpers/faults.js')
const { FRAMINGS, downloadWhole } = require('./helpers/framings.js')

const KIB = 2 ** 10
const MIB = 2 ** 20
/** The largest HTTP chunk, and the most that one call is asked for. */
const SLICE = MIB
const small = makeFile(3000, 6)

// <bits/socket.h>; Node has no names for them.
const MSG_DONTWAIT = 0x40
const MSG_NOSIGNAL = 0x4000
const MSG_MORE = 0x8000

/** Calls that move bytes, or say when they leave. */
const MOVING = new Set(['send', 'sendfile', 'preadv2', 'pread', 'cork'])

const known = new Map()

/** The calls of one download in each framing. */
async function callsOf(t, size) {
  if (!known.has(size)) known.set(size, await watch(t, size))
  return known.get(size)
}

async function watch(t, size) {
  const source = makeFile(size, size)
  const files = { file: source.file, small: small.file }
  const server = await FaultyServer.start(t, files, { faults: {} })
  const found = {}
  for (const framing of FRAMINGS) {
    const before = server.calls().length
    const { transfer } = await downloadWhole(server, framing, { ...source, small })
    if (transfer.reason === 'cold') {
      t.diagnostic(`${framing}: not in memory`)
      continue
    }
    const calls = server
      .calls()
      .slice(before)
      .filter(({ call }) => MOVING.has(call))
    // The small file behind it is sent by one call, and read by none of these.
    if (framing !== 'socket') {
      while (calls.at(-1).call !== 'send') calls.pop()
      calls.pop()
    }
    found[framing] = calls
  }
  return Object.entries(found)
}

const isRefused = ({ result }) => result === -constants.errno.EAGAIN

for (const size of [1000, 17 * KIB, 64 * KIB, 700 * KIB + 3, 5 * MIB + 7]) {
  test(
    `${size} bytes: no call asks for more than is left, or than a slice`,
    { skip },
    async (t) => {
      for (const [framing, calls] of await callsOf(t, size)) {
        let end = 0
        for (const { call, asked, offset, result } of calls) {
          if (call === 'send' || call === 'preadv2') assert.ok(asked > 0 && asked <= SLICE + KIB)
          if (call !== 'sendfile') continue
          // Each goes on where the last one stopped, to the end of what there is
          // in one piece: nothing is left for the kernel to wait for.
          assert.equal(offset, end, framing)
          const chunkEnd = framing === 'chunked' ? Math.floor(offset / SLICE) * SLICE + SLICE : size
          assert.equal(asked, Math.min(chunkEnd - offset, size - offset, SLICE), framing)
          end += Math.max(0, result)
        }
        if (engine === 'sendfile' && size > 16 * KIB) assert.equal(end, size, framing)
      }
    },
  )

  test(`${size} bytes: no call can wait, nor raise a signal`, { skip }, async (t) => {
    for (const [framing, calls] of await callsOf(t, size)) {
      const sends = calls.filter(({ call }) => call === 'send')
      assert.ok(sends.length > 0 || framing === 'socket')
      for (const { flags } of sends) {
        assert.equal(flags & (MSG_DONTWAIT | MSG_NOSIGNAL), MSG_DONTWAIT | MSG_NOSIGNAL)
      }
    }
  })

  test(
    `${size} bytes: the header waits for the body, and nothing else waits`,
    { skip },
    async (t) => {
      for (const [framing, calls] of await callsOf(t, size)) {
        const moving = calls.filter(
          (call) => (call.call === 'send' || call.call === 'sendfile') && !isRefused(call),
        )
        if (size <= 16 * KIB) {
          // Header, framing and body are one call; in chunks the last chunk, which
          // is Node's, follows at once.
          assert.equal(moving.length, 1, framing)
          assert.equal((moving[0].flags & MSG_MORE) !== 0, framing === 'chunked')
          continue
        }
        const [header] = moving
        if (framing !== 'socket') {
          assert.ok(header.asked < KIB)
          assert.equal(header.flags & MSG_MORE, MSG_MORE, framing)
        }
        if (framing === 'chunked') {
          // Size lines and data share packets, and the socket is let go at the
          // end: what is held back then would be late by 200 ms.
          const corks = calls.filter(({ call }) => call === 'cork').map(({ asked }) => asked)
          assert.deepEqual(corks, [1, 0])
          assert.equal(calls.at(-1).call, 'cork')
        } else {
          const last = moving.at(-1)
          assert.equal(last.flags & MSG_MORE, 0, framing)
          assert.equal(calls.filter(({ call }) => call === 'cork').length, 0)
        }
      }
    },
  )
}

test('others have a turn after so many bytes', { skip }, async (t) => {
  const source = makeFile(9 * MIB, 9)
  const files = { file: source.file, small: small.file }
  const server = await FaultyServer.start(t, files, { faults: {} })
  for (const framing of FRAMINGS) {
    const before = server.calls('yield').length
    const { transfer } = await downloadWhole(server, framing, { ...source, small })
    // At the latest when a drive has sent its budget.
    const turns = server.calls('yield').length - before
    assert.ok(turns >= Math.floor(transfer.bytes / SLICE / 2), `${turns} turns`)
  }
})

test('a client that stands still costs no calls', { skip }, async (t) => {
  const source = makeFile(24 * MIB, 8)
  const server = await FaultyServer.start(
    t,
    { file: source.file, small: small.file },
    { faults: {} },
  )
  const client = await server.connect()
  client.get('/millrace/length')
  await client.inbox.begun()
  client.socket.pause()
  // Until the buffers of both sides are full.
  let before
  do {
    before = server.calls().length
    await new Promise((resolve) => {
      setTimeout(resolve, 150)
    })
  } while (server.calls().length !== before)
  await new Promise((resolve) => {
    setTimeout(resolve, 300)
  })
  assert.equal(server.calls().length, before)
  const full = server.calls().findLast(({ call }) => call === 'send' || call === 'sendfile')
  assert.equal(full.result, -constants.errno.EAGAIN)
  client.destroy()
})
