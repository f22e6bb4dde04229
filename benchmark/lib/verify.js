'use strict'

// That what is compared is what it claims to be.

const crypto = require('node:crypto')
const { pipeline } = require('node:stream/promises')

const { Problem } = require('./command.js')

/**
 * Fetches a file in every way, compares the bytes, and makes sure that
 * millrace sends it natively.
 * @returns {Promise<{ sha256: string, kinds: string[], transfer: object }>}
 */
async function verify({ server, file, kinds, setsLength }) {
  let transfer = null
  for (const kind of kinds) {
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
  if (!isNative(transfer, file)) {
    throw new Problem(
      `millrace does not send the ${file.label} file natively: ${JSON.stringify(transfer)}`,
    )
  }
  return { sha256: file.sha256, kinds, transfer }
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
