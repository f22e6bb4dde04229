'use strict'

// docs/faults.md names tests that there are.

const assert = require('node:assert/strict')
const fs = require('node:fs')
const path = require('node:path')
const { test } = require('node:test')

const DOCUMENT = path.join(__dirname, '..', 'docs', 'faults.md')

/** The names of the tests in a file; `…` is what is put in when it runs. */
function namesIn(file) {
  const source = fs.readFileSync(path.join(__dirname, file), 'utf8')
  const titles =
    /(?:\b(?:test|it|parity|whole|oneRequest)\(|\btitle =)\s*(['"`])((?:\\.|(?!\1).)*)\1/gs
  return new Set(
    [...source.matchAll(titles)].map(([, , name]) =>
      name.replaceAll(/\$\{(?:[^{}`]|`[^`]*`)*\}/g, '…').replaceAll(/\\(.)/g, '$1'),
    ),
  )
}

const lines = fs.readFileSync(DOCUMENT, 'utf8').split('\n')
const entries = lines.filter((line) => line.startsWith('  - '))

test('every test that the document of faults names is there', () => {
  const names = new Map()
  const missing = entries.filter((line) => {
    const [, file, name] = /^ {2}- `([\w-]+\.spec\.js)`: (.+)$/.exec(line) ?? []
    if (file === undefined || !fs.existsSync(path.join(__dirname, file))) return true
    if (!names.has(file)) names.set(file, namesIn(file))
    return !names.get(file).has(name)
  })
  assert.deepEqual(missing, [])
  assert.ok(entries.length > 50)
})

test('every test of faults is in the document', () => {
  const document = new Set(entries)
  const files = fs.readdirSync(__dirname).filter((file) => /^(faults-|connections)/.test(file))
  const missing = files.flatMap((file) =>
    [...namesIn(file)]
      .map((name) => `  - \`${file}\`: ${name}`)
      .filter((line) => !document.has(line)),
  )
  assert.deepEqual(missing, [])
})
