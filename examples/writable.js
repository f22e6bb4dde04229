'use strict'

// Numbers the lines of a file into a new one: node examples/writable.js [FILE] [TARGET]
// The target is replaced in one step: whoever reads it meanwhile has all of the old one.

const { once } = require('node:events')
const os = require('node:os')
const path = require('node:path')
const readline = require('node:readline')

const fs = require('millrace')

const file = process.argv[2] ?? path.join(__dirname, 'data.txt')
const target = process.argv[3] ?? path.join(os.tmpdir(), 'numbered.txt')

async function main() {
  const output = fs.createWriteStream(target, { atomic: true })
  const failure = once(output, 'close').catch((error) => error)
  let count = 0
  for await (const line of readline.createInterface(fs.createReadStream(file))) {
    if (output.destroyed) break
    count += 1
    // A full buffer asks to wait until it is written: that is back-pressure.
    if (!output.write(`${count}  ${line}\n`)) await Promise.race([once(output, 'drain'), failure])
  }
  output.end()
  const error = await failure
  if (error instanceof Error) throw error
  console.log(`lines: ${count}, bytes: ${output.bytesWritten}, in ${target}`)
}

main().catch((error) => {
  console.error(`The file cannot be written: ${error.message}`)
  process.exitCode = 1
})
