'use strict'

// Numbers the lines of a file into a new one: node examples/writable.js [FILE] [TARGET]
// The target is replaced in one step: whoever reads it meanwhile has all of the old one.

const os = require('node:os')
const { createReadStream, createSplitter, createWriteStream } = require('millrace')

const file = process.argv[2] ?? `${__dirname}/data.txt`
const target = process.argv[3] ?? `${os.tmpdir()}/numbered.txt`

const input = createReadStream(file)
const lines = input.pipe(createSplitter())
const output = createWriteStream(target, { atomic: true })
let count = 0

lines.on('data', (line) => {
  count += 1
  // A full buffer asks to wait until it is written: that is back-pressure.
  if (!output.write(`${count}  ${line}\n`)) lines.pause()
})
output.on('drain', () => lines.resume())
lines.on('end', () => output.end())
output.on('finish', () => {
  console.log(`lines: ${count}, bytes: ${output.bytesWritten}, in ${target}`)
})

for (const stream of [input, output]) {
  stream.on('error', (error) => {
    console.error(`The lines cannot be numbered: ${error.message}`)
    process.exitCode = 1
    input.destroy()
    output.destroy()
  })
}
