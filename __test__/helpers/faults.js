'use strict'

// Processes whose system calls fail on purpose: by native/faults.c, which is
// put before libc, or by native/refuse.c, which has the kernel refuse them.

const assert = require('node:assert/strict')
const { fork, spawnSync } = require('node:child_process')
const { once } = require('node:events')
const fs = require('node:fs')
const { constants } = require('node:os')
const path = require('node:path')

const { engine } = require('../../lib/native.js')
const { Client } = require('./client.js')
const { newPath } = require('./files.js')
const { until } = require('./server.js')

const NATIVE = path.join(__dirname, '..', 'native')
const SERVER = path.join(__dirname, 'faulty-server.js')

const hasCompiler = spawnSync('cc', ['--version']).status === 0
/** Why tests of this kind cannot run here, or false. */
const skip =
  (engine === 'javascript' && 'the addon is not used') || (!hasCompiler && 'needs a C compiler')

const built = new Map()

/** A program or library of __test__/native. */
function build(name, flags) {
  if (!built.has(name)) {
    const output = newPath(name)
    const source = path.join(NATIVE, `${name}.c`)
    const { status, stderr } = spawnSync('cc', ['-O1', ...flags, '-o', output, source, '-ldl'])
    if (status !== 0) throw new Error(`cc ${source}: ${stderr}`)
    built.set(name, output)
  }
  return built.get(name)
}

/**
 * One rule in the words of faults.c. Of several that apply the first one counts.
 * @param {object} rule
 * @param {string} rule.call of the addon, on the file if it is on a file:
 *   `sendfile`, `send`, `preadv2`, `pread`, `read`, `dup`, `epoll_create1`,
 *   `epoll_ctl`, `eventfd`, `pthread_create`, `openat2`, `cachestat`; on the file
 *   that is written, `pwritev2`, `copy_file_range`
 * @param {number} [rule.first] the first call that it is for, from 1
 * @param {number} [rule.every] and every so many behind it
 * @param {number} [rule.last] the last one
 * @param {number} [rule.beyond] only calls at this offset of the file and behind
 * @param {string} [rule.error] the call fails with this
 * @param {number} [rule.clip] the call does no more than so many bytes
 * @param {boolean} [rule.end] the call says that there is nothing
 */
function format({ call, first = 1, every = 1, last = 0, beyond = 0, error, clip, end }) {
  const answer = end ? 'z:0' : error ? `e:${constants.errno[error]}` : `c:${clip}`
  return [call, first, every, last, beyond, answer].join(':')
}

/**
 * What makes the system calls of a child process fail.
 * @param {object} faults
 * @param {string} [faults.file] whose reads or writes the rules are about
 * @param {object[]} [faults.rules]
 * @param {number} [faults.bad] from this offset on, the disk cannot be read
 * @param {string} [faults.log] where to write what the addon called
 * @param {number} [faults.drip] reads of sockets give no more bytes than this
 * @param {number} [faults.receiveBuffer] SO_RCVBUF of its sockets
 */
function faultyEnvironment({ file, rules = [], bad, log, drip, receiveBuffer }) {
  const values = {
    LD_PRELOAD: build('faults', ['-shared', '-fPIC']),
    FAULTS: rules.map(format).join(' '),
    FAULTS_FILE: file,
    FAULTS_BAD: bad,
    FAULTS_LOG: log,
    FAULTS_DRIP: drip,
    FAULTS_RCVBUF: receiveBuffer,
  }
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined))
}

/**
 * The words in front of a command that the kernel is to refuse calls.
 * @param {string} error
 * @param {number[]} numbers of system calls on this architecture
 */
function refusing(error, numbers) {
  return [build('refuse', []), `${constants.errno[error]}`, ...numbers.map(String), '--']
}

/** What the addon called, in order, by the log of a process with faults. */
function callsIn(log) {
  const lines = fs.existsSync(log) ? fs.readFileSync(log, 'utf8').split('\n') : []
  return lines.filter(Boolean).map((line) => {
    const [call, ...numbers] = line.split(' ')
    const [asked, offset, flags, result] = numbers.map(Number)
    return { call, asked, offset, flags, result }
  })
}

/** Sees that every rule was about calls that were made. */
function assertMade(calls, rules) {
  const made = new Set(calls.map(({ call }) => call))
  for (const { call } of rules) assert.ok(made.has(call), `${call} was not called`)
}

/** A server of `file` in a process with faults. */
class FaultyServer {
  #child
  #ports
  #told = []
  #log = newPath('calls')

  /**
   * @param {import('node:test').TestContext} t
   * @param {{ file: string, small: string }} files
   * @param {object} [how]
   * @param {object} [how.faults] those of faultyEnvironment
   * @param {string[]} [how.words] a command to run node by
   */
  static async start(t, { file, small }, { faults, words = [] } = {}) {
    const server = new FaultyServer()
    const environment = faults ? faultyEnvironment({ file, log: server.#log, ...faults }) : {}
    const [execPath, ...execArgv] = [...words, process.execPath]
    const child = fork(SERVER, [file, small], {
      execPath,
      execArgv,
      env: { ...process.env, NODE_OPTIONS: '', ...environment },
    })
    t.after(() => {
      // A tracer that is killed lets its tracees go on; the server itself ends.
      if (child.connected) child.disconnect()
      else child.kill('SIGKILL')
    })
    const [message] = await Promise.race([
      once(child, 'message'),
      once(child, 'exit').then(([code]) => {
        throw new Error(`the server ended with code ${code}`)
      }),
    ])
    child.on('message', (told) => server.#told.push(told))
    server.#child = child
    server.#ports = message
    return server
  }

  get pid() {
    return this.#child.pid
  }

  connect() {
    return Client.connect({ port: this.#ports.web, host: '127.0.0.1' })
  }

  connectPlain() {
    return Client.connect({ port: this.#ports.plain, host: '127.0.0.1' })
  }

  /** What it has to tell of its next transfer. */
  async outcome() {
    await until(() => this.#told.length > 0, 'the end of a transfer')
    return this.#told.shift()
  }

  /** What the addon called so far, in order. */
  calls(name) {
    return callsIn(this.#log).filter(({ call }) => name === undefined || call === name)
  }

  /** How many descriptors it has open on `file`. */
  descriptorsOn(file) {
    const folder = `/proc/${this.pid}/fd`
    return fs.readdirSync(folder).filter((fd) => {
      try {
        return fs.readlinkSync(path.join(folder, fd)) === file
      } catch {
        return false
      }
    }).length
  }
}

module.exports = {
  hasCompiler,
  skip,
  faultyEnvironment,
  callsIn,
  assertMade,
  refusing,
  FaultyServer,
}
