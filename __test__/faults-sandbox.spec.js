'use strict'

// Kernels that are old, sandboxes that refuse what they do not know, and calls
// that are interrupted for real: seccomp(2) and strace do to the process what
// faults.c only plays.

const assert = require('node:assert/strict')
const { spawnSync } = require('node:child_process')
const { test } = require('node:test')

const { engine } = require('../lib/native.js')
const { makeFile, newPath } = require('./helpers/files.js')
const { FaultyServer, refusing, skip: skipFaults } = require('./helpers/faults.js')
const { FRAMINGS, assertCarried, downloadWhole } = require('./helpers/framings.js')

const KIB = 2 ** 10
const large = makeFile(700 * KIB + 3, 3)
const medium = makeFile(40 * KIB + 1, 4)
const small = makeFile(3000, 6)

const NUMBERS = {
  x64: { sendfile: 40, preadv2: 327, openat2: 437, cachestat: 451 },
  arm64: { sendfile: 71, preadv2: 286, openat2: 437, cachestat: 451 },
}[process.arch]

function canRefuse() {
  const [command, ...words] = refusing('EPERM', [])
  return spawnSync(command, [...words, 'true']).status === 0
}

const skip =
  skipFaults ||
  (NUMBERS === undefined && `no numbers of system calls on ${process.arch}`) ||
  (!canRefuse() && 'no seccomp here')

async function assertWhole(t, source, words, carriedBy) {
  const files = { file: source.file, small: small.file }
  const server = await FaultyServer.start(t, files, { words })
  for (const framing of FRAMINGS) {
    const told = await downloadWhole(server, framing, { ...source, small })
    if (carriedBy) assertCarried(told, carriedBy)
  }
  assert.equal(server.descriptorsOn(source.file), 0)
}

for (const error of ['ENOSYS', 'EPERM']) {
  test(`a kernel that answers sendfile with ${error}: files are copied`, { skip }, async (t) => {
    await assertWhole(t, large, refusing(error, [NUMBERS.sendfile]), 'copy')
    await assertWhole(t, medium, refusing(error, [NUMBERS.sendfile]), engine)
  })

  test(`a kernel that answers all newer calls with ${error}`, { skip }, async (t) => {
    for (const source of [large, medium, small]) {
      await assertWhole(t, source, refusing(error, Object.values(NUMBERS)))
    }
  })

  for (const [name, number] of Object.entries(NUMBERS ?? {})) {
    if (name === 'sendfile') continue
    test(`a kernel that answers ${name} with ${error}`, { skip }, async (t) => {
      await assertWhole(t, large, refusing(error, [number]))
    })
  }
}

/** Words that run a command whose calls strace tampers with, or null. */
function straced(call, error) {
  const words = `-f -qq -o ${newPath('strace')} -e trace=${call}`.split(' ')
  const rule = `inject=${call}:error=${error}:when=1+2`
  return ['strace', ...words, '-e', rule]
}

const hasStrace =
  spawnSync('strace', [...straced('sendfile', 'EINTR').slice(1), 'true']).status === 0

for (const call of engine === 'copy' ? ['sendto', 'preadv2'] : ['sendfile']) {
  test(
    `every second ${call} is interrupted by strace`,
    { skip: skip || (!hasStrace && 'needs strace') },
    async (t) => {
      await assertWhole(t, large, straced(call, 'EINTR'), engine)
    },
  )
}
