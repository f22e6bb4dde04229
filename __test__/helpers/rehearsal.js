'use strict'

// Carries out a schedule: one transfer, with all that is to happen to it.

const { once } = require('node:events')
const fs = require('node:fs')
const http = require('node:http')
const net = require('node:net')
const { Writable, pipeline } = require('node:stream')

const { Client } = require('./client.js')
const { bytes, descriptorsOn, makeFile, newPath } = require('./files.js')
const { listen, until } = require('./server.js')
const { ACTIONS, NEEDS_CLIENT, turnsOf } = require('./steps.js')

/** A transfer that is not over by then hangs. */
const PATIENCE = 20_000

// Letters only, so that an encoding changes no byte, and that what is written
// in between (`<1>`) can be told from the file.
const CONTENT = bytes(3.5 * 2 ** 20, 11).map((byte) => 97 + (byte % 26))
const next = makeFile(5000, 4)

const fileOfSize = new Map()

/** A file with the first bytes of CONTENT. */
function fileOf(size) {
  if (!fileOfSize.has(size)) {
    const file = newPath(`${size}.txt`)
    fs.writeFileSync(file, CONTENT.subarray(0, size))
    fileOfSize.set(size, file)
  }
  return fileOfSize.get(size)
}

/** Servers of every kind, whose handler is the schedule's that is carried out. */
async function openStage(t) {
  const stage = { onDestination: null, addresses: {} }
  const onRequest = (request, response) => stage.onDestination(response, request)
  const onConnection = (socket) => stage.onDestination(socket)
  for (const [transport, address] of [
    ['tcp', () => undefined],
    ['unix', () => ({ path: newPath('socket') })],
  ]) {
    const web = http.createServer({ keepAliveTimeout: 60_000 }, onRequest)
    const plain = net.createServer(onConnection)
    stage.addresses[transport] = {
      http: (await listen(t, web, address())).address,
      net: (await listen(t, plain, address())).address,
    }
  }
  return stage
}

/** One schedule on one implementation. */
class Rehearsal {
  #schedule
  #stage
  #implementation
  #log = { source: [], destination: [], pipeline: [], iterator: [], second: [] }
  #written = 0
  #others = []
  #controller = new AbortController()
  #isStarted
  #started = new Promise((resolve) => {
    this.#isStarted = resolve
  })
  #isOver = false
  #overListeners = []
  client = null
  source = null
  destination = null
  socket = null

  constructor(schedule, stage, implementation) {
    this.#schedule = schedule
    this.#stage = stage
    this.#implementation = implementation
  }

  /** Carries it out. Returns what can be told of it afterwards. */
  async run() {
    const { framing, transport, size } = this.#schedule
    const isHttp = framing !== 'socket'
    this.#stage.onDestination = (destination, request) => {
      if (request?.url === '/next') {
        this.#implementation.createReadStream(next.file).pipe(destination)
      } else {
        this.#start(destination)
        this.#isStarted()
      }
    }
    const client = new Client(this.#stage.addresses[transport][isHttp ? 'http' : 'net'])
    this.client = client
    client.socket.on('error', () => {})
    await once(client.socket, 'connect')
    if (isHttp) client.get('/')
    const played = this.#play()
    const received = this.#receive()
    try {
      await this.#bounded(Promise.all([received, played, this.#over()]))
      const response = await received
      const file = fileOf(size)
      await until(() => descriptorsOn(file) === 0, 'the descriptors to be closed')
      return { ...response, next: await this.#bounded(this.#next(response)), log: this.#log }
    } finally {
      client.destroy()
      this.source?.destroy()
      this.socket?.destroy()
    }
  }

  async #bounded(promise) {
    let timer
    const late = new Promise((resolve, reject) => {
      timer = setTimeout(() => reject(new Error(`it hangs: ${this.#describe()}`)), PATIENCE)
    })
    return Promise.race([promise, late]).finally(() => clearTimeout(timer))
  }

  #describe() {
    const { source, destination, client, socket } = this
    return JSON.stringify({
      log: this.#log,
      step: this.#stepNow,
      source: source && {
        bytesRead: source.bytesRead,
        flowing: source.readableFlowing,
        length: source.readableLength,
        destroyed: source.destroyed,
        ended: source.readableEnded,
        transfer: source.transfer,
        pipes: source._readableState.pipes.length,
      },
      destination: destination && {
        ended: destination.writableEnded,
        finished: destination.writableFinished,
        destroyed: destination.destroyed,
        needDrain: destination.writableNeedDrain,
        length: destination.writableLength,
      },
      socket: socket && {
        own: Object.keys(socket).includes('_final'),
        destroyed: socket.destroyed,
      },
      client: { bytesRead: client.socket.bytesRead, isPaused: client.socket.isPaused() },
    })
  }

  /** The bytes that the client is to get of the file. */
  get expected() {
    const { size, options } = this.#schedule
    return CONTENT.subarray(options.start ?? 0, Math.min(size, (options.end ?? Infinity) + 1))
  }

  #start(destination) {
    const { size, options, framing, pipe, header, steps } = this.#schedule
    this.destination = destination
    this.socket = destination.socket ?? destination
    const hasSignal = steps.some(({ action }) => action === 'abort-signal')
    const source = this.#implementation.createReadStream(fileOf(size), {
      ...options,
      ...(hasSignal && { signal: this.#controller.signal }),
    })
    this.source = source
    this.#record(source, destination)

    const earlier = header === 'earlier' ? '<earlier>' : ''
    if (framing === 'length') {
      const inserts = this.#inserts().map((text) => text.length)
      const length = inserts.reduce((sum, count) => sum + count, 0) + earlier.length
      destination.setHeader('Content-Length', Math.max(0, this.expected.length) + length)
    }
    if (framing !== 'socket') {
      if (header === 'write-head') destination.writeHead(206, { 'X-A': 'b' })
      if (header === 'flush') destination.flushHeaders()
    }
    if (earlier) destination.write(earlier)

    source.on('end', () => {
      while (this.#written < this.#inserts().length) this.#insert()
    })
    if (pipe === 'pipeline') {
      pipeline(source, destination, (error) => this.#log.pipeline.push(error?.code ?? 'done'))
    } else {
      source.pipe(destination, this.#pipeOptions())
      if (pipe === 'pipe-open') source.on('end', () => destination.end())
    }
  }

  #pipeOptions() {
    return { end: this.#schedule.pipe === 'pipe' }
  }

  #inserts() {
    const writes = this.#schedule.steps.filter(({ action }) => action === 'write')
    return writes.map((_, i) => `<${i}>`)
  }

  #insert() {
    this.destination.write(this.#inserts()[this.#written])
    this.#written += 1
  }

  #record(source, destination) {
    const note = (emitter, name, event) =>
      emitter.on(event, (argument) =>
        this.#log[name].push(event === 'error' ? `error ${argument.code}` : event),
      )
    for (const event of ['open', 'ready', 'end', 'error', 'close']) note(source, 'source', event)
    for (const event of ['pipe', 'unpipe', 'finish', 'error', 'close']) {
      note(destination, 'destination', event)
    }
    let open = 2
    const closed = () => {
      open -= 1
      if (open > 0) return
      this.#isOver = true
      for (const listener of this.#overListeners.splice(0)) listener()
    }
    source.on('close', () => {
      closed()
      if (!source.readableEnded && !destination.writableEnded) this.#finishDestination()
    })
    destination.on('close', () => {
      closed()
      // Node would leave it open.
      setImmediate(setImmediate, () => source.destroy())
    })
  }

  /** The source is gone before its end. */
  #finishDestination() {
    const { framing, pipe } = this.#schedule
    if (pipe === 'pipeline') return
    if (framing === 'length') this.destination.destroy()
    else this.destination.end()
  }

  #over() {
    if (this.#isOver) return Promise.resolve()
    return new Promise((resolve) => {
      this.#overListeners.push(resolve)
    })
  }

  async #receive() {
    const { client } = this
    if (this.#schedule.framing === 'socket') {
      const { body } = await client.rest()
      client.socket.end()
      return { body, complete: client.inbox.error === null }
    }
    try {
      const { body, complete, garbage } = await client.response()
      if (!complete) client.destroy()
      return { body, complete, garbage }
    } catch {
      return { body: Buffer.alloc(0), complete: false, garbage: null }
    }
  }

  /** The next response on the same connection, if there can be one. */
  async #next({ complete }) {
    const isGone = this.socket.destroyed || this.client.socket.destroyed
    if (this.#schedule.framing === 'socket' || !complete || isGone) return null
    this.client.get('/next')
    try {
      const { body } = await this.client.response()
      return body.equals(next.content)
    } catch {
      return 'none'
    }
  }

  #stepNow = null

  async #play() {
    const { steps, isStrict } = this.#schedule
    await this.#started
    for (const step of steps) {
      this.#stepNow = step
      await Promise.race([this.#moment(step.at), this.#over()])
      if (this.#isOver) break
      const { action } = step
      const done = ACTIONS[action](this, step)
      if (isStrict && NEEDS_CLIENT.has(action)) {
        this.client.socket.resume()
        await Promise.race([done, this.#over()])
        this.client.socket.pause()
        // Node takes a listener of 'readable' away a tick later; within that
        // tick a stream is neither the one nor the other.
        await turnsOf(2)
      }
      await Promise.race([done, this.#over()])
      this.client.socket.resume()
    }
    this.client.socket.resume()
  }

  /** Waits for a moment. At a number of bytes, a strict client stands still. */
  async #moment({ bytes: count, ticks, turns, milliseconds, event }) {
    const { socket } = this.client
    if (count !== undefined) {
      while (socket.bytesRead < count) await once(socket, 'data')
      if (this.#schedule.isStrict) socket.pause()
    }
    for (let i = 0; i < ticks; i += 1) await new Promise(process.nextTick)
    if (turns !== undefined) await turnsOf(turns)
    if (milliseconds !== undefined) {
      await new Promise((resolve) => {
        setTimeout(resolve, milliseconds)
      })
    }
    if (event !== undefined) {
      const emitter = event.includes('pipe') ? this.destination : this.source
      await new Promise((resolve) => {
        emitter.once(event, resolve)
        setTimeout(resolve, 20)
      })
    }
  }

  get log() {
    return this.#log
  }

  get isDone() {
    return this.source.readableEnded || this.source.destroyed
  }

  /** Another destination, which gets what comes from now on. */
  pipeToAnother() {
    if (this.isDone) return
    const { expected } = this
    const parts = []
    const sink = new Writable({
      write(part, encoding, callback) {
        parts.push(Buffer.from(part))
        callback()
      },
    })
    sink.on('finish', () => {
      const seen = Buffer.concat(parts)
      // A finished second destination got the rest of the file.
      this.#log.second.push(expected.subarray(expected.length - seen.length).equals(seen))
    })
    this.#others.push(sink)
    this.source.pipe(sink)
  }

  unpipe(isAll) {
    // Another destination would go on without this one.
    if (isAll || this.#others.length > 0) this.source.unpipe()
    else this.source.unpipe(this.destination)
  }

  pipeAgain() {
    for (const other of this.#others) this.source.pipe(other)
    this.source.pipe(this.destination, this.#pipeOptions())
  }

  write() {
    if (this.destination.writableEnded || this.destination.destroyed || this.isDone) return
    this.#insert()
  }

  reset() {
    // A Unix socket knows no reset, and Node never closes one that was ended.
    const isPossible = this.#schedule.transport === 'tcp' && !this.socket.writableEnded
    if (isPossible) this.socket.resetAndDestroy()
    else this.socket.destroy()
  }

  abort() {
    this.#controller.abort()
  }
}

module.exports = { Rehearsal, openStage }
