'use strict'

const { execFileSync } = require('node:child_process')
const fs = require('node:fs')

const { newPath } = require('./files.js')

let made = null

/** A key and a certificate of its own, for a test's server. */
function certificate() {
  if (made !== null) return made
  const key = newPath('key.pem')
  const cert = newPath('cert.pem')
  const openssl = 'req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2'
  execFileSync(
    'openssl',
    [...openssl.split(' '), '-subj', '/CN=localhost', '-keyout', key, '-out', cert],
    { stdio: 'ignore' },
  )
  made = { key: fs.readFileSync(key), cert: fs.readFileSync(cert) }
  return made
}

module.exports = { certificate }
