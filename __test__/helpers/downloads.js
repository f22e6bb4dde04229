'use strict'

// Many downloads at once, from servers that may go at any time.

const { createHash } = require('node:crypto')
const { once } = require('node:events')
const http = require('node:http')

/** As many as a listen queue takes at once. */
const BATCH = 100

/** A response whose header has come, and of whose body nothing was read. */
async function begin(address, path) {
  const request = http.get({ ...address, path, agent: false })
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

/** Downloads one after the other until the server is gone. */
async function goOnUntilGone(address, path) {
  try {
    for (;;) {
      const { isWhole } = await finish(await begin(address, path))
      if (!isWhole) return
    }
  } catch {
    // It refused the connection, or cut it before the header.
  }
}

module.exports = { begin, beginMany, finish, goOnUntilGone }
