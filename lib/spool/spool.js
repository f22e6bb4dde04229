'use strict'

// A Duplex that is a FIFO: what is written comes out as it was, when it is read.
// Its writer does not wait for its reader. What has no room in memory waits in
// a temporary file.
//
//   read <- #head (memory) <- the file, #begin to #end <- #tail (memory) <- written
//
// The file is used from when the memory is full until it is empty again.

const { Duplex } = require('node:stream')

const { unshared } = require('../chunks.js')
const { MillraceError } = require('../errors.js')
const { kShow, showBefore } = require('../show.js')
const { mayHoldChunk } = require('../transfer/source.js')
const { Chunks } = require('./chunks.js')
const { Sender, destinationOf } = require('./sender.js')
const { openTemporaryFile } = require('./temporary-file.js')

/** Bytes that are written to the file at once, and that may wait for it. */
const PORTION = 2 ** 18

/** Bytes that are read from the file at once. */
const READ = 2 ** 16

/**
 * Space is given back in multiples of this, the largest folio of the page cache:
 * of one that is only in part in a hole the kernel clears that part, which may
 * still be on its way to a client.
 */
const HOLE = 2 ** 21

class Spool extends Duplex {
  #memory
  #maxSize
  #overflow
  #directory
  #head = new Chunks()
  #tail = new Chunks()
  /** The TemporaryFile; null before it is needed. */
  #file = null
  #begin = 0
  #end = 0
  /** Up to here, its space was given back. */
  #punched = 0
  #isFlushing = false
  #isReading = false
  #isPunching = false
  /** The reader waits until its destination has drained. */
  #isDeferred = false
  /** What sends the next part of the file, and how much was sent before it. */
  #sender = null
  #sent = 0
  /** What is to be done when nothing uses the file any more. */
  #whenIdle = null
  /** The reader wants something. */
  #isWanted = false
  #isEnded = false
  /** A write that waits: { chunks, length, callback }, or only to be answered. */
  #held = null
  /** What keeps the file from taking more; told once all else is read. */
  #failure = null
  /** The reader knows that nothing comes behind what it has not taken. */
  #isLastTold = false

  constructor({ memory, directory, maxSize, overflow, ...options }) {
    super(options)
    this.#memory = memory
    this.#directory = directory
    this.#maxSize = maxSize
    this.#overflow = overflow
  }

  /** Bytes that were written and not read. */
  get size() {
    return this.#head.length + this.#tail.length + this.spilled
  }

  /** How many of them are in the file. */
  get spilled() {
    return this.#end - this.#begin
  }

  /** Bytes of the file that the kernel sent, which JavaScript never saw. */
  get sent() {
    return this.#sent + (this.#sender?.sent ?? 0)
  }

  _write(chunk, _, callback) {
    this.#put([unshared(chunk)], callback)
  }

  _writev(entries, callback) {
    this.#put(
      entries.map(({ chunk }) => unshared(chunk)),
      callback,
    )
  }

  #put(chunks, callback) {
    const length = chunks.reduce((sum, chunk) => sum + chunk.length, 0)
    if (this.#failure !== null) {
      this.#held = { chunks: [], length: 0, callback }
      this.#answer()
    } else if (
      this.size + length <= this.#maxSize ||
      (this.size === 0 && this.#overflow === 'wait')
    ) {
      this.#take(chunks, length, callback)
    } else if (this.#overflow === 'wait') {
      this.#held = { chunks, length, callback }
    } else {
      const message = `The spool has no room for ${length} bytes: ${this.size} of ${this.#maxSize} are taken`
      callback(new MillraceError('ERR_MILLRACE_SPOOL_FULL', message))
    }
  }

  #take(chunks, length, callback) {
    const isInMemory = this.#isFileIdle() && this.#head.length + length <= this.#memory
    const isDirect = this.#isWanted && this.size === 0
    const queue = isInMemory || isDirect ? this.#head : this.#tail
    for (const chunk of chunks) queue.add(chunk)
    if (queue === this.#tail) this.#flush()
    this.#feed()
    // Who writes faster than the disk waits for the disk.
    if (this.#tail.length <= PORTION) callback()
    else this.#held = { chunks: [], length: 0, callback }
  }

  #isFileIdle() {
    return this.#tail.length === 0 && this.spilled === 0 && !this.#isFlushing
  }

  /** Answers a write that waits, if it need not any more. */
  #answer() {
    const held = this.#held
    if (held === null) return
    if (this.#failure !== null) {
      if (!this.#isAllRead()) return
      this.#held = null
      held.callback(this.#failure)
    } else if (held.chunks.length > 0) {
      if (this.size > 0 && this.size + held.length > this.#maxSize) return
      this.#held = null
      this.#take(held.chunks, held.length, held.callback)
    } else if (this.#tail.length <= PORTION) {
      this.#held = null
      held.callback()
    }
  }

  #flush() {
    if (this.#isFlushing || this.#failure !== null || this.#tail.length === 0) return
    if (this.destroyed) return
    this.#isFlushing = true
    if (this.#file === null) this.#open()
    else if (this.spilled > 0 || this.#end === 0 || this.#file.canPunch) this.#spill()
    else {
      // All of it was read, and none of its space given back.
      this.#file.empty((error) => {
        if (!error) {
          this.#begin = 0
          this.#end = 0
          this.#punched = 0
        }
        this.#spill()
      })
    }
  }

  #open() {
    openTemporaryFile(this.#directory, (error, file) => {
      if (error) {
        this.#flushed(error, [])
        return
      }
      this.#file = file
      this.#spill()
    })
  }

  #spill() {
    const pieces = this.destroyed ? [] : this.#tail.peek(PORTION)
    if (pieces.length === 0) this.#flushed(null, pieces)
    else this.#file.write(pieces, this.#end, (error) => this.#flushed(error, pieces))
  }

  #flushed(error, pieces) {
    this.#isFlushing = false
    if (this.#becameIdle()) return
    if (error) {
      // What could not be written is still in memory, and is read from there.
      this.#failure = error
    } else {
      for (let i = 0; i < pieces.length; i += 1) this.#end += this.#tail.take().length
    }
    this.#flush()
    this.#feed()
    this.#settle()
  }

  /** Something was read, or written to the file. */
  #settle() {
    this.#answer()
    this.#tellFailure()
  }

  /** A failure that no write is there to be answered with. */
  #tellFailure() {
    if (this.#failure === null || this.size > 0 || this.destroyed) return
    if (this.#isAllRead()) this.destroy(this.#failure)
    else if (!this.#isLastTold) {
      // As at the end of a stream: who waits for more gets what there is.
      this.#isLastTold = true
      process.nextTick(() => {
        if (!this.destroyed) this.emit('readable')
      })
    }
  }

  /** What the reader has not taken would go with the stream, too. */
  #isAllRead() {
    return this.size === 0 && this.readableLength === 0
  }

  read(size) {
    const isLast = this.#failure !== null && this.size === 0 && size > this.readableLength
    const chunk = super.read(isLast ? undefined : size)
    // Behind the chunk, which is not delivered yet.
    if (this.#failure !== null) process.nextTick(() => this.#settle())
    return chunk
  }

  _read() {
    this.#isWanted = true
    this.#sender?.resume()
    this.#feed()
  }

  /**
   * Gives the reader what it wants, if there is something.
   * @param {boolean} [isApart] in a tick of its own
   */
  #feed(isApart = false) {
    while (this.#isWanted && !this.#isReading && !this.destroyed) {
      if (this.#head.length > 0) {
        this.#give(this.#head.take())
      } else if (this.spilled > 0) {
        const way = destinationOf(this, this.#file, this.spilled)
        const isBusy = way?.isBusy === true
        // Whoever reads may have a chunk to hand on first.
        const isLater = way !== null && !isBusy && !isApart && mayHoldChunk(this)
        this.#isDeferred = isBusy || isLater
        if (isLater) this.#feedLater()
        if (isBusy || isLater) return
        if (way === null) this.#readFile()
        else this.#sendFile(way.destination)
      } else if (this.#tail.length > 0 && !this.#isFlushing) {
        this.#give(this.#tail.take())
      } else {
        // Behind a failure there is no end.
        if (this.#isEnded && this.size === 0 && this.#failure === null) {
          this.#isWanted = false
          this.push(null)
        }
        return
      }
    }
  }

  #give(chunk) {
    this.#isWanted = this.push(chunk)
    this.#settle()
  }

  /** Has the next part of the file sent. */
  #sendFile(destination) {
    this.#isReading = true
    const range = { from: this.#begin, available: this.spilled }
    this.#sender = new Sender(this.#file.fd, range, destination, {
      onEnd: (length, sent) => {
        this.#sender = null
        this.#isReading = false
        this.#sent += sent
        this.#begin += length
        this.#punch()
        this.#settle()
        this.#feed()
      },
      onError: (error) => this.destroy(error),
      onChunk: (chunk) => this.push(chunk),
    })
  }

  resume() {
    this.#feedLater()
    return super.resume()
  }

  /** What waits for the destination to drain may be read now. */
  #feedLater() {
    if (!this.#isDeferred) return
    this.#isDeferred = false
    process.nextTick(() => this.#feed(true))
  }

  /** Someone wants to see bytes, or to go between them. */
  [kShow]() {
    this.#sender?.turnAround()
    this.#feedLater()
  }

  #readFile() {
    this.#isReading = true
    const length = Math.min(READ, this.spilled)
    this.#file.read(length, this.#begin, (error, chunk) => {
      this.#isReading = false
      if (this.#becameIdle()) return
      if (error) {
        this.destroy(error)
        return
      }
      this.#begin += chunk.length
      this.#punch()
      this.#give(chunk)
      this.#feed()
    })
  }

  /** Gives the space back of what was read. */
  #punch() {
    const until = this.#begin - (this.#begin % HOLE)
    if (until === this.#punched || this.#isPunching) return
    const from = this.#punched
    this.#punched = until
    this.#isPunching = true
    this.#file.punch(from, until - from, () => {
      this.#isPunching = false
      if (!this.#becameIdle()) this.#punch()
    })
  }

  _final(callback) {
    this.#isEnded = true
    callback()
    this.#feed()
  }

  #isBusy() {
    return this.#isFlushing || this.#isPunching || (this.#isReading && this.#sender === null)
  }

  /** Goes on with what waits for the file to be idle. True if something does. */
  #becameIdle() {
    if (this.#whenIdle === null) return false
    if (!this.#isBusy()) this.#whenIdle()
    return true
  }

  _destroy(error, callback) {
    this.#head = new Chunks()
    this.#held = null
    const close = () => {
      this.#tail = new Chunks()
      const file = this.#file
      this.#file = null
      this.#begin = this.#end
      const sender = this.#sender
      this.#sender = null
      if (file === null) callback(error)
      else if (sender !== null) sender.close(() => callback(error))
      else file.close((problem) => callback(error ?? problem))
    }
    // A descriptor in use must not be closed.
    this.#whenIdle = close
    if (!this.#isBusy()) close()
  }
}

showBefore(Spool.prototype)

module.exports = { Spool }
