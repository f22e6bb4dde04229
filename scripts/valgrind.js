'use strict'

// Runs valgrind-case.js under valgrind, with the binary that is there.

const { spawnSync } = require('node:child_process')
const path = require('node:path')

/** Its exit code for an error that it found. */
const FOUND = 9

for (const engine of ['sendfile', 'copy']) {
  const { status, error } = spawnSync(
    'valgrind',
    [
      '--quiet',
      // V8 writes code even without its compilers.
      '--smc-check=all-non-file',
      `--error-exitcode=${FOUND}`,
      `--suppressions=${path.join(__dirname, 'valgrind.supp')}`,
      process.execPath,
      '--jitless',
      path.join(__dirname, 'valgrind-case.js'),
    ],
    { stdio: 'inherit', env: { ...process.env, MILLRACE_ENGINE: engine } },
  )
  if (error) throw error
  if (status !== 0) process.exit(status ?? 1)
}
