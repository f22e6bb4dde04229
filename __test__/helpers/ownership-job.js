'use strict'

// The server's side of one request, or of one plain connection: files that are
// piped into it, and what happens to them.

const fs = require('node:fs')
const { pipeline } = require('node:stream')

const { createReadStream } = require('../..')
const { CUTTING, HURTING } = require('./ownership-plan.js')
const { turnsOf } = require('./steps.js')

const ignore = () => {}

function enough() {
  return Object.assign(new Error('enough'), { code: 'ENOUGH' })
}

class Job {
  #session
  #stage
  #plan
  #controller = null
  #waiting = []
  #isClosed = false
  /** { source, isOver } of every segment that was opened. */
  opened = []
  /** A source was destroyed before its end. */
  isHurt = false
  destination = null
  socket = null
  request = null
  source = null

  constructor(session, stage, plan) {
    this.#session = session
    this.#stage = stage
    this.#plan = plan
  }

  /** The bytes that the client is to get. */
  get parts() {
    return this.#plan.segments.map(({ file, start = 0, end = Infinity }) =>
      this.#stage.files[file].content.subarray(start, end + 1),
    )
  }

  /** The client has so many bytes of the body. */
  onProgress(received) {
    for (const step of this.#waiting.splice(0)) {
      if (received < step.at.bytes) this.#waiting.push(step)
      else this.#take(step)
    }
  }

  serve(destination, request = null) {
    if (this.#session.isOver) {
      // Its client left before it was heard.
      destination.destroy()
      return
    }
    this.destination = destination
    this.request = request
    this.socket = destination.socket ?? request?.socket ?? destination
    for (const emitter of new Set([destination, request, this.socket])) {
      if (emitter !== null) this.#session.note(emitter)
    }
    const { framing, header } = this.#plan
    destination.on('close', () => (this.#isClosed = true))
    if (framing !== 'raw') this.#setHeader(framing, header)
    this.#pipe(0)
    for (const step of this.#plan.steps) this.#schedule(step)
  }

  #setHeader(framing, header) {
    const { destination } = this
    destination.setHeader('X-Id', this.id)
    const size = this.parts.reduce((sum, part) => sum + part.length, 0)
    if (framing === 'length') destination.setHeader('Content-Length', size)
    if (header === 'write-head') destination.writeHead(200)
    if (header === 'flush') destination.flushHeaders()
    if (header !== 'hook') return
    const { writeHead } = destination
    destination.writeHead = (...args) => {
      destination.writeHead = writeHead
      this.act({ action: this.#plan.hook.slice(5), turns: 0 })
      return writeHead.apply(destination, args)
    }
  }

  #pipe(index) {
    const { segments, pipe } = this.#plan
    const isLast = index === segments.length - 1
    const opened = this.#open(segments[index])
    const { source } = opened
    this.source = source
    this.opened.push(opened)
    this.#session.note(source)
    source.on('end', () => {
      // Destroyed at its end, it has closed the descriptor itself.
      if (opened.fd !== null && !source.destroyed) {
        opened.isOver = true
        fs.closeSync(opened.fd)
        this.#stage.churn.now()
      }
      if (!isLast) this.#pipe(index + 1)
      else if (pipe === 'pipe-open') this.destination.end()
    })
    source.on('close', () => {
      opened.isOver = true
      this.#stage.countTransfer(source.transfer)
      if (!source.readableEnded) this.#finish()
    })
    if (pipe === 'pipeline') pipeline(source, this.destination, ignore)
    else source.pipe(this.destination, { end: isLast && pipe === 'pipe' })
  }

  #open({ file, open, start, end, highWaterMark }) {
    const path = this.#stage.files[file].file
    const options = { highWaterMark }
    if (open === 'path') {
      // A signal that was aborted before leaves the file open, as in Node.
      this.#controller = new AbortController()
      const { signal } = this.#controller
      Object.assign(options, { start, end, signal })
      return { source: createReadStream(path, options), isOver: false, fd: null }
    }
    const fd = fs.openSync(path, 'r')
    const isKept = open === 'kept'
    if (open === 'offset') fs.readSync(fd, Buffer.alloc(start), 0, start, null)
    else Object.assign(options, { start, end })
    const source = createReadStream('', { ...options, fd, autoClose: !isKept })
    return { source, isOver: false, fd: isKept ? fd : null }
  }

  /** A source is gone before its end: so is, in some way, its destination. */
  #finish() {
    const { destination } = this
    if (this.#plan.pipe === 'pipeline' || destination.writableEnded) return
    if (this.#plan.framing === 'length') {
      this.#session.isCut = true
      this.#destroyDestination()
    } else destination.end()
  }

  #schedule(step) {
    const { ticks, turns, milliseconds, bytes } = step.at
    const take = () => this.#take(step)
    if (bytes !== undefined) this.#waiting.push(step)
    else if (milliseconds !== undefined) this.#session.after(milliseconds, take)
    else if (turns !== undefined) turnsOf(turns).then(take)
    else {
      let left = ticks
      const tick = () => {
        left -= 1
        if (left < 0) take()
        else process.nextTick(tick)
      }
      tick()
    }
  }

  #take(step) {
    try {
      if (!this.#session.isOver) this.act(step)
    } catch (error) {
      this.#session.fail(error)
    }
  }

  act({ action, turns }) {
    const { source, socket, request } = this
    const { client } = this.#session
    const isRunning = source !== null && !source.destroyed && !source.readableEnded
    if (HURTING.has(action)) {
      // Node's pipeline takes a source that is destroyed between its last byte
      // and its 'end' for one that has ended, and waits for the 'end'.
      const isStuck = this.#plan.pipe === 'pipeline' && source._readableState.ended
      if (!isRunning || isStuck) return
      this.isHurt = true
      if (this.#plan.pipe === 'pipeline') this.#session.isCut = true
    }
    if (CUTTING.has(action)) this.#session.isCut = true
    const actions = {
      pause: () => {
        source.pause()
        // What flows into no pipe is lost.
        turnsOf(turns).then(() => source._readableState.pipes.length > 0 && source.resume())
      },
      unpipe: () => {
        if (isRunning) this.#unpipe(turns)
      },
      data: () => {
        source.on('data', ignore)
        turnsOf(turns).then(() => source.off('data', ignore))
      },
      'pause-client': () => {
        client.pause()
        this.#session.after(turns, () => client.resume())
      },
      churn: () => {},
      'destroy-source': () => source?.destroy(),
      'fail-source': () => source.destroy(enough()),
      abort: () => (this.#controller === null ? source.destroy() : this.#controller.abort()),
      'close-source': () => source.close(),
      'destroy-socket': () => socket.destroy(),
      'reset-socket': () => resetOf(socket),
      'destroy-destination': () => this.#destroyDestination(),
      'fail-destination': () => this.#destroyDestination(enough()),
      'destroy-request': () => (request ?? socket).destroy(),
      'destroy-client': () => client.destroy(),
      'reset-client': () => resetOf(client),
      'end-client': () => client.end(),
    }
    actions[action]()
    if (HURTING.has(action) && this.#plan.pipe === 'pipeline') this.#endIfEarly()
    // In the same tick: whatever was let go of has another owner now.
    this.#stage.churn.now()
  }

  #destroyDestination(error) {
    this.#endIfEarly()
    this.destination.destroy(error)
  }

  /** Node 24 leaves open the connection of a response destroyed before its turn. */
  #endIfEarly() {
    if (this.destination.socket === null) this.socket.destroy()
  }

  #unpipe(turns) {
    const { source, destination } = this
    // Piped twice, a source is written twice.
    if (!source._readableState.pipes.includes(destination)) return
    const isLast = this.opened.length === this.#plan.segments.length
    source.unpipe(destination)
    turnsOf(turns).then(() => {
      if (source.destroyed) return
      source.pipe(destination, { end: isLast && this.#plan.pipe === 'pipe' })
    })
  }

  /** The connection is over: so are, soon, the sources. */
  async close(until) {
    // Nobody else would close what was opened with autoClose: false, what
    // someone reads by a listener, or, as Node has it, what belongs to a
    // response that was never told of its end, because it had no turn.
    const isHeard = this.#plan.steps.some(({ action }) => action === 'data')
    const isAlone = isHeard || !this.#isClosed
    for (const opened of this.opened) {
      const { source } = opened
      const isForgotten = isAlone || opened.fd !== null
      if (isForgotten && !opened.isOver) source.destroy()
      await until(() => opened.isOver, `${this.id}: its source to close`)
    }
  }
}

function resetOf(socket) {
  // A Unix socket knows no reset, and Node never closes one that was ended.
  if (socket.remoteAddress === undefined || socket.writableEnded) socket.destroy()
  else socket.resetAndDestroy()
}

module.exports = { Job, resetOf }
