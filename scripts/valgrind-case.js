'use strict'

// What valgrind watches: every call of the addon, in one process, small enough
// for a machine that is fifty times slower.

const assert = require('node:assert/strict')
const { once } = require('node:events')
const fs = require('node:fs')
const http = require('node:http')
const os = require('node:os')
const path = require('node:path')
const { pipeline } = require('node:stream/promises')

const { createReadStream } = require('..')

const SIZES = [0, 1, 1000, 16_385, 65_537, 300_000, 3_000_000]

const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'millrace-valgrind-'))
process.on('exit', () => fs.rmSync(folder, { recursive: true, force: true }))

function makeFile(size) {
  const file = path.join(folder, String(size))
  const content = Buffer.alloc(size, 'millrace')
  fs.writeFileSync(file, content)
  return { file, content }
}

function get(server, url) {
  return new Promise((resolve, reject) => {
    http.get({ port: server.address().port, path: url, agent: false }, resolve).on('error', reject)
  })
}

async function bodyOf(response) {
  const parts = []
  for await (const part of response) parts.push(part)
  return Buffer.concat(parts)
}

async function main() {
  const sources = []
  const server = http.createServer((request, response) => {
    const source = createReadStream(path.join(folder, request.url.slice(1)))
    sources.push(source)
    source.on('error', () => {})
    source.pipe(response)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  for (const { file, content } of SIZES.map(makeFile)) {
    const name = `/${path.basename(file)}`
    assert.ok((await bodyOf(await get(server, name))).equals(content))
    const parts = []
    await pipeline(createReadStream(file, { start: 1 }), async (source) => {
      for await (const part of source) parts.push(part)
    })
    assert.ok(Buffer.concat(parts).equals(content.subarray(1)))
    // Clients that leave, sources that are destroyed, readers that come late.
    ;(await get(server, name)).destroy()
    const cut = get(server, name)
    cut.then((response) => response.on('error', () => {}).resume()).catch(() => {})
    await once(server, 'request')
    sources.at(-1).destroy()
    sources.at(-1).on('data', () => {})
  }
  server.closeAllConnections()
  server.close()
}

main().catch((error) => {
  process.exitCode = 1
  console.error(error)
})
