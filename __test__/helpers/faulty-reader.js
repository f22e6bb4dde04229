'use strict'

// Reads a file with node:fs and with millrace, in a process whose system calls
// fail, in some ways, and prints what each of them saw.

const crypto = require('node:crypto')
const fs = require('node:fs')

const millrace = require('../..')

const [file, ways, how] = process.argv.slice(2).map((word) => JSON.parse(word))

function story({ createReadStream }, options) {
  return new Promise((resolve) => {
    const seen = { events: [], chunks: [], error: null }
    const hash = crypto.createHash('sha256')
    const taken = []
    // All of them, so that not one can be had.
    if (how === 'without descriptors') {
      try {
        for (;;) taken.push(fs.openSync('/dev/null'))
      } catch {}
    }
    const stream = createReadStream(file, options)
    for (const event of ['open', 'ready', 'end']) {
      stream.on(event, () => seen.events.push(event))
    }
    stream.on('error', ({ name, code, errno, syscall, path, message }) => {
      seen.events.push('error')
      seen.error = { name, code, errno, syscall, path, message }
    })
    stream.on('data', (chunk) => {
      seen.chunks.push(chunk.length)
      hash.update(chunk)
    })
    stream.on('close', () => {
      for (const fd of taken) fs.closeSync(fd)
      const { bytesRead } = stream
      resolve({ ...seen, bytesRead, sha256: hash.digest('hex') })
    })
  })
}

async function run() {
  const stories = []
  for (const options of ways) {
    stories.push({ nodes: await story(fs, options), ours: await story(millrace, options) })
  }
  process.stdout.write(JSON.stringify(stories))
}

run()
