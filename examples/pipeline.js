'use strict'

// An upload: request -> throttle -> decoder -> file. It sends itself one, or waits for yours:
// [PORT=8000] node examples/pipeline.js [TARGET]    base64 FILE | curl -T - localhost:8000

const { readFileSync } = require('node:fs')
const http = require('node:http')
const os = require('node:os')
const { createDecoder, createThrottle, createWriteStream, pipeline } = require('millrace')

const target = process.argv[2] ?? `${os.tmpdir()}/upload.txt`

const server = http.createServer((request, response) => {
  if (request.method !== 'PUT') return response.writeHead(405, { Allow: 'PUT' }).end()
  const throttle = createThrottle({ bytesPerSecond: 2 ** 17 })
  let received = 0
  throttle.on('data', ({ length }) => {
    received += length
    const bar = '#'.repeat((40 * received) / request.headers['content-length'])
    process.stdout.write(`\r[${bar.padEnd(40)}] ${received} bytes`)
  })
  const file = createWriteStream(target, { atomic: true })
  // A pipeline that fails destroys its streams: the request, too, and so the way back for an answer.
  request.on('error', (error) => throttle.destroy(error)).pipe(throttle)
  pipeline(throttle, createDecoder('base64'), file, (error) => {
    console.log()
    if (error) response.statusCode = error.code === 'ERR_MILLRACE_INVALID_TEXT' ? 400 : 500
    response.end(`${error?.message ?? `${file.bytesWritten} bytes are in ${target}`}\n`)
    request.resume()
    process.exitCode = error ? 1 : 0
  })
})
server.listen(process.env.PORT ?? 0, '127.0.0.1', () => {
  const { port } = server.address()
  if (process.env.PORT) return console.log(`Our server is running on port ${port}`)
  const upload = http.request({ port, method: 'PUT' }, (answer) => answer.pipe(process.stdout))
  upload.on('close', () => server.close())
  upload.end(readFileSync(`${__dirname}/data.txt`, 'base64'))
})
