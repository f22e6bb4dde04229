'use strict'

// One process that downloads and throws away. It is told what to do by
// messages, one at a time, and answers each.

const { once } = require('node:events')
const net = require('node:net')
const { setTimeout: sleep } = require('node:timers/promises')

const { quantile, median } = require('./lib/statistics.js')
const { answerMessages } = require('./lib/worker-process.js')

const BUFFER = 2 ** 18
const PATIENCE = 120_000

/** A connection that counts what comes and keeps none of it. */
class Connection {
  #wanted = 0
  #isBody = false
  #done = null
  #socket

  static async open(port) {
    const connection = new Connection()
    await connection.#connect(port)
    return connection
  }

  async #connect(port) {
    const onread = { buffer: Buffer.allocUnsafe(BUFFER), callback: this.#take.bind(this) }
    this.#socket = net.connect({ port, host: '127.0.0.1', noDelay: true, onread })
    const fail = (error) => this.#done?.reject(error)
    this.#socket.setTimeout(PATIENCE, () => this.#socket.destroy(new Error('no byte came')))
    this.#socket.on('error', fail)
    this.#socket.on('close', () => fail(new Error('the connection closed within a response')))
    await once(this.#socket, 'connect')
  }

  #take(count, buffer) {
    this.#wanted -= count
    if (!this.#isBody) {
      // A header comes in one piece here.
      this.#wanted += buffer.subarray(0, count).indexOf('\r\n\r\n') + 4
      this.#isBody = true
    }
    if (this.#wanted <= 0) this.#done.resolve()
    return true
  }

  /** Asks, and resolves with the milliseconds until `size` bytes are here. */
  async ask(target, size) {
    this.#wanted = size
    this.#isBody = false
    const begin = performance.now()
    const done = new Promise((resolve, reject) => {
      this.#done = { resolve, reject }
    })
    this.#socket.write(`GET ${target} HTTP/1.1\r\nHost: benchmark\r\n\r\n`)
    await done
    if (this.#wanted !== 0) throw new Error(`${target} came with ${-this.#wanted} bytes more`)
    return performance.now() - begin
  }

  close() {
    this.#done = null
    this.#socket.destroy()
  }
}

answerMessages({
  /** One download of `size` bytes. */
  async fetch({ port, target, size }) {
    const connection = await Connection.open(port)
    const milliseconds = await connection.ask(target, size)
    connection.close()
    return { seconds: milliseconds / 1000 }
  },

  /**
   * So many downloads over and over, each begun `pause` milliseconds after the
   * one before it on its connection at the earliest, for a time.
   */
  async repeat({ port, target, size, downloads, pause, milliseconds }) {
    const times = []
    const end = performance.now() + milliseconds
    const one = async (index) => {
      const connection = await Connection.open(port)
      await connection.ask(target, size)
      await sleep((pause * index) / downloads)
      while (performance.now() < end) {
        const time = await connection.ask(target, size)
        times.push(time)
        await sleep(Math.max(pause - time, 0))
      }
      connection.close()
    }
    await Promise.all(Array.from({ length: downloads }, (_, index) => one(index)))
    return { count: times.length, median: median(times), p99: quantile(times, 0.99) }
  },
})
