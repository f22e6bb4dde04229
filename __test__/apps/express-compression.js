'use strict'

const compression = require('compression')
const express = require('express')
const morgan = require('morgan')

const app = express()
app.use(morgan('combined'))
app.use(compression())
app.use(express.static(process.env.FOLDER))
const server = app.listen(0, () => process.send(server.address().port))
