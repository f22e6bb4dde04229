'use strict'

// What the README shows is run, and what it lists is complete.

const assert = require('node:assert/strict')
const { fork, spawnSync } = require('node:child_process')
const { once } = require('node:events')
const fs = require('node:fs')
const http = require('node:http')
const path = require('node:path')
const { test } = require('node:test')

const { engine } = require('../lib/native.js')
const { assertComments, blocksOf, documents, readDocument } = require('./helpers/documents.js')
const { bytes, makeFile, sha256 } = require('./helpers/files.js')
const { application, root } = require('./helpers/program.js')

const readme = readDocument('README.md')
const blocks = blocksOf('README.md')

/** The programs, by a word that only one of them has. */
const PROGRAMS = ['stream.transfer', 'atomic: true', 'buffer.indexOf', 'stallTimeout', 'image.b64']

/** The first block in a language, or the one that has a word. */
function block(language, word = '') {
  return blocks.find((one) => one.language === language && one.code.includes(word)).code
}

test('each program of the README is run by one of these tests', () => {
  for (const { language, code, line } of blocks) {
    if (!['js', 'mjs'].includes(language)) continue
    const words = PROGRAMS.filter((word) => code.includes(word))
    assert.equal(words.length, 1, `line ${line}: ${words}`)
  }
})

test('the diff: both sides serve the same bytes', async () => {
  const folder = application()
  const video = bytes(700_000)
  fs.writeFileSync(path.join(folder, 'video.mp4'), video)
  const lines = block('diff').split('\n')
  assert.equal(lines.filter((line) => /^[+-]/.test(line)).length, 2, 'one line changes')
  for (const side of ['-', '+']) {
    const script = lines
      .filter((line) => line.startsWith(side) || line.startsWith(' '))
      .map((line) => line.slice(1))
      .join('\n')
      .replace('.listen(8000)', '.listen(0, function () { process.send(this.address().port) })')
    const file = path.join(folder, side === '-' ? 'before.js' : 'after.js')
    fs.writeFileSync(file, script)
    const server = fork(file, { cwd: folder })
    const [port] = await once(server, 'message')
    const [response] = await once(http.get({ port, agent: false }), 'response')
    const parts = []
    for await (const part of response) parts.push(part)
    assert.equal(sha256(Buffer.concat(parts)), sha256(video))
    server.kill()
    await once(server, 'exit')
  }
})

test('the example of stream.transfer prints what it says', () => {
  const file = path.join(application(), 'transfer.js')
  const code = block('js', 'stream.transfer')
  fs.writeFileSync(file, code.padEnd(650, ' '))
  // So that its pages are in memory.
  fs.readFileSync(file)
  const { stdout, stderr } = spawnSync(process.execPath, [file], { encoding: 'utf8' })
  assert.equal(stderr, '')
  if (engine !== 'sendfile') return
  const [, shown] = /\/\/ (\{.*\})/.exec(code)
  assert.equal(stdout.trim().replace(/bytes: \d+/, ''), shown.replace(/bytes: \d+/, ''))
})

test('the example of writing makes its file, and says so', () => {
  const folder = application()
  const code = block('js', 'atomic: true')
  const { stdout, stderr } = spawnSync(process.execPath, ['-e', code], {
    cwd: folder,
    encoding: 'utf8',
    env: { ...process.env, TMPDIR: folder },
  })
  assert.equal(stderr, '')
  assert.equal(stdout, 'the old file, or all of the new one\n')
  const file = path.join(folder, 'millrace-settings.json')
  assert.deepEqual(JSON.parse(fs.readFileSync(file, 'utf8')), { volume: 11 })
})

test('the example of Buffer prints its comments', () => {
  for (const mode of ['', 'native', 'node']) {
    assertComments(block('js', 'buffer.indexOf'), {
      cwd: application(),
      env: { MILLRACE_BUFFER: mode },
    })
  }
})

test('the line for slow clients sends the file, at its pace', async (t) => {
  const { file: video, content } = makeFile(300_000)
  const folder = application()
  fs.writeFileSync(
    path.join(folder, 'slow.js'),
    `const { createReadStream } = require('millrace')
    const path = ${JSON.stringify(video)}
    require('node:http').createServer((request, response) => {
      ${block('js', 'stallTimeout')}
    }).listen(0, function () { process.send(this.address().port) })`,
  )
  const server = fork('slow.js', { cwd: folder })
  t.after(() => server.kill())
  const [port] = await once(server, 'message')
  const [response] = await once(http.get({ port, agent: false }), 'response')
  const parts = []
  for await (const part of response) parts.push(part)
  assert.equal(sha256(Buffer.concat(parts)), sha256(content))
})

test('the example of Transforms and a spool gives lines, and lengths of chunks', () => {
  const folder = application()
  const image = bytes(100_000)
  fs.writeFileSync(path.join(folder, 'app.log'), 'first\r\nsecond\n')
  fs.writeFileSync(path.join(folder, 'image.b64'), image.toString('base64'))
  fs.writeFileSync(path.join(folder, 'transforms.mjs'), block('mjs'))
  const { stdout, stderr } = spawnSync(process.execPath, ['transforms.mjs'], {
    cwd: folder,
    encoding: 'utf8',
  })
  assert.equal(stderr, '')
  const [first, second, ...lengths] = stdout.trim().split('\n')
  assert.deepEqual([first, second], ['first', 'second'])
  assert.equal(
    lengths.reduce((sum, length) => sum + Number(length), 0),
    image.length,
  )
})

test('every reason in the code is in the types and in the README, and none other', () => {
  const used = new Set()
  const files = fs.readdirSync(path.join(root, 'lib'), { recursive: true }).map(String)
  for (const name of files.filter((file) => file.endsWith('.js'))) {
    const text = fs.readFileSync(path.join(root, 'lib', name), 'utf8')
    for (const line of text.split('\n')) {
      if (!/return|disable\(|REASONS = |#excludedBecause =/.test(line)) continue
      for (const [, word] of line.matchAll(/'([a-z]+(?:-[a-z]+)*)'/g)) used.add(word)
    }
  }
  const types = fs.readFileSync(path.join(root, 'index.d.ts'), 'utf8')
  const union = /export type TransferReason =([\s\S]*?)\n\n/.exec(types)[1]
  const typed = new Set([...union.matchAll(/\| '([^']+)'/g)].map(([, reason]) => reason))
  const table = /\| `reason` +\|[\s\S]*?\n\n/.exec(readme)[0]
  const listed = new Set(
    [...table.matchAll(/`([a-z-]+)`/g)]
      .map(([, reason]) => reason)
      .filter((r) => r !== 'reason' && !r.startsWith('-')),
  )
  for (const reason of typed) assert.ok(used.has(reason), `${reason} is never given`)
  assert.deepEqual([...listed].toSorted(), [...typed].toSorted())
  for (const word of used) {
    // Words that are not reasons: engines' and platforms' names.
    if (!word.includes('-')) continue
    assert.ok(typed.has(word), `${word} is not in the types`)
  }
})

/** As GitHub names the anchor of a heading. */
function anchorOf(heading) {
  return heading
    .toLowerCase()
    .replaceAll(/[^\p{L}\p{N}\s_-]/gu, '')
    .replaceAll(' ', '-')
}

test('what the documents link to is there, and so are its headings', () => {
  const anchors = new Map()
  for (const name of documents) {
    const headings = readDocument(name).matchAll(/^#+ (.*)$/gm)
    anchors.set(name, new Set(Array.from(headings, ([, heading]) => anchorOf(heading))))
  }
  assert.ok(documents.includes('docs/compatibility.md'))
  for (const name of documents) {
    for (const [, file, anchor] of readDocument(name).matchAll(
      /\]\((?!https?:)([^)#]*)(?:#([^)]+))?\)/g,
    )) {
      const target = file === '' ? name : path.posix.join(path.posix.dirname(name), file)
      assert.ok(fs.existsSync(path.join(root, target)), `${name}: ${file}`)
      if (anchor === undefined) continue
      assert.ok(anchors.get(target)?.has(anchor), `${name}: ${file}#${anchor}`)
    }
  }
})

test('the commands of the README are npm scripts', () => {
  const { scripts } = require('../package.json')
  for (const [, name] of block('sh').matchAll(/npm (start|test|run \S+)/g)) {
    assert.ok(scripts[name.replace('run ', '')], name)
  }
})
