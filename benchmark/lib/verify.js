'use strict'

// That what is compared is what it claims to be.

const crypto = require('node:crypto')
const { pipeline } = require('node:stream/promises')

const { Problem } = require('./command.js')
const { warm } = require('./files.js')

/** What has left the page cache begins in JavaScript: more than once is no accident. */
const ATTEMPTS = 3

/**
 * Fetches a file in every way, compares the bytes, and makes sure that
 * millrace sends it natively.
 * @returns {Promise<{ sha256: string, kinds: string[], transfer: object }>}
 */
async function verify(setting) {
  for (let attempt = 1; ; attempt++) {
    const transfer = await fetchAll(setting)
    if (isNative(transfer, setting.file)) {
      return { sha256: setting.file.sha256, kinds: setting.kinds, transfer }
    }
    if (attempt === ATTEMPTS) {
      const { label } = setting.file
      throw new Problem(
        `millrace does not send the ${label} file natively: ${JSON.stringify(transfer)}`,
      )
    }
  }
}

/** Returns the `transfer` of the one through millrace. */
async function fetchAll({ server, file, kinds, setsLength }) {
  let transfer = null
  for (const kind of kinds) {
    warm(file)
    const response = await server.get(`/${kind}/${file.name}`)
    const hash = crypto.createHash('sha256')
    await pipeline(response, hash)
    if (hash.digest('hex') !== file.sha256) {
      throw new Problem(`the ${file.label} file came through ${kind} with other bytes.`)
    }
    const hasLength = response.headers['content-length'] === String(file.size)
    if (hasLength !== (setsLength || kind === 'floor')) {
      throw new Problem(`the ${file.label} file came through ${kind} in the wrong framing.`)
    }
    if (kind === 'millrace') transfer = await lastTransfer(server)
  }
  return transfer
}

/** What `stream.transfer` said of the file that was sent last. */
async function lastTransfer(server) {
  return JSON.parse(await server.getText('/transfer'))
}

/** True when no byte of the file went through JavaScript. */
function isNative(transfer, { size }) {
  return transfer?.bytes === size
}

module.exports = { verify, lastTransfer, isNative }
