'use strict'

// Child processes that are told what to do, one thing at a time: both ends.

const { once } = require('node:events')

const { Problem } = require('./command.js')
const { startNode } = require('./node-process.js')

/**
 * The child's end: answers each message `{ action, ...task }`.
 * @param {Record<string, (task: object) => unknown>} actions
 */
function answerMessages(actions) {
  process.on('message', async ({ action, ...task }) => {
    try {
      process.send({ answer: await actions[action](task) })
    } catch (error) {
      process.send({ error: error.message })
    }
  })
  process.once('disconnect', () => process.exit())
}

/**
 * The parent's end.
 * @param {object} options
 * @param {string} options.node
 * @param {string} options.script
 * @param {string[]} [options.args]
 * @param {number} [options.core] where it is to run
 */
function startWorker({ node, script, args = [], core }) {
  const { child, exit } = startNode({ node, args: ['--expose-gc', script, ...args], core })
  const gone = exit.then(([code, signal]) => {
    throw new Problem(`${[script, ...args].join(' ')} ended (${signal ?? code}) too early.`)
  })
  gone.catch(() => {})
  return {
    /** Has the child do something; rejects with what went wrong there. */
    async ask(action, task = {}) {
      child.send({ action, ...task }, () => {})
      const [{ answer, error }] = await Promise.race([once(child, 'message'), gone])
      if (error !== undefined) throw new Error(error)
      return answer
    },
    async stop() {
      child.kill()
      await exit
    },
  }
}

module.exports = { answerMessages, startWorker }
