'use strict'

const http = require('node:http')
const { parentPort, workerData } = require('node:worker_threads')

const { createReadStream } = require('../..')

const server = http.createServer((request, response) => {
  createReadStream(workerData.file).pipe(response)
})
server.listen(0, '127.0.0.1', () => parentPort.postMessage(server.address().port))
