'use strict'

// Makes a clone ready to run: installs what is missing and builds the addon
// when it is missing or older than its source. Run by npm after an install,
// and before `npm start` and `npm test`.
//
//   node scripts/prepare.js             build, if need be
//   node scripts/prepare.js --install   run `npm install` first, if need be

const { spawnSync } = require('node:child_process')
const fs = require('node:fs')
const path = require('node:path')

const root = path.join(__dirname, '..')

/** What the binary is made from. */
const SOURCES = ['Cargo.toml', 'Cargo.lock', 'build.rs', 'src']

function fail(sentence) {
  process.stderr.write(`millrace: ${sentence}\n`)
  process.exit(1)
}

function run(command, args) {
  const { status, error } = spawnSync(command, args, { cwd: root, stdio: 'inherit' })
  if (error) fail(`${command} could not be started (${error.code}).`)
  if (status !== 0) process.exit(status ?? 1)
}

function binaries() {
  return fs.readdirSync(root).filter((name) => /^millrace\..*\.node$/.test(name))
}

function newestChange(name) {
  const file = path.join(root, name)
  const stat = fs.statSync(file)
  if (!stat.isDirectory()) return stat.mtimeMs
  return Math.max(...fs.readdirSync(file).map((entry) => newestChange(path.join(name, entry))))
}

function isStale() {
  const built = binaries().map((name) => fs.statSync(path.join(root, name)).mtimeMs)
  if (built.length === 0) return true
  return Math.max(...SOURCES.map(newestChange)) > Math.min(...built)
}

function hasTools() {
  return fs.existsSync(path.join(root, 'node_modules', '@napi-rs', 'cli'))
}

function build() {
  if (!isStale()) return
  if (process.platform !== 'linux') {
    process.stdout.write(`millrace: ${process.platform} has no native engine; using JavaScript.\n`)
    return
  }
  if (spawnSync('cargo', ['--version']).error) {
    fail('building needs Rust 1.88 or later: install it (https://rustup.rs) and try again.')
  }
  // simdutf is C++.
  if (spawnSync(process.env.CXX ?? 'c++', ['--version']).error) {
    fail('building needs a C++ compiler: install one (Debian: g++) and try again.')
  }
  run('npm', ['run', 'build', '--silent'])
}

if (process.argv.includes('--install') && !hasTools()) {
  // Ends with this script's other half.
  run('npm', ['install', '--no-audit', '--no-fund'])
} else {
  build()
}
