'use strict'

// node --require millrace/register app.js
// node --import millrace/register app.mjs

const { register, unregister } = require('./lib/register.js')

register()

module.exports = { register, unregister }
