'use strict'

// Replaces a file over and over, by contents that tell whether they are whole.

const { createWriteStream } = require('../..')

const [, , file, options] = process.argv

function write(version) {
  const byte = version % 256
  const content = Buffer.alloc(1000 + ((byte * 7919) % 300_000), byte)
  const stream = createWriteStream(file, JSON.parse(options))
  for (let at = 0; at < content.length; at += 5000) stream.write(content.subarray(at, at + 5000))
  stream.end()
  stream.on('close', () => write(version + 1))
  if (version === 1) process.stdout.write('started')
}

write(1)
