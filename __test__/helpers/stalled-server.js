'use strict'

// A server of two files in a process of its own, so that its descriptors and
// threads can be counted.

const http = require('node:http')

const { createReadStream } = require('../..')

const [large, small] = process.argv.slice(2)

const server = http.createServer((request, response) => {
  createReadStream(request.url === '/small' ? small : large).pipe(response)
})
server.listen(0, '127.0.0.1', 2048, () => process.send({ port: server.address().port }))
