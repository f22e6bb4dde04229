'use strict'

// The servers of a stress run, and what all of its connections share.

const http = require('node:http')
const net = require('node:net')

const { Churn } = require('./churn.js')
const { newPath } = require('./files.js')
const { EXPLAINED, SIZES } = require('./ownership-plan.js')
const { randomOf } = require('./schedule.js')
const { listen } = require('./server.js')
const { describeBytes, makeTaggedFile } = require('./tagged.js')

/** Requests that are over and may still come. */
const MOST_LEFT = 1000

class Stage {
  files = SIZES.map((size, i) => makeTaggedFile(i, size))
  /** The requests that may come, by the name in them. */
  jobs = new Map()
  failures = []
  counts = { sessions: 0, bytes: 0, native: 0, javascript: 0 }
  #servers = { http: [], raw: [], echo: [] }
  #names = 0
  #left = []

  static async open(t, seed) {
    const stage = new Stage()
    stage.churn = new Churn(randomOf(seed), stage.files)
    const make = {
      http: () => stage.#httpServer(),
      raw: () => net.createServer((socket) => stage.#onRaw(socket)),
      echo: () => net.createServer((socket) => stage.#onEcho(socket)),
    }
    for (const [kind, server] of Object.entries(make)) {
      for (const address of [undefined, undefined, { path: newPath('socket') }]) {
        stage.#servers[kind].push((await listen(t, server(), address)).address)
      }
    }
    return stage
  }

  addressOf(kind, { transport, server }) {
    return this.#servers[kind][transport === 'unix' ? 2 : server]
  }

  /** Gives a job its name. */
  enter(job) {
    this.#names += 1
    const id = `job-${this.#names}`
    this.jobs.set(id, job)
    return id
  }

  /** It is over; but it may still be asked for, by one who is gone by now. */
  leave({ id }) {
    this.#left.push(id)
    if (this.#left.length > MOST_LEFT) this.jobs.delete(this.#left.shift())
  }

  countBytes(count) {
    this.counts.bytes += count
  }

  countTransfer({ mode }) {
    if (mode !== null) this.counts[mode] += 1
  }

  #fail(what, error) {
    this.failures.push(`${what}: ${error.code ?? ''} ${error.message}`)
  }

  #httpServer() {
    const server = http.createServer({ keepAliveTimeout: 60_000 }, (request, response) => {
      const job = this.jobs.get(request.url.slice(1))
      if (job !== undefined) {
        job.serve(response, request)
        return
      }
      this.#fail('a server', new Error(`a request for ${request.url}`))
      response.destroy()
    })
    server.on('clientError', (error, socket) => {
      if (!EXPLAINED.has(error.code) && error.code !== 'HPE_INVALID_EOF_STATE') {
        this.#fail(`a server got ${describeBytes(error.rawPacket ?? Buffer.alloc(0))}`, error)
      }
      socket.destroy()
    })
    return server
  }

  #onRaw(socket) {
    let seen = ''
    socket.on('error', (error) => {
      if (!EXPLAINED.has(error.code)) this.#fail('a plain server', error)
    })
    socket.on('data', (bytes) => {
      const isAsked = seen.includes('\n')
      seen += bytes.toString('latin1')
      if (isAsked || !/^[\w-]*\n?$/.test(seen)) {
        this.#fail('a plain server', new Error(`it got ${describeBytes(bytes)}`))
        socket.destroy()
      } else if (seen.endsWith('\n')) {
        this.jobs.get(seen.trim()).serve(socket)
      }
    })
  }

  #onEcho(socket) {
    socket.on('error', (error) => {
      if (!EXPLAINED.has(error.code)) this.#fail('an echo server', error)
    })
    socket.pipe(socket)
  }
}

module.exports = { Stage }
