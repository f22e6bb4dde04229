'use strict'

// Reads a file in chunks, and then its last line alone: node examples/readable.js [FILE]

const { buffer, createReadStream } = require('millrace')

const file = process.argv[2] ?? `${__dirname}/data.txt`

async function main() {
  const stream = createReadStream(file, { highWaterMark: 32 * 1024 })
  let lines = 0
  for await (const chunk of stream) {
    // A chunk is a Buffer, and ends anywhere: mostly in the middle of a line.
    lines += buffer.count(chunk, '\n')
    console.log(`${chunk.length} bytes, ${lines} lines so far`)
  }

  // Of the second stream only the last kilobyte is read, as text.
  const tail = { start: Math.max(0, stream.bytesRead - 1024), encoding: 'utf8' }
  let text = ''
  for await (const part of createReadStream(file, tail)) text += part
  console.log(`The last of ${stream.bytesRead} bytes: ${text.trimEnd().split('\n').at(-1)}`)
}

main().catch((error) => {
  console.error(`The file cannot be read: ${error.message}`)
  process.exitCode = 1
})
