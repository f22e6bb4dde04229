'use strict'

// A server of files in a process, in a worker of a cluster, or in a thread. It
// is told what it serves, says where, and ends in the ways that it is told.

const cluster = require('node:cluster')
const fs = require('node:fs')
const http = require('node:http')
const { isMainThread, parentPort, workerData } = require('node:worker_threads')

const millrace = require('../..')

/**
 * @type {{
 *   library?: 'millrace' | 'fs',
 *   files: Record<string, string | number>,
 *   addresses?: import('node:net').ListenOptions[],
 *   readers?: (string | number)[],
 * }} `files` by what follows the slash of a URL, each a path or a descriptor,
 *   which stays open; `readers` are files that are read in JavaScript all the
 *   time, each by a loop of its own
 */
const setup = isMainThread ? JSON.parse(process.argv[2]) : workerData
const { files, readers = [], library = 'millrace' } = setup
const { addresses = [{ port: 0, host: '127.0.0.1' }] } = setup
const { createReadStream } = library === 'fs' ? fs : millrace

const streams = new Set()
let chunksRead = 0
const state = { isOver: false }

function open(file) {
  if (typeof file === 'string') return createReadStream(file)
  return createReadStream(null, { fd: file, autoClose: false, start: 0 })
}

function sizeOf(file) {
  return (typeof file === 'string' ? fs.statSync(file) : fs.fstatSync(file)).size
}

// '/NAME' is chunked, '/NAME?length' has a Content-Length.
function serve(request, response) {
  const [name, query] = request.url.slice(1).split('?')
  const stream = open(files[name])
  streams.add(stream)
  const forget = () => streams.delete(stream)
  stream.on('end', forget)
  stream.on('close', forget)
  if (query === 'length') response.setHeader('Content-Length', sizeOf(files[name]))
  // Who has closed waits for its connections to end.
  response.shouldKeepAlive &&= servers.every(({ listening }) => listening)
  stream.pipe(response)
}

async function readAgain(file) {
  while (!state.isOver) {
    for await (const chunk of open(file)) chunksRead += chunk.length > 0 ? 1 : 0
  }
}

/** How many transfers are under way, and natively. */
function count() {
  const modes = [...streams].map(({ transfer }) => transfer?.mode)
  const native = modes.filter((mode) => mode === 'native').length
  return { streams: modes.length, native, chunksRead, connections: sockets.size }
}

const servers = []
const sockets = new Set()

process.once('disconnect', () => {
  // Not asked to finish: whoever started it is gone.
  if (!state.isOver && !cluster.isWorker) process.exit()
  state.isOver = true
})

function finish() {
  state.isOver = true
  for (const server of servers) server.close()
  if (isMainThread) process.disconnect()
  else parentPort.close()
}

const ACTIONS = {
  count: () => tell(count()),
  finish,
  exit: () => process.exit(7),
  'exit later': () => {
    process.exitCode = 3
    finish()
  },
  throw: () => {
    throw new Error('on purpose')
  },
  'throw and go on': () => {
    process.once('uncaughtException', finish)
    throw new Error('on purpose')
  },
  reject: () => {
    Promise.reject(new Error('on purpose'))
  },
  'reject and go on': () => {
    process.once('unhandledRejection', finish)
    Promise.reject(new Error('on purpose'))
  },
  'finish on SIGTERM': () => {
    process.once('SIGTERM', finish)
    process.kill(process.pid, 'SIGTERM')
  },
}

function tell(message) {
  if (isMainThread) process.send(message)
  else parentPort.postMessage(message)
}

const parent = isMainThread ? process : parentPort
// The primary of a cluster sends messages of its own, too.
parent.on('message', (action) => ACTIONS[action]?.())

async function start() {
  for (const address of addresses) {
    const server = http.createServer(serve)
    servers.push(server)
    server.on('connection', (socket) => {
      sockets.add(socket)
      socket.on('close', () => sockets.delete(socket))
    })
    await new Promise((resolve) => {
      server.listen(address, resolve)
    })
  }
  for (const file of readers) void readAgain(file)
  tell({ ports: servers.map((server) => server.address().port) })
}

void start()
