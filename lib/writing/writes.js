'use strict'

// Writes to a regular file, on behalf of one stream, which makes one at a time.
//
// Node's stream hands the first of many small chunks over alone, and those
// that came meanwhile when it is written: two trips to a thread for one full
// buffer. A stream that is found to do so waits for the end of the tick, looks
// at what its buffer holds by then, and writes all of it behind the first
// chunk. It is asked for the rest a moment later, and has it done already.

const fs = require('node:fs')
const { setImmediate } = require('node:timers')

const errands = require('../errands.js')
const { binding } = require('../native.js')
const { NodeWriteStream } = require('../originals.js')
const { deliverAs } = require('../reading/turn.js')
const { Coalescer } = require('./coalesce.js')
const { atEndOfTick } = require('./end-of-tick.js')

/** Longest first chunk that is worth to wait for others. */
const SMALL = 2 ** 14

/** Most that is written behind a first chunk. */
const MOST_AHEAD = 2 ** 20

/** As many chunks at once are a stream of small ones. */
const MANY = 4

/** Longest write that is tried on the JavaScript thread. */
const MOST_AT_ONCE = 2 ** 17

/** Times that memory may decline, one after the other, until it is not asked. */
const MOST_REFUSALS = 16

/**
 * Longest write that libuv's threads get. Above, the trip there and back is
 * nothing beside the write, and dns and crypto need those threads, too.
 */
const MOST_FOR_NODE = 2 ** 17

/** Longest write that the addon takes. */
const MOST = 2 ** 31 - 1

/** The answer of `writeAtOnce` where nobody can tell. */
const UNSUPPORTED = -(2 ** 31)

/** The position that stands for the file's own offset. */
const OWN_OFFSET = -1

const { _write, _writev } = NodeWriteStream.prototype

class Writes {
  #stream
  #coalescer = new Coalescer()
  /** Writes have come as a small chunk, and many behind it. */
  #isHot = false
  /** Bytes that are written, of chunks that the stream has yet to hand over. */
  #ahead = 0
  /** Those chunks, and how long they were. */
  #early = []
  /** Bytes that are written and that the stream's positions do not count. */
  #uncounted = 0
  /** Where a write goes on that was short; it is the next one. */
  #resumeAt
  /** The file system can tell whether a write would wait. */
  #isAskable = true
  #refusals = 0

  /** @param {import('node:fs').WriteStream} stream */
  constructor(stream) {
    this.#stream = stream
  }

  /** Something is written that the stream does not know of. */
  get isAhead() {
    return this.#ahead > 0
  }

  /**
   * True for a single chunk of `length` bytes for which nothing can be done that
   * Node would not.
   */
  isNodes(length) {
    const isPlain = length > SMALL && length <= MOST_FOR_NODE && !this.#isAskable
    return isPlain && this.#ahead + this.#uncounted === 0 && this.#resumeAt === undefined
  }

  /**
   * Writes `chunks`, of `size` bytes together, at `position`, by default at
   * the file's own offset.
   * @param {number} fd
   * @param {Uint8Array[]} chunks
   * @param {number} size
   * @param {number | undefined} position
   * @param {boolean} isFirst it may be the first chunk of many
   * @param {(error: Error | null, count: number) => void} done never called within
   *   this call; a count below `size` says that the rest cannot be written now
   * @param {(position?: number) => void} writeAsNode called instead, once,
   *   with where to write: it failed, or cannot be done here
   */
  write(fd, chunks, size, position, isFirst, done, writeAsNode) {
    if (this.#ahead > 0) this.#forgetDetached(chunks)
    position = this.#resumeAt ?? shifted(position, this.#uncounted)
    this.#resumeAt = undefined
    const job = { fd, size, position, done, writeAsNode }
    if (size >= MANY && chunks.length >= MANY) this.#isHot = true
    if (isFirst && this.#isHot && size > 0 && size <= SMALL && this.#ahead === 0) {
      // By the end of the tick it may be someone else's.
      this.#coalescer.keep(chunks[0])
      atEndOfTick(() => this.#writeWithRest(job))
    } else {
      this.#begin(job, chunks)
    }
  }

  #writeWithRest(job) {
    const stream = this.#stream
    const rest = []
    const early = []
    let length = job.size
    const isNodes = stream._write === _write && stream._writev === _writev
    if (isNodes && !stream.destroyed && stream.writableCorked === 0 && !stream.writableObjectMode) {
      const waiting = stream.writableBuffer
      for (let i = 0; i < waiting.length; i += 1) {
        const { chunk } = waiting[i]
        length += chunk.length
        if (length > MOST_AHEAD) break
        rest.push(chunk)
        early.push({ chunk, length: chunk.length })
      }
    }
    this.#isHot = rest.length + 1 >= MANY
    this.#begin(job, rest)
    this.#early = early
  }

  /**
   * A chunk that was detached since it was written is handed over as an empty
   * one: what is known of it is not of those behind it.
   */
  #forgetDetached(chunks) {
    for (const [i, { chunk, length }] of this.#early.slice(0, chunks.length).entries()) {
      if (chunks[i] === chunk) this.#uncount(Math.min(this.#ahead, length - chunk.length))
    }
    this.#early = this.#early.slice(chunks.length)
  }

  #uncount(length) {
    this.#ahead -= length
    this.#uncounted += length
  }

  /** `chunks` may be more than the job is for, or less by the one that is kept. */
  #begin(job, chunks) {
    const known = Math.min(this.#ahead, job.size)
    this.#ahead -= known
    if (known === job.size && known > 0) {
      setImmediate(() => job.done(null, known))
      return
    }
    const buffers = this.#coalescer.coalesce(chunks, known)
    let total = 0
    for (const { length } of buffers) total += length
    if (total > MOST) return this.#leave(job, known, deliver)
    if (this.#isAskable && buffers.length === 1 && total <= MOST_AT_ONCE) {
      const count = this.#tryAtOnce(job, buffers[0], known)
      if (count === total) return this.#end(job, known + count, deliver)
      if (count > 0) return this.#submit(job, [buffers[0].subarray(count)], known + count)
    }
    this.#submit(job, buffers, known)
  }

  /** Returns how many bytes memory took. */
  #tryAtOnce({ fd, position }, buffer, known) {
    const count = binding.writeAtOnce(fd, buffer, at(position, known))
    if (count > 0) {
      this.#refusals = 0
      return count
    }
    this.#refusals += 1
    if (count === UNSUPPORTED || this.#refusals >= MOST_REFUSALS) this.#isAskable = false
    return 0
  }

  /** Leaves `buffers`, behind `written` bytes of the job, to a thread. */
  #submit(job, buffers, written) {
    const [buffer] = buffers
    if (buffers.length === 1 && buffer.length <= MOST_FOR_NODE) {
      this.#submitToNode(job, buffer, written)
      return
    }
    const isUnderWay =
      buffers.length > 0 &&
      errands.write(job.fd, buffers, at(job.position, written), (result) => {
        if (result > 0) this.#end(job, written + result, call)
        else this.#leave(job, written, call)
      })
    if (!isUnderWay) this.#leave(job, written, deliver)
  }

  /** To one of libuv's threads: the trip there costs less. */
  #submitToNode(job, buffer, written) {
    const position = job.position === undefined ? undefined : job.position + written
    fs.write(job.fd, buffer, 0, buffer.length, position, (error, count) => {
      if (!error && count > 0) this.#end(job, written + count, call)
      else if (written > 0) this.#end(job, written, call)
      else job.done(error, count)
    })
  }

  /** What came before a failure is written; the next write meets it. */
  #leave(job, written, tell) {
    if (written > 0) return this.#end(job, written, tell)
    job.writeAsNode(job.position)
  }

  /** `count` bytes are written, perhaps more than the job is for. */
  #end({ size, position, done }, count, tell) {
    this.#ahead += Math.max(0, count - size)
    if (count < size && position !== undefined) this.#resumeAt = position + count
    tell(() => done(null, Math.min(count, size)))
  }
}

function call(act) {
  act()
}

function deliver(act) {
  deliverAs('MILLRACEWRITE', act)
}

function shifted(position, count) {
  return position === undefined ? undefined : position + count
}

function at(position, written) {
  return position === undefined ? OWN_OFFSET : position + written
}

module.exports = { Writes }
