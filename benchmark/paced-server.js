'use strict'

// Serves one file at the pace that the client asks for: /BYTES_PER_SECOND, or
// / for as fast as it goes; /cpu tells the process's CPU time in microseconds.
//
// node paced-server.js FILE

const fs = require('node:fs')
const http = require('node:http')

const { createReadStream } = require('..')

const [file] = process.argv.slice(2)
const { size } = fs.statSync(file)

const server = http.createServer((request, response) => {
  const asked = request.url.slice(1)
  if (asked === 'cpu') {
    const { user, system } = process.cpuUsage()
    response.end(String(user + system))
    return
  }
  response.setHeader('Content-Length', size)
  createReadStream(file, asked === '' ? {} : { bytesPerSecond: Number(asked) }).pipe(response)
})
server.listen(0, '127.0.0.1', 2048, () => process.send(server.address().port))
process.once('disconnect', () => process.exit())
