'use strict'

// Many downloads at once, from servers that may go at any time.

const { createHash } = require('node:crypto')
const { once } = require('node:events')
const http = require('node:http')

/** As many as a listen queue takes at once. */
const BATCH = 100

/** A response whose header has come, and of whose body nothing was read. */
async function begin(address, path, agent = false) {
  const request = http.get({ ...address, path, agent })
  const [response] = await once(request, 'response')
  // A server that goes away shows itself in what was read.
  request.on('error', () => {})
  response.on('error', () => {})
  return response
}

/** As many, begun and left standing. */
async function beginMany(count, address, path) {
  const responses = []
  while (responses.length < count) {
    const batch = Math.min(BATCH, count - responses.length)
    responses.push(
      ...(await Promise.all(Array.from({ length: batch }, () => begin(address, path)))),
    )
  }
  return responses
}

/** Reads to the end, wherever that is. */
async function finish(response) {
  const hash = createHash('sha256')
  try {
    for await (const chunk of response) hash.update(chunk)
  } catch {
    return { isWhole: false, sha256: null }
  }
  return { isWhole: response.complete, sha256: hash.digest('hex') }
}

/**
 * Downloads on one connection, time and again, until it is taken away. (A new
 * connection may hang: the primary of a cluster forgets those that it was about
 * to hand to a worker that went.)
 * @returns {Promise<{ ended: Promise<void> }>} when the first one has begun
 */
async function goOnUntilGone(address, path) {
  const agent = new http.Agent({ keepAlive: true, maxSockets: 1 })
  const first = await begin(address, path, agent)
  const goOn = async () => {
    try {
      for (let response = first; ; response = await begin(address, path, agent)) {
        const { isWhole } = await finish(response)
        if (!isWhole || response.headers.connection === 'close') return
      }
    } catch {
      // It was cut before the header.
    } finally {
      agent.destroy()
    }
  }
  return { ended: goOn() }
}

module.exports = { begin, beginMany, finish, goOnUntilGone }
