'use strict'

// What the documents show of Buffer's operations prints what they say.

const assert = require('node:assert/strict')
const { spawnSync } = require('node:child_process')
const fs = require('node:fs')
const path = require('node:path')
const { test } = require('node:test')

const { application } = require('./helpers/program.js')

const root = path.join(__dirname, '..')

for (const [name, word] of [
  ['README.md', 'buffer.indexOf'],
  ['docs/buffer.md', 'new buffer.Finder'],
]) {
  test(`${name}: the example prints its comments`, () => {
    const text = fs.readFileSync(path.join(root, name), 'utf8')
    const blocks = [...text.matchAll(/```js\n([\s\S]*?)```/g)].map(([, code]) => code)
    const code = blocks.find((block) => block.includes(word))
    const expected = [...code.matchAll(/console\.log\(.*\) \/\/ (.*)$/gm)].map(([, said]) => said)
    assert.ok(expected.length >= 3)
    for (const mode of ['', 'native', 'node']) {
      const { stdout, stderr } = spawnSync(process.execPath, ['-e', code], {
        cwd: application(),
        encoding: 'utf8',
        env: { ...process.env, MILLRACE_BUFFER: mode },
      })
      assert.equal(stderr, '')
      assert.deepEqual(stdout.trimEnd().split('\n'), expected)
    }
  })
}
