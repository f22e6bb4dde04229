'use strict'

// One process that serves a folder through either implementation, so that
// both meet the same heap, the same kernel and the same connections.
//
//   /fs/NAME        node:fs
//   /millrace/NAME  millrace
//   /cpu            CPU time of this process so far, in microseconds
//
// Node's handler and ours differ in one word.

const fs = require('node:fs')
const http = require('node:http')
const path = require('node:path')

const millrace = require('..')

const folder = process.argv[2]
const implementations = { fs, millrace }

const server = http.createServer((request, response) => {
  const [, kind, name] = request.url.split('/')
  if (kind === 'cpu') {
    const { user, system } = process.cpuUsage()
    response.end(String(user + system))
    return
  }
  implementations[kind].createReadStream(path.join(folder, name)).pipe(response)
})
server.listen(0, '127.0.0.1', () => process.send(server.address().port))
