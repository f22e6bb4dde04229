'use strict'

// The examples of the four kinds of streams.

const assert = require('node:assert/strict')
const fs = require('node:fs')
const path = require('node:path')
const { describe, test } = require('node:test')

const {
  DATA,
  example,
  largeFile,
  options,
  run,
  temporaryDirectory,
} = require('./helpers/examples.js')

const LINES = fs.readFileSync(DATA, 'utf8').split('\n').slice(0, -1)

test('They are short: under 40 lines each.', () => {
  for (const name of ['readable.js', 'writable.js', 'duplex.js', 'transform.js', 'pipeline.js']) {
    assert.ok(fs.readFileSync(example(name), 'utf8').split('\n').length <= 40, name)
  }
})

describe('readable.js', () => {
  const script = example('readable.js')

  test('It reads data.txt in chunks, and its last line alone.', options, async (t) => {
    const { stdout, stderr, code } = await run(t, script)
    assert.equal(stderr, '')
    assert.equal(code, 0)
    const content = fs.readFileSync(DATA)
    const expected = []
    for (let end = 0; end < content.length;) {
      const { length } = content.subarray(end, end + 32_768)
      end += length
      const lines = content.subarray(0, end).filter((byte) => byte === 10).length
      expected.push(`${length} bytes, ${lines} lines so far`)
    }
    expected.push(`The last of ${content.length} bytes: ${LINES.at(-1)}`, '')
    assert.deepEqual(stdout.split('\n'), expected)
  })

  test('It reads a file that is empty, and one of one long line.', options, async (t) => {
    const file = path.join(temporaryDirectory(t), 'file')
    fs.writeFileSync(file, '')
    assert.equal((await run(t, script, [file])).stdout, 'The last of 0 bytes: \n')
    fs.writeFileSync(file, 'x'.repeat(2000))
    const { stdout } = await run(t, script, [file])
    assert.equal(
      stdout,
      `2000 bytes, 0 lines so far\nThe last of 2000 bytes: ${'x'.repeat(1024)}\n`,
    )
  })

  test('It says that a file is missing.', options, async (t) => {
    const { stderr, code } = await run(t, script, ['nowhere'])
    assert.equal(
      stderr,
      "The file cannot be read: ENOENT: no such file or directory, open 'nowhere'\n",
    )
    assert.equal(code, 1)
  })
})

describe('writable.js', () => {
  const script = example('writable.js')

  test('It numbers the lines of data.txt, and leaves nothing else.', options, async (t) => {
    const target = path.join(temporaryDirectory(t), 'numbered.txt')
    fs.writeFileSync(target, 'old')
    const { stdout, stderr, code } = await run(t, script, [DATA, target])
    const numbered = LINES.map((line, index) => `${index + 1}  ${line}\n`).join('')
    assert.equal(fs.readFileSync(target, 'utf8'), numbered)
    assert.equal(stdout, `lines: ${LINES.length}, bytes: ${numbered.length}, in ${target}\n`)
    assert.equal(stderr, '')
    assert.equal(code, 0)
    assert.deepEqual(fs.readdirSync(path.dirname(target)), ['numbered.txt'])
  })

  test('It numbers a file that does not fit into any buffer.', options, async (t) => {
    const source = largeFile(t)
    fs.writeFileSync(source, 'a line\n'.repeat(500_000))
    const target = path.join(path.dirname(source), 'numbered.txt')
    const { stdout, code } = await run(t, script, [source, target])
    assert.match(stdout, /^lines: 500000, /)
    assert.equal(code, 0)
    assert.ok(fs.readFileSync(target, 'utf8').endsWith('\n500000  a line\n'))
  })

  for (const [what, input, output] of [
    ['cannot write', DATA, '/no/such/folder/file'],
    ['cannot read', '/no/such/file', null],
  ]) {
    test(`It says why it ${what}, and leaves the old file.`, options, async (t) => {
      const target = path.join(temporaryDirectory(t), 'numbered.txt')
      fs.writeFileSync(target, 'old')
      const { stdout, stderr, code } = await run(t, script, [input, output ?? target])
      const missing = output ?? input
      assert.equal(
        stderr,
        `The lines cannot be numbered: ENOENT: no such file or directory, open '${missing}'\n`,
      )
      assert.equal(stdout, '')
      assert.equal(code, 1)
      assert.deepEqual(fs.readdirSync(path.dirname(target)), ['numbered.txt'])
      assert.equal(fs.readFileSync(target, 'utf8'), 'old')
    })
  }
})

describe('duplex.js', () => {
  test('Its upstream is free before its client has anything to speak of.', options, async (t) => {
    const { stdout, stderr, code } = await run(t, example('duplex.js'), ['4'])
    assert.equal(stderr, '')
    assert.equal(code, 0)
    assert.deepEqual(stdout.split('\n'), [
      'The upstream is free. 65536 bytes have arrived,',
      '4 MiB wait, and 3 of them in a file.',
      'All 4 MiB have arrived.',
      '',
    ])
  })
})

describe('transform.js', () => {
  const script = example('transform.js')

  test('It counts the words of data.txt, and makes hex of a line.', options, async (t) => {
    const { stdout, stderr, code } = await run(t, script)
    const longest = LINES.reduce((best, line) => (line.length > best.length ? line : best), '')
    const words = LINES.join('\n').split(/\s+/).filter(Boolean).length
    assert.equal(stderr, '')
    assert.equal(code, 0)
    assert.equal(
      stdout,
      `lines: ${LINES.length}, words: ${words}, the longest line in hex:\n` +
        `${Buffer.from(longest).toString('hex')}\n`,
    )
  })

  test('It says that a file is missing.', options, async (t) => {
    const { stderr, code } = await run(t, script, ['nowhere'])
    assert.equal(code, 1)
    assert.match(stderr, /^The file cannot be read: ENOENT/)
  })
})
