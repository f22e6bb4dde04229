'use strict'

// A server in several processes, one for each core. They share the port and
// the page cache, and each has threads of its own to send files with. One that
// crashes is replaced. SIGTERM and Ctrl-C let downloads complete, for as long
// as ten seconds.
//
//   [PORT=8000] [WORKERS=N] node examples/cluster.js [FILE or FOLDER]

const cluster = require('node:cluster')
const { statSync } = require('node:fs')
const http = require('node:http')
const { availableParallelism } = require('node:os')
const path = require('node:path')

const fs = require('millrace')

const PATIENCE = 10_000
const SIGNALS = ['SIGINT', 'SIGTERM']

if (cluster.isPrimary) supervise()
else serve(process.argv[2] ?? __dirname + '/data.txt')

function supervise() {
  const count = Number(process.env.WORKERS ?? availableParallelism())
  const listening = new Set()
  let started = 0
  let isStopping = false

  cluster.on('listening', (worker, { port }) => {
    listening.add(worker.id)
    started += 1
    if (started === count) console.log(`Our server is running on port ${port}`)
  })
  cluster.on('exit', (worker) => {
    if (isStopping) return
    if (listening.delete(worker.id)) return cluster.fork()
    // What cannot even start would not start the next time.
    process.exitCode = 1
    stop()
  })
  for (const signal of SIGNALS) process.on(signal, stop)

  for (let i = 0; i < count; i += 1) cluster.fork()

  function stop() {
    if (isStopping) return
    isStopping = true
    cluster.disconnect()
    setTimeout(() => {
      for (const worker of Object.values(cluster.workers)) worker.process.kill('SIGKILL')
    }, PATIENCE).unref()
  }
}

function serve(root) {
  const isFolder = statSync(root, { throwIfNoEntry: false })?.isDirectory() === true

  const server = http.createServer((req, res) => {
    // Once its downloads are complete, who stops waits for nobody.
    if (!server.listening) res.setHeader('Connection', 'close')
    res.on('finish', () => server.listening || req.socket.end())

    let file
    try {
      file = isFolder ? fileIn(root, req.url) : root
    } catch {
      res.statusCode = 400
      return res.end()
    }
    // Who takes nothing for two minutes is let go of.
    const stream = fs.createReadStream(file, { stallTimeout: 120_000 })
    stream.on('error', (error) => {
      // Part of the file is out: only the end of the connection can tell.
      if (res.headersSent) return res.destroy()
      res.statusCode = ['ENOENT', 'ENOTDIR', 'EISDIR'].includes(error.code) ? 404 : 500
      res.end()
    })
    stream.pipe(res)
  })
  server.listen(process.env.PORT ?? 8000)

  // They are meant for the supervisor, but a terminal sends them to all.
  for (const signal of SIGNALS) process.on(signal, () => {})
}

/** The file in `folder` that a URL names. Throws if there can be none. */
function fileIn(folder, url) {
  const name = decodeURIComponent(url.split('?')[0])
  if (name.includes('\0')) throw new Error('no file has such a name')
  // Normalized on its own, it does not lead out of the folder.
  return path.join(folder, path.normalize(`/${name}`))
}
