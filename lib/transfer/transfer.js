'use strict'

// A ReadStream's native side. The stream stays Node's: `pipe()` attaches
// Node's listeners, and Node asks the stream to read. Where it asks, the
// transfer may take the read over: instead of one chunk it sends what is left
// of the file, and answers the read when that is done or undone. So a running
// transfer is, to Node's machinery, a read that takes long, and to undo it at
// any byte means to answer with the next chunk after all.
//
// How the bytes go is the business of a way: into a socket, or into a file.

const { incomplete } = require('../errors.js')
const { writeFsOf } = require('../native-write-fs.js')
const { disabledBecause } = require('../native.js')
const { obstacleOf: obstacleOfDestination } = require('./destination.js')
const { Observer } = require('./observer.js')
const { Pace } = require('./pace.js')
const { Report, isPassing } = require('./report.js')
const { Route } = require('./route.js')
const { mayHoldChunk, obstacleOf: obstacleOfSource, passingObstacleOf } = require('./source.js')
const { StallWatch } = require('./stall-watch.js')
const { surveyOf } = require('./survey.js')
const { ToFile } = require('./to-file.js')
const { ToSocket } = require('./to-socket.js')

/** Not a reason: the read will be repeated when its time has come. */
const EARLY = Symbol('early')

class Transfer {
  #fs
  #excludedBecause
  #report = new Report()
  /** Bytes of the file sent by the stretches that ended. */
  #bytes = 0
  /** The stretch that the pump carries, and its way. */
  #run = null
  #runsOn = null
  /** A read that waits for the destination to drain, or to finish. */
  #isDeferred = false
  #toSocket = null
  #toFile = null
  /** Pipe's listener of 'data'. */
  #ondata = null
  /** The descriptor has been seen to be the kernel's. */
  #isReal = false
  /** Milliseconds; 0 for any time. */
  #stallTimeout = 0
  #stallWatch = null
  /** Of the source itself, or null. */
  #pace = null
  #route

  /**
   * @param {import('../read-stream.js').ReadStream} source
   * @param {string | null} excludedBecause why it can never be native
   * @param {import('../native-fs.js').NativeFs | null} fs what it opens and
   *   reads with; null for one that can never be native
   * @param {{ bytesPerSecond: number, stallTimeout: number } | null} limits
   */
  constructor(source, excludedBecause, fs, limits) {
    this.source = source
    /** Hears of what begins and ends. */
    this.observer = new Observer(source, this)
    this.#fs = fs
    this.#excludedBecause = disabledBecause ?? excludedBecause
    const { bytesPerSecond = Infinity, stallTimeout = 0 } = limits ?? {}
    if (bytesPerSecond !== Infinity) this.#pace = new Pace(bytesPerSecond)
    this.#stallTimeout = stallTimeout
    this.#route = new Route(this.#pace, stallTimeout > 0)
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
   * Puts a read off to the next tick, if Node may have to hand a chunk on before
   * what would be sent natively.
   * @param {(source: object, size: number) => void} read
   * @param {number} size
   * @returns {boolean} false: read now
   */
  putOff(read, size) {
    const { source } = this
    const isPiped = source._readableState.pipes.length === 1
    if (!isPiped || this.#excludedBecause !== null || !mayHoldChunk(source)) return false
    process.nextTick(() => {
      try {
        if (!source.destroyed) read(source, size)
      } catch (error) {
        // As where Node calls it.
        source.destroy(error)
      }
    })
    return true
  }

  /**
   * Takes over the read that Node asks of the source, if that can be done
   * natively now, or once the destination has drained, or the read is due.
   * @returns {boolean} false: read in JavaScript
   */
  take() {
    const { source } = this
    // Someone has pushed bytes of their own into the source: to Node that answers
    // the read that a stretch has, which is going to answer the next one.
    if (this.#run !== null) return true
    if (this.#stallTimeout > 0) this.#watchForStall()
    const [piped] = source._readableState.pipes
    this.#pace?.account(source.bytesRead, piped?._hasBody === false)
    const { destination, isBusy } = this.#route.look(piped)
    const obstacleOfOthers = () =>
      this.#obstacleOfFile() ??
      obstacleOfDestination(destination) ??
      (isBusy ? 'destination-busy' : null)
    const reason =
      this.#excludedBecause ?? this.obstacleBefore(obstacleOfOthers) ?? this.#begin(destination)
    if (reason === EARLY) return true
    // Node reads ahead while the destination is full. What is in its buffer
    // then keeps the rest in JavaScript, so nothing is read ahead.
    this.#isDeferred = isPassing(reason) && this.#waitsFor(piped, reason)
    if (this.#isDeferred) return true
    this.#report.note(reason)
    return reason === null || this.#isEarly()
  }

  #waitsFor(piped, reason) {
    if (this.source._readableState.awaitDrainWriters === piped) return true
    const isWaiting = reason === 'not-open' && writeFsOf(piped).isOpening
    if (isWaiting) writeFsOf(piped).whenOpen(() => this.#readDeferred())
    return isWaiting
  }

  /** What forbids a stretch now, the source's first and the passing last. */
  obstacleBefore(obstacleOfOthers) {
    return (
      obstacleOfSource(this.source, this.#ondata) ??
      obstacleOfOthers() ??
      passingObstacleOf(this.source)
    )
  }

  #isEarly() {
    const { source } = this
    return this.#pace?.isEarly(() => source._read(source.readableHighWaterMark)) === true
  }

  /** How much of `size` bytes JavaScript is to read now. */
  portionOf(size) {
    const portion = this.#portionOf(size)
    return this.#toSocket?.portionOf(portion) ?? portion
  }

  #portionOf(size) {
    return Math.min(size, this.#pace?.portion ?? size)
  }

  /** The source flows again, perhaps because its destination has drained. */
  resume() {
    if (this.#isDeferred) process.nextTick(() => this.#readDeferred())
  }

  #readDeferred() {
    if (!this.#isDeferred || this.source.destroyed) return
    this.#isDeferred = false
    this.source._read(this.source.readableHighWaterMark)
  }

  /**
   * Undoes a running stretch: it stops as soon as a writer may go on, and the
   * source reads on in JavaScript from there.
   */
  stop() {
    if (this.#isDeferred) process.nextTick(() => this.#readDeferred())
    this.#run?.stop()
    this.#toSocket?.push()
  }

  /** The source is being destroyed, by whomever, at its end or before. */
  detach(error) {
    if (this.#run !== null) {
      this.credit(this.#run.sent(), this.#run)
      this.stop()
    }
    this.settle(error)
    this.#stallWatch?.stop()
    this.#pace?.stop()
  }

  /** 'end' was emitted, or never will be. */
  settle(error) {
    this.observer.end(error, this.#toSocket?.settle())
  }

  #obstacleOfFile() {
    const { source } = this
    // A read of Node's that was not full met the end, whatever the size says:
    // sysfs says 4096.
    const size = this.#portionOf(source.readableHighWaterMark)
    if ((source.bytesRead - this.#bytes) % size !== 0) return 'empty'
    this.#isReal ||= this.#fs.isReal(source.fd)
    return this.#isReal ? null : 'patched-fs'
  }

  /** Begins a native stretch. Returns why not, or null. */
  #begin(destination) {
    const survey = surveyOf(this.source)
    if (survey.reason !== null) return survey.reason
    if (survey.available === 0) {
      this.#intoSocket().leave(destination)
      // Files of size 0 may still have something to read (/proc).
      if (this.#bytes === 0) return 'empty'
      this.source.push(null)
      return null
    }
    if (this.#isEarly()) return EARLY
    if (writeFsOf(destination) !== undefined) {
      this.#toFile ??= new ToFile(this)
      return this.#toFile.begin(destination, survey)
    }
    const before = this.#bytes
    const reason = this.#intoSocket().begin(destination, survey)
    if (this.#run === null && this.#bytes > before) this.#route.end(this.#bytes - before)
    return reason
  }

  #intoSocket() {
    this.#toSocket ??= new ToSocket(this)
    return this.#toSocket
  }

  // What follows is for the ways.

  /** How fast a stretch may go, or null. */
  get pace() {
    return this.#route.pace
  }

  /** Nothing is native from now on. */
  exclude(reason) {
    this.#excludedBecause = reason
  }

  /** An engine has begun to move bytes. */
  begun(engine) {
    this.#report.engine = engine
    this.source._readableState.dataEmitted = true
  }

  /** Leaves a stretch, which `make` makes, to the pump. */
  carry(make, way) {
    this.#runsOn = way
    this.#route.begin(this)
    this.#run = make((...end) => this.#onEnd(...end))
    this.observer.hold()
  }

  /** Counts bytes of the file that were sent. */
  count(sent, told) {
    this.#bytes += sent
    this.observer.sent(this.#report.engine, sent, told)
  }

  /** Moves the source to where it, or a stretch, has sent `sent` bytes. */
  credit(sent, run = { credited: 0 }) {
    const count = sent - run.credited
    run.credited = sent
    if (this.source.pos !== undefined) this.source.pos += count
    this.source.bytesRead += count
  }

  /** Ends the source, with an error if someone listens for it. */
  fail(code, what, callback) {
    const { source } = this
    const error = incomplete(code, source.bytesRead, what)
    this.observer.fault = error
    const isHeard = source.listenerCount('error') > 0
    source.destroy(isHeard ? error : undefined, callback)
  }

  #onEnd(completion, told) {
    const run = this.#run
    const { source } = this
    this.#run = null
    this.#route.end(completion.sent)
    this.#report.engine = completion.engine
    const goesOn = this.#runsOn.ended(run, completion, told)
    run.release()
    this.observer.release()
    if (!goesOn || source.destroyed) return
    const isComplete = completion.outcome === 'complete'
    if (isComplete && source.bytesRead > source.end - (source.start ?? 0)) {
      this.#runsOn.complete(run)
    } else if (!isComplete && this.#isEnded(run.destination)) {
      this.#isDeferred = true
    } else {
      source._read(source.readableHighWaterMark)
    }
  }

  /**
   * True while a destination that was ended meanwhile, or a file that was
   * destroyed, takes what comes before its end: to Node it would be full.
   */
  #isEnded(destination) {
    const isEnded =
      destination.writableEnded || (destination.destroyed && this.#runsOn === this.#toFile)
    return isEnded && this.source._readableState.pipes[0] === destination
  }

  #watchForStall() {
    const { source } = this
    this.#stallWatch ??= new StallWatch(source, {
      timeout: this.#stallTimeout,
      sent: () => source.bytesRead + (this.#run?.sent() ?? 0),
      onStall: () => {
        const pipes = [...source._readableState.pipes]
        if (this.#run !== null) this.credit(this.#run.sent(), this.#run)
        // The first of the two that ends says why, to who listens to both.
        const release = () => pipes.forEach((destination) => destination.destroy())
        this.fail('ERR_MILLRACE_STALLED', `no progress for ${this.#stallTimeout} ms`, () =>
          process.nextTick(release),
        )
      },
    })
  }
}

module.exports = { Transfer }
