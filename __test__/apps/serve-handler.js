'use strict'

const http = require('http')

const handler = require('serve-handler')

const server = http.createServer((request, response) =>
  handler(request, response, { public: process.env.FOLDER }),
)
server.listen(0, () => process.send(server.address().port))
