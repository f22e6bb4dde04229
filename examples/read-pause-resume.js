'use strict'

// Reads a file with a pause after each chunk:
//
//   node examples/read-pause-resume.js [FILE]

const fs = require('millrace')

const file = process.argv[2] ?? __dirname + '/data.txt'
const stream = fs.createReadStream(file)
let bytes = 0
let chunks = 0

stream.on('data', (chunk) => {
  bytes += chunk.length
  chunks += 1
  console.log(`chunk ${chunks}: ${chunk.length} bytes`)

  stream.pause()
  console.log('paused')
  // In place of slow work. No chunk comes before it is done, but 'end' may:
  // only a chunk waits for resume().
  setTimeout(() => {
    console.log('resumed')
    stream.resume()
  }, 10)
})
stream.on('end', () => console.log(`bytes: ${bytes}, chunks: ${chunks}`))
stream.on('error', (error) => {
  console.error(`The file cannot be read: ${error.message}`)
  process.exitCode = 1
})
