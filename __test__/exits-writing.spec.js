'use strict'

// A process that ends with writes under way: what Node's threads were given by
// then is in the file, and so is what ours were.

const assert = require('node:assert/strict')
const fs = require('node:fs')
const { test } = require('node:test')

const { newPath } = require('./helpers/files.js')
const { run } = require('./helpers/program.js')

/** What a program does to `stream`, and what of it must be in the file. */
const ENDS = {
  'a small write, then exit': {
    code: `open(() => { stream.write('last'); process.exit(3) })`,
    holds: 'last',
  },
  'a large write, then exit': {
    code: `open(() => { stream.write(Buffer.alloc(3e7, 'a')); stream.write('b'); process.exit(3) })`,
    holds: 'a'.repeat(3e7),
  },
  'many large writes at once, then exit': {
    code: `open(() => {
      stream.write('first', () => process.exit(3))
      for (let i = 0; i < 30; i += 1) stream.write(Buffer.alloc(1e6, 'a'))
    })`,
    holds: `first${'a'.repeat(3e7)}`,
  },
  'many small writes before, then exit': {
    code: `busy(() => { stream.write('last'); process.exit(3) })`,
    holds: '|last',
  },
  'many small writes before, then an error': {
    code: `busy(() => { stream.write('last'); throw new Error('ours') })`,
    holds: '|last',
  },
  'many small writes before, and one while it exits': {
    code: `process.on('exit', () => stream.write('last')); busy(() => process.exit(3))`,
    holds: '|last',
  },
  'many small writes before, and one while it exits, by a late listener': {
    code: `busy(() => { process.on('exit', () => stream.write('last')); process.exit(3) })`,
    holds: '|last',
  },
  'many small writes before, and one when all is done': {
    code: `process.once('beforeExit', () => stream.write('last')); busy(() => {})`,
    holds: '|last',
  },
  'many small writes before, and exit in the callback of one': {
    code: `busy(() => { stream.write('last', () => process.exit(3)); stream.write('more') })`,
    holds: '|last',
  },
}

function outcomeOf(from, code) {
  const file = newPath('exits')
  const program = `
    const stream = require(${JSON.stringify(from)}).createWriteStream(${JSON.stringify(file)})
    const open = (then) => stream.once('ready', () => setImmediate(then))
    const busy = (then) => {
      let rounds = 4
      const write = () => {
        for (let i = 0; i < 50; i += 1) stream.write('-')
        rounds -= 1
        stream.write('|', rounds > 0 ? write : () => setImmediate(then))
      }
      open(write)
    }
    ${code}`
  const { status, stderr } = run(program)
  const content = fs.readFileSync(file, 'latin1')
  fs.rmSync(file)
  return { status, error: /Error: .*/.exec(stderr)?.[0], content }
}

for (const [name, { code, holds }] of Object.entries(ENDS)) {
  test(`${name}: what was written is there`, () => {
    const nodes = outcomeOf('node:fs', code)
    const ours = outcomeOf('millrace', code)
    assert.ok(ours.content.includes(holds), `${ours.content.length} bytes`)
    // Of small writes those behind the first one are written as well.
    assert.ok(ours.content.startsWith(nodes.content), `${nodes.content.length} bytes of Node's`)
    assert.deepEqual([ours.status, ours.error], [nodes.status, nodes.error])
  })
}
