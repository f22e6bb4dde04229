'use strict'

// A ReadStream's native side. The stream stays Node's: `pipe()` attaches
// Node's listeners, and Node asks the stream to read. Where it asks, the
// transfer may take the read over: instead of one chunk it sends what is left
// of the file, and answers the read when that is done or undone. So a running
// transfer is, to Node's machinery, a read that takes long, and to undo it at
// any byte means to answer with the next chunk after all.

const http = require('node:http')

const { fsError, incomplete, socketError } = require('../errors.js')
const { disabledBecause } = require('../native.js')
const { addBytesWritten } = require('./accounting.js')
const { obstacleOf: obstacleOfDestination } = require('./destination.js')
const { native, engineName } = require('./engine.js')
const {
  takeHeader,
  markHeaderSent,
  unmarkHeaderSent,
  bytesOwed,
  isHeard,
  isKnown,
  isEndedShort,
} = require('./framing.js')
const { LastPacket, PUSHED, HELD_BACK, CORKED } = require('./last-packet.js')
const { Observer } = require('./observer.js')
const { Pace } = require('./pace.js')
const { Report, isPassing } = require('./report.js')
const { obstacleOf: obstacleOfSource, passingObstacleOf } = require('./source.js')
const { StallWatch } = require('./stall-watch.js')
const { Stretch } = require('./stretch.js')
const { surveyOf } = require('./survey.js')
const { Way } = require('./way.js')

/** Not a reason: the read will be repeated when its time has come. */
const EARLY = Symbol('early')

/** Size of an HTTP chunk. Larger ones cost less, but a stop waits for an end. */
const CHUNK = 2 ** 20

class Transfer {
  #source
  #fs
  #excludedBecause
  #report = new Report()
  /** Bytes of the file sent by the stretches that ended. */
  #bytes = 0
  /** The stretch that the pump carries. */
  #run = null
  /** A read that waits for the destination to drain, or to finish. */
  #isDeferred = false
  /** The LastPacket, until 'end' is emitted. */
  #lastPacket = null
  /** Pipe's listener of 'data'. */
  #ondata = null
  /** The descriptor has been seen to be the kernel's. */
  #isReal = false
  #pace = null
  #way
  /** Milliseconds; 0 for any time. */
  #stallTimeout = 0
  #stallWatch = null

  /**
   * @param {import('../read-stream.js').ReadStream} source
   * @param {string | null} excludedBecause why it can never be native
   * @param {import('../native-fs.js').NativeFs | null} fs what it opens and
   *   reads with; null for one that can never be native
   * @param {{ bytesPerSecond: number, stallTimeout: number } | null} limits
   */
  constructor(source, excludedBecause, fs, limits) {
    this.#source = source
    /** Hears of what begins and ends. */
    this.observer = new Observer(source, this)
    this.#fs = fs
    this.#excludedBecause = disabledBecause ?? excludedBecause
    const { bytesPerSecond = Infinity, stallTimeout = 0 } = limits ?? {}
    if (bytesPerSecond !== Infinity) this.#pace = new Pace(bytesPerSecond)
    this.#stallTimeout = stallTimeout
    this.#way = new Way(this.#pace, stallTimeout > 0)
  }

  /** @param {Function} ondata the listener of 'data' that a pipe added */
  pipedBy(ondata) {
    this.#ondata = ondata
  }

  /** What `stream.transfer` shows. */
  describe() {
    const { mode, engine, reason } = this.#report
    return { mode, engine, bytes: this.#bytes + (this.#run?.sent() ?? 0), reason }
  }

  /**
   * Takes over the read that Node asks of the source, if that can be done
   * natively now, or once the destination has drained, or the read is due.
   * @returns {boolean} false: read in JavaScript
   */
  take() {
    const source = this.#source
    if (this.#stallTimeout > 0) this.#watchForStall()
    const [piped] = source._readableState.pipes
    this.#pace?.account(source.bytesRead, piped?._hasBody === false)
    const { destination, isBusy } = this.#way.look(piped)
    const reason =
      this.#excludedBecause ??
      obstacleOfSource(source, this.#ondata) ??
      this.#obstacleOfFile() ??
      obstacleOfDestination(destination) ??
      (isBusy ? 'destination-busy' : null) ??
      passingObstacleOf(source) ??
      this.#begin(destination)
    if (reason === EARLY) return true
    // Node reads ahead while it is full; that would keep the rest in JavaScript.
    this.#isDeferred = isPassing(reason) && source._readableState.awaitDrainWriters === piped
    if (this.#isDeferred) return true
    this.#report.note(reason)
    return reason === null || this.#isEarly()
  }

  #isEarly() {
    const source = this.#source
    return this.#pace?.isEarly(() => source._read(source.readableHighWaterMark)) === true
  }

  /** How much of `size` bytes JavaScript is to read now. */
  portionOf(size) {
    return Math.min(size, this.#pace?.portion ?? size)
  }

  /** The source flows again, perhaps because its destination has drained. */
  resume() {
    if (this.#isDeferred) process.nextTick(() => this.#readDeferred())
  }

  #readDeferred() {
    if (!this.#isDeferred || this.#source.destroyed) return
    this.#isDeferred = false
    this.#source._read(this.#source.readableHighWaterMark)
  }

  /**
   * Undoes a running stretch: it stops as soon as a writer may go on, and the
   * source reads on in JavaScript from there.
   */
  stop() {
    if (this.#isDeferred) process.nextTick(() => this.#readDeferred())
    this.#run?.stop()
    this.#lastPacket?.push()
  }

  /** The source is being destroyed, by whomever, at its end or before. */
  detach(error) {
    if (this.#run !== null) {
      this.#credit(this.#run, this.#run.sent())
      this.stop()
    }
    this.#settle(error)
    this.#stallWatch?.stop()
    this.#pace?.stop()
  }

  #obstacleOfFile() {
    const source = this.#source
    // A read of Node's that was not full met the end, whatever the size says:
    // sysfs says 4096.
    const size = this.portionOf(source.readableHighWaterMark)
    if ((source.bytesRead - this.#bytes) % size !== 0) return 'empty'
    this.#isReal ||= this.#fs.isReal(source.fd)
    return this.#isReal ? null : 'patched-fs'
  }

  /** Begins a native stretch. Returns why not, or null. */
  #begin(destination) {
    const source = this.#source
    const response = destination instanceof http.ServerResponse ? destination : null

    const { reason, id: survey, position, available, isCold } = surveyOf(source)
    if (reason !== null) return reason
    if (available === 0) {
      // Files of size 0 may still have something to read (/proc).
      if (this.#bytes === 0) return 'empty'
      source.push(null)
      return null
    }
    if (this.#isEarly()) return EARLY
    // A read of Node's own finds out whether the disk can be read at all
    // before the client is told that it can, and fills the memory.
    if (isCold && source.bytesRead === 0) return 'cold'

    if (response === null) {
      return this.#send({ survey, socket: destination, position, length: available })
    }
    // Asked before, because who wants to see the headers may do so once.
    const isWatched = isHeard(response)
    let header
    try {
      header = takeHeader(response)
    } catch {
      // Node throws it from the first write, and so it will.
      return 'header-error'
    }
    // writeHead has seen the status by now.
    if (!response._hasBody) return 'no-body'
    if (!isKnown(response)) return 'framing-unknown'
    // Code that wants to see the headers may have changed anything.
    if (isWatched) {
      const obstacle =
        obstacleOfSource(source, this.#ondata) ??
        obstacleOfDestination(response) ??
        passingObstacleOf(source)
      if (obstacle !== null) return obstacle
    }
    const length = Math.min(available, bytesOwed(response))
    return this.#send({ survey, socket: response.socket, response, header, position, length })
  }

  #send({ survey, socket, response = null, header = '', position, length }) {
    const source = this.#source
    // The whole Content-Length is out: the rest of the file is nobody's.
    if (length === 0 && header === '') {
      this.#finish(socket, response, PUSHED)
      return null
    }
    const { pace } = this.#way
    const chunk = response?.chunkedEncoding ? (pace?.portion ?? CHUNK) : 0
    const owed = response === null ? Infinity : bytesOwed(response)
    if (response !== null) markHeaderSent(response, header)
    const { fd } = socket._handle
    let begun
    try {
      begun = native.begin(survey, fd, source.fd, position, length, chunk, header, pace?.rate ?? 0)
    } catch {
      // A panic; nothing is known to be sent.
      this.#excludedBecause = 'file-error'
      if (response !== null) unmarkHeaderSent(response, header)
      return 'file-error'
    }
    this.#report.engine = engineName
    source._readableState.dataEmitted = true
    socket._unrefTimer()
    if (typeof begun === 'number') {
      this.#count(socket, length, Math.abs(begun))
      this.#credit({ credited: 0 }, length)
      this.#finish(socket, response, begun < 0 ? CORKED : chunk === 0 ? PUSHED : HELD_BACK)
      return null
    }
    if (begun.id !== 0) {
      this.#watch(begun.id, socket, response, owed)
      return null
    }
    return this.#stuck(begun, { socket, response, header, length })
  }

  /** Too few descriptors to go on natively. */
  #stuck({ sent, wire, rest, syscall }, { socket, response, header, length }) {
    if (wire === 0) {
      if (response !== null) unmarkHeaderSent(response, header)
      return 'no-descriptors'
    }
    this.#count(socket, sent, wire)
    if (rest) {
      // What is left is little, and in its framing: Node queues it.
      this.#credit({ credited: 0 }, length)
      socket.write(rest)
      this.#finish(socket, response, PUSHED)
      return null
    }
    this.#credit({ credited: 0 }, sent)
    if (response === null) return 'no-descriptors'
    this.#cut(socket, syscall)
    return null
  }

  /** All is sent, or waits in the socket: ends the source. */
  #finish(socket, response, state) {
    if (state !== PUSHED || (response !== null && bytesOwed(response) < Infinity)) {
      // Node's listener of 'end' ends the response; only then is it known what
      // it owes.
      this.#lastPacket = new LastPacket(socket, response, state)
      if (!this.#source.autoClose) this.#source.once('end', () => this.#settle())
    }
    this.#source.push(null)
  }

  /** 'end' was emitted, or never will be. */
  #settle(error) {
    const isShort = this.#lastPacket?.settle()
    this.#lastPacket = null
    this.observer.end(error, isShort)
  }

  /** Leaves a stretch to the pump. */
  #watch(id, socket, response, owed) {
    this.#way.begin(this)
    this.#run = new Stretch(id, { socket, response, owed }, (...end) => this.#onEnd(...end))
    this.observer.hold()
  }

  #onEnd(completion, told) {
    const run = this.#run
    const { socket, response } = run
    const source = this.#source
    this.#run = null
    this.#way.end()
    this.#report.engine = completion.engine
    run.forget()
    this.#count(socket, completion.sent, completion.wire, told)
    this.#credit(run, completion.sent)

    const goesOn = this.#judge(completion, socket, response)
    if (isEndedShort(run, completion.sent)) socket.destroy()
    run.release()
    this.observer.release()
    if (!goesOn || source.destroyed) return
    const isComplete = completion.outcome === 'complete'
    if (isComplete && source.bytesRead > source.end - (source.start ?? 0)) {
      this.#finish(socket, response, PUSHED)
    } else if (!isComplete && this.#isEnded(response ?? socket)) {
      this.#isDeferred = true
    } else {
      source._read(source.readableHighWaterMark)
    }
  }

  /** True for one that takes what comes before its end: to Node it is full. */
  #isEnded(destination) {
    return destination.writableEnded && this.#source._readableState.pipes[0] === destination
  }

  /** Handles what went wrong. Returns whether the source may read on. */
  #judge({ outcome, errno, syscall }, socket, response) {
    if (outcome === 'truncated' && response !== null) {
      this.#cut(socket, 'the file ended')
      return false
    }
    if (outcome === 'failed' && syscall === 'write') {
      socket.destroy(socketError(-errno, 'write'))
    } else if (outcome === 'failed') {
      // The read that JavaScript does next fails in Node's own way.
      this.#excludedBecause = 'file-error'
      this.observer.fault = fsError(-errno, syscall)
      if (response !== null) socket.destroy()
    }
    return true
  }

  /**
   * The response has part of a chunk, or less than its Content-Length, and
   * nobody can complete it. Its connection must end. Node would not report an
   * error here, so one that nobody listens for must not end the process.
   */
  #cut(socket, what) {
    socket.destroy()
    this.#fail('ERR_MILLRACE_CUT_SHORT', what)
  }

  #fail(code, what, callback) {
    const source = this.#source
    const error = incomplete(code, source.bytesRead, what)
    this.observer.fault = error
    const isHeard = source.listenerCount('error') > 0
    source.destroy(isHeard ? error : undefined, callback)
  }

  #watchForStall() {
    const source = this.#source
    this.#stallWatch ??= new StallWatch(source, {
      timeout: this.#stallTimeout,
      sent: () => source.bytesRead + (this.#run?.sent() ?? 0),
      onStall: () => {
        const pipes = [...source._readableState.pipes]
        if (this.#run !== null) this.#credit(this.#run, this.#run.sent())
        // The first of the two that ends says why, to who listens to both.
        const release = () => pipes.forEach((destination) => destination.destroy())
        this.#fail('ERR_MILLRACE_STALLED', `no progress for ${this.#stallTimeout} ms`, () =>
          process.nextTick(release),
        )
      },
    })
  }

  #count(socket, sent, wire, told) {
    this.#bytes += sent
    this.observer.sent(this.#report.engine, sent, told)
    addBytesWritten(socket, wire)
  }

  /** Moves the source to where a stretch has sent `sent` bytes. */
  #credit(run, sent) {
    const count = sent - run.credited
    run.credited = sent
    if (this.#source.pos !== undefined) this.#source.pos += count
    this.#source.bytesRead += count
  }
}

module.exports = { Transfer }
