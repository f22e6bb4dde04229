'use strict'

// Counts the words of a file, line by line, and makes hex of the longest line:
// node examples/transform.js [FILE]

const { createReadStream, createEncoder, createSplitter, pipeline } = require('millrace')

const file = process.argv[2] ?? __dirname + '/data.txt'
let lines = 0
let words = 0
let longest = ''

async function count(source) {
  for await (const line of source) {
    lines += 1
    words += line.split(/\s+/).filter(Boolean).length
    if (line.length > longest.length) longest = line
  }
}

pipeline(createReadStream(file), createSplitter('\n', { maxLength: 65_536 }), count, (error) => {
  if (error) {
    console.error(`The file cannot be read: ${error.message}`)
    process.exitCode = 1
    return
  }
  console.log(`lines: ${lines}, words: ${words}, the longest line in hex:`)
  const encoder = createEncoder('hex')
  encoder.on('end', () => console.log())
  encoder.pipe(process.stdout, { end: false })
  encoder.end(longest)
})
