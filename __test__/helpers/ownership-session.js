'use strict'

// One connection of a stress run, both of its sides.

const net = require('node:net')

const { Job, resetOf } = require('./ownership-job.js')
const { EXPLAINED } = require('./ownership-plan.js')
const { until } = require('./server.js')
const { describeBytes, taggedBytes } = require('./tagged.js')
const { Expected, HttpCheck, RawCheck } = require('./wire-check.js')

/** A connection that is not over by then hangs. */
const PATIENCE = 30_000

class Session {
  #plan
  #stage
  #noted = new Set()
  #timers = new Set()
  #failure = null
  #settle
  #settled = new Promise((resolve) => {
    this.#settle = resolve
  })
  /** The connection may end at any byte. */
  isCut = false
  isOver = false
  jobs = []
  client = null

  constructor(plan, stage) {
    this.#plan = plan
    this.#stage = stage
  }

  /** Resolves when all is over; throws what is wrong. */
  async run() {
    const timer = setTimeout(() => this.fail(new Error(`it hangs: ${this.#describe()}`)), PATIENCE)
    try {
      if (this.#plan.kind === 'echo') this.#echo()
      else this.#download()
      await this.#settled
    } finally {
      clearTimeout(timer)
      this.client.destroy()
    }
    if (this.#failure !== null) throw this.#failure
    this.#stage.churn.now()
    this.isOver = true
    for (const job of this.jobs) {
      const { socket } = job
      if (socket !== null) await until(() => socket.closed, `${job.id}: its socket to close`)
      await job.close(until)
      this.#stage.leave(job)
    }
    for (const cancel of this.#timers) cancel()
    if (this.#failure !== null) throw this.#failure
  }

  fail(error) {
    this.#failure ??= error
    this.#settle()
  }

  after(milliseconds, callback) {
    const timer = setTimeout(() => {
      this.#timers.delete(cancel)
      if (!this.isOver) callback()
    }, milliseconds)
    const cancel = () => clearTimeout(timer)
    this.#timers.add(cancel)
  }

  /** Listens for the errors of an emitter. */
  note(emitter) {
    if (this.#noted.has(emitter)) return
    this.#noted.add(emitter)
    emitter.on('error', (error) => {
      const isExplained =
        EXPLAINED.has(error.code) &&
        (this.isCut || this.isOver || this.jobs.some(({ isHurt }) => isHurt))
      if (!isExplained) this.fail(error)
    })
  }

  #connect(kind) {
    const address = this.#stage.addressOf(kind, this.#plan)
    const client = net.connect({ allowHalfOpen: true, ...address })
    this.client = client
    this.note(client)
    return client
  }

  #download() {
    const { kind, jobs } = this.#plan
    const expected = jobs.map((plan, i) => {
      const job = new Job(this, this.#stage, plan)
      job.id = this.#stage.enter(job, i)
      this.jobs.push(job)
      const wanted = new Expected({
        id: job.id,
        parts: job.parts,
        hasBody: plan.method === 'GET',
      })
      wanted.mayBeShort = () => job.isHurt || this.isCut
      wanted.onProgress = () => job.onProgress(wanted.received)
      return wanted
    })
    const check = kind === 'http' ? new HttpCheck(expected) : new RawCheck(expected)
    const client = this.#connect(kind)
    const asked = this.#ask(client, expected)
    client.on('data', (bytes) => {
      try {
        check.write(bytes)
        this.#stage.countBytes(bytes.length)
        asked()
        if (check.isDone) this.#leave()
      } catch (error) {
        this.fail(error)
      }
    })
    const end = () => {
      try {
        check.end()
        if (!check.isDone && !this.isCut) throw new Error('the connection ended too early')
      } catch (error) {
        this.fail(error)
      }
      this.#settle()
    }
    client.on('end', end)
    client.on('close', end)
  }

  /** Sends the requests. Returns what is to be called when bytes have come. */
  #ask(client, expected) {
    const { kind, isPipelined, jobs } = this.#plan
    if (kind === 'raw') {
      client.write(`${this.jobs[0].id}\n`)
      return () => {}
    }
    const requests = jobs.map(({ method, framing }, i) => {
      const version = framing === 'close' ? '1.0' : '1.1'
      return `${method} /${this.jobs[i].id} HTTP/${version}\r\nHost: test\r\n\r\n`
    })
    if (isPipelined) {
      client.write(requests.join(''))
      return () => {}
    }
    client.write(requests.shift())
    let answered = 0
    return () => {
      while (expected[answered]?.isComplete) {
        answered += 1
        if (requests.length > 0 && client.writable) client.write(requests.shift())
      }
    }
  }

  #leave() {
    const { client } = this
    this.isCut = true
    if (this.#plan.ending === 'end') client.end()
    else if (this.#plan.ending === 'reset') resetOf(client)
    else client.destroy()
    this.#settle()
  }

  /** Bytes there and back again, and nobody else's. */
  #echo() {
    const { lengths, number, isLeft } = this.#plan
    const client = this.#connect('echo')
    const total = lengths.reduce((sum, length) => sum + length, 0)
    const content = taggedBytes('E', number, total)
    let sent = 0
    let received = 0
    const send = () => {
      const length = lengths.shift()
      client.write(content.subarray(sent, sent + length))
      sent += length
    }
    client.on('data', (bytes) => {
      if (!bytes.equals(content.subarray(received, received + bytes.length))) {
        this.fail(new Error(`echo ${number}: at byte ${received} came ${describeBytes(bytes)}`))
        return
      }
      received += bytes.length
      if (received < sent) {
        if (isLeft) this.#leave()
      } else if (lengths.length > 0) send()
      else this.#leave()
    })
    client.on('close', () => {
      if (!this.isCut) this.fail(new Error(`echo ${number}: it was closed by someone else`))
      this.#settle()
    })
    send()
  }

  #describe() {
    return JSON.stringify(
      this.jobs.map(({ id, source, destination, isHurt }) => ({
        id,
        isHurt,
        isCut: this.isCut,
        source: source && {
          bytesRead: source.bytesRead,
          destroyed: source.destroyed,
          flowing: source.readableFlowing,
          ended: source.readableEnded,
          transfer: source.transfer,
        },
        destination: destination && {
          ended: destination.writableEnded,
          destroyed: destination.destroyed,
          hasSocket: destination.socket !== null,
        },
      })),
    )
  }
}

module.exports = { Session }
