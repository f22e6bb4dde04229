'use strict'

// What is written or ended in the middle of a transfer, and what then becomes
// of it.

const { once } = require('node:events')
const { finished } = require('node:stream')

const { parity } = require('./helpers/parity.js')
const { interrupted } = require('./helpers/interrupted.js')
const { until } = require('./helpers/server.js')

/** Of a cancelled write. Node 20 gives it other errors, and notes none. */
function codeOf(error) {
  return process.version.startsWith('v20.') ? null : error?.code
}

for (const isSocket of [false, true]) {
  const kind = isSocket ? 'socket' : 'response'

  parity(
    `what is written to a ${kind} in the middle is called back when it is destroyed`,
    async ({ createReadStream: make, journal, t }) => {
      const { stream, client } = await interrupted(
        t,
        async ({ stream, response }) => {
          response.on('error', () => {})
          const note = (what) => (error) => journal.note('response', what, codeOf(error))
          stream.unpipe(response)
          response.write('one', note('first write'))
          response.write('two', note('second write'))
          response.end('three', note('end'))
          for (const event of ['finish', 'close']) response.on(event, note(event))
          const { socket } = response
          finished(socket ?? response, note('finished'))
          response.destroy()
          await once(response, 'close')
          // Whatever comes too late.
          for (let i = 0; i < 20; i += 1) await new Promise(setImmediate)
          journal.note('response', codeOf(response.errored), response.writableFinished)
        },
        { isSocket, isFull: true, make },
      )
      stream.destroy()
      client.destroy()
    },
  )
}

for (const isSocket of [false, true]) {
  const kind = isSocket ? 'socket' : 'response'

  parity(
    `a ${kind} that is ended in the middle finishes, and nothing is written behind its end`,
    async ({ createReadStream: make, journal, t }) => {
      const last = Buffer.alloc(16 * 2 ** 20, 'x')
      const { stream, response, client } = await interrupted(
        t,
        async ({ response, client }) => {
          for (const event of ['unpipe', 'error', 'finish']) {
            response.on(event, (argument) => journal.note('response', event, argument?.code))
          }
          response.end(last)
          // In chunks, the client has to take the rest of one before the stop.
          const hasStopped = () => !Object.hasOwn(response.socket ?? response, '_final')
          client.socket.resume()
          await until(hasStopped, 'the transfer to stop')
          client.socket.pause()
          // A read takes less than this; the end does not get through.
          await new Promise((resolve) => {
            setTimeout(resolve, 50)
          })
          journal.note('response', response.writableFinished)
        },
        { isSocket, isFull: true, make },
      )
      await until(() => journal.entries.response.length >= 3, 'finish and unpipe')
      for (let i = 0; i < 20; i += 1) await new Promise(setImmediate)
      const { readableFlowing, destroyed } = stream
      stream.destroy()
      client.destroy()
      return { readableFlowing, destroyed, isFinished: response.writableFinished }
    },
  )
}
