'use strict'

// Runs the tests once with each engine forced. `node scripts/each-engine.js`
// takes the engines as arguments, by default those that `npm test` does not
// use anyway.

const { spawnSync } = require('node:child_process')
const fs = require('node:fs')
const path = require('node:path')

const root = path.join(__dirname, '..')
/** They start processes with engines of their own choice, or none. */
const INDEPENDENT = new Set(['benchmark.spec.js', 'layering.spec.js', 'readme.spec.js'])
const tests = fs
  .readdirSync(path.join(root, '__test__'))
  .filter((name) => name.endsWith('.spec.js') && !INDEPENDENT.has(name))
const engines = process.argv.length > 2 ? process.argv.slice(2) : ['copy', 'javascript']

for (const engine of engines) {
  process.stdout.write(`\nMILLRACE_ENGINE=${engine}\n`)
  const { status } = spawnSync(
    process.execPath,
    [
      '--test',
      '--test-timeout=300000',
      '--test-reporter=spec',
      ...tests.map((name) => path.join('__test__', name)),
    ],
    { cwd: root, stdio: 'inherit', env: { ...process.env, MILLRACE_ENGINE: engine } },
  )
  if (status !== 0) process.exit(status ?? 1)
}
