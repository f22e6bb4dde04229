'use strict'

// Child processes that run node.

const { spawn, spawnSync } = require('node:child_process')
const { once } = require('node:events')

const { Problem } = require('./command.js')
const { onCore } = require('./pinning.js')

/** The version of a node binary. */
function versionOf(node) {
  const { status, stdout } = spawnSync(node, ['--version'], { encoding: 'utf8' })
  if (status !== 0) throw new Problem(`${node} cannot be run.`)
  return stdout.trim()
}

/**
 * Starts node with an IPC channel. It ends with this process, if not before.
 * @param {object} options
 * @param {string} options.node
 * @param {string[]} options.args
 * @param {number | string} [options.core] where it is to run
 * @param {object} [options.env] besides the environment of this process
 */
function startNode({ node, args, core, env }) {
  const [command, ...rest] = onCore(core, [node, ...args])
  const child = spawn(command, rest, {
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
    env: { ...process.env, ...env },
  })
  const exit = once(child, 'exit')
  // Before the files go that it may be about to open.
  const kill = () => child.kill('SIGKILL')
  process.prependListener('exit', kill)
  const forget = () => process.removeListener('exit', kill)
  exit.then(forget, forget)
  return { child, exit }
}

module.exports = { startNode, versionOf }
