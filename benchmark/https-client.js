'use strict'

// One process that fetches over one HTTPS connection, and discards bodies.

const crypto = require('node:crypto')
const { once } = require('node:events')
const https = require('node:https')

const { preSharedKey } = require('./lib/pre-shared-key.js')
const { answerMessages } = require('./lib/worker-process.js')

const agent = new https.Agent({ keepAlive: true, maxSockets: 1 })

async function fetchOnce(port, take) {
  const request = https.get({ host: '127.0.0.1', port, agent, ...preSharedKey.client })
  const [response] = await once(request, 'response')
  response.on('data', take)
  await once(response, 'end')
}

answerMessages({
  async verify({ port }) {
    const hash = crypto.createHash('sha256')
    await fetchOnce(port, (chunk) => hash.update(chunk))
    return hash.digest('hex')
  },

  async fetch({ port, count, size }) {
    const begin = performance.now()
    for (let i = 0; i < count; i++) {
      let length = 0
      await fetchOnce(port, (chunk) => (length += chunk.length))
      if (length !== size) throw new Error(`${length} bytes came, and not ${size}`)
    }
    return { seconds: (performance.now() - begin) / 1000 }
  },
})
