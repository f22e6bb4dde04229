'use strict'

// A server in a process of its own, whose system calls fail. It tells how each
// file was sent, and what its stream and its socket said.

const fs = require('node:fs')
const http = require('node:http')
const net = require('node:net')

const { createReadStream } = require('../..')

const [file, small] = process.argv.slice(2)
const { size } = fs.statSync(file)

const { name: kind } = Error
function describe(error) {
  if (error === undefined) return null
  const { name, code, errno, syscall, message } = error
  return { name: name === kind ? kind : code, code, errno, syscall, message }
}

/** Sends `source` to `destination`, and tells what came of it. */
function send(url, source, destination, socket) {
  const heard = {}
  let open = 2
  const isOver = () => {
    open -= 1
    if (open > 0) return
    process.send({
      url,
      transfer: source.transfer,
      bytesRead: source.bytesRead,
      source: describe(heard.source),
      socket: describe(heard.socket),
      cpu: process.cpuUsage(),
    })
  }
  source.on('error', (error) => {
    heard.source = error
    if (destination.headersSent === false) {
      destination.statusCode = 500
      destination.end('failed')
    }
  })
  source.once('close', isOver)
  destination.once('close', isOver)
  // One that is kept has listeners of its own.
  socket.prependOnceListener('error', (error) => (heard.socket = error))
  source.pipe(destination)
}

/** What is done before a file is piped into a response. */
const prepare = {
  length: (response) => response.setHeader('Content-Length', size),
  hints: (response) => response.setHeader('Content-Length', size),
  first: (response) => response.setHeader('Content-Length', size + 5),
  last: (response) => {
    response.setHeader('Content-Length', size + 5)
    response.on('pipe', (source) =>
      source.prependOnceListener('end', () => response.write('first')),
    )
  },
  unmodified: (response) => response.writeHead(304, { 'Content-Length': size }),
}

/** And when it is, but was not read. */
const meanwhile = {
  hints: (response) => response.writeEarlyHints({ link: '</style.css>; rel=preload' }),
  first: (response) => response.write('first'),
}

const web = http.createServer({ keepAliveTimeout: 60_000 }, (request, response) => {
  const [implementation, what] = request.url.slice(1).split('/')
  const { createReadStream: create } = implementation === 'node' ? fs : { createReadStream }
  prepare[what]?.(response)
  // A response has no socket before the one in front of it is finished.
  send(request.url, create(what === 'small' ? small : file), response, request.socket)
  meanwhile[what]?.(response)
})
const plain = net.createServer((socket) => send('socket', createReadStream(file), socket, socket))

web.listen(0, '127.0.0.1', () => {
  plain.listen(0, '127.0.0.1', () => {
    process.send({ web: web.address().port, plain: plain.address().port })
  })
})

// Whoever started it, directly or through another program, is gone.
process.on('disconnect', () => process.exit())
