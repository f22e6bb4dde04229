'use strict'

// The tutorial's first server, on Node's own fs: it reads the whole file into
// memory for every request.
//
//   [PORT=8000] node examples/read-file-server.js [FILE]
//
// Corrected: the tutorial has a comma too many in `__dirname,+"/data.txt"`.
// Added: the port, the file, and an answer where the file cannot be read.

/* oxlint-disable prefer-const -- the tutorial's own words */
let http = require('http')
let fs = require('fs')

let file = process.argv[2] ?? __dirname + '/data.txt'

let server = http.createServer((req, res) => {
  fs.readFile(file, (error, data) => {
    if (error) res.statusCode = error.code === 'ENOENT' ? 404 : 500
    res.end(data)
  })
})
server.listen(process.env.PORT ?? 8000, () =>
  console.log(`Our server is running on port ${server.address().port}`),
)
