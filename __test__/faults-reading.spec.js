'use strict'

// System calls that fail while JavaScript reads: chunks, events and errors are
// those of node:fs, which reads beside it in the same process.

const assert = require('node:assert/strict')
const { execFileSync } = require('node:child_process')
const path = require('node:path')
const { test } = require('node:test')

const { makeFile, newPath, sha256 } = require('./helpers/files.js')
const { assertMade, callsIn, faultyEnvironment, skip } = require('./helpers/faults.js')

const { file, content } = makeFile(300_001, 3)
const READER = path.join(__dirname, 'helpers', 'faulty-reader.js')

/** A read from the descriptor's own offset, and one from a start. */
const WAYS = [{}, { start: 3 }]

function storiesOf(faults, { command = [], how = null } = {}) {
  const [program, ...rest] = [...command, process.execPath, READER]
  const values = [file, WAYS, how].map((value) => JSON.stringify(value))
  return JSON.parse(
    execFileSync(program, [...rest, ...values], {
      env: { ...process.env, NODE_OPTIONS: '', ...faults },
      timeout: 30_000,
    }),
  )
}

const BLIND = { call: 'preadv2', error: 'EAGAIN' }

for (const [name, rules] of Object.entries({
  'preadv2 gives 999 bytes at a time': [{ call: 'preadv2', clip: 999 }],
  'every second preadv2 is interrupted': [
    { call: 'preadv2', every: 2, error: 'EINTR' },
    { call: 'preadv2', clip: 9999 },
  ],
  'every third preadv2 finds nothing in memory': [{ call: 'preadv2', every: 3, error: 'EAGAIN' }],
  'preadv2 is not there': [{ call: 'preadv2', error: 'ENOSYS' }],
  'preadv2 cannot tell': [{ call: 'preadv2', error: 'EOPNOTSUPP' }],
  'preadv2 is forbidden': [{ call: 'preadv2', error: 'EPERM' }],
  'reads of a disk give 999 bytes at a time, and every second one is interrupted': [
    BLIND,
    { call: 'pread', every: 2, error: 'EINTR' },
    { call: 'pread', clip: 999 },
    { call: 'read', every: 2, error: 'EINTR' },
    { call: 'read', clip: 999 },
  ],
  'a disk has no thread': [BLIND, { call: 'pthread_create', error: 'EAGAIN' }],
  'a disk has no descriptor': [BLIND, { call: 'dup', error: 'EMFILE' }],
  'every path is not in memory': [{ call: 'openat2', error: 'EAGAIN' }],
  'openat2 is not there': [{ call: 'openat2', error: 'ENOSYS' }],
  'openat2 is forbidden': [{ call: 'openat2', error: 'EPERM' }],
})) {
  test(`${name}: the chunks are Node's`, { skip }, () => {
    const log = newPath('calls')
    const stories = storiesOf(faultyEnvironment({ file, rules, log }))
    for (const [i, { nodes, ours }] of stories.entries()) {
      assert.deepEqual(ours, nodes)
      assert.equal(ours.sha256, sha256(content.subarray(WAYS[i].start ?? 0)))
    }
    assertMade(callsIn(log), rules)
  })
}

for (const bad of [0, 1, 65_536, 100_000, content.length - 1]) {
  test(`a disk that fails at byte ${bad}: chunks and error are Node's`, { skip }, () => {
    for (const { nodes, ours } of storiesOf(faultyEnvironment({ file, bad }))) {
      assert.deepEqual(ours, nodes)
      assert.equal(ours.error.code, 'EIO')
    }
  })
}

test("no descriptor to open a file with: the error is Node's", () => {
  const command = ['sh', '-c', 'ulimit -n 64 && exec "$0" "$@"']
  for (const { nodes, ours } of storiesOf({}, { command, how: 'without descriptors' })) {
    assert.deepEqual(ours, nodes)
    assert.equal(ours.error.code, 'EMFILE')
  }
})
