'use strict'

// The server as a child process, and the control requests that are made of it.

const { once } = require('node:events')
const http = require('node:http')
const path = require('node:path')

const { Problem } = require('./command.js')
const { startNode } = require('./node-process.js')

const SERVER = path.join(__dirname, '..', 'server.js')
const PATIENCE = 30_000

/**
 * @param {object} options
 * @param {string} options.node
 * @param {string} options.folder
 * @param {boolean} [options.setsLength]
 * @param {number | string} [options.core] where it is to run
 * @param {string} [options.engine] MILLRACE_ENGINE
 */
async function startServer({ node, folder, setsLength = false, core, engine }) {
  const args = ['--expose-gc', SERVER, folder, ...(setsLength ? ['length'] : [])]
  const { child, exit } = startNode({
    node,
    args,
    core,
    env: engine && { MILLRACE_ENGINE: engine },
  })
  const [port] = await Promise.race([
    once(child, 'message'),
    exit.then(([code, signal]) => {
      throw new Problem(`the server ended (${signal ?? code}) before it listened.`)
    }),
  ])
  return {
    port,
    pid: child.pid,
    get: (target) => get(port, target),
    getText: (target) => getText(port, target),
    async stop() {
      child.kill()
      await exit
    },
  }
}

/**
 * Asks on a connection of its own.
 * @param {number} port
 * @param {string} target
 * @returns {Promise<import('node:http').IncomingMessage>}
 */
async function get(port, target) {
  const request = http.get({ host: '127.0.0.1', port, path: target, agent: false })
  request.setTimeout(PATIENCE, () => request.destroy(new Error(`no answer to GET ${target}`)))
  const [response] = await once(request, 'response')
  if (response.statusCode !== 200) throw new Error(`GET ${target}: ${response.statusCode}`)
  return response
}

async function getText(port, target) {
  const response = await get(port, target)
  return Buffer.concat(await response.toArray()).toString()
}

module.exports = { startServer }
