'use strict'

// A spool between a fast upstream and a slow client: node examples/duplex.js [MEBIBYTES]

const { createSpool, pipeline, Readable, Writable } = require('millrace')

const MIB = 2 ** 20
let left = Number(process.argv[2] ?? 16) * MIB
const upstream = new Readable({
  read() {
    const length = Math.min(left, 2 ** 16)
    left -= length
    this.push(length === 0 ? null : Buffer.alloc(length, 'x'))
  },
})

// One MiB stays in memory; the rest waits in a file that has no name.
const spool = createSpool({ memory: MIB })

let arrived = 0
const client = new Writable({
  write(chunk, _, callback) {
    arrived += chunk.length
    // It is very slow. Without a spool, each of the two would wait for the other for ever.
    if (upstream.readableEnded) callback()
    else upstream.once('end', callback)
  },
})

upstream.on('end', () => {
  const [waiting, spilled] = [spool.size, spool.spilled].map((bytes) => Math.ceil(bytes / MIB))
  console.log(`The upstream is free. ${arrived} bytes have arrived,`)
  console.log(`${waiting} MiB wait, and ${spilled} of them in a file.`)
})
pipeline(upstream, spool, client, (error) => {
  console.log(error?.message ?? `All ${arrived / MIB} MiB have arrived.`)
  if (error) process.exitCode = 1
})
