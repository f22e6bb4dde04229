'use strict'

const express = require('express')

const app = express()

app.get('/file/*name', (request, response, next) => {
  response.sendFile(request.params.name.join('/'), { root: process.env.FOLDER }, (error) => {
    if (error) next(error)
  })
})

app.get('/download/*name', (request, response) => {
  response.download(request.params.name.join('/'), 'saved as.mp4', { root: process.env.FOLDER })
})

const server = app.listen(0, () => process.send(server.address().port))
