'use strict'

// examples/ is complete: each script is in its README, and run by a test.

const assert = require('node:assert/strict')
const fs = require('node:fs')
const path = require('node:path')
const { test } = require('node:test')

const { EXAMPLES } = require('./helpers/examples.js')

const scripts = fs.readdirSync(EXAMPLES).filter((name) => name.endsWith('.js'))

test('The README has a line for every script.', () => {
  const readme = fs.readFileSync(path.join(EXAMPLES, 'README.md'), 'utf8')
  for (const name of scripts) {
    assert.ok(readme.includes(`[${name}](${name})`), `${name} is named`)
    assert.match(readme, new RegExp(`\`node examples/${name}[ \`]`), `${name} has its command`)
  }
})

test('Every script is run by a test.', () => {
  const specs = fs.readdirSync(__dirname).filter((name) => /^examples-.*\.spec\.js$/.test(name))
  const source = specs.map((name) => fs.readFileSync(path.join(__dirname, name), 'utf8')).join('')
  const names = new Set(Array.from(source.matchAll(/'([\w-]+\.js)'/g), ([, name]) => name))
  assert.deepEqual(
    scripts.filter((name) => !names.has(name)),
    [],
  )
})
