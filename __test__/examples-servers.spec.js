'use strict'

// The servers of examples/.

const assert = require('node:assert/strict')
const { once } = require('node:events')
const fs = require('node:fs')
const http = require('node:http')
const path = require('node:path')
const { describe, test } = require('node:test')

const {
  DATA,
  copyOnNode,
  example,
  get,
  hashOf,
  largeFile,
  options,
  serve,
  temporaryDirectory,
} = require('./helpers/examples.js')

const SERVERS = ['read-file-server.js', 'stream-server.js']

for (const name of SERVERS) {
  describe(name, () => {
    const script = example(name)

    test('It serves data.txt by default, to every client.', options, async (t) => {
      const port = await serve(t, script)
      const answers = await Promise.all(Array.from({ length: 10 }, () => get(port)))
      for (const answer of answers) assert.deepEqual(answer, { status: 200, hash: hashOf(DATA) })
    })

    test('It serves the file that its argument names.', options, async (t) => {
      const file = largeFile(t)
      const port = await serve(t, script, [file])
      assert.deepEqual(await get(port), { status: 200, hash: hashOf(file) })
    })

    test('It answers 404 while the file is missing.', options, async (t) => {
      const file = path.join(temporaryDirectory(t), 'late.txt')
      const port = await serve(t, script, [file])
      assert.equal((await get(port)).status, 404)
      assert.equal((await get(port)).status, 404)
      fs.copyFileSync(DATA, file)
      assert.deepEqual(await get(port), { status: 200, hash: hashOf(DATA) })
    })

    test('It answers 500 where the file is a directory.', options, async (t) => {
      const port = await serve(t, script, [temporaryDirectory(t)])
      assert.equal((await get(port)).status, 500)
      assert.equal((await get(port)).status, 500)
    })

    test('It goes on after a client that left early.', options, async (t) => {
      const file = largeFile(t)
      const port = await serve(t, script, [file])
      const request = http.get({ port, host: '127.0.0.1', agent: false })
      const [response] = await once(request, 'response')
      response.destroy()
      assert.deepEqual(await get(port), { status: 200, hash: hashOf(file) })
    })
  })
}

describe('stream-server.js', () => {
  test("It works on Node's own fs if one line is changed back.", options, async (t) => {
    const port = await serve(t, copyOnNode(t, 'stream-server.js'))
    assert.deepEqual(await get(port), { status: 200, hash: hashOf(DATA) })
  })

  test("It has the tutorial's calls.", () => {
    const source = fs.readFileSync(example('stream-server.js'), 'utf8')
    assert.match(source, /^let server = http\.createServer\(\(req, res\) => \{$/m)
    assert.match(source, /^ {2}let stream = fs\.createReadStream\(file\)$/m)
    assert.match(source, /^ {2}stream\.pipe\(res\)$/m)
  })
})
