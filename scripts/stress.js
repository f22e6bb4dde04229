'use strict'

// Runs the ownership test for long, once with each native engine.
// MILLRACE_STRESS_SECONDS says how long, MILLRACE_SEED with which plans.

const { spawnSync } = require('node:child_process')
const path = require('node:path')

const root = path.join(__dirname, '..')
const seconds = process.env.MILLRACE_STRESS_SECONDS ?? '20'

for (const engine of ['sendfile', 'copy']) {
  const { status } = spawnSync(
    process.execPath,
    ['--test', '--test-reporter=spec', path.join('__test__', 'ownership.spec.js')],
    {
      cwd: root,
      stdio: 'inherit',
      env: { ...process.env, MILLRACE_ENGINE: engine, MILLRACE_STRESS_SECONDS: seconds },
    },
  )
  if (status !== 0) process.exit(status ?? 1)
}
