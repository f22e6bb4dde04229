'use strict'

// The blocks of code in a document, and what they print.

const assert = require('node:assert/strict')
const { spawnSync } = require('node:child_process')
const fs = require('node:fs')
const path = require('node:path')

const { root } = require('./program.js')

/** All documents, by their names from the root of the package. */
const documents = ['.', 'benchmark', 'demo/videos', 'docs', 'examples'].flatMap((folder) =>
  fs
    .readdirSync(path.join(root, folder))
    .filter((name) => name.endsWith('.md'))
    .map((name) => path.posix.join(folder, name)),
)

function readDocument(name) {
  return fs.readFileSync(path.join(root, name), 'utf8')
}

/**
 * The blocks of a document, in their order.
 * @param {string} name from the root of the package
 * @returns {{ language: string, code: string, line: number }[]}
 */
function blocksOf(name) {
  const text = readDocument(name)
  return Array.from(
    text.matchAll(/^```(\S*)\n([\s\S]*?)^```$/gm),
    ({ index, 1: language, 2: code }) => ({
      language,
      code,
      line: text.slice(0, index).split('\n').length,
    }),
  )
}

/** Asserts that `code` prints what the comments behind its console.log say. */
function assertComments(code, { cwd, env = {} }) {
  const calls = code.match(/^ *console\.log\(.*$/gm)
  const expected = calls.map((line) => {
    const [, said] = /\) \/\/ (.*)$/.exec(line) ?? assert.fail(`${line} has no comment`)
    return said
  })
  const { stdout, stderr } = spawnSync(process.execPath, ['-e', code], {
    cwd,
    encoding: 'utf8',
    env: { ...process.env, ...env },
  })
  assert.equal(stderr, '')
  assert.deepEqual(stdout.trimEnd().split('\n'), expected)
}

module.exports = { documents, readDocument, blocksOf, assertComments }
