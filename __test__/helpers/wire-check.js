'use strict'

// Reads one side of a connection byte by byte, knowing what every one of them
// must be. The first that is another is an error.

const { describeBytes } = require('./tagged.js')

/** A response, or a stream of bytes, that is to come. */
class Expected {
  /** Bytes of the body that have come. */
  received = 0
  isComplete = false
  /** It may end before its time, in its own framing. */
  mayBeShort = () => false
  onProgress = () => {}

  /**
   * @param {object} what
   * @param {string} what.id the response says whose it is
   * @param {Buffer[]} what.parts its body
   * @param {boolean} what.hasBody
   */
  constructor({ id, parts, hasBody = true }) {
    this.id = id
    this.parts = hasBody ? parts : []
    this.hasBody = hasBody
    this.size = this.parts.reduce((sum, part) => sum + part.length, 0)
  }

  /** Compares `bytes` with those that come next. */
  take(bytes) {
    let at = 0
    let start = 0
    for (const part of this.parts) {
      const from = this.received - start
      start += part.length
      if (from >= part.length) continue
      const length = Math.min(bytes.length - at, part.length - from)
      const isEqual = bytes.compare(part, from, from + length, at, at + length) === 0
      if (!isEqual) this.#fail(bytes.subarray(at, at + length), part.subarray(from, from + length))
      at += length
      this.received += length
      if (at === bytes.length) break
    }
    if (at < bytes.length) {
      throw new Error(`${this.id}: behind its last byte came ${describeBytes(bytes.subarray(at))}`)
    }
    this.onProgress()
  }

  #fail(bytes, wanted) {
    let at = 0
    while (bytes[at] === wanted[at]) at += 1
    const position = this.received + at
    throw new Error(
      `${this.id}: at byte ${position} of its body came ${describeBytes(bytes.subarray(at))} ` +
        `instead of ${describeBytes(wanted.subarray(at))}`,
    )
  }

  end() {
    if (this.received < this.size && !this.mayBeShort()) {
      throw new Error(`${this.id}: its framing ended after ${this.received} of ${this.size} bytes`)
    }
    this.isComplete = true
  }
}

const LONGEST_LINE = 4096

/** Parses the responses of one HTTP/1 connection as they come. */
class HttpCheck {
  #queue
  #state = 'header'
  #line = Buffer.alloc(0)
  #left = 0

  /** @param {Expected[]} expected the responses, in their order */
  constructor(expected) {
    this.#queue = [...expected]
  }

  get isDone() {
    return this.#queue.length === 0
  }

  write(bytes) {
    let rest = bytes
    while (rest.length > 0) {
      if (this.isDone) {
        throw new Error(`behind the last response came ${describeBytes(rest)}`)
      }
      rest = this[`_${this.#state}`](rest, this.#queue[0])
    }
  }

  /** The connection has ended. */
  end() {
    if (this.#state === 'untilClose') this.#next()
  }

  #next() {
    this.#queue.shift().end()
    this.#state = 'header'
  }

  /** Gathers up to `mark`; calls `done` with what is before it. */
  #until(mark, bytes, done) {
    const seen = Buffer.concat([this.#line, bytes.subarray(0, LONGEST_LINE)])
    const at = seen.indexOf(mark)
    if (at < 0) {
      if (seen.length > LONGEST_LINE) throw new Error(`no header: ${describeBytes(seen)}`)
      this.#line = seen
      return bytes.subarray(bytes.length)
    }
    const used = at + mark.length - this.#line.length
    this.#line = Buffer.alloc(0)
    done(seen.toString('latin1', 0, at))
    return bytes.subarray(used)
  }

  _header(bytes, expected) {
    return this.#until('\r\n\r\n', bytes, (text) => {
      const [status, ...lines] = text.split('\r\n')
      if (status !== 'HTTP/1.1 200 OK') {
        throw new Error(`${expected.id}: no status line: ${describeBytes(Buffer.from(text))}`)
      }
      const headers = new Map(lines.map((line) => line.toLowerCase().split(': ')))
      if (headers.get('x-id') !== expected.id) {
        throw new Error(`${expected.id}: the header is that of ${headers.get('x-id')}`)
      }
      const length = headers.get('content-length')
      if (!expected.hasBody) this.#next()
      else if (headers.get('transfer-encoding') === 'chunked') this.#state = 'chunkSize'
      else if (length === undefined) this.#state = 'untilClose'
      else this.#startCounted(expected, Number(length))
    })
  }

  #startCounted(expected, length) {
    // One that is ended before its first byte has a length after all.
    const isEmpty = length === 0 && expected.mayBeShort()
    if (length !== expected.size && !isEmpty) {
      throw new Error(`${expected.id}: its length is ${length}`)
    }
    this.#left = length
    this.#state = 'counted'
    if (length === 0) this.#next()
  }

  _counted(bytes, expected) {
    const rest = this.#body(bytes, expected)
    if (this.#left === 0) this.#next()
    return rest
  }

  _untilClose(bytes, expected) {
    expected.take(bytes)
    return bytes.subarray(bytes.length)
  }

  _chunkSize(bytes, expected) {
    return this.#until('\r\n', bytes, (text) => {
      if (!/^[0-9a-f]{1,8}$/i.test(text)) {
        throw new Error(`${expected.id}: no chunk size: ${describeBytes(Buffer.from(text))}`)
      }
      this.#left = parseInt(text, 16)
      this.#state = this.#left === 0 ? 'lastEnd' : 'chunk'
    })
  }

  _chunk(bytes, expected) {
    const rest = this.#body(bytes, expected)
    if (this.#left === 0) this.#state = 'chunkEnd'
    return rest
  }

  _chunkEnd(bytes, expected) {
    return this.#until('\r\n', bytes, (text) => {
      if (text !== '') throw new Error(`${expected.id}: a chunk ends in ${JSON.stringify(text)}`)
      this.#state = 'chunkSize'
    })
  }

  _lastEnd(bytes, expected) {
    return this.#until('\r\n', bytes, (text) => {
      if (text !== '') throw new Error(`${expected.id}: it ends in ${JSON.stringify(text)}`)
      this.#next()
    })
  }

  #body(bytes, expected) {
    const length = Math.min(this.#left, bytes.length)
    expected.take(bytes.subarray(0, length))
    this.#left -= length
    return bytes.subarray(length)
  }
}

/** The bytes of one connection that has no framing. */
class RawCheck {
  #expected
  isDone = false

  constructor([expected]) {
    this.#expected = expected
  }

  write(bytes) {
    this.#expected.take(bytes)
  }

  end() {
    this.isDone = true
    this.#expected.end()
  }
}

module.exports = { Expected, HttpCheck, RawCheck }
