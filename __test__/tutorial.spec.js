'use strict'

// The tutorial's programs print what it shows.

const assert = require('node:assert/strict')
const { spawnSync } = require('node:child_process')
const fs = require('node:fs')
const path = require('node:path')
const { before, test } = require('node:test')

const { assertComments, blocksOf } = require('./helpers/documents.js')
const { application, root } = require('./helpers/program.js')
const { Terminal, freePort, stepsOf } = require('./helpers/transcript.js')

const DOCUMENT = 'docs/tutorial.md'

const blocks = blocksOf(DOCUMENT)
const hasCurl = spawnSync('curl', ['--version']).error === undefined || process.env.CI !== undefined

// One folder for all, in their order: some read what others have written.
const folder = application()
for (const name of ['examples', 'LICENSE']) {
  fs.symlinkSync(path.join(root, name), path.join(folder, name))
}
let terminal
before(async () => {
  terminal = new Terminal(folder, await freePort())
})

/** Figures of this machine and this moment are figures; all others are to be those shown. */
function comparable(command, printed) {
  return command === 'node examples/memory.js 8' ? printed.replaceAll(/ +[\d.]+/g, ' N') : printed
}

test('Each block is a program, or what a terminal shows.', () => {
  for (const { language, line } of blocks) {
    assert.ok(language === 'js' || language === 'console', `line ${line}: ${language}`)
  }
  assert.ok(blocks.length > 20)
})

for (const [index, { language, code, line }] of blocks.entries()) {
  const next = blocks[index + 1]
  const isShown = next?.language === 'console'
  if (language === 'js' && !isShown) {
    test(`line ${line}: the comments say what is printed`, () => {
      assertComments(code, { cwd: folder })
    })
  } else if (language === 'js') {
    const [{ command }] = stepsOf(next.code)
    const [, name] = /\bnode (\S+\.js)/.exec(command)
    test(`line ${line}: ${name} is a program`, () => {
      if (name.startsWith('examples/')) {
        assert.equal(code, fs.readFileSync(path.join(root, name), 'utf8'))
      } else {
        terminal.save(name, code)
      }
    })
  } else {
    const steps = stepsOf(code)
    const skip = hasCurl || !code.includes('curl') ? false : 'curl is not installed'
    test(`line ${line}: ${steps[0].command}`, { skip, timeout: 60_000 }, async (t) => {
      for (const { command, printed } of steps) {
        const seen = await terminal.type(t, command)
        assert.equal(comparable(command, seen), comparable(command, printed))
      }
    })
  }
}
