'use strict'

// Runs the tests against an addon that was built with AddressSanitizer, in a
// copy of the package, so that the addon of this folder stays as it is.
// `node scripts/asan.js FILE...` runs those files of __test__.

const { execFileSync, spawnSync } = require('node:child_process')
const fs = require('node:fs')
const path = require('node:path')

const root = path.join(__dirname, '..')
const target = path.join(root, 'target', 'asan')
const copy = path.join(target, 'package')
const TRIPLE = 'x86_64-unknown-linux-gnu'

/** What is left out, because it says nothing about the addon's memory. */
const LEFT_OUT = new Map([
  ['faults-calls.spec.js', 'preloads a library of its own, as the next nine'],
  ['faults-errors.spec.js', 'the same'],
  ['faults-lengths.spec.js', 'the same'],
  ['faults-reading.spec.js', 'the same'],
  ['faults-resources.spec.js', 'the same'],
  ['faults-sandbox.spec.js', 'the same'],
  ['faults-spool.spec.js', 'the same'],
  ['faults-transfer.spec.js', 'the same'],
  ['faults-writing.spec.js', 'the same'],
  ['slow-disk.spec.js', 'the same'],
  ['buffer-memory.spec.js', 'measures memory'],
  ['apps.spec.js', 'frameworks, above the same calls'],
  ['benchmark.spec.js', 'measures'],
  ['browser.spec.js', 'a browser does not start with the sanitizer'],
  ['curl.spec.js', 'curl does not end with the sanitizer'],
  ['demo.spec.js', 'an application, above the same calls'],
  ['examples-cluster.spec.js', 'an application, above the same calls'],
  ['examples-memory.spec.js', 'measures memory'],
  ['examples-metrics.spec.js', 'an application, above the same calls'],
  ['examples-pipeline.spec.js', 'the same'],
  ['examples-reading.spec.js', 'the same'],
  ['examples-servers.spec.js', 'the same'],
  ['examples-streams.spec.js', 'the same'],
  ['examples.spec.js', 'text'],
  ['layering.spec.js', 'text'],
  ['lifetimes.spec.js', 'measures memory'],
  ['package.spec.js', 'the package, not the addon'],
  ['readme.spec.js', 'text'],
  ['register.spec.js', 'what fs exports, above the same calls'],
  ['register-beside.spec.js', 'what fs exports, above the same calls'],
  ['tutorial.spec.js', 'programs of a document, above the same calls'],
])

function run(command, args, options = {}) {
  const { status } = spawnSync(command, args, { cwd: root, stdio: 'inherit', ...options })
  if (status !== 0) process.exit(status ?? 1)
}

function build() {
  const flags = '-Zsanitizer=address -Clink-args=-Wl,-z,nodelete'
  const args = ['build', '--quiet', '--target', TRIPLE, '--target-dir', target]
  run('cargo', args, { env: { ...process.env, RUSTC_BOOTSTRAP: '1', RUSTFLAGS: flags } })
}

function copyPackage() {
  fs.rmSync(copy, { recursive: true, force: true })
  const isCopied = (source) => {
    const name = path.relative(root, source)
    return !/^(node_modules|target|\.git)$|\.node$/.test(name)
  }
  for (const name of fs.readdirSync(root)) {
    const source = path.join(root, name)
    if (isCopied(source)) {
      fs.cpSync(source, path.join(copy, name), { recursive: true, filter: isCopied })
    }
  }
  fs.symlinkSync(path.join(root, 'node_modules'), path.join(copy, 'node_modules'))
  const library = path.join(target, TRIPLE, 'debug', 'libmillrace.so')
  fs.copyFileSync(library, path.join(copy, 'millrace.linux-x64-gnu.node'))
}

function test(names) {
  const logs = path.join(target, 'logs')
  fs.rmSync(logs, { recursive: true, force: true })
  fs.mkdirSync(logs)
  const runtime = execFileSync('gcc', ['-print-file-name=libasan.so'], { encoding: 'utf8' }).trim()
  const files = names.map((name) => path.join('__test__', name))
  const { status } = spawnSync(
    process.execPath,
    ['--test', '--test-timeout=300000', '--test-reporter=spec', ...files],
    {
      cwd: copy,
      stdio: 'inherit',
      env: {
        ...process.env,
        LD_PRELOAD: runtime,
        // V8 leaks by design. Reports go to files, because a test may not show
        // what its child processes say.
        ASAN_OPTIONS: `detect_leaks=0:log_path=${path.join(logs, 'asan')}`,
      },
    },
  )
  const reports = fs.readdirSync(logs)
  for (const name of reports) process.stdout.write(fs.readFileSync(path.join(logs, name)))
  process.exit(reports.length > 0 ? 1 : (status ?? 1))
}

const all = fs.readdirSync(path.join(root, '__test__')).filter((name) => name.endsWith('.spec.js'))
build()
copyPackage()
test(process.argv.length > 2 ? process.argv.slice(2) : all.filter((name) => !LEFT_OUT.has(name)))
