'use strict'

// The command: `npm start`, or `node demo/server.js [FOLDER] [options]`.

const { once } = require('node:events')
const fs = require('node:fs')
const http = require('node:http')
const net = require('node:net')
const path = require('node:path')
const { parseArgs } = require('node:util')

const { createApp } = require('./app.js')

const USAGE = `Usage: npm start -- [FOLDER] [options]

Shows the videos of FOLDER on a web page, and plays them.
Without FOLDER: a sample clip.

  --port N     the port to listen on, 0 for any that is free (default: 8000)
  --host NAME  the address to listen on (default: 127.0.0.1)
  -h, --help   show this text`

const OPTIONS = {
  port: { type: 'string', default: '8000' },
  host: { type: 'string', default: '127.0.0.1' },
  help: { type: 'boolean', short: 'h', default: false },
}

/** What the user can put right: shown as a sentence, without a stack. */
class UserError extends Error {}

async function main() {
  const { folder, host, port, help } = readArguments(process.argv.slice(2))
  if (help) {
    console.log(USAGE)
    return
  }
  checkFolder(folder)
  const server = http.createServer(createApp({ directory: path.resolve(folder) }))
  await listen(server, { port, host })
  endOnSignals(server)
  console.log(addressOf(server))
}

function readArguments(args) {
  const { values, positionals } = parse(args)
  if (positionals.length > 1) throw new UserError('There can be only one folder.')
  const [folder = path.join(__dirname, 'videos')] = positionals
  const port = /^\d{1,5}$/.test(values.port) ? Number(values.port) : NaN
  if (!(port <= 65535)) {
    throw new UserError(`The port has to be a number from 0 to 65535, not "${values.port}".`)
  }
  return { ...values, folder, port }
}

function parse(args) {
  try {
    return parseArgs({ args, options: OPTIONS, allowPositionals: true })
  } catch (error) {
    // Node's first sentence says what is wrong, the others how to get it right.
    const [sentence] = error.message.split(/\.\s|\n/)
    throw new UserError(`${sentence}: see --help.`)
  }
}

function checkFolder(folder) {
  try {
    fs.readdirSync(folder)
  } catch ({ code }) {
    if (code === 'ENOENT') throw new UserError(`There is no folder "${folder}".`)
    if (code === 'ENOTDIR') throw new UserError(`"${folder}" is not a folder.`)
    throw new UserError(`The folder "${folder}" cannot be read (${code}).`)
  }
}

async function listen(server, { port, host }) {
  server.listen(port, host)
  try {
    await once(server, 'listening')
  } catch ({ code }) {
    if (code === 'EADDRINUSE') {
      throw new UserError(`Port ${port} is in use: choose another one with --port.`)
    }
    throw new UserError(`Cannot listen on port ${port} of ${host} (${code}).`)
  }
}

/** Downloads are cut off; a second signal ends the process the hard way. */
function endOnSignals(server) {
  const end = () => {
    process.off('SIGINT', end)
    process.off('SIGTERM', end)
    server.close()
    server.closeAllConnections()
  }
  process.on('SIGINT', end)
  process.on('SIGTERM', end)
}

function addressOf(server) {
  const { address, port } = server.address()
  const isLocal = ['127.0.0.1', '::1', '0.0.0.0', '::'].includes(address)
  const host = net.isIPv6(address) ? `[${address}]` : address
  return `http://${isLocal ? 'localhost' : host}:${port}`
}

main().catch((error) => {
  if (!(error instanceof UserError)) throw error
  console.error(error.message)
  process.exitCode = 1
})
