'use strict'

// A spool that is written to, and then read, in a process of its own: what came
// of it, as JSON. Words: the folder of its file, bytes, and 'read' or 'pipe'.

const { createHash } = require('node:crypto')
const { once } = require('node:events')
const fs = require('node:fs')
const http = require('node:http')
const { finished } = require('node:stream/promises')

const { createSpool } = require('../..')

const [folder, size, way] = process.argv.slice(2)
const PIECE = 50_000

/** Writes until all is written, or the spool has failed. */
async function write(spool, content, told) {
  for (let at = 0; at < content.length && !spool.destroyed; at += PIECE) {
    const isFree = spool.write(content.subarray(at, at + PIECE), (error) => {
      if (error) told.refused ??= error.code
      else told.acknowledged = Math.min(content.length, at + PIECE)
    })
    // Nobody waits for a writer that has failed.
    if (!isFree) await Promise.race([once(spool, 'drain').catch(() => {}), told.closed])
  }
  spool.end()
}

async function readAll(spool) {
  const parts = []
  spool.on('data', (part) => parts.push(part))
  await finished(spool, { writable: false }).catch(() => {})
  return Buffer.concat(parts)
}

async function download(spool) {
  const server = http.createServer((request, response) => {
    spool.pipe(response)
    // `pipe` leaves that to others.
    spool.on('error', () => response.end())
  })
  await once(server.listen(0), 'listening')
  const [response] = await once(http.get({ port: server.address().port }), 'response')
  const parts = await response.toArray()
  server.close()
  return Buffer.concat(parts)
}

/** When nothing is on its way to the file any more. */
async function untilQuiet(spool) {
  let before = -1
  while (before !== spool.size + spool.spilled) {
    before = spool.size + spool.spilled
    await new Promise((resolve) => {
      setTimeout(resolve, 50)
    })
  }
}

async function main() {
  const content = createHash('shake256', { outputLength: Number(size) })
    .update('x')
    .digest()
  const spool = createSpool({ memory: 100_000, directory: folder })
  const told = { acknowledged: 0, closed: once(spool, 'close').catch(() => {}) }
  spool.on('error', ({ code, syscall }) => {
    told.error = `${code} ${syscall}`
  })
  const writing = write(spool, content, told)
  await untilQuiet(spool)
  const { size: held, spilled } = spool
  const early = told.error ?? null
  const received = await (way === 'pipe' ? download(spool) : readAll(spool))
  await writing
  if (!spool.closed) await once(spool, 'close')
  const { acknowledged, refused = null, error = null } = told
  const descriptors = fs.readdirSync('/proc/self/fd').map((fd) => {
    try {
      return fs.readlinkSync(`/proc/self/fd/${fd}`)
    } catch {
      return ''
    }
  })
  const left = [
    ...fs.readdirSync(folder),
    ...descriptors.filter((target) => target.startsWith(`${folder}/`)),
  ]
  const isRight = content.subarray(0, received.length).equals(received)
  const { sent } = spool
  const facts = { held, spilled, sent, acknowledged, refused, early, error, left, isRight }
  console.log(JSON.stringify({ ...facts, received: received.length }))
}

main()
