'use strict'

// Descriptors that come and go, so that every number that is let go of is in
// other hands at once. Whoever still uses it shows: nothing may write to these
// files, move their offsets or close them.

const fs = require('node:fs')
const net = require('node:net')

const { newPath } = require('./files.js')
const { describeBytes } = require('./tagged.js')

/** As many are kept open at a time. */
const MOST = 24

class Churn {
  #random
  #files
  #held = []
  #path = newPath('decoy')
  /** Descriptors that were taken. */
  taken = 0

  /**
   * @param {(limit: number) => number} random
   * @param {{ file: string, content: Buffer }[]} files
   */
  constructor(random, files) {
    this.#random = random
    this.#files = files.filter(({ content }) => content.length > 0)
  }

  /** Takes the numbers that are free now. */
  now() {
    const count = 1 + this.#random(4)
    for (let i = 0; i < count; i += 1) this.#held.push(this.#take())
    this.taken += count
    while (this.#held.length > MOST) this.#held.shift()()
  }

  /** Lets go of all. */
  stop() {
    for (const release of this.#held.splice(0)) release()
  }

  /** @returns {() => void} looks whether it was left alone, and closes it */
  #take() {
    const kind = this.#random(3)
    if (kind === 0) return this.#takeSocket()
    return kind === 1 ? this.#takeWritable() : this.#takeReadable()
  }

  #takeWritable() {
    const path = `${this.#path}-${this.taken}-${this.#random(2 ** 31)}`
    const fd = fs.openSync(path, 'wx+')
    const { ino } = fs.fstatSync(fd)
    fs.unlinkSync(path)
    return () => {
      const stat = fs.fstatSync(fd)
      if (stat.ino !== ino) throw new Error(`descriptor ${fd} was closed by someone else`)
      if (stat.size > 0) {
        const bytes = Buffer.alloc(48)
        fs.readSync(fd, bytes, 0, 48, 0)
        throw new Error(`descriptor ${fd} was written to: ${describeBytes(bytes)}`)
      }
      fs.closeSync(fd)
    }
  }

  #takeReadable() {
    const { file, content } = this.#files[this.#random(this.#files.length)]
    const fd = fs.openSync(file, 'r')
    return () => {
      const bytes = Buffer.alloc(16)
      const count = fs.readSync(fd, bytes, 0, 16, null)
      const isOwn = bytes.subarray(0, count).equals(content.subarray(0, 16))
      if (!isOwn) throw new Error(`descriptor ${fd} was moved to ${describeBytes(bytes)}`)
      fs.closeSync(fd)
    }
  }

  #takeSocket() {
    // A listening socket, whose number can be neither read nor written.
    const server = net.createServer((socket) => socket.destroy())
    server.listen({ path: `${this.#path}-${this.taken}-${this.#random(2 ** 31)}` })
    return () => server.close()
  }
}

module.exports = { Churn }
