'use strict'

// Programs that run in processes of their own, in folders that have this
// package as npm would link it.

const assert = require('node:assert/strict')
const { spawnSync } = require('node:child_process')
const fs = require('node:fs')
const path = require('node:path')

const { newPath } = require('./files.js')

const root = path.join(__dirname, '..', '..')

/** The engine of the tests, where a program needs a native one. */
const nativeEngine =
  process.env.MILLRACE_ENGINE === 'javascript' ? '' : (process.env.MILLRACE_ENGINE ?? '')

/** A folder whose node_modules has this package, and others by name. */
function application(others = []) {
  const folder = newPath('app')
  const modules = path.join(folder, 'node_modules')
  fs.mkdirSync(modules, { recursive: true })
  // Ends the search for the package that the folder belongs to.
  fs.writeFileSync(path.join(folder, 'package.json'), '{}')
  fs.symlinkSync(root, path.join(modules, 'millrace'))
  for (const name of others) {
    fs.symlinkSync(path.join(root, 'node_modules', name), path.join(modules, name))
  }
  return folder
}

/** A copy of what of this package runs; without the binary, if so told. */
function copyOfPackage({ hasBinary = true } = {}) {
  const copy = newPath('copy')
  fs.mkdirSync(copy)
  const names = fs.readdirSync(root).filter((name) => hasBinary && name.endsWith('.node'))
  for (const name of [
    'index.js',
    'buffer.js',
    'register.js',
    'binding.js',
    'package.json',
    'lib',
    ...names,
  ]) {
    fs.cpSync(path.join(root, name), path.join(copy, name), { recursive: true })
  }
  return copy
}

/**
 * Runs `code` as a program of an application.
 * @param {string} code
 * @param {object} [how]
 * @param {string[]} [how.flags] of node
 * @param {string} [how.name] of the program's file, whose ending says its kind
 * @param {string[]} [how.packages] that it needs besides this one
 * @param {object} [how.env] besides the environment of the tests
 * @param {number | string} [how.stdin] a descriptor, or 'ignore'
 * @returns {{ status: number, stdout: string, stderr: string }}
 */
function run(
  code,
  { flags = [], name = 'program.js', packages = [], env = {}, stdin = 'ignore' } = {},
) {
  const folder = application(packages)
  const file = path.join(folder, name)
  fs.writeFileSync(file, code)
  return spawnSync(process.execPath, [...flags, file], {
    cwd: folder,
    encoding: 'utf8',
    timeout: 30_000,
    stdio: [stdin, 'pipe', 'pipe'],
    env: { ...process.env, NODE_OPTIONS: '', MILLRACE_ENGINE: nativeEngine, ...env },
  })
}

/** The same, for a program that prints one JSON value and nothing else. */
function valueOf(code, how) {
  const { status, stdout, stderr } = run(code, how)
  assert.equal(stderr, '')
  assert.equal(status, 0)
  return JSON.parse(stdout)
}

module.exports = { root, nativeEngine, application, copyOfPackage, run, valueOf }
