'use strict'

// Strings instead of bytes: the same, where the pieces of the file cut
// characters.

const assert = require('node:assert/strict')
const { once } = require('node:events')
const fs = require('node:fs')
const readline = require('node:readline')

const { makeFile, newPath } = require('./helpers/files.js')
const { parity, lookAt } = require('./helpers/parity.js')

const text = 'Straße, 東京, 🚆, ω; '.repeat(400)
const utf8 = newPath('utf8.txt')
fs.writeFileSync(utf8, text)

for (const encoding of ['utf8', 'hex', 'base64', 'base64url', 'utf16le', 'latin1', 'ascii']) {
  for (const highWaterMark of [1, 2, 7, 1000, undefined]) {
    const options = { highWaterMark, end: highWaterMark < 1000 ? 400 : Infinity }
    parity(`${encoding} in pieces of ${highWaterMark}`, async ({ createReadStream }) => {
      const byOption = []
      for await (const part of createReadStream(utf8, { ...options, encoding })) byOption.push(part)

      const byMethod = []
      const stream = createReadStream(utf8, options).setEncoding(encoding)
      stream.on('data', (part) => byMethod.push([part, stream.bytesRead, stream.readableLength]))
      await once(stream, 'close')

      const late = []
      const changing = createReadStream(utf8, options)
      changing.once('data', (first) => {
        late.push(first)
        changing.setEncoding(encoding)
        changing.on('data', (part) => late.push(part))
      })
      await once(changing, 'close')
      return { byOption, byMethod, late, encoding: changing.readableEncoding }
    })
  }
}

parity('an encoding as the only option', async ({ createReadStream }) => {
  const parts = []
  for await (const part of createReadStream(utf8, 'utf8')) parts.push(part)
  assert.equal(parts.join(''), text)
  return parts
})

parity('setEncoding in the middle of what is buffered', async ({ createReadStream, journal }) => {
  const stream = createReadStream(utf8, { highWaterMark: 5 })
  await once(stream, 'readable')
  journal.note('before', lookAt(stream))
  stream.setEncoding('utf8')
  journal.note('after', lookAt(stream))
  for await (const part of stream) journal.note('part', part)
})

const binary = makeFile(200_001).file

parity('lines of readline', async ({ createReadStream }) => {
  const input = createReadStream(binary, { encoding: 'latin1' })
  const lines = []
  for await (const line of readline.createInterface({ input })) lines.push(line.length)
  return { lines, closed: input.closed, destroyed: input.destroyed }
})
