'use strict'

const fs = require('fs')
const path = require('path')

const fastify = require('fastify')({ logger: false })

fastify.register(require('@fastify/static'), { root: process.env.FOLDER, prefix: '/static/' })

fastify.get('/stream/:name', (request, reply) => {
  const stream = fs.createReadStream(
    path.join(process.env.FOLDER, path.basename(request.params.name)),
  )
  return reply.type('application/octet-stream').send(stream)
})

fastify.listen({ port: 0 }).then(() => process.send(fastify.server.address().port))
