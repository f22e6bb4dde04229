'use strict'

// A spool between a fast upstream and a slow client: node examples/duplex.js [MEBIBYTES]

const { createSpool, Readable, Writable } = require('millrace')

const MIB = 2 ** 20
const size = Number(process.argv[2] ?? 16) * MIB
let left = size
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
    setTimeout(callback, 1)
  },
})

upstream.on('end', () => {
  const part = arrived < size / 2 ? 'less' : 'more'
  console.log(`The upstream is free; ${part} than half has arrived.`)
})
client.on('finish', () => console.log(`All ${arrived / MIB} MiB have arrived.`))
upstream.pipe(spool).pipe(client)
