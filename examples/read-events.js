'use strict'

// Reads a file by its events: node examples/read-events.js [FILE]

const fs = require('millrace')

const file = process.argv[2] ?? __dirname + '/data.txt'
const stream = fs.createReadStream(file)
let bytes = 0
let chunks = 0

stream.on('data', (chunk) => {
  bytes += chunk.length
  chunks += 1
})
stream.on('end', () => console.log(`bytes: ${bytes}, chunks: ${chunks}`))
stream.on('error', (error) => {
  console.error(`The file cannot be read: ${error.message}`)
  process.exitCode = 1
})
