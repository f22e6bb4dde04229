'use strict'

// Applications of __test__/apps in processes of their own, with or without
// millrace/register.

const assert = require('node:assert/strict')
const { fork } = require('node:child_process')
const { once } = require('node:events')
const fs = require('node:fs')
const path = require('node:path')

const { Client } = require('./client.js')
const { root } = require('./program.js')

const APPS = path.join(root, '__test__', 'apps')

/** One running application. */
class App {
  #child
  /** How its streams were sent, as report.js tells it when they close. */
  transfers = []

  /**
   * @param {import('node:test').TestContext} t
   * @param {string} file of __test__/apps
   * @param {string} folder what it serves
   * @param {boolean} isRegistered
   */
  static async start(t, file, folder, isRegistered) {
    const flags = [path.join(root, 'register.js'), path.join(APPS, 'report.js')]
    const child = fork(path.join(APPS, file), {
      cwd: root,
      execArgv: isRegistered ? flags.flatMap((name) => ['--require', name]) : [],
      env: { ...process.env, NODE_OPTIONS: '', NO_COLOR: '1', FOLDER: folder },
      // They log errors, also those that are provoked.
      stdio: ['ignore', 'ignore', process.env.SHOW_LOGS ? 'inherit' : 'ignore', 'ipc'],
    })
    t.after(() => child.kill('SIGKILL'))
    const app = new App()
    app.#child = child
    const [port] = await Promise.race([
      once(child, 'message'),
      once(child, 'exit').then(([code]) => assert.fail(`${file} ended with code ${code}`)),
    ])
    child.on('message', (transfer) => app.transfers.push(transfer))
    app.address = { port, host: '127.0.0.1' }
    return app
  }

  /** What its descriptors lead to. */
  descriptors() {
    const folder = `/proc/${this.#child.pid}/fd`
    return fs.readdirSync(folder).flatMap((fd) => {
      try {
        return [fs.readlinkSync(path.join(folder, fd))]
      } catch {
        return []
      }
    })
  }
}

/** What a client can see of a response, but for the date and the chunks. */
async function seenBy(client, isHead) {
  const { statusLine, length, sha256, complete, garbage, headers } = await client.response({
    isHead,
  })
  const lines = client.headerLines.map((line) => line.replace(/^(date): .*/i, '$1'))
  return { seen: { statusLine, lines, length, sha256, complete, garbage }, headers }
}

/** Sends requests one after the other, on as few connections as can be. */
class Session {
  #client = null

  constructor(address) {
    this.address = address
  }

  /** `isAlone`: on a connection of its own, because the server may end it. */
  async request({ method = 'GET', target, headers = {}, isAlone = false }) {
    if (isAlone) this.end()
    this.#client ??= await Client.connect(this.address)
    const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`)
    this.#client.get(target, lines.join(''), method)
    let response
    try {
      response = await seenBy(this.#client, method === 'HEAD')
    } catch (error) {
      if (!isAlone)
        throw new Error(`${method} ${target} ${JSON.stringify(headers)}`, { cause: error })
      response = { seen: error.message, headers: {} }
    }
    if (isAlone || response.headers.connection === 'close') this.end()
    return response
  }

  end() {
    this.#client?.destroy()
    this.#client = null
  }
}

/** The responses to requests that were all sent at once. */
async function pipelined(address, targets) {
  const client = await Client.connect(address)
  const last = targets.length - 1
  client.send(
    targets
      .map((target, index) => {
        const connection = index === last ? 'Connection: close\r\n' : ''
        return `GET ${target} HTTP/1.1\r\nHost: test\r\n${connection}\r\n`
      })
      .join(''),
  )
  const responses = []
  for (const target of targets) responses.push({ target, ...(await seenBy(client, false)).seen })
  responses.push(await client.rest())
  client.destroy()
  return responses
}

module.exports = { App, Session, pipelined }
