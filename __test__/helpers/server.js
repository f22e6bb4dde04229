'use strict'

const { once } = require('node:events')
const http = require('node:http')
const net = require('node:net')

const { Client } = require('./client.js')

/**
 * Starts `server` on a free port (or on a Unix socket) and closes it with
 * everything on it when the test is over.
 * @returns {Promise<{ server, address, connect: () => Promise<Client> }>}
 */
async function listen(t, server, address = { port: 0, host: '127.0.0.1' }) {
  server.listen(address)
  await once(server, 'listening')
  const sockets = new Set()
  server.on('connection', (socket) => {
    sockets.add(socket)
    socket.on('close', () => sockets.delete(socket))
  })
  t.after(async () => {
    for (const socket of sockets) socket.destroy()
    server.close()
  })
  const target = address.path ? address : { port: server.address().port, host: '127.0.0.1' }
  return { server, address: target, connect: () => Client.connect(target) }
}

/** An HTTP server for one test. */
function serveHttp(t, handler, { options = {}, address } = {}) {
  return listen(t, http.createServer({ keepAliveTimeout: 60_000, ...options }, handler), address)
}

/** A TCP (or Unix) server for one test. */
function serveNet(t, handler, { options = {}, address } = {}) {
  return listen(t, net.createServer(options, handler), address)
}

/**
 * Waits until `condition` holds, looking between turns of the event loop. On a slow
 * machine to look may take longer than all the rest: half of the time is left to that.
 */
async function until(condition, what = 'the condition', timeout = 60_000) {
  const end = Date.now() + timeout
  for (let turns = 0; ; turns += 1) {
    const start = Date.now()
    if (await condition()) return
    const now = Date.now()
    if (now > end) throw new Error(`waited ${timeout} ms for ${what}`)
    await new Promise((resolve) => {
      if (turns < 50 && now === start) setImmediate(resolve)
      else setTimeout(resolve, Math.max(2, now - start))
    })
  }
}

module.exports = { listen, serveHttp, serveNet, until }
