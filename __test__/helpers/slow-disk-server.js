'use strict'

// The server of slow-disk.spec.js, run as a program of its own.
//
//   /pipe/FILE  the file, piped
//   /sized/FILE  the same, with a Content-Length
//   /read/FILE  the same, read in JavaScript
//   /part/FILE/START  64 KiB of it, read in JavaScript
//   /leave      ends the connection of the last file
//   /stop       unpipes the last file
//   /carried    how the last file was sent, and what is gone
//
// node slow-disk-server.js FOLDER: prints its port.

const fs = require('node:fs')
const http = require('node:http')
const path = require('node:path')

const { createReadStream } = require('../..')

let last = null
let lastResponse = null

http
  .createServer((request, response) => {
    const [, what, name, from] = request.url.split('/')
    if (what === 'carried') {
      const isGone = lastResponse.closed
      response.end(JSON.stringify({ ...last.transfer, isDestroyed: last.destroyed, isGone }))
      return
    }
    if (what === 'stop') {
      last.unpipe(lastResponse)
      response.end()
      return
    }
    if (what === 'leave') {
      lastResponse.destroy()
      response.end()
      return
    }
    const start = Number(from)
    const options = what === 'part' ? { start, end: start + 2 ** 16 - 1 } : {}
    const file = path.join(process.argv[2], name)
    last = createReadStream(file, options)
    lastResponse = response
    if (what === 'sized') response.setHeader('Content-Length', fs.statSync(file).size)
    if (what === 'pipe' || what === 'sized') last.pipe(response)
    else last.on('data', (chunk) => response.write(chunk)).on('end', () => response.end())
  })
  .listen(0, '127.0.0.1', function () {
    console.log(this.address().port)
  })

// Goes with the test that started it.
process.stdin.resume().on('end', () => process.exit())
