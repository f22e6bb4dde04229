'use strict'

const express = require('express')

const app = express()
app.use(express.static(process.env.FOLDER))
const server = app.listen(0, () => process.send(server.address().port))
