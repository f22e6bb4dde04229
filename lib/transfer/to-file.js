'use strict'

// The way of a transfer into a file: the kernel copies.

const { binding } = require('../native.js')
const { writeFsOf } = require('../native-write-fs.js')
const { fileEngineName, native } = require('./engine.js')
const { FileStretch } = require('./stretch.js')

/** The position that stands for the target's own offset. */
const OWN_OFFSET = -1

class ToFile {
  #transfer

  /** @param {import('./transfer.js').Transfer} transfer */
  constructor(transfer) {
    this.#transfer = transfer
  }

  /**
   * Begins a native stretch.
   * @param {import('node:fs').WriteStream} destination
   * @param {ReturnType<import('./survey.js').surveyOf>} survey
   * @returns {string | null} why not
   */
  begin(destination, { position, available }) {
    const transfer = this.#transfer
    const { source } = transfer
    // What is read may be what was just written, without end.
    if (binding.identify(source.fd) === binding.identify(destination.fd)) return 'same-file'
    const length = Math.min(available, transfer.pace?.portion ?? Infinity)
    const to = destination.pos ?? OWN_OFFSET
    const id = native.copy(source.fd, position, length, destination.fd, to)
    if (id === 0) return 'no-descriptors'
    transfer.begun(fileEngineName)
    const parties = { destination, fs: writeFsOf(destination) }
    transfer.carry((onEnd) => new FileStretch(id, fileEngineName, parties, onEnd), this)
    return null
  }

  /**
   * A stretch has ended, and is not counted yet.
   * @param {FileStretch} run
   * @param {import('../../binding.js').Completion} completion
   * @param {number} told
   * @returns {boolean} whether the source may read on
   */
  ended(run, { sent, outcome }, told) {
    run.end(sent)
    this.#transfer.count(sent, told)
    this.#transfer.credit(sent, run)
    // Whatever it was, what JavaScript does next fails in Node's own way.
    if (outcome === 'failed') this.#transfer.exclude('file-error')
    // Files of /sys are shorter than their size, whenever that is asked.
    else if (outcome === 'truncated') this.#transfer.exclude('empty')
    return true
  }

  /** All that was asked for has been written. */
  complete() {
    this.#transfer.source.push(null)
  }
}

module.exports = { ToFile }
