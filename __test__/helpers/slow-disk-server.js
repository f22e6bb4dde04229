'use strict'

// The server of slow-disk.spec.js, run as a program of its own.
//
//   /pipe/FILE  the file, piped
//   /read/FILE  the same, read in JavaScript
//   /carried    how the last file was sent
//
// node slow-disk-server.js FOLDER: prints its port.

const http = require('node:http')
const path = require('node:path')

const { createReadStream } = require('../..')

let last = null

http
  .createServer((request, response) => {
    const [, what, name] = request.url.split('/')
    if (what === 'carried') {
      response.end(JSON.stringify(last.transfer))
      return
    }
    last = createReadStream(path.join(process.argv[2], name))
    if (what === 'pipe') last.pipe(response)
    else last.on('data', (chunk) => response.write(chunk)).on('end', () => response.end())
  })
  .listen(0, '127.0.0.1', function () {
    console.log(this.address().port)
  })

// Goes with the test that started it.
process.stdin.resume().on('end', () => process.exit())
