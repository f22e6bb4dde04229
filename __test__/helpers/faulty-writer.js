'use strict'

// Writes a file with node:fs and with millrace, in a process whose system calls
// fail, in some ways, and prints what each of them saw.

const crypto = require('node:crypto')
const fs = require('node:fs')

const millrace = require('../..')
const { describeError } = require('./parity.js')

const [file, source] = process.argv.slice(2)

const ways = {
  writes(stream, seen) {
    const write = (round) => {
      for (let i = 0; i < 50; i += 1) {
        stream.write(Buffer.alloc(9000 + i, round), (error) =>
          seen.callbacks.push(describeError(error)),
        )
      }
      stream.write(Buffer.alloc(300_000, 7), () => (round > 0 ? write(round - 1) : stream.end()))
    }
    write(3)
  },
  pipe: (stream, _, { createReadStream }) => createReadStream(source).pipe(stream),
}

function story(implementation, way, options) {
  return new Promise((resolve) => {
    fs.truncateSync(file, 0)
    const seen = { events: [], callbacks: [], error: null }
    const stream = implementation.createWriteStream(file, { flags: 'r+', ...options })
    for (const event of ['open', 'ready', 'finish']) {
      stream.on(event, () => seen.events.push(event))
    }
    stream.on('error', (error) => {
      seen.events.push('error')
      seen.error = describeError(error)
    })
    stream.on('close', () => {
      const sha256 = crypto.createHash('sha256').update(fs.readFileSync(file)).digest('hex')
      resolve({ ...seen, bytesWritten: stream.bytesWritten, pos: stream.pos, sha256 })
    })
    ways[way](stream, seen, implementation)
  })
}

async function run() {
  const stories = []
  for (const way of Object.keys(ways)) {
    for (const options of [{}, { start: 5 }, { flags: 'a' }]) {
      const nodes = await story(fs, way, options)
      stories.push({ way, nodes, ours: await story(millrace, way, options) })
    }
  }
  process.stdout.write(JSON.stringify(stories))
}

run()
