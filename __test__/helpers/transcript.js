'use strict'

// What a document shows of a terminal, typed again.

const assert = require('node:assert/strict')
const { spawn, spawnSync } = require('node:child_process')
const { once } = require('node:events')
const fs = require('node:fs')
const net = require('node:net')
const path = require('node:path')
const readline = require('node:readline')

/** The port of all servers in documents. */
const PORT = '8000'

/** Not one of those that connections are given. */
async function freePort() {
  for (;;) {
    const port = 10_000 + Math.floor(Math.random() * 20_000)
    const server = net.createServer()
    try {
      await once(server.listen(port), 'listening')
      await once(server.close(), 'close')
      return String(port)
    } catch (error) {
      if (error.code !== 'EADDRINUSE') throw error
    }
  }
}

/**
 * @param {string} transcript lines of commands, which begin with `$ `, and of what they print
 * @returns {{ command: string, printed: string }[]}
 */
function stepsOf(transcript) {
  const steps = []
  for (const line of transcript.trimEnd().split('\n')) {
    if (line.startsWith('$ ')) steps.push({ command: line.slice(2), lines: [] })
    else steps.at(-1).lines.push(line)
  }
  return steps.map(({ command, lines }) => ({ command, printed: lines.join('\n') }))
}

/** A terminal in a folder, whose node is the one that runs the tests. */
class Terminal {
  #folder
  #port
  #env

  /**
   * @param {string} folder
   * @param {string} port in the place of 8000
   */
  constructor(folder, port) {
    this.#folder = folder
    this.#port = port
    const tmp = path.join(folder, 'tmp')
    fs.mkdirSync(tmp, { recursive: true })
    const { PORT: _, ...env } = process.env
    const first = path.dirname(process.execPath)
    this.#env = { ...env, PATH: `${first}:${env.PATH}`, TMPDIR: tmp, LC_ALL: 'C.UTF-8' }
  }

  /** Saves a program as a reader would. */
  save(name, code) {
    fs.writeFileSync(path.join(this.#folder, name), this.#here(code))
  }

  /**
   * Types a command. One that ends with ` &` is a server, which is there, and has printed its
   * first line, when this comes back, and ends with the test.
   * @returns {Promise<string>} what can be seen then
   */
  async type(t, command) {
    const output = command.endsWith(' &') ? await this.#serve(t, command) : this.#run(command)
    return this.#there(output)
  }

  #run(command) {
    const { stdout, error } = spawnSync('sh', ['-c', `exec 2>&1\n${this.#here(command)}`], {
      cwd: this.#folder,
      env: this.#env,
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'inherit'],
      timeout: 30_000,
    })
    assert.ifError(error)
    // A line that was begun anew.
    return stdout.trimEnd().replaceAll(/^.*\r/gm, '')
  }

  async #serve(t, command) {
    const [, variables, line] = /^((?:\w+=\S+ )*)node (.*) &$/.exec(this.#here(command))
    const env = { ...this.#env }
    for (const variable of variables.split(' ').filter(Boolean)) {
      const [name, value] = variable.split('=')
      env[name] = value
    }
    const child = spawn(process.execPath, line.split(' '), {
      cwd: this.#folder,
      env,
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    const kill = () => child.kill()
    process.once('exit', kill)
    t.after(async () => {
      const exit = once(child, 'exit')
      kill()
      await exit
      process.off('exit', kill)
    })
    const ended = once(child, 'exit').then(() => assert.fail(`${command} ended early`))
    ended.catch(() => {})
    const lines = readline.createInterface({ input: child.stdout })
    const [first] = await Promise.race([once(lines, 'line'), ended])
    return first
  }

  #here(text) {
    return replacePort(text, PORT, this.#port).replaceAll('/tmp/', `${this.#env.TMPDIR}/`)
  }

  #there(text) {
    return replacePort(text, this.#port, PORT).replaceAll(`${this.#env.TMPDIR}/`, '/tmp/')
  }
}

/** Not in the middle of other figures. */
function replacePort(text, from, to) {
  return text.replaceAll(new RegExp(`\\b${from}\\b`, 'g'), to)
}

module.exports = { Terminal, freePort, stepsOf }
