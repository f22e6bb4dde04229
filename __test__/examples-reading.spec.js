'use strict'

// The examples that read: files, buffers, a video.

const assert = require('node:assert/strict')
const fs = require('node:fs')
const path = require('node:path')
const { describe, test } = require('node:test')

const { makeFile } = require('./helpers/files.js')
const {
  DATA,
  copyOnNode,
  example,
  hashOf,
  largeFile,
  options,
  run,
  temporaryDirectory,
} = require('./helpers/examples.js')

const READERS = ['read-events.js', 'read-pause-resume.js', 'read-async-iterator.js']

for (const name of READERS) {
  describe(name, () => {
    const script = example(name)
    const counts = (file) => {
      const { size } = fs.statSync(file)
      return `bytes: ${size}, chunks: ${Math.ceil(size / 65536)}\n`
    }

    test('It counts the bytes and chunks of data.txt by default.', options, async (t) => {
      const { stdout, stderr, code } = await run(t, script)
      assert.ok(stdout.includes(counts(DATA)), stdout)
      assert.equal(stderr, '')
      assert.equal(code, 0)
    })

    test('It counts those of the file that its argument names.', options, async (t) => {
      const file = largeFile(t)
      const { stdout, code } = await run(t, script, [file])
      assert.ok(stdout.includes(counts(file)), stdout)
      assert.equal(code, 0)
    })

    test('It counts nothing in an empty file.', options, async (t) => {
      const file = path.join(temporaryDirectory(t), 'empty.txt')
      fs.writeFileSync(file, '')
      const { stdout, code } = await run(t, script, [file])
      assert.equal(stdout, 'bytes: 0, chunks: 0\n')
      assert.equal(code, 0)
    })

    test('It fails with one plain line if the file is missing.', options, async (t) => {
      const file = path.join(temporaryDirectory(t), 'missing.txt')
      const { stdout, stderr, code } = await run(t, script, [file])
      assert.equal(stdout, '')
      assert.equal(
        stderr,
        `The file cannot be read: ENOENT: no such file or directory, open '${file}'\n`,
      )
      assert.equal(code, 1)
    })

    test("It counts the same on Node's own fs if one line is changed back.", options, async (t) => {
      const { stdout, code } = await run(t, copyOnNode(t, name))
      assert.ok(stdout.includes(counts(DATA)), stdout)
      assert.equal(code, 0)
    })
  })
}

describe('read-pause-resume.js', () => {
  test('No chunk comes between a pause and its resume.', options, async (t) => {
    const file = largeFile(t)
    const { stdout } = await run(t, example('read-pause-resume.js'), [file])
    // Node lets the end overtake the last resume.
    const order = stdout.replace(/^bytes: .*\n/m, '')
    assert.match(order, /^(chunk \d+: \d+ bytes\npaused\nresumed\n){81}$/)
  })
})

describe('buffer.js', () => {
  const script = example('buffer.js')

  test("It prints what Node's own Buffer prints, line by line.", options, async (t) => {
    const expected = await run(t, copyOnNode(t, 'buffer.js', 'node:buffer'))
    assert.equal(expected.stderr, '')
    for (const mode of ['', 'native']) {
      assert.deepEqual(await run(t, script, [], { MILLRACE_BUFFER: mode }), expected)
    }
    const shown = expected.stdout.match(/^ {2}\S/gm)
    assert.equal(shown.length, fs.readFileSync(script, 'utf8').match(/^show\(/gm).length)
    assert.match(expected.stdout, /^text\.toString\('base64'\)\n {2}'bmHDr3ZlIPCfmIA='$/m)
  })
})

describe('video-segments.js', () => {
  const script = example('video-segments.js')

  test('It plays the whole file, and waits where it is slow.', options, async (t) => {
    const file = path.join(temporaryDirectory(t), 'video.mp4')
    fs.writeFileSync(file, makeFile(1_000_001).content)
    const { stdout, stderr, code } = await run(t, script, [file])
    assert.equal(stderr, '')
    const [, waits] = /played 1000001 bytes of 8 segments, waited (\d+) times\n/.exec(stdout)
    assert.ok(Number(waits) >= 1, stdout)
    assert.ok(stdout.endsWith(`sha256 ${hashOf(file)}\n`), stdout)
    assert.match(stdout, /^█{5,39}▒*·* playing, buffer +\d+ %$/m)
    assert.match(stdout, /waiting, buffer/)
    assert.equal(code, 0)
  })

  test('It fails with one plain line if the file is missing.', options, async (t) => {
    const file = path.join(temporaryDirectory(t), 'missing.mp4')
    const { stderr, code } = await run(t, script, [file])
    const reason = `ENOENT: no such file or directory, stat '${file}'`
    assert.equal(stderr, `The video cannot be played: ${reason}\n`)
    assert.equal(code, 1)
  })
})
