'use strict'

// What goes wrong goes wrong as in node:fs: same error, same moment.

const fs = require('node:fs')
const { once } = require('node:events')

const { folder, makeFile, newPath } = require('./helpers/files.js')
const { parity, describeError } = require('./helpers/parity.js')
const { serveHttp, until } = require('./helpers/server.js')

const { file } = makeFile(1000)

const missing = newPath('missing')
const link = newPath('loop')
fs.symlinkSync(link, link)

const emitted = [
  ['a missing file', () => [missing]],
  ['a missing folder', () => [`${missing}/x`]],
  ['a file as a folder', () => [`${file}/x`]],
  ['a directory', () => [folder]],
  ['a path that is too long', () => ['x'.repeat(5000)]],
  ['a loop of links', () => [link]],
  ['unknown flags', () => [file, { flags: 'nonsense' }]],
  ['flags that only write', () => [`${file}.written`, { flags: 'w' }]],
  ['a mode that is none', () => [file, { mode: 'nonsense' }]],
  ['a closed descriptor', () => [null, { fd: 10 ** 6 }]],
  ['a descriptor of a directory', () => [null, { fd: fs.openSync(folder) }]],
  ['an unreadable file', () => ['/proc/self/mem']],
  ['a signal that was aborted before', () => [file, { signal: AbortSignal.abort() }]],
  [
    'a signal that is aborted in the same tick',
    () => {
      const controller = new AbortController()
      queueMicrotask(() => controller.abort())
      return [file, { signal: controller.signal }]
    },
  ],
]

for (const [name, makeArguments] of emitted) {
  for (const sink of ['a data listener', 'a response', 'nothing']) {
    parity(
      `${name}, read by ${sink}: what is emitted`,
      async ({ createReadStream, journal, t }) => {
        const args = makeArguments()
        const sent = []
        const run = (response) => {
          const stream = createReadStream(...args)
          // An aborted stream still opens its file, before or after its 'close'.
          const events = name.includes('aborted') ? [] : ['open', 'ready']
          for (const event of [...events, 'end', 'close']) {
            stream.on(event, () => journal.note('source', event))
          }
          stream.on('error', (error) => {
            journal.note('source', 'error', describeError(error))
            if (response && !response.headersSent) {
              response.statusCode = 500
              response.end('failed')
            }
          })
          if (sink === 'a data listener')
            stream.on('data', (part) => journal.note('data', part.length))
          else if (response) stream.pipe(response)
          return stream
        }
        let stream
        if (sink === 'a response') {
          const { connect } = await serveHttp(t, (request, response) => {
            stream = run(response)
          })
          const client = await connect()
          client.get('/', 'Connection: close\r\n')
          const { status, body } = await client.response()
          sent.push(status, body?.toString())
          client.destroy()
        } else {
          stream = run()
          if (sink === 'nothing') stream.resume()
        }
        await until(() => stream.closed)
        await until(() => journal.entries.source?.includes('close'))
        return { sent, bytesRead: stream.bytesRead, errored: describeError(stream.errored) }
      },
    )
  }
}

parity(
  'an error listener that is added after an await still hears of a missing file',
  async ({ createReadStream, journal }) => {
    const stream = createReadStream(newPath('missing'))
    await Promise.resolve()
    await new Promise((resolve) => {
      process.nextTick(resolve)
    })
    const [error] = await once(stream, 'error')
    journal.note('error', describeError(error).code)
  },
)

for (const name of ['open', 'read', 'close']) {
  parity(
    `an fs.${name} that is replaced after the stream was made`,
    async ({ createReadStream, journal, t }) => {
      const original = fs[name]
      const { connect } = await serveHttp(t, (request, response) => {
        const stream = createReadStream(file)
        fs[name] = (...args) => {
          journal.note('called', name)
          return original(...args)
        }
        stream.pipe(response)
        stream.on('close', () => {
          fs[name] = original
          journal.note('closed', 'yes')
        })
      })
      const client = await connect()
      try {
        client.get('/')
        const { length } = await client.response()
        await until(() => journal.entries.closed)
        return { length }
      } finally {
        fs[name] = original
        client.destroy()
      }
    },
  )
}
