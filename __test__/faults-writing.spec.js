'use strict'

// System calls that fail while the addon writes: bytes, callbacks and errors are
// those of node:fs, which writes beside it in the same process.

const assert = require('node:assert/strict')
const { execFileSync } = require('node:child_process')
const fs = require('node:fs')
const path = require('node:path')
const { test } = require('node:test')

const { engine } = require('../lib/native.js')
const { makeFile, newPath } = require('./helpers/files.js')
const { assertMade, callsIn, faultyEnvironment, skip } = require('./helpers/faults.js')

const WRITER = path.join(__dirname, 'helpers', 'faulty-writer.js')
const { file: source } = makeFile(700_001, 3)
const isCopying = engine === 'sendfile'

function storiesOf(file, faults) {
  return JSON.parse(
    execFileSync(process.execPath, [WRITER, file, source], {
      env: { ...process.env, NODE_OPTIONS: '', ...faults },
      timeout: 30_000,
    }),
  )
}

for (const [name, rules] of Object.entries({
  'no faults': [],
  'pwritev2 takes 999 bytes at a time': [{ call: 'pwritev2', clip: 999 }],
  'every second pwritev2 is interrupted': [
    { call: 'pwritev2', every: 2, error: 'EINTR' },
    { call: 'pwritev2', clip: 99_999 },
  ],
  'pwritev2 fails at times, and Node succeeds': [{ call: 'pwritev2', every: 3, error: 'EIO' }],
  'pwritev2 fails in the middle': [{ call: 'pwritev2', beyond: 200_000, error: 'EIO' }],
  'pwritev2 is not there': [{ call: 'pwritev2', error: 'ENOSYS' }],
  'there is no thread': [{ call: 'pthread_create', error: 'EAGAIN' }],
  'there is no descriptor': [{ call: 'dup', error: 'EMFILE' }],
  ...(isCopying && {
    'copy_file_range is refused': [{ call: 'copy_file_range', error: 'EXDEV' }],
    'copy_file_range is not there': [{ call: 'copy_file_range', error: 'ENOSYS' }],
    'copy_file_range is forbidden': [{ call: 'copy_file_range', error: 'EPERM' }],
    'copy_file_range is refused later': [
      { call: 'copy_file_range', beyond: 100_000, error: 'EINVAL' },
      { call: 'copy_file_range', clip: 30_000 },
    ],
    'copy_file_range says that there is nothing': [{ call: 'copy_file_range', end: true }],
    'every second copy_file_range is interrupted': [
      { call: 'copy_file_range', every: 2, error: 'EINTR' },
      { call: 'copy_file_range', clip: 50_000 },
    ],
  }),
})) {
  test(`${name}: what is written is Node's`, { skip }, () => {
    const file = newPath('written')
    fs.writeFileSync(file, '')
    const log = newPath('calls')
    const stories = storiesOf(file, faultyEnvironment({ file, rules, log }))
    assert.equal(stories.length, 6)
    for (const { nodes, ours, way } of stories) {
      assert.deepEqual(ours, nodes, way)
      assert.equal(ours.error, null)
    }
    assertMade(callsIn(log), rules)
  })
}
