'use strict'

// The examples of a Writable, a Duplex and a Transform.

const assert = require('node:assert/strict')
const fs = require('node:fs')
const path = require('node:path')
const { describe, test } = require('node:test')

const { DATA, example, largeFile, options, run } = require('./helpers/examples.js')

describe('writable.js', () => {
  const script = example('writable.js')

  test('It numbers the lines of data.txt, and leaves nothing else.', options, async (t) => {
    const target = path.join(path.dirname(largeFile(t)), 'numbered.txt')
    const { stdout, stderr, code } = await run(t, script, [DATA, target])
    const lines = fs.readFileSync(DATA, 'utf8').split('\n').slice(0, -1)
    const numbered = lines.map((line, index) => `${index + 1}  ${line}\n`).join('')
    assert.equal(fs.readFileSync(target, 'utf8'), numbered)
    assert.ok(stdout.startsWith(`lines: ${lines.length}, bytes: ${numbered.length}`), stdout)
    assert.equal(stderr, '')
    assert.equal(code, 0)
    assert.ok(!fs.readdirSync(path.dirname(target)).some((file) => file.startsWith('.millrace')))
  })

  test('It says why it cannot write.', options, async (t) => {
    const { stderr, code } = await run(t, script, [DATA, '/no/such/folder/file'])
    assert.match(stderr, /^The file cannot be written: ENOENT/)
    assert.equal(code, 1)
  })
})

describe('duplex.js', () => {
  test('Its upstream is free long before its client has everything.', options, async (t) => {
    const { stdout, stderr, code } = await run(t, example('duplex.js'), ['4'])
    assert.deepEqual(
      { stdout, stderr, code },
      {
        stdout: 'The upstream is free; less than half has arrived.\nAll 4 MiB have arrived.\n',
        stderr: '',
        code: 0,
      },
    )
  })
})

describe('transform.js', () => {
  test('It counts the words of data.txt, and makes hex of a line.', options, async (t) => {
    const { stdout, stderr, code } = await run(t, example('transform.js'))
    const content = fs.readFileSync(DATA, 'utf8')
    const lines = content.split('\n').slice(0, -1)
    const longest = lines.reduce((best, line) => (line.length > best.length ? line : best), '')
    const words = content.split(/\s+/).filter(Boolean).length
    assert.equal(stderr, '')
    assert.equal(code, 0)
    assert.equal(
      stdout,
      `lines: ${lines.length}, words: ${words}, the longest line in hex:\n` +
        `${Buffer.from(longest).toString('hex')}\n`,
    )
  })

  test('It says that a file is missing.', options, async (t) => {
    const { stderr, code } = await run(t, example('transform.js'), ['nowhere'])
    assert.equal(code, 1)
    assert.match(stderr, /^The file cannot be read: ENOENT/)
  })
})
