'use strict'

// The tutorial's second server, which streams the file. One line makes it
// send the file natively: the one that requires fs.
//
//   [PORT=8000] node examples/stream-server.js [FILE]
//
// Corrected: the tutorial has `require((req,res)=>` for `http.createServer(`.
// Added: the port, the file, and an answer where the file cannot be read.

/* oxlint-disable prefer-const -- the tutorial's own words */
let http = require('http')
let fs = require('millrace')

let file = process.argv[2] ?? __dirname + '/data.txt'

let server = http.createServer((req, res) => {
  let stream = fs.createReadStream(file)
  stream.on('error', (error) => {
    // Part of the file is out: only the end of the connection can tell.
    if (res.headersSent) return res.destroy()
    res.statusCode = error.code === 'ENOENT' ? 404 : 500
    res.end()
  })
  stream.pipe(res)
})
server.listen(process.env.PORT ?? 8000, () =>
  console.log(`Our server is running on port ${server.address().port}`),
)
