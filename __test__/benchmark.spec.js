'use strict'

const assert = require('node:assert')
const { spawnSync } = require('node:child_process')
const fs = require('node:fs')
const os = require('node:os')
const path = require('node:path')
const { describe, it } = require('node:test')

const { judge: judgeContention } = require('../benchmark/lib/contention-report.js')
const { judge } = require('../benchmark/lib/read-report.js')
const { median, quantile, spread } = require('../benchmark/lib/statistics.js')

const BENCHMARK = path.join(__dirname, '..', 'benchmark')

/** Building the client included. */
const PATIENCE = 300_000

const hasCargo = spawnSync('cargo', ['--version']).status === 0
const skip = hasCargo || process.env.CI ? false : 'cargo is not installed'

function run(t, script, args = [], environment = {}) {
  const temporary = fs.mkdtempSync(path.join(os.tmpdir(), 'millrace-test-'))
  t.after(() => fs.rmSync(temporary, { recursive: true, force: true }))
  const child = spawnSync(process.execPath, [path.join(BENCHMARK, script), ...args], {
    cwd: temporary,
    env: { ...process.env, MILLRACE_ENGINE: '', ...environment, TMPDIR: temporary },
    encoding: 'utf8',
    timeout: PATIENCE,
  })
  const leftovers = fs.readdirSync(temporary).filter((name) => name.startsWith('millrace-'))
  return { ...child, temporary, leftovers }
}

function assertMeasured(numbers) {
  for (const [name, value] of Object.entries(numbers)) {
    assert.ok(Number.isFinite(value) && value > 0, `${name}: ${value}`)
  }
}

describe('benchmark/http.js', { skip, timeout: PATIENCE }, () => {
  it('measures every file in every way, and verifies the bytes', (t) => {
    const result = run(t, 'http.js', ['--quick', '--json', 'result.json'])
    assert.strictEqual(result.status, 0, result.stderr)
    assert.deepStrictEqual(result.leftovers, [])

    const json = fs.readFileSync(path.join(result.temporary, 'result.json'), 'utf8')
    const { host, rows } = JSON.parse(json)
    assert.strictEqual(host.node, process.version)
    assert.deepStrictEqual(
      rows.map(({ file }) => file),
      ['1 KiB', '64 KiB', '1 MiB', '16 MiB'],
    )
    for (const { file, size, verified, medians, ratios } of rows) {
      const kinds = ['fs', 'millrace', ...(size <= 2 ** 16 ? ['floor'] : [])]
      assert.deepStrictEqual(verified.kinds, kinds)
      assert.match(verified.sha256, /^[0-9a-f]{64}$/)
      assert.strictEqual(verified.transfer.mode, 'native')
      assert.strictEqual(verified.transfer.bytes, size)
      assert.deepStrictEqual(Object.keys(medians), kinds)
      for (const kind of kinds) assertMeasured(medians[kind])
      for (const ratio of Object.values(ratios)) assertMeasured(ratio)
      assert.ok(result.stdout.includes(`| ${file} | `), result.stdout)
    }
  })

  it('measures responses with a Content-Length', (t) => {
    const { status, stderr } = run(t, 'http.js', ['--quick', '--length', '--sizes', '3,64k'])
    assert.strictEqual(status, 0, stderr)
  })

  it('does not take a fallback for a native transfer', (t) => {
    const environment = { MILLRACE_ENGINE: 'javascript' }
    const { status, stderr, leftovers } = run(t, 'http.js', ['--quick'], environment)
    assert.strictEqual(status, 1)
    assert.match(stderr, /does not send the 1 KiB file natively: .*"engine-javascript"/)
    assert.deepStrictEqual(leftovers, [])
  })

  it('says what is wrong with its options', (t) => {
    for (const [args, message] of [
      [['--rounds', '0'], /--rounds must be a positive integer/],
      [['--sizes', '1k,big'], /"big" in --sizes/],
      [['--node', '/nowhere/node'], /\/nowhere\/node cannot be run/],
      [['--fast'], /--fast/],
    ]) {
      const { status, stderr } = run(t, 'http.js', args)
      assert.strictEqual(status, 1)
      assert.match(stderr, message)
    }
  })
})

describe('benchmark/paced.js', () => {
  it('reports how paces are kept, and what that costs', { timeout: PATIENCE }, (t) => {
    const args = ['--seconds', '1', '--clients', '3']
    const { status, stdout, stderr, leftovers } = run(t, 'paced.js', args)
    assert.strictEqual(status, 0, stderr)
    for (const load of ['64 KiB', '256 KiB', '1 MiB', '10 MiB', '100 MiB']) {
      assert.match(
        stdout,
        new RegExp(`^\\| 3 at ${load}/s \\| +-?\\d+\\.\\d % \\| .* \\d+\\.\\d+ \\|$`, 'm'),
      )
    }
    assert.match(stdout, /^\| 3 without a pace \| .* [\d.]+ \|$/m)
    assert.deepStrictEqual(leftovers, [])
  })
})

const linuxOnly = { skip: skip || (process.platform !== 'linux' && 'needs /proc') }

describe('benchmark/stalled.js', linuxOnly, () => {
  it('reports memory, descriptors, threads and latency', { timeout: PATIENCE }, (t) => {
    const args = ['--clients', '10', '--json', 'result.json']
    const { status, stdout, stderr, temporary, leftovers } = run(t, 'stalled.js', args)
    assert.strictEqual(status, 0, stderr)
    assert.match(stdout, /^10 stalled downloads of 16 MiB/)
    assert.match(stdout, /memory per stalled download .* KiB .* KiB/)
    assert.match(stdout, /all closed after .* \d+ ms \|/)
    assert.match(stdout, /probe, downloads stalled .* ms .* ms/)
    assert.deepStrictEqual(leftovers, [])

    const json = fs.readFileSync(path.join(temporary, 'result.json'), 'utf8')
    const { count, results } = JSON.parse(json)
    assert.strictEqual(count, 10)
    for (const [kind, each] of Object.entries({ fs: 2, millrace: 4 })) {
      const { descriptors, memories, threads, latencies } = results[kind]
      assert.strictEqual(descriptors.idle - descriptors.before, count)
      assert.strictEqual(descriptors.stalled - descriptors.before, each * count)
      for (const { sockets, ...numbers } of [memories.idle, memories.stalled, threads, latencies]) {
        // Of so few it may be none.
        assert.ok(sockets === undefined || sockets >= 0)
        assertMeasured(numbers)
      }
    }
    assert.notStrictEqual(results.millrace.gone, null)
  })
})

describe('benchmark/contention.js', linuxOnly, () => {
  it('measures what others notice of many downloads', { timeout: PATIENCE }, (t) => {
    const args = ['--quick', '--downloads', '4', '--json', 'result.json']
    const { status, stdout, stderr, temporary, leftovers } = run(t, 'contention.js', args)
    assert.strictEqual(status, 0, stderr)
    assert.deepStrictEqual(leftovers, [])
    assert.match(stdout, /^\| probe, p99, ms \| .* (met|\*\*missed\*\*) \|$/m)
    assert.match(stdout, /^\| event loop, p99, ms \| .* (met|\*\*missed\*\*) \|$/m)

    const json = fs.readFileSync(path.join(temporary, 'result.json'), 'utf8')
    const { verified, idle, others, busy, threads, verdicts } = JSON.parse(json)
    assert.strictEqual(verified.transfer.mode, 'native')
    assertMeasured(idle)
    for (const { medians } of [others, busy]) {
      assert.deepStrictEqual(Object.keys(medians), ['fs', 'millrace'])
      for (const numbers of Object.values(medians)) assertMeasured(numbers)
    }
    assert.ok(threads >= 1 && threads <= 4, `${threads} threads`)
    assert.deepStrictEqual(Object.keys(verdicts), ['probeP99', 'loopP99', 'kept', 'keptOfDemand'])
  })

  it('judges by medians', () => {
    const verdictsOf = (probe, loop, kept, keptOfDemand) =>
      Object.values(
        judgeContention({
          others: { ratios: { probeP99: { median: probe }, loopP99: { median: loop } } },
          busy: { medians: { millrace: { kept, keptOfDemand } } },
        }),
      )
    assert.deepStrictEqual(verdictsOf(0.5, 0.33, 0.9, 1), [true, true, true, true])
    assert.deepStrictEqual(verdictsOf(0.51, 0.34, 0.89, 0.5), [false, false, false, false])
  })

  it('says what is wrong with its options', (t) => {
    const { status, stderr } = run(t, 'contention.js', ['--downloads', 'many'])
    assert.strictEqual(status, 1)
    assert.match(stderr, /--downloads must be a positive integer/)
  })
})

describe('benchmark/write.js', () => {
  it('measures every way to write, and verifies the bytes', { timeout: PATIENCE }, (t) => {
    const args = ['--quick', '--json', 'result.json']
    const { status, stdout, stderr, temporary, leftovers } = run(t, 'write.js', args)
    assert.strictEqual(status, 0, stderr)
    assert.deepStrictEqual(leftovers, [])
    const { rows } = JSON.parse(fs.readFileSync(path.join(temporary, 'result.json'), 'utf8'))
    assert.strictEqual(rows.length, 3)
    for (const { label, sha256, medians, ratios, targets, verdicts } of rows) {
      assert.match(sha256, /^[0-9a-f]{64}$/)
      for (const numbers of [...Object.values(medians), ...Object.values(ratios)]) {
        assertMeasured(numbers)
      }
      assert.deepStrictEqual(Object.keys(verdicts), Object.keys(targets))
      assert.ok(stdout.includes(`| ${label}`), stdout)
    }
  })

  it('does not take a fallback for millrace', { timeout: PATIENCE }, (t) => {
    const environment = { MILLRACE_ENGINE: 'javascript' }
    const { status, stderr } = run(t, 'write.js', ['--quick'], environment)
    assert.strictEqual(status, 1)
    assert.match(stderr, /millrace leaves everything to Node here: engine-javascript\./)
  })
})

describe('benchmark/read.js', () => {
  const FILES = [
    'cached: 4 MiB',
    '1m: 4 MiB',
    '16k: 4 MiB',
    'small: 1 KiB',
    'small: 64 KiB',
    'cold: 4 MiB',
    'gzip: 1 MiB',
    'https: 4 MiB',
    'hold: 32 MiB',
  ]

  it('measures every way to read, and verifies the bytes', { timeout: PATIENCE }, (t) => {
    const args = ['--quick', '--rounds', '1', '--json', 'result.json']
    const { status, stdout, stderr, temporary, leftovers } = run(t, 'read.js', args)
    assert.strictEqual(status, 0, stderr)
    assert.deepStrictEqual(leftovers, [])

    const { host, rows } = JSON.parse(fs.readFileSync(path.join(temporary, 'result.json'), 'utf8'))
    assert.strictEqual(host.node, process.version)
    const isColdLeftOut = stderr.includes('The cold file is left out')
    assert.deepStrictEqual(
      [...new Set(rows.map(({ group, label }) => `${group}: ${/^\d+ \w+/.exec(label)[0]}`))],
      FILES.filter((name) => !(isColdLeftOut && name.startsWith('cold'))),
    )
    for (const { group, label, sha256, medians, ratios, targets, verdicts } of rows) {
      assert.match(sha256, /^[0-9a-f]{64}$/)
      assert.deepStrictEqual(
        Object.keys(medians),
        group === 'hold' ? ['fs', 'millrace', 'idle'] : ['fs', 'millrace'],
      )
      for (const numbers of [...Object.values(medians), ...Object.values(ratios)]) {
        assertMeasured(numbers)
      }
      assert.deepStrictEqual(Object.keys(verdicts), Object.keys(targets))
      assert.ok(stdout.includes(`| ${label}`), stdout)
    }
  })

  it('does not measure what is read wrong', { timeout: PATIENCE }, (t) => {
    const preload = path.join(fs.mkdtempSync(path.join(os.tmpdir(), 'millrace-test-')), 'flip.js')
    t.after(() => fs.rmSync(path.dirname(preload), { recursive: true, force: true }))
    fs.writeFileSync(
      preload,
      `const fs = require('node:fs')
      const { read } = fs
      fs.read = (descriptor, buffer, offset, length, position, callback) =>
        read(descriptor, buffer, offset, length, position, (error, count) => {
          buffer[offset] ^= 1
          callback(error, count, buffer)
        })`,
    )
    const environment = { NODE_OPTIONS: `--require ${preload}` }
    const { status, stderr, leftovers } = run(t, 'read.js', ['--quick'], environment)
    assert.strictEqual(status, 1)
    assert.match(stderr, /^benchmark: 4 MiB, on\('data'\): other bytes came through fs\.$/m)
    assert.deepStrictEqual(leftovers, [])
  })

  it('does not take a fallback for millrace', (t) => {
    const environment = { MILLRACE_ENGINE: 'javascript' }
    const { status, stderr } = run(t, 'read.js', ['--quick', '--only', 'small'], environment)
    assert.strictEqual(status, 1)
    assert.match(stderr, /millrace leaves everything to Node here: engine-javascript\./)
  })

  it('says what is wrong with its options', (t) => {
    for (const [args, message] of [
      [['--only', 'cached,warm'], /"warm" in --only is none of cached, 1m/],
      [['--rounds', '0'], /--rounds must be a positive integer/],
      [['--node', '/nowhere/node'], /\/nowhere\/node cannot be run/],
      [['--length'], /--length/],
    ]) {
      const { status, stderr } = run(t, 'read.js', args)
      assert.strictEqual(status, 1)
      assert.match(stderr, message)
    }
  })

  it('judges by medians, and calls slower what noise does not explain', () => {
    const verdictsOf = (targets, [throughput, upperQuartile], cpu, hold) =>
      judge({
        targets,
        ratios: {
          filesPerSecond: { median: throughput, upperQuartile },
          cpuMicrosecondsPerFile: { median: cpu },
        },
        medians: { millrace: { holdP99Milliseconds: hold } },
      })
    const fast = { throughput: 3, cpu: 0.35 }
    assert.deepStrictEqual(verdictsOf(fast, [3, 4], 0.35), { throughput: true, cpu: true })
    assert.deepStrictEqual(verdictsOf(fast, [2.9, 4], 0.36), { throughput: false, cpu: false })
    const notSlower = { throughput: 1 }
    assert.deepStrictEqual(verdictsOf(notSlower, [0.9, 1], 1), { throughput: true })
    assert.deepStrictEqual(verdictsOf(notSlower, [0.9, 0.99], 1), { throughput: false })
    assert.deepStrictEqual(verdictsOf({ hold: 1 }, [], 1, 1), { hold: true })
    assert.deepStrictEqual(verdictsOf({ hold: 1 }, [], 1, 1.1), { hold: false })
  })
})

describe('benchmark/cold.js', () => {
  it('measures a cold download, and what it does to others', { timeout: PATIENCE }, (t) => {
    const args = ['--quick', '--rounds', '1', '--downloads', '4', '--json', 'result.json']
    const { status, stdout, stderr, temporary, leftovers } = run(t, 'cold.js', args)
    assert.deepStrictEqual(leftovers, [])
    if (stderr.includes('files of this folder stay in memory')) return t.skip(stderr)
    assert.strictEqual(status, 0, stderr)

    const json = fs.readFileSync(path.join(temporary, 'result.json'), 'utf8')
    const { host, speed, beside } = JSON.parse(json)
    assert.strictEqual(host.node, process.version)
    assert.deepStrictEqual(Object.keys(speed), ['cat', 'fs', 'sendfile', 'copy'])
    for (const { gibPerSecond, ratio } of Object.values(speed)) {
      assertMeasured({ gibPerSecond, ...ratio })
    }
    assert.deepStrictEqual(Object.keys(beside), ['fs', 'sendfile'])
    for (const { p99, samples } of Object.values(beside)) {
      for (const { median, ratio } of Object.values(p99)) assertMeasured({ median, ...ratio })
      for (const way of ['warm', 'cold']) {
        assert.ok(samples[way].every(({ bytesBeside }) => bytesBeside > 0))
      }
      assert.ok(samples.alone.every(({ bytesBeside }) => bytesBeside === 0))
    }
    assert.match(stdout, /^\| a warm download \| millrace \|/m)
    return undefined
  })

  it('says what is wrong with its options', (t) => {
    for (const [args, message] of [
      [['--size', 'big'], /"big" in --size is not a size/],
      [['--downloads', '0'], /--downloads must be a positive integer/],
    ]) {
      const { status, stderr } = run(t, 'cold.js', args)
      assert.strictEqual(status, 1)
      assert.match(stderr, message)
    }
  })
})

describe('benchmark/transform.js', () => {
  it('measures every case beside its peers, and compares results', { timeout: PATIENCE }, (t) => {
    const args = ['--quick', '--rounds', '1', '--json', 'result.json']
    const { status, stdout, stderr, temporary, leftovers } = run(t, 'transform.js', args)
    assert.strictEqual(status, 0, stderr)
    assert.deepStrictEqual(leftovers, [])
    const json = fs.readFileSync(path.join(temporary, 'result.json'), 'utf8')
    const { host, rows } = JSON.parse(json)
    assert.strictEqual(host.node, process.version)
    assert.strictEqual(rows.length, 9)
    for (const { name, sha256, seconds, cpuSeconds, ratios } of rows) {
      assert.match(sha256, /^[0-9a-f]{64}$/, name)
      assertMeasured(seconds)
      assert.ok(Object.values(cpuSeconds).every(Number.isFinite))
      for (const ratio of Object.values(ratios)) assertMeasured(ratio)
    }
    assert.match(stdout, /^\| lines, in batches \| split2 \|/m)
    assert.match(stdout, /^\| spool, 1 MiB of memory \| fs-capacitor \|/m)
  })

  it('says what is wrong with its options', (t) => {
    const { status, stderr } = run(t, 'transform.js', ['--only', 'lines'])
    assert.strictEqual(status, 1)
    assert.match(stderr, /"lines" in --only is none of lines-await, lines-data/)
  })
})

describe('the statistics of the benchmarks', () => {
  it('find the median in any order, between two values if need be', () => {
    assert.strictEqual(median([5]), 5)
    assert.strictEqual(median([9, 1, 10]), 9)
    assert.strictEqual(median([4, 1, 3, 2]), 2.5)
  })

  it('interpolate quartiles', () => {
    const values = [8, 2, 6, 4]
    assert.strictEqual(quantile(values, 0.25), 3.5)
    assert.strictEqual(quantile(values, 0.75), 6.5)
    assert.deepStrictEqual(values, [8, 2, 6, 4])
    assert.deepStrictEqual(spread([5, 1, 3, 4, 2]), {
      minimum: 1,
      lowerQuartile: 2,
      median: 3,
      upperQuartile: 4,
      maximum: 5,
    })
  })

  it('make nothing of nothing', () => {
    assert.throws(() => median([]), RangeError)
  })
})

describe('benchmark/buffer.js', () => {
  const { binding } = require('../lib/native.js')
  const { calibrate, merge } = require('../benchmark/lib/buffer-report.js')
  const withAddon = { timeout: PATIENCE, skip: binding === null && 'there is no addon here' }

  it('measures every operation, and compares the results', withAddon, (t) => {
    const { OPERATIONS } = require('../lib/buffer/dispatch.js')
    const result = run(t, 'buffer.js', ['--quick', '--json', 'result.json'])
    assert.strictEqual(result.status, 0, result.stderr)
    const json = fs.readFileSync(path.join(result.temporary, 'result.json'), 'utf8')
    const { host, rows } = JSON.parse(json)
    assert.strictEqual(host.node, process.version)
    const seen = new Set(rows.map(({ operation }) => operation))
    assert.deepStrictEqual([...seen].sort(), [...OPERATIONS].sort())
    for (const { operation, kind, cells } of rows) {
      assert.deepStrictEqual(
        cells.map(({ size }) => size),
        [16, 1024],
      )
      for (const { node, ours, ratio } of cells) assertMeasured({ node, ours, ...ratio })
      assert.ok(result.stdout.includes(`| ${operation}: ${kind} | `), operation)
    }
  })

  it('measures what it is asked for', withAddon, (t) => {
    const args = ['--quick', '--only', 'swap,write.hex', '--sizes', '64']
    const { status, stdout, stderr } = run(t, 'buffer.js', args)
    assert.strictEqual(status, 0, stderr)
    assert.deepStrictEqual(
      new Set(stdout.match(/^\| [\w.]+(?=: )/gm)),
      new Set(['| swap16', '| swap32', '| swap64', '| write.hex']),
    )
    const unknown = run(t, 'buffer.js', ['--only', 'nothing'])
    assert.match(unknown.stderr, /--only names no operation/)
    assert.strictEqual(unknown.status, 1)
  })

  it('says that there is nothing to compare without the addon', (t) => {
    const { status, stderr } = run(t, 'buffer.js', ['--quick'], { MILLRACE_ENGINE: 'javascript' })
    assert.strictEqual(status, 1)
    assert.match(stderr, /there is no addon here/)
  })

  it('chooses Rust where it is faster for something and slower for nothing', () => {
    const row = (operation, kind, ...ratios) => ({
      operation,
      kind,
      cells: ratios.map((median, i) => ({
        size: 4 ** (i + 2),
        ratio: { median, lowerQuartile: median },
      })),
    })
    const found = calibrate([
      row('everywhere', 'a', 2, 2, 2, 2),
      row('large', 'a', 0.5, 1, 3, 4),
      row('large', 'b', 0.5, 1, 0.96, 1),
      row('middle', 'a', 1, 2, 2, 0.9),
      row('chance', 'a', 1, 2, 1, 1),
      row('last', 'a', 1, 1, 1, 2),
      row('spoilt', 'a', 5, 5, 5, 5),
      row('spoilt', 'b', 0.9, 0.9, 0.9, 0.9),
      row('never', 'a', 1, 1.1, 1.1, 1.1),
    ])
    assert.deepStrictEqual(found, {
      everywhere: [16, null],
      large: [256, null],
      middle: [64, 1024],
    })
    const text = merge({ other: { 20: { large: [1, 2] } } }, found, ['large'])
    const major = Number.parseInt(process.versions.node, 10)
    assert.deepStrictEqual(JSON.parse(text), {
      other: { 20: { large: [1, 2] } },
      [process.arch]: { [major]: found },
    })
  })

  it('finds what it has written, for each version of Node', () => {
    const table = require('../lib/buffer/table.json')
    const { OPERATIONS } = require('../lib/buffer/dispatch.js')
    assert.deepStrictEqual(Object.keys(table.x64), ['20', '22', '24', '26'])
    for (const bounds of Object.values(table.x64)) {
      assert.ok(bounds.indexOf && bounds['write.hex'])
      for (const [operation, [from, below]] of Object.entries(bounds)) {
        assert.ok(OPERATIONS.includes(operation), operation)
        assert.ok(from > 0 && (below === null || below > from), operation)
      }
    }
  })
})
