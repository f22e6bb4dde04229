'use strict'

// curl as a second opinion on the wire.

const assert = require('node:assert/strict')
const { execFile, spawnSync } = require('node:child_process')
const fs = require('node:fs')
const { test } = require('node:test')
const { promisify } = require('node:util')

const { createReadStream } = require('..')
const { makeFile, newPath, sha256 } = require('./helpers/files.js')
const { serveHttp } = require('./helpers/server.js')

const run = promisify(execFile)
const hasCurl = spawnSync('curl', ['--version']).error === undefined
const skip = hasCurl || process.env.CI ? false : 'curl is not installed'

const { file, content } = makeFile(3_000_000)

/** A server that answers `bytes=FROM-[TO]`, as RFC 9110 section 14 says. */
async function serve(t) {
  const { address } = await serveHttp(t, (request, response) => {
    const range = /^bytes=(\d+)-(\d*)$/.exec(request.headers.range ?? '')
    const start = range ? Number(range[1]) : 0
    const end = range?.[2] ? Number(range[2]) : content.length - 1
    if (range) {
      response.statusCode = 206
      response.setHeader('Content-Range', `bytes ${start}-${end}/${content.length}`)
    }
    if (request.url !== '/chunked') response.setHeader('Content-Length', end - start + 1)
    createReadStream(file, { start, end }).pipe(response)
  })
  return `http://127.0.0.1:${address.port}`
}

async function curl(...args) {
  const { stdout } = await run('curl', ['--silent', '--show-error', '--fail', ...args], {
    encoding: 'buffer',
    maxBuffer: 2 ** 24,
  })
  return stdout
}

test('curl gets the whole file, chunked and with a length', { skip }, async (t) => {
  const url = await serve(t)
  assert.equal(sha256(await curl(`${url}/`)), sha256(content))
  assert.equal(sha256(await curl(`${url}/chunked`)), sha256(content))
})

test('curl --range gets the range', { skip }, async (t) => {
  const url = await serve(t)
  const part = await curl('--range', '1000-2000999', url)
  assert.equal(sha256(part), sha256(content.subarray(1000, 2_001_000)))
})

test('curl -C - resumes a download', { skip }, async (t) => {
  const url = await serve(t)
  const partial = newPath('partial')
  fs.writeFileSync(partial, content.subarray(0, 1_234_567))
  await curl('-C', '-', '-o', partial, url)
  assert.equal(sha256(fs.readFileSync(partial)), sha256(content))
})

test('curl --limit-rate gets every byte slowly', { skip }, async (t) => {
  const url = await serve(t)
  assert.equal(sha256(await curl('--limit-rate', '4M', `${url}/chunked`)), sha256(content))
})

test('curl --http1.0 gets the file', { skip }, async (t) => {
  const url = await serve(t)
  assert.equal(sha256(await curl('--http1.0', `${url}/chunked`)), sha256(content))
})

test('curl reuses its connection for one file after the other', { skip }, async (t) => {
  const url = await serve(t)
  const count = 5
  const out = await curl(
    '--write-out',
    '%{stderr}%{num_connects}\n',
    ...Array(count).fill(`${url}/chunked`),
  )
  assert.equal(sha256(out), sha256(Buffer.concat(Array(count).fill(content))))
})

test('curl --head leaves the body out', { skip }, async (t) => {
  const url = await serve(t)
  const head = (await curl('--head', url)).toString()
  assert.match(head, /^HTTP\/1\.1 200 OK\r\n/)
  assert.match(head, /Content-Length: 3000000\r\n/i)
})
