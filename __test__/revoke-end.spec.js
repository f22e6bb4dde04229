'use strict'

// What is written or ended in the middle of a transfer, and what then becomes
// of it.

const { once } = require('node:events')
const { finished } = require('node:stream')

const { parity } = require('./helpers/parity.js')
const { interrupted } = require('./helpers/interrupted.js')

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
