'use strict'

// Reads a file with `for await`: node examples/read-async-iterator.js [FILE]

const fs = require('millrace')

const file = process.argv[2] ?? __dirname + '/data.txt'

async function main() {
  let bytes = 0
  let chunks = 0
  for await (const chunk of fs.createReadStream(file)) {
    bytes += chunk.length
    chunks += 1
  }
  console.log(`bytes: ${bytes}, chunks: ${chunks}`)
}

main().catch((error) => {
  console.error(`The file cannot be read: ${error.message}`)
  process.exitCode = 1
})
