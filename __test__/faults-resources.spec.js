'use strict'

// Descriptors, threads and memory that cannot be had: what was to be sent
// natively goes through JavaScript, and is native again when there are some.

const assert = require('node:assert/strict')
const { test } = require('node:test')

const { engine } = require('../lib/native.js')
const { makeFile, sha256 } = require('./helpers/files.js')
const { FaultyServer, assertMade, skip } = require('./helpers/faults.js')
const { FRAMINGS, assertCarried, download, downloadWhole } = require('./helpers/framings.js')
const { until } = require('./helpers/server.js')

const KIB = 2 ** 10
const large = makeFile(700 * KIB + 3, 3)
// More than goes out before the pump has it.
const long = makeFile(5000 * KIB, 7)
const medium = makeFile(40 * KIB + 1, 4)
const small = makeFile(3000, 6)

function start(t, { file }, rules) {
  return FaultyServer.start(t, { file, small: small.file }, { faults: { rules } })
}

for (const [name, call, error] of [
  ['a duplicate of a descriptor', 'dup', 'EMFILE'],
  ['a thread', 'pthread_create', 'EAGAIN'],
  ['an epoll of the pump', 'epoll_create1', 'EMFILE'],
  ['a place in the epoll of the pump', 'epoll_ctl', 'ENOSPC'],
  ['an eventfd of the pump', 'eventfd', 'EMFILE'],
]) {
  test(`without ${name} (${error}) a file goes through JavaScript`, { skip }, async (t) => {
    const server = await start(t, large, [{ call, error }])
    for (const framing of FRAMINGS) {
      const { transfer } = await downloadWhole(server, framing, { ...large, small })
      // The end is small enough to be sent in place.
      assert.ok(transfer.bytes <= 64 * KIB)
      assert.equal(server.descriptorsOn(large.file), 0)
    }
    assertMade(server.calls(), [{ call }])
  })

  // The first of a file whose header is not out yet: nothing is lost.
  for (const number of call === 'dup' ? [1, 2] : [1]) {
    const which = call === 'dup' ? ` number ${number}` : ''
    test(
      `${name}${which} (${error}) is missed once: the rest goes natively`,
      { skip },
      async (t) => {
        const server = await start(t, large, [{ call, first: number, last: number, error }])
        const first = await downloadWhole(server, 'chunked', { ...large, small })
        assert.ok(first.transfer.bytes > 0)
        for (const framing of FRAMINGS) {
          assertCarried(await downloadWhole(server, framing, { ...large, small }), engine)
        }
      },
    )
  }
}

for (const number of [1, 2]) {
  test(
    `a response of 40 KiB that does not fit, and duplicate ${number} that fails`,
    { skip },
    async (t) => {
      // Parts of it are out when the pump is asked, or nothing.
      for (const last of [1, 3]) {
        const call = engine === 'copy' ? 'send' : 'sendfile'
        const server = await start(t, medium, [
          { call, first: last, every: 1, last: last + 1, error: 'EAGAIN' },
          { call, clip: 1000 },
          { call: 'dup', first: number, every: 2, error: 'EMFILE' },
        ])
        for (const framing of FRAMINGS) {
          await downloadWhole(server, framing, { ...medium, small })
          // What is held back then would be late by 200 ms.
          assert.notEqual(server.calls('cork').at(-1)?.asked, 1, framing)
        }
      }
    },
  )
}

test(
  'a socket that the pump cannot watch ends its response, and only that',
  { skip },
  async (t) => {
    // The first is the pump's own.
    const server = await start(t, long, [{ call: 'epoll_ctl', first: 2, last: 3, error: 'ENOMEM' }])
    for (const framing of ['chunked', 'length']) {
      const { response, told, client } = await download(server, framing)
      assert.equal(response.complete, false)
      assert.equal(response.sha256, sha256(long.content.subarray(0, response.length)))
      assert.deepEqual([told.source, told.socket], [null, null])
      client.destroy()
      await until(() => server.descriptorsOn(long.file) === 0, 'the file to be closed')
    }
    for (const framing of FRAMINGS) {
      assertCarried(await downloadWhole(server, framing, { ...long, small }), engine)
    }
  },
)
