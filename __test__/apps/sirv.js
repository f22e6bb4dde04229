'use strict'

const http = require('http')

const sirv = require('sirv')

const server = http.createServer(sirv(process.env.FOLDER, { dev: true, etag: true }))
server.listen(0, () => process.send(server.address().port))
