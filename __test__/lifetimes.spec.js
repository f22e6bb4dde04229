'use strict'

// What is left when streams are gone: of those that nobody holds on to any
// more, and after many requests.
//
// MILLRACE_REQUESTS is how many.

const assert = require('node:assert/strict')
const { fork, spawn } = require('node:child_process')
const { once } = require('node:events')
const fs = require('node:fs')
const http = require('node:http')
const { text } = require('node:stream/consumers')
const { test } = require('node:test')

const { makeFile } = require('./helpers/files.js')
const { until } = require('./helpers/server.js')

const KIB = 1024
const MIB = 2 ** 20
const REQUESTS = Number(process.env.MILLRACE_REQUESTS ?? 2000)

const dropped = require.resolve('./helpers/dropped.js')
const serving = require.resolve('./helpers/serving.js')

/** Streams of each kind in one process; a third of them at a time is looked at. */
const COUNT = 30

// More than the buffers of a connection on which nobody reads.
const file = makeFile(4 * MIB).file

async function whatIsLeft(kind, library) {
  const args = ['--expose-gc', dropped, kind, library, String(COUNT), file]
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] })
  const [output] = await Promise.all([text(child.stdout), once(child, 'close')])
  return JSON.parse(output)
}

for (const kind of [
  'never read',
  'dropped before it opens',
  'paused',
  'unfinished',
  'piped to one that stands still',
  'watched for stalls',
  'read to its end',
  'destroyed',
  'sent',
  'sent while memory is collected',
  'sent to one who leaves',
]) {
  test(`no more is left of a stream than of one of node:fs: ${kind}`, async () => {
    const [nodes, ours] = await Promise.all([whatIsLeft(kind, 'fs'), whatIsLeft(kind, 'millrace')])
    for (const [i, { alive, open }] of ours.entries()) {
      assert.equal(alive, 0, 'streams that are not collected')
      assert.ok(open <= nodes[i].open, `${open} descriptors, ${nodes[i].open} of node:fs`)
    }
    // A chunk of each would be more than that.
    assert.ok(ours[2].memory - ours[1].memory < MIB / 2, `memory: ${JSON.stringify(ours)}`)
  })
}

/** What a process has of the kernel. */
function factsOf(pid) {
  const status = fs.readFileSync(`/proc/${pid}/status`, 'latin1')
  return {
    descriptors: fs.readdirSync(`/proc/${pid}/fd`).length,
    threads: Number(/^Threads:\s*(\d+)/m.exec(status)[1]),
    memory: Number(/^VmRSS:\s*(\d+) kB/m.exec(status)[1]) * KIB,
  }
}

const SIZES = { '1k': KIB, '64k': 64 * KIB, '1m': MIB }
const CLIENTS = 16

/** Of twenty requests: one is aborted; most are for small files, as usual. */
function requestOf(i) {
  const name = i % 10 === 3 ? '1m' : i % 10 < 4 ? '64k' : '1k'
  return { path: i % 2 === 0 ? `/${name}` : `/${name}?length`, isAborted: i % 20 === 13 }
}

async function ask(port, agent, i) {
  const { path, isAborted } = requestOf(i)
  const request = http.get({ port, host: '127.0.0.1', path, agent })
  const [response] = await once(request, 'response')
  request.on('error', () => {})
  response.on('error', () => {})
  if (isAborted) {
    response.destroy()
    return
  }
  let length = 0
  for await (const chunk of response) length += chunk.length
  assert.equal(length, SIZES[path.slice(1).split('?')[0]], path)
}

async function askAll(port, from, to) {
  const agent = new http.Agent({ keepAlive: true, maxSockets: CLIENTS })
  let next = from
  const work = async () => {
    while (next < to) await ask(port, agent, next++)
  }
  await Promise.all(Array.from({ length: CLIENTS }, work))
  agent.destroy()
}

const timeout = 60_000 + REQUESTS * 10

test('descriptors, threads and memory stay as they are', { timeout }, async (t) => {
  const files = {}
  for (const [name, size] of Object.entries(SIZES)) files[name] = makeFile(size).file
  // node:fs leaves a file open for each request that is aborted.
  const library = process.env.MILLRACE_LIBRARY ?? 'millrace'
  const child = fork(serving, [JSON.stringify({ library, files })])
  t.after(() => child.kill('SIGKILL'))
  const [{ ports }] = await once(child, 'message')
  const isIdle = async () => {
    child.send('count')
    const [{ connections }] = await once(child, 'message')
    return connections === 0
  }
  const facts = []
  let asked = 0
  for (const share of [0.1, 0.5, 0.75, 1]) {
    const to = Math.round(share * REQUESTS)
    await askAll(ports[0], asked, to)
    asked = to
    await until(isIdle, 'the end of all connections')
    facts.push(factsOf(child.pid))
    t.diagnostic(`after ${to} requests: ${JSON.stringify(facts.at(-1))}`)
  }
  const [warm, , , end] = facts
  // Threads start as they are needed, with what they wait by.
  assert.ok(end.threads <= warm.threads + 4, JSON.stringify(facts))
  assert.ok(end.descriptors <= warm.descriptors + 12, JSON.stringify(facts))
  // Freed chunks are kept, up to 64 MiB.
  assert.ok(end.memory <= warm.memory + 96 * MIB, JSON.stringify(facts))
})
