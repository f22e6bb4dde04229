'use strict'

// Clients that ask for a file and then don't read it.

const { once } = require('node:events')
const http = require('node:http')

/** As many as the listen queue takes at once. */
const BATCH = 100

class Clients {
  #port
  /** One for each: an agent is a way to keep one connection. */
  #agents
  #requests = []

  constructor(port, count) {
    this.#port = port
    this.#agents = Array.from(
      { length: count },
      () => new http.Agent({ keepAlive: true, maxSockets: 1 }),
    )
  }

  /** Connects them all: every connection has had a response, and idles. */
  async connect(target) {
    for (let first = 0; first < this.#agents.length; first += BATCH) {
      const batch = this.#agents.slice(first, first + BATCH)
      await Promise.all(
        batch.map(async (agent) => {
          const response = await this.#ask(agent, target)
          response.resume()
          await once(response, 'end')
        }),
      )
    }
  }

  /** Has them all ask, and read no further than to the response's header. */
  async stall(target) {
    await Promise.all(this.#agents.map((agent) => this.#ask(agent, target)))
  }

  /** They all go away, as it happens: without a word. */
  leave() {
    for (const request of this.#requests) {
      // Both say so when they are cut off.
      request.on('error', () => {})
      request.destroy()
    }
    for (const agent of this.#agents) agent.destroy()
  }

  async #ask(agent, target) {
    const request = http.get({ host: '127.0.0.1', port: this.#port, path: target, agent })
    this.#requests.push(request)
    const [response] = await once(request, 'response')
    response.on('error', () => {})
    if (response.statusCode !== 200) throw new Error(`GET ${target}: ${response.statusCode}`)
    return response
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

module.exports = { Clients, probe }
