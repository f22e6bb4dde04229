'use strict'

// Preloaded after millrace/register: tells the test how each stream was sent.

const fs = require('node:fs')
const { syncBuiltinESMExports } = require('node:module')
const path = require('node:path')

fs.ReadStream = new Proxy(fs.ReadStream, {
  construct(target, args, newTarget) {
    const stream = Reflect.construct(target, args, newTarget)
    stream.on('close', () => {
      const { transfer, start = 0, bytesRead } = stream
      process.send({ name: path.basename(String(stream.path)), start, bytesRead, ...transfer })
    })
    return stream
  },
})
syncBuiltinESMExports()
