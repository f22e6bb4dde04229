'use strict'

// The example of an upload.

const assert = require('node:assert/strict')
const { spawnSync } = require('node:child_process')
const { once } = require('node:events')
const fs = require('node:fs')
const http = require('node:http')
const path = require('node:path')
const { text } = require('node:stream/consumers')
const { describe, test } = require('node:test')

const {
  DATA,
  example,
  options,
  run,
  startServer,
  temporaryDirectory,
} = require('./helpers/examples.js')
const { until } = require('./helpers/server.js')

const script = example('pipeline.js')

/** What stays on a terminal of what was written to it. */
function shown(output) {
  return output.split('\n').map((line) => line.slice(line.lastIndexOf('\r') + 1))
}

/** A target that has something already. */
function oldFile(t) {
  const target = path.join(temporaryDirectory(t), 'upload')
  fs.writeFileSync(target, 'old')
  return target
}

/** Asserts that nothing was made of an upload. Where its file had a name, that goes last. */
async function assertOld(target) {
  assert.equal(fs.readFileSync(target, 'utf8'), 'old')
  const names = () => fs.readdirSync(path.dirname(target))
  await until(() => names().length === 1, 'the end of what was begun')
  assert.deepEqual(names(), ['upload'])
  assert.equal(fs.readFileSync(target, 'utf8'), 'old')
}

/** How many files a process has open where the target is, with or without a name. */
function opened(child, target) {
  const folder = `/proc/${child.pid}/fd`
  const isThere = (fd) => {
    try {
      return fs.readlinkSync(path.join(folder, fd)).startsWith(path.dirname(target))
    } catch {
      return false
    }
  }
  return fs.readdirSync(folder).filter(isThere).length
}

describe('pipeline.js, alone', () => {
  // A port, where there is one, would be that of others' uploads.
  const alone = (t, args) => run(t, script, args, { PORT: undefined })

  test('It uploads data.txt to itself, and ends.', options, async (t) => {
    const target = oldFile(t)
    const { stdout, stderr, code } = await alone(t, [target])
    assert.equal(stderr, '')
    assert.equal(code, 0)
    assert.deepEqual(fs.readFileSync(target), fs.readFileSync(DATA))
    const { size } = fs.statSync(DATA)
    assert.deepEqual(shown(stdout), [
      `[${'#'.repeat(40)}] ${4 * Math.ceil(size / 3)} bytes`,
      `${size} bytes are in ${target}`,
      '',
    ])
    // The bar has grown.
    const bars = stdout.split('\r').slice(1, -1)
    const lengths = bars.map((bar) => /#*/.exec(bar.slice(1))[0].length)
    assert.ok(new Set(lengths).size > 2, stdout)
    assert.deepEqual(
      lengths,
      lengths.toSorted((a, b) => a - b),
    )
  })

  test('It says why it cannot write, and ends.', options, async (t) => {
    const { stdout, stderr, code } = await alone(t, ['/no/such/folder/file'])
    assert.equal(stderr, '')
    assert.equal(code, 1)
    assert.equal(
      shown(stdout).at(-2),
      "ENOENT: no such file or directory, open '/no/such/folder/file'",
    )
  })
})

describe('pipeline.js, for others', () => {
  async function serve(t, target) {
    const { child, port } = await startServer(t, script, [target])
    const begin = (method = 'PUT') =>
      http.request({ port, host: '127.0.0.1', method, agent: false })
    return { child, begin, port }
  }

  async function answerTo(request) {
    const [response] = await once(request, 'response')
    return { status: response.statusCode, body: await text(response) }
  }

  test('An upload replaces the file.', options, async (t) => {
    const target = oldFile(t)
    const { begin } = await serve(t, target)
    const content = Buffer.from(Array.from({ length: 10_000 }, (_, i) => (i * i) % 251))
    const answer = await answerTo(begin().end(content.toString('base64')))
    assert.deepEqual(answer, { status: 200, body: `10000 bytes are in ${target}\n` })
    assert.deepEqual(fs.readFileSync(target), content)
    assert.deepEqual(fs.readdirSync(path.dirname(target)), ['upload'])
  })

  const hasCurl = spawnSync('curl', ['--version']).error === undefined
  const skip = hasCurl || process.env.CI ? false : 'curl is not installed'

  test('So does one by the command in its comment.', { ...options, skip }, async (t) => {
    const target = oldFile(t)
    const { port } = await serve(t, target)
    const [, command] = / {4}(base64 FILE .*)$/m.exec(fs.readFileSync(script, 'utf8'))
    const here = command.replace('FILE', DATA).replace('8000', port).replace('curl', 'curl -sS')
    const { stdout, stderr } = spawnSync(here, { shell: true, encoding: 'utf8' })
    assert.equal(stderr, '')
    assert.equal(stdout, `${fs.statSync(DATA).size} bytes are in ${target}\n`)
    assert.deepEqual(fs.readFileSync(target), fs.readFileSync(DATA))
  })

  test('What is not base64 is refused, and the file stays as it was.', options, async (t) => {
    const target = oldFile(t)
    const { begin } = await serve(t, target)
    for (const [body, offset] of [
      ['AAAA!AAA', 4],
      ['AAAAA', 5],
      [`${'A'.repeat(8000)}*${'A'.repeat(2 ** 20)}`, 8000],
    ]) {
      const answer = await answerTo(begin().end(body))
      const reason = `The stream is not valid base64 at offset ${offset}\n`
      assert.deepEqual(answer, { status: 400, body: reason })
      await assertOld(target)
    }
  })

  test('An answer comes before the end of what is refused.', options, async (t) => {
    const target = oldFile(t)
    const { begin } = await serve(t, target)
    const request = begin()
    request.write('AAAA!')
    assert.equal((await answerTo(request)).status, 400)
    request.end('AAAA')
    await assertOld(target)
  })

  test('An upload that is aborted leaves the file as it was.', options, async (t) => {
    const target = oldFile(t)
    const { child, begin } = await serve(t, target)
    const request = begin()
    request.on('error', () => {})
    request.write('A'.repeat(1000))
    await until(() => opened(child, target) > 0, 'the file of the upload')
    request.destroy()
    await until(() => opened(child, target) === 0, 'the end of the upload')
    await assertOld(target)
    const answer = await answerTo(begin().end('bmV3'))
    assert.deepEqual(answer, { status: 200, body: `3 bytes are in ${target}\n` })
    assert.equal(fs.readFileSync(target, 'utf8'), 'new')
  })

  test('Nothing but PUT is an upload.', options, async (t) => {
    const target = oldFile(t)
    const { begin } = await serve(t, target)
    assert.deepEqual(await answerTo(begin('GET').end()), { status: 405, body: '' })
    await assertOld(target)
  })
})
