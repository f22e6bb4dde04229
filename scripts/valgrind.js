'use strict'

// Runs the core cases under valgrind, with the binary that is there. Slow: some
// minutes. `node scripts/valgrind.js FILE...` runs those files of __test__.

const { spawnSync } = require('node:child_process')
const path = require('node:path')

const root = path.join(__dirname, '..')

/** What exercises every call of the addon without a process of its own. */
const CORE = ['transfer.spec.js', 'parity-chunks.spec.js', 'ownership.spec.js']

/** Its exit code for an error that it found. */
const FOUND = 9

const names = process.argv.length > 2 ? process.argv.slice(2) : CORE
for (const name of names) {
  process.stdout.write(`\n${name}\n`)
  const { status, error } = spawnSync(
    'valgrind',
    [
      // V8 writes code even without its compilers.
      '--smc-check=all-non-file',
      `--error-exitcode=${FOUND}`,
      '--quiet',
      `--suppressions=${path.join(__dirname, 'valgrind.supp')}`,
      process.execPath,
      '--jitless',
      path.join('__test__', name),
    ],
    { cwd: root, stdio: 'inherit' },
  )
  if (error) throw error
  if (status !== 0) process.exit(status ?? 1)
}
