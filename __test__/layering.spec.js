'use strict'

// The folder tree tells the architecture: layers only point down.

const assert = require('node:assert/strict')
const fs = require('node:fs')
const path = require('node:path')
const { test } = require('node:test')

const root = path.join(__dirname, '..')

function filesUnder(folder, extension) {
  return fs
    .readdirSync(path.join(root, folder), { recursive: true })
    .map((name) => path.join(folder, String(name)))
    .filter((name) => name.endsWith(extension))
}

function read(name) {
  return fs.readFileSync(path.join(root, name), 'utf8')
}

test('Rust: bindings use transfer, file and codec, those use sys, sys uses error', () => {
  const common = ['threads', 'mailbox', 'sync', 'sys', 'error']
  const below = {
    bindings: ['transfer', 'file', 'codec', ...common],
    transfer: common,
    file: common,
    // Its tests put their memory beside pages that nobody may touch.
    codec: ['sys'],
    threads: ['sys', 'error'],
    mailbox: ['sync'],
    sync: [],
    sys: ['error'],
    error: [],
  }
  const seen = new Set()
  for (const file of filesUnder('src', '.rs')) {
    const layer = file.split(path.sep)[1].replace('.rs', '')
    if (layer === 'lib') continue
    seen.add(layer)
    for (const [, used] of read(file).matchAll(/\bcrate::(\w+)/g)) {
      assert.ok(used === layer || below[layer].includes(used), `${file} uses ${used}`)
    }
  }
  assert.deepEqual([...seen].toSorted(), Object.keys(below).toSorted())
})

test('Rust: only bindings name Node-API, only sys has system calls, few have unsafe code', () => {
  // docs/safety.md says why these six have.
  const unsafe = new Set([
    'src/bindings/buffer/answers.rs',
    'src/bindings/buffer/call.rs',
    'src/bindings/buffer/external.rs',
    'src/codec/converter.rs',
    'src/codec/simd.rs',
  ])
  for (const file of filesUnder('src', '.rs')) {
    const text = read(file).replaceAll(/\/\/.*$/gm, '')
    const layer = file.split(path.sep)[1]
    if (layer !== 'bindings') assert.doesNotMatch(text, /\bnapi/, file)
    if (layer === 'sys') continue
    if (!unsafe.has(file)) assert.doesNotMatch(text, /\bunsafe\b/, file)
    // The names of errors are data, not calls.
    assert.doesNotMatch(
      text.replaceAll(/rustix::io::Errno|libc::E[A-Z]+/g, ''),
      /\b(rustix|libc)::/,
      file,
    )
  }
})

test('Rust: docs/safety.md lists every unsafe block, and no other', () => {
  const inSource = filesUnder('src', '.rs').flatMap((file) => {
    const text = read(file).replaceAll(/\/\/.*$/gm, '')
    return [...text.matchAll(/\bunsafe\s+(\{|impl (\w+) for (\w+))/g)].map(
      ({ index, 2: what, 3: type }) => {
        const where = what ? `${type}: ${what}` : text.slice(0, index).match(/.*\bfn (\w+)/s)[1]
        return `${file} ${where}`
      },
    )
  })
  const rows = read('docs/safety.md').matchAll(/^\| `(src[^`]*)` *\| `([^`]*)`/gm)
  const listed = [...rows].map(([, file, where]) => `${file} ${where}`)
  assert.ok(inSource.length > 0)
  assert.deepEqual(inSource.toSorted(), listed.toSorted())
})

test('Rust: only the tests of codec use more than codec', () => {
  for (const file of filesUnder('src/codec', '.rs')) {
    if (!file.endsWith('_tests.rs')) assert.doesNotMatch(read(file), /\bcrate::(?!codec)/, file)
  }
})

test('JavaScript: only native.js loads the addon', () => {
  for (const file of filesUnder('lib', '.js')) {
    const loads = /require\('[./]*binding\.js'\)/.test(read(file))
    assert.equal(loads, file === path.join('lib', 'native.js'), file)
  }
})

test('JavaScript: what a stream is built of does not know the stream', () => {
  const layers = [
    ['index.js', 'register.js'],
    ['buffer.js', 'lib/register.js'],
    ['lib/spool/create-spool.js'],
    ['lib/spool/spool.js'],
    ['lib/spool/sender.js'],
    [
      'lib/read-stream.js',
      'lib/transforms/codecs.js',
      'lib/transforms/splitter.js',
      'lib/transforms/throttle.js',
      'lib/write-stream.js',
    ],
    ['lib/transfer/transfer.js', 'lib/transfer/no-transfer.js'],
    ['lib/transfer/to-file.js', 'lib/transfer/to-socket.js'],
    [
      'lib/transfer/last-packet.js',
      'lib/transfer/observer.js',
      'lib/transfer/stall-watch.js',
      'lib/transfer/stretch.js',
      'lib/transfer/survey.js',
      'lib/transfer/route.js',
    ],
    ['lib/transfer/statistics.js'],
    [
      'lib/transfer/accounting.js',
      'lib/transfer/destination.js',
      'lib/transfer/engine.js',
      'lib/transfer/framing.js',
      'lib/transfer/pace.js',
      'lib/transfer/relay.js',
      'lib/transfer/report.js',
      'lib/transfer/socket-hold.js',
      'lib/transfer/source.js',
    ],
    [
      'lib/abandoned.js',
      'lib/limits.js',
      'lib/native-fs.js',
      'lib/native-write-fs.js',
      'lib/stream-options.js',
      'lib/transfer/transparent.js',
    ],
    ['lib/spool/temporary-file.js', 'lib/transforms/cutter.js'],
    [
      'lib/reading/reads.js',
      'lib/writing/file-hold.js',
      'lib/writing/replacement.js',
      'lib/writing/writes.js',
    ],
    [
      'lib/reading/turn.js',
      'lib/errands.js',
      'lib/transforms/binary-codecs.js',
      'lib/transforms/bucket.js',
      'lib/transforms/carry.js',
      'lib/transforms/finder.js',
      'lib/transforms/records-iterator.js',
      'lib/transforms/text-codecs.js',
      'lib/writing/coalesce.js',
      'lib/writing/end-of-tick.js',
    ],
    [
      'lib/descriptors.js',
      'lib/duplex-options.js',
      'lib/keep-alive.js',
      'lib/kept-memory.js',
      'lib/chunks.js',
      'lib/show.js',
      'lib/spool/chunks.js',
      'lib/validators.js',
    ],
    ['lib/buffer/facade.js', 'lib/buffer/functions.js', 'lib/buffer/install.js'],
    [
      'lib/buffer/codecs.js',
      'lib/buffer/readers.js',
      'lib/buffer/search.js',
      'lib/buffer/writers.js',
    ],
    ['lib/buffer/finder.js', 'lib/buffer/wrappers.js'],
    ['lib/buffer/find.js', 'lib/buffer/statics.js', 'lib/buffer/conversions.js'],
    ['lib/buffer/bytes.js', 'lib/buffer/huge.js', 'lib/buffer/probe.js', 'lib/buffer/strings.js'],
    ['lib/buffer/arguments.js', 'lib/buffer/sniff.js'],
    ['lib/buffer/dispatch.js', 'lib/buffer/nodes.js'],
    ['lib/buffer/elements.js', 'lib/buffer/encodings.js', 'lib/buffer/table.json'],
    ['lib/deferred.js', 'lib/native.js', 'lib/errors.js', 'lib/originals.js', 'lib/recent-set.js'],
    ['binding.js'],
  ]
  const depth = new Map(layers.flatMap((files, index) => files.map((file) => [file, index])))
  const all = [
    'index.js',
    'buffer.js',
    'register.js',
    ...filesUnder('lib', '.js').map((file) => file.replaceAll(path.sep, '/')),
  ]
  for (const file of all) {
    assert.ok(depth.has(file), `${file} has no layer`)
    for (const [, used] of read(file).matchAll(/= require\('(\.[^']*)'\)/g)) {
      const target = path.posix.join(path.posix.dirname(file), used)
      assert.ok(depth.get(target) > depth.get(file), `${file} requires ${target}`)
    }
  }
})

test('files are of a size that can be read in one go', () => {
  const files = [...filesUnder('src', '.rs'), ...filesUnder('lib', '.js'), 'index.js']
  for (const file of files) assert.ok(read(file).split('\n').length <= 400, file)
})
