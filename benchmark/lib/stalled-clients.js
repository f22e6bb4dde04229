'use strict'

// Clients that ask for a file and then don't read it.

const { once } = require('node:events')
const http = require('node:http')

const { startClient } = require('./client.js')

/**
 * Connects so many clients, each of which has had a response, and idles.
 * @param {{ port: number, idle: string, target: string, count: number }} options
 */
async function connectClients({ port, idle, target, count }) {
  const client = startClient({ args: ['stall', port, idle, target, count] })
  try {
    await client.nextLine()
  } catch (error) {
    client.kill()
    throw error
  }
  return {
    /** Has them all ask, and read no further than to the response's status. */
    async stall() {
      client.goOn()
      await client.nextLine()
    },
    /** They all go away, as it happens: without a word. */
    async leave() {
      client.end()
      await client.exit
    },
  }
}

/**
 * Asks for something many times, one after the other, on one connection.
 * @returns {Promise<number[]>} milliseconds until each response was complete
 */
async function probe(port, target, count) {
  const agent = new http.Agent({ keepAlive: true, maxSockets: 1 })
  const latencies = []
  for (let i = 0; i < count; i++) {
    const begin = performance.now()
    const request = http.get({ host: '127.0.0.1', port, path: target, agent })
    const [response] = await once(request, 'response')
    response.resume()
    await once(response, 'end')
    latencies.push(performance.now() - begin)
  }
  agent.destroy()
  return latencies
}

module.exports = { connectClients, probe }
