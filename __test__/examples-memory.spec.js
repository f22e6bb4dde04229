'use strict'

// What the first server of the tutorial costs.

const assert = require('node:assert/strict')
const { once } = require('node:events')
const fs = require('node:fs')
const readline = require('node:readline')
const { describe, test } = require('node:test')

const { example, options, run, start, temporaryDirectory } = require('./helpers/examples.js')

const SERVERS = ['read-file-server.js', 'stream-server.js']

describe('memory.js', () => {
  const script = example('memory.js')

  test('It shows that the stream server needs far less memory.', options, async (t) => {
    const directory = temporaryDirectory(t)
    const { stdout, stderr, code } = await run(t, script, ['8'], { TMPDIR: directory })
    assert.equal(stderr, '')
    assert.equal(code, 0)
    assert.deepEqual(fs.readdirSync(directory), [], 'the temporary file is gone')

    const lines = stdout.trimEnd().split('\n')
    assert.equal(lines.length, 5, stdout)
    assert.equal(lines[0], '50 slow clients, a file of 8 MiB')
    assert.match(lines[1], /^server +peak MiB +per client MiB$/)
    const rows = lines.slice(2, 4).map((line) => line.split(/ +/))
    assert.deepEqual(
      rows.map(([name]) => name),
      SERVERS,
    )
    const [whole, streamed] = rows.map(([, peak, perClient]) => ({
      peak: Number(peak),
      perClient: Number(perClient),
    }))
    assert.ok(whole.perClient > 4, 'readFile has most of the file in memory for each client')
    // Without the addon, what the garbage collector of Node 24 leaves for later is 2 MiB each.
    assert.ok(streamed.perClient < whole.perClient / 3, stdout)
    assert.ok(streamed.peak < whole.peak / 2, stdout)
    const conclusion = /^stream-server\.js needs (\d+) % of the memory of read-file-server\.js$/
    assert.match(lines[4], conclusion)
    const percent = Number(conclusion.exec(lines[4])[1])
    assert.ok(Math.abs(percent - (streamed.peak / whole.peak) * 100) <= 1, stdout)
  })

  test('It refuses a size that is none or too much.', options, async (t) => {
    for (const size of ['0', '-1', '1.5', 'much', '1e9', 'Infinity']) {
      const { stdout, stderr, code } = await run(t, script, [size])
      assert.equal(stdout, '')
      assert.match(stderr, /^The size must be a whole number of MiB from 1 to \d+, .*\n$/)
      assert.equal(code, 1)
    }
  })

  // Its servers share its stderr: 'close' tells that they have ended as well.
  async function stopBy(t, signal, directory) {
    const child = start(t, script, ['8'], { TMPDIR: directory })
    const closed = once(child, 'close')
    for await (const line of readline.createInterface({ input: child.stdout })) {
      if (line.startsWith('server')) child.kill(signal)
    }
    return closed
  }

  test('It leaves nothing behind when it is stopped.', options, async (t) => {
    const directory = temporaryDirectory(t)
    const [code] = await stopBy(t, 'SIGTERM', directory)
    assert.equal(code, 1)
    assert.deepEqual(fs.readdirSync(directory), [])
  })

  test('Its servers end with it even if it is killed.', options, async (t) => {
    const [, signal] = await stopBy(t, 'SIGKILL', temporaryDirectory(t))
    assert.equal(signal, 'SIGKILL')
  })
})
