'use strict'

// A client that shows the wire: it speaks HTTP/1 by hand over one socket.

const crypto = require('node:crypto')
const { once } = require('node:events')
const net = require('node:net')

/** Bodies up to this size are kept; of larger ones only the hash is. */
const KEPT = 4 << 20

/** Splits off what `read` asks for from a byte stream. */
class Inbox {
  #chunks = []
  #length = 0
  #ended = false
  #error = null
  #wake = null

  constructor(socket) {
    socket.on('data', (chunk) => {
      this.#chunks.push(chunk)
      this.#length += chunk.length
      this.#notify()
    })
    socket.on('end', () => this.#finish(null))
    socket.on('close', () => this.#finish(null))
    socket.on('error', (error) => this.#finish(error))
  }

  #finish(error) {
    this.#ended = true
    this.#error ??= error
    this.#notify()
  }

  #notify() {
    this.#wake?.()
    this.#wake = null
  }

  async #more() {
    if (this.#ended) return false
    await new Promise((resolve) => {
      this.#wake = resolve
    })
    return true
  }

  /** The next 1 to `most` bytes; null at the end. */
  async some(most = Infinity) {
    while (this.#length === 0) if (!(await this.#more())) return null
    let chunk = this.#chunks.shift()
    if (chunk.length > most) {
      this.#chunks.unshift(chunk.subarray(most))
      chunk = chunk.subarray(0, most)
    }
    this.#length -= chunk.length
    return chunk
  }

  /** Waits for a byte, and leaves it where it is. */
  async begun() {
    while (this.#length === 0 && (await this.#more()));
  }

  /** Everything up to and including `mark`. */
  async until(mark) {
    const seen = []
    // A mark may lie across two chunks.
    let tail = Buffer.alloc(0)
    for (;;) {
      const chunk = await this.some()
      if (chunk === null) throw new Error(`connection ended before ${JSON.stringify(mark)}`)
      const searched = Buffer.concat([tail, chunk])
      const at = searched.indexOf(mark)
      seen.push(chunk)
      if (at >= 0) {
        const rest = searched.subarray(at + mark.length)
        if (rest.length > 0) {
          this.#chunks.unshift(rest)
          this.#length += rest.length
        }
        const whole = Buffer.concat(seen)
        return whole.toString('latin1', 0, whole.length - rest.length - mark.length)
      }
      tail = searched.subarray(Math.max(0, searched.length - mark.length + 1))
    }
  }

  get error() {
    return this.#error
  }
}

class Client {
  /** The header of the last response, line by line as it came. */
  headerLines = []

  /** @param {net.NetConnectOpts} address where to connect */
  constructor(address) {
    this.socket = net.connect({ allowHalfOpen: true, ...address })
    this.inbox = new Inbox(this.socket)
  }

  static async connect(address) {
    const client = new Client(address)
    await once(client.socket, 'connect')
    return client
  }

  send(text) {
    this.socket.write(text)
  }

  get(path, headers = '', method = 'GET', version = '1.1') {
    this.send(`${method} ${path} HTTP/${version}\r\nHost: test\r\n${headers}\r\n`)
  }

  /**
   * The next response: its status line, headers, and what its framing says is
   * its body. `complete` is false when the connection ended within it.
   */
  async response({ isHead = false } = {}) {
    const [statusLine, ...lines] = (await this.inbox.until('\r\n\r\n')).split('\r\n')
    // Bytes that are not its own come first where the response before it was too long.
    if (!/^HTTP\/1\.[01] \d{3} /.test(statusLine)) {
      throw new Error(`no response: ${JSON.stringify(statusLine.slice(0, 100))}`)
    }
    this.headerLines = lines
    const headers = Object.fromEntries(
      lines.map((line) => [
        line.slice(0, line.indexOf(':')).toLowerCase(),
        line.slice(line.indexOf(':') + 1).trim(),
      ]),
    )
    const status = Number(statusLine.split(' ')[1])
    const body = new Body()
    if (!isHead && status !== 204 && status !== 304) await this.#body(headers, body)
    return { statusLine, status, headers, ...body.result() }
  }

  async #body(headers, body) {
    if (/chunked/i.test(headers['transfer-encoding'])) {
      for (;;) {
        const size = await this.inbox.until('\r\n').catch(() => null)
        if (size === null || !/^[0-9a-f]+$/.test(size)) return body.cut(size)
        if (!(await this.#copy(parseInt(size, 16), body))) return body.cut()
        const end = await this.inbox.until('\r\n').catch(() => null)
        if (end !== '') return body.cut(end)
        if (size === '0') return undefined
      }
    }
    const length = headers['content-length']
    const copied = await this.#copy(length === undefined ? Infinity : Number(length), body)
    return copied || length === undefined ? undefined : body.cut()
  }

  async #copy(length, body) {
    let left = length
    while (left > 0) {
      const chunk = await this.inbox.some(left)
      if (chunk === null) return false
      left -= chunk.length
      body.add(chunk)
    }
    return true
  }

  /** All bytes until the connection ends. */
  async rest() {
    const body = new Body()
    for (let chunk; (chunk = await this.inbox.some()) !== null;) body.add(chunk)
    return body.result()
  }

  destroy() {
    this.socket.destroy()
  }
}

class Body {
  #hash = crypto.createHash('sha256')
  #kept = []
  #length = 0
  #complete = true
  #garbage = null

  add(chunk) {
    this.#hash.update(chunk)
    this.#length += chunk.length
    if (this.#length <= KEPT) this.#kept.push(chunk)
  }

  cut(garbage = null) {
    this.#complete = false
    this.#garbage = garbage
  }

  result() {
    return {
      length: this.#length,
      sha256: this.#hash.digest('hex'),
      body: this.#length <= KEPT ? Buffer.concat(this.#kept) : null,
      complete: this.#complete,
      garbage: this.#garbage,
    }
  }
}

module.exports = { Client }
