'use strict'

// Figures for Prometheus.

const assert = require('node:assert/strict')
const { once } = require('node:events')
const fs = require('node:fs')
const http = require('node:http')
const path = require('node:path')
const { text } = require('node:stream/consumers')
const { describe, test } = require('node:test')

const {
  example,
  get,
  hashOf,
  largeFile,
  options,
  serve,
  temporaryDirectory,
} = require('./helpers/examples.js')

describe('metrics.js', () => {
  const script = example('metrics.js')
  const { engine } = require('../lib/native.js')
  const isNative = engine !== 'javascript'

  /** What Prometheus would read, by its name and labels. */
  async function scrape(port) {
    const request = http.get({ port, path: '/metrics', host: '127.0.0.1', agent: false })
    const [response] = await once(request, 'response')
    assert.equal(response.headers['content-type'], 'text/plain; version=0.0.4; charset=utf-8')
    const lines = (await text(response)).split('\n').filter((line) => /^[^#]/.test(line))
    return Object.fromEntries(
      lines.map((line) => [line.slice(0, line.lastIndexOf(' ')), Number(line.split(' ').at(-1))]),
    )
  }

  /** The figures that are not 0, without buckets, sums and bytes that are never exact. */
  function counted(figures) {
    const entries = Object.entries(figures).filter(
      ([name, value]) => value !== 0 && !/_bucket|_sum/.test(name),
    )
    return Object.fromEntries(
      entries.map(([name, value]) => [name.replace('millrace_transfer', ''), value]),
    )
  }

  async function scrapeUntil(port, condition) {
    const end = Date.now() + 60_000
    for (;;) {
      const figures = await scrape(port)
      if (condition(figures)) return figures
      assert.ok(Date.now() < end, JSON.stringify(figures))
    }
  }

  const isIdle = ({ millrace_transfers_active: active }) => active === 0

  test('It counts downloads, a fallback and a client that left.', options, async (t) => {
    const file = largeFile(t)
    const { size } = fs.statSync(file)
    const port = await serve(t, script, [file])
    const types = await text((await once(http.get({ port, path: '/metrics' }), 'response'))[0])
    for (const [name, type] of [
      ['transfers_started_total', 'counter'],
      ['transfers_active', 'gauge'],
      ['transfers_ended_total', 'counter'],
      ['transfer_bytes_total', 'counter'],
      ['transfer_fallbacks_total', 'counter'],
      ['transfer_duration_seconds', 'histogram'],
    ]) {
      assert.ok(types.includes(`# TYPE millrace_${name} ${type}\n`), name)
    }
    assert.deepEqual(counted(await scrape(port)), {})

    for (let i = 0; i < 3; i += 1) assert.equal((await get(port)).hash, hashOf(file))
    const downloads = {
      s_started_total: 3,
      's_ended_total{outcome="done"}': 3,
      [`_bytes_total{engine="${engine}"}`]: 3 * size,
      '_duration_seconds_count{outcome="done"}': 3,
    }
    if (!isNative) downloads['_fallbacks_total{reason="engine-javascript"}'] = 3
    assert.deepEqual(counted(await scrapeUntil(port, isIdle)), downloads)

    const head = http.request({ port, host: '127.0.0.1', method: 'HEAD', agent: false }).end()
    const [answer] = await once(head, 'response')
    assert.equal(answer.statusCode, 200)
    const afterHead = {
      ...downloads,
      s_started_total: 4,
      's_ended_total{outcome="done"}': 4,
      [`_bytes_total{engine="javascript"}`]: isNative ? size : 4 * size,
      [`_fallbacks_total{reason="${isNative ? 'no-body' : 'engine-javascript'}"}`]: isNative
        ? 1
        : 4,
      '_duration_seconds_count{outcome="done"}': 4,
    }
    assert.deepEqual(counted(await scrapeUntil(port, isIdle)), afterHead)

    const request = http.get({ port, host: '127.0.0.1', agent: false })
    const [response] = await once(request, 'response')
    assert.equal((await scrape(port)).millrace_transfers_active, 1)
    response.destroy()
    const last = counted(await scrapeUntil(port, isIdle))
    const withoutBytes = (figures) =>
      Object.fromEntries(Object.entries(figures).filter(([name]) => !name.includes('_bytes_')))
    assert.deepEqual(withoutBytes(last), {
      ...withoutBytes(afterHead),
      s_started_total: 5,
      's_ended_total{outcome="aborted"}': 1,
      '_duration_seconds_count{outcome="aborted"}': 1,
      ...(!isNative && { '_fallbacks_total{reason="engine-javascript"}': 5 }),
    })
  })

  test('It answers 404 where the file is missing, which is no transfer.', options, async (t) => {
    const port = await serve(t, script, [path.join(temporaryDirectory(t), 'missing')])
    assert.equal((await get(port)).status, 404)
    assert.deepEqual(counted(await scrape(port)), {})
  })
})
