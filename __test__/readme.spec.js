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
const { bytes, newPath, sha256 } = require('./helpers/files.js')

const root = path.join(__dirname, '..')
const readme = fs.readFileSync(path.join(root, 'README.md'), 'utf8')

function block(language) {
  return new RegExp(`\`\`\`${language}\n([\\s\\S]*?)\`\`\``).exec(readme)[1]
}

/** A folder whose node_modules has this package. */
function application() {
  const folder = newPath('app')
  fs.mkdirSync(path.join(folder, 'node_modules'), { recursive: true })
  fs.symlinkSync(root, path.join(folder, 'node_modules', 'millrace'))
  return folder
}

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
  const code = block('js')
  fs.writeFileSync(file, code.padEnd(650, ' '))
  // So that its pages are in memory.
  fs.readFileSync(file)
  const { stdout, stderr } = spawnSync(process.execPath, [file], { encoding: 'utf8' })
  assert.equal(stderr, '')
  if (engine !== 'sendfile') return
  const [, shown] = /\/\/ (\{.*\})/.exec(code)
  assert.equal(stdout.trim().replace(/bytes: \d+/, ''), shown.replace(/bytes: \d+/, ''))
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

test('every file that the documents link to is there', () => {
  const documents = [
    'README.md',
    'CONTRIBUTING.md',
    'CHANGELOG.md',
    'docs/architecture.md',
    'docs/compatibility.md',
    'docs/observability.md',
    'docs/buffer-figures.md',
    'docs/buffer.md',
  ]
  for (const name of documents) {
    const text = fs.readFileSync(path.join(root, name), 'utf8')
    for (const [, target] of text.matchAll(/\]\((?!https?:)([^)#]+)\)/g)) {
      assert.ok(fs.existsSync(path.join(root, path.dirname(name), target)), `${name}: ${target}`)
    }
  }
})

test('the commands of the README are npm scripts', () => {
  const { scripts } = require('../package.json')
  for (const [, name] of block('sh').matchAll(/npm (start|test|run \S+)/g)) {
    assert.ok(scripts[name.replace('run ', '')], name)
  }
})
