'use strict'

// System calls of a transfer that do less than they were asked to, are
// interrupted, have to wait, or are refused: every byte arrives all the same,
// with no more calls than there are reasons for.

const assert = require('node:assert/strict')
const { test } = require('node:test')

const { engine } = require('../lib/native.js')
const { makeFile } = require('./helpers/files.js')
const { FaultyServer, assertMade, skip } = require('./helpers/faults.js')
const { FRAMINGS, assertCarried, downloadWhole } = require('./helpers/framings.js')

const KIB = 2 ** 10
const large = makeFile(700 * KIB + 3, 3)
const medium = makeFile(40 * KIB + 1, 4)
const tiny = makeFile(5000, 5)
const small = makeFile(3000, 6)

const isCopy = engine === 'copy'
/** The call by which bytes of the file get into the socket. */
const WRITE = isCopy ? 'send' : 'sendfile'

/** Calls by which the addon reads the file or writes to the socket. */
const MOVING = new Set(['sendfile', 'send', 'pread', 'preadv2'])

/**
 * A test in all framings: all bytes arrive, the connection goes on, and the
 * addon makes no more than `most` calls for each.
 */
function whole(name, source, rules, { most, carriedBy = engine, check, rounds = 1 }) {
  test(name, { skip }, async (t) => {
    const server = await FaultyServer.start(
      t,
      { file: source.file, small: small.file },
      {
        faults: { rules },
      },
    )
    let before = 0
    for (const framing of Array(rounds).fill(FRAMINGS).flat()) {
      const told = await downloadWhole(server, framing, { content: source.content, small })
      assertCarried(told, carriedBy)
      const calls = server.calls().filter(({ call }) => MOVING.has(call)).length
      assert.ok(calls - before <= most, `${framing}: ${calls - before} calls`)
      before = calls
      check?.(server)
    }
    assertMade(server.calls(), rules)
    assert.equal(server.descriptorsOn(source.file), 0)
  })
}

/** More than one round of a client's reading needs, of calls that do all. */
const FEW = 200

whole(`${WRITE} does 1,000 bytes at a time`, large, [{ call: WRITE, clip: 1000 }], {
  // One for each part, and for copies one more for each buffer that is filled.
  most: Math.ceil(large.content.length / 1000) * (isCopy ? 2 : 1) + FEW,
})
whole(
  'every call does one byte, of a file of 5,000 bytes',
  tiny,
  [
    { call: 'send', clip: 1 },
    { call: WRITE, clip: 1 },
  ],
  {
    most: tiny.content.length * 2 + FEW,
  },
)
whole(`${WRITE} does less each time, of a file of 40 KiB`, medium, [{ call: WRITE, clip: 333 }], {
  most: Math.ceil(medium.content.length / 333) * (isCopy ? 2 : 1) + FEW,
})

for (const [size, source] of Object.entries({ '700 KiB': large, '40 KiB': medium })) {
  const clip = Math.ceil(source.content.length / 40)
  whole(
    `every second ${WRITE} is interrupted, of a file of ${size}`,
    source,
    [
      { call: WRITE, every: 2, error: 'EINTR' },
      { call: WRITE, clip },
    ],
    { most: 2 * 41 + FEW },
  )
  whole(
    `every second ${WRITE} finds the socket full, of a file of ${size}`,
    source,
    [
      { call: WRITE, every: 2, error: 'EAGAIN' },
      { call: WRITE, clip },
    ],
    { most: 2 * 41 + FEW },
  )
  whole(
    `a hundred ${WRITE}s in a row find the socket full, of a file of ${size}`,
    source,
    [{ call: WRITE, last: 100, error: 'EAGAIN' }],
    { most: 100 + FEW },
  )
}
whole(
  'the header goes out in parts of 10 bytes, interrupted, and into a full socket',
  large,
  [
    { call: 'send', every: 3, error: 'EINTR' },
    { call: 'send', first: 2, every: 3, error: 'EAGAIN' },
    { call: 'send', last: 60, clip: 10 },
  ],
  { most: 3 * 100 + FEW },
)

if (!isCopy) {
  const errors = ['EINVAL', 'ENOSYS', 'EPERM', 'EOPNOTSUPP', 'EACCES']
  for (const [where, beyond] of Object.entries({
    'at the first byte': 0,
    'at the first byte of the pump': 64 * KIB,
    'in the middle': 300_000,
  })) {
    // Once for each transfer, which then asks no more.
    const refusals = errors.map((error, i) => {
      const number = i * FRAMINGS.length + 1
      const last = number + FRAMINGS.length - 1
      return { call: 'sendfile', beyond, first: number, last, error }
    })
    whole(
      `sendfile is refused ${where} with ${errors.join(', ')}: the rest is copied`,
      large,
      [...refusals, { call: 'sendfile', clip: 50_000 }],
      { most: FEW, carriedBy: 'copy', rounds: errors.length },
    )
  }
  whole(
    'sendfile is refused for a file of 40 KiB: it is copied',
    medium,
    [{ call: 'sendfile', error: 'EINVAL' }],
    // What is sent in place is told to be the work of the engine that was asked.
    { most: FEW, check: (server) => assert.ok(server.calls('preadv2').length > 0) },
  )
}

// The reads of copies, by the engine of that name or where sendfile is refused.
const COPIED = isCopy ? [] : [{ call: 'sendfile', error: 'EINVAL' }]
/** Nothing is known to be in memory: preadv2 cannot be asked. */
const BLIND = [{ call: 'preadv2', error: 'EAGAIN' }]

for (const [name, rules, most] of [
  ['preadv2 gives 1,000 bytes at a time', [{ call: 'preadv2', clip: 1000 }], 2 * 701],
  [
    'every second preadv2 is interrupted',
    [
      { call: 'preadv2', every: 2, error: 'EINTR' },
      { call: 'preadv2', clip: 20_000 },
    ],
    4 * 36,
  ],
  ['preadv2 finds nothing in memory', BLIND, 0],
  ['preadv2 is not there', [{ call: 'preadv2', error: 'ENOSYS' }], 0],
  ['preadv2 cannot tell', [{ call: 'preadv2', error: 'EOPNOTSUPP' }], 0],
  [
    'pread gives 1,000 bytes at a time, and every second one is interrupted',
    [...BLIND, { call: 'pread', every: 2, error: 'EINTR' }, { call: 'pread', clip: 1000 }],
    // Once to have it in memory, once to send it.
    8 * 701,
  ],
]) {
  whole(`copies: ${name}`, large, [...COPIED, ...rules], { most: most + FEW, carriedBy: 'copy' })
}
