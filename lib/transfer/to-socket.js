'use strict'

// The way of a transfer into a response or socket: its header, its framing,
// and what becomes of the connection.

const http = require('node:http')

const { fsError, socketError } = require('../errors.js')
const { addBytesWritten } = require('./accounting.js')
const { obstacleOf } = require('./destination.js')
const { native, engineName } = require('./engine.js')
const {
  takeHeader,
  failNextHeader,
  markHeaderSent,
  recognizeHeader,
  bytesToCome,
  unmarkHeaderSent,
  bytesOwed,
  isHeard,
  isKnown,
  isEndedShort,
} = require('./framing.js')
const { LastPacket, PUSHED, HELD_BACK, CORKED } = require('./last-packet.js')
const { SocketStretch } = require('./stretch.js')

/** Size of an HTTP chunk. Larger ones cost less, but a stop waits for an end. */
const CHUNK = 2 ** 20

class ToSocket {
  #transfer
  /** The LastPacket, until 'end' is emitted. */
  #lastPacket = null
  /** What was left to JavaScript: { response, start, base }. */
  #left = null

  /** @param {import('./transfer.js').Transfer} transfer */
  constructor(transfer) {
    this.#transfer = transfer
  }

  /**
   * Begins a native stretch, or makes all of one.
   * @param {import('node:http').ServerResponse | import('node:net').Socket} destination
   * @param {ReturnType<import('./survey.js').surveyOf>} survey
   * @returns {string | null} why not
   */
  begin(destination, { id: survey, position, available, isCold }) {
    const transfer = this.#transfer
    const { source } = transfer
    const response = destination instanceof http.ServerResponse ? destination : null
    // A read of Node's own finds out whether the disk can be read at all
    // before the client is told that it can, and fills the memory.
    if (isCold && source.bytesRead === 0) {
      this.leave(destination)
      return 'cold'
    }
    if (response === null) {
      return this.#send({ survey, socket: destination, position, length: available })
    }
    // Asked before, because who wants to see the headers may do so once.
    const isWatched = isHeard(response)
    let header
    try {
      header = takeHeader(response)
    } catch (error) {
      failNextHeader(response, error)
      return 'header-error'
    }
    // writeHead has seen the status by now.
    if (!response._hasBody) return 'no-body'
    if (!isKnown(response)) return 'framing-unknown'
    // Code that wants to see the headers has run, and may have changed
    // anything.
    if (isWatched) {
      const obstacle = transfer.obstacleBefore(() => obstacleOf(response))
      if (obstacle !== null) return obstacle
    }
    this.#recognize()
    const length = Math.min(available, bytesOwed(response))
    return this.#send({ survey, socket: response.socket, response, header, position, length })
  }

  /**
   * JavaScript begins a body, or finds its end: as much of it is to come as was
   * promised, or the connection ends.
   * @param {import('node:stream').Writable} destination
   */
  leave(destination) {
    const { source } = this.#transfer
    // A relay has bytes of its own on the way.
    const isPiped = source._readableState.pipes[0] === destination
    if (!isPiped || !(destination instanceof http.ServerResponse)) return
    if (this.#left?.response === destination) return
    const { socket, _headerSent: isSent } = destination
    const start = isSent ? null : socket.bytesWritten
    this.#left = { response: destination, start, base: source.bytesRead }
    this.#watchEnd(socket, destination, PUSHED)
  }

  /** Finds out where the body began that was left to JavaScript. */
  #recognize() {
    const { source } = this.#transfer
    if (this.#left === null || this.#left.start === null || source.readableLength !== 0) return
    const { response, start, base } = this.#left
    recognizeHeader(response, start, source.bytesRead - base)
  }

  /** How many of `size` bytes JavaScript may read for the response left to it. */
  portionOf(size) {
    if (this.#left === null) return size
    const { response } = this.#left
    const { pipes } = this.#transfer.source._readableState
    if (!response._hasBody || pipes.length !== 1 || pipes[0] !== response) return size
    this.#recognize()
    return Math.min(size, bytesToCome(response))
  }

  #send({ survey, socket, response = null, header = '', position, length }) {
    const transfer = this.#transfer
    const { source } = transfer
    // The whole Content-Length is out: the rest of the file is nobody's.
    if (length === 0 && header === '') {
      this.#finish(socket, response, PUSHED)
      return null
    }
    const chunk = response?.chunkedEncoding ? (transfer.pace?.portion ?? CHUNK) : 0
    const owed = response === null ? Infinity : bytesOwed(response)
    if (response !== null) markHeaderSent(response, header)
    const { fd } = socket._handle
    let begun
    try {
      const rate = transfer.pace?.rate ?? 0
      begun = native.begin(survey, fd, source.fd, position, length, chunk, header, rate)
    } catch {
      // A panic; nothing is known to be sent.
      transfer.exclude('file-error')
      if (response !== null) unmarkHeaderSent(response, header)
      return 'file-error'
    }
    transfer.begun(engineName)
    socket._unrefTimer()
    if (typeof begun === 'number') {
      this.#count(socket, length, Math.abs(begun))
      transfer.credit(length)
      this.#finish(socket, response, begun < 0 ? CORKED : chunk === 0 ? PUSHED : HELD_BACK)
      return null
    }
    if (begun.id !== 0) {
      const parties = { socket, response, owed }
      transfer.carry((onEnd) => new SocketStretch(begun.id, engineName, parties, onEnd), this)
      return null
    }
    return this.#stuck(begun, { socket, response, header, length })
  }

  /** Too few descriptors to go on natively. */
  #stuck({ sent, wire, rest, syscall }, { socket, response, header, length }) {
    const transfer = this.#transfer
    if (wire === 0) {
      if (response !== null) unmarkHeaderSent(response, header)
      return 'no-descriptors'
    }
    this.#count(socket, sent, wire)
    if (rest) {
      // What is left is little, and in its framing: Node queues it.
      transfer.credit(length)
      socket.write(rest)
      this.#finish(socket, response, PUSHED)
      return null
    }
    transfer.credit(sent)
    if (response === null) return 'no-descriptors'
    this.#cut(socket, syscall)
    return null
  }

  /** All is sent, or waits in the socket: ends the source. */
  #finish(socket, response, state) {
    const { source } = this.#transfer
    if (state !== PUSHED || (response !== null && bytesOwed(response) < Infinity)) {
      this.#watchEnd(socket, response, state)
    }
    source.push(null)
  }

  /**
   * Node's listener of 'end' ends the response; only then is it known what it
   * owes.
   */
  #watchEnd(socket, response, state) {
    const { source } = this.#transfer
    const isWatched = this.#lastPacket !== null
    this.#lastPacket = new LastPacket(socket, response, state)
    if (!source.autoClose && !isWatched) source.once('end', () => this.#transfer.settle())
  }

  /** A stretch is asked to stop: what waits for company goes out. */
  push() {
    this.#lastPacket?.push()
  }

  /**
   * 'end' was emitted, or never will be.
   * @returns {boolean} whether the response was short of what it promised
   */
  settle() {
    this.#recognize()
    const isShort = this.#lastPacket?.settle() === true
    this.#lastPacket = null
    return isShort
  }

  /**
   * A stretch has ended, and is not counted yet.
   * @param {SocketStretch} run
   * @param {import('../../binding.js').Completion} completion
   * @param {number} told
   * @returns {boolean} whether the source may read on
   */
  ended(run, completion, told) {
    const { socket, response } = run
    run.forget()
    this.#count(socket, completion.sent, completion.wire, told)
    this.#transfer.credit(completion.sent, run)
    const goesOn = this.#judge(completion, socket, response)
    if (isEndedShort(run, completion.sent)) socket.destroy()
    return goesOn
  }

  /** All that was asked for has been sent. */
  complete({ socket, response }) {
    this.#finish(socket, response, PUSHED)
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
      this.#transfer.exclude('file-error')
      this.#transfer.observer.fault = fsError(-errno, syscall)
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
    this.#transfer.fail('ERR_MILLRACE_CUT_SHORT', what)
  }

  #count(socket, sent, wire, told) {
    this.#transfer.count(sent, told)
    addBytesWritten(socket, wire)
  }
}

module.exports = { ToSocket }
