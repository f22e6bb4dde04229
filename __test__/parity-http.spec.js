'use strict'

// The same handler on node:fs and on millrace: same events, same bytes.

const fs = require('node:fs')
const http = require('node:http')
const { once } = require('node:events')
const { AsyncLocalStorage } = require('node:async_hooks')
const diagnostics = require('node:diagnostics_channel')
const { PassThrough, pipeline } = require('node:stream')

const { bytes, makeFile, newPath, sha256 } = require('./helpers/files.js')
const { parity, describeError } = require('./helpers/parity.js')
const { serveHttp, serveNet, until } = require('./helpers/server.js')

const small = makeFile(1000, 1)
const medium = makeFile(60_000, 2)
const large = makeFile(3 * 2 ** 20 + 17, 3)
const empty = makeFile(0)
const FILES = { small, medium, large, empty }

/** One request; the handler gets a journalled stream; the response returned. */
function oneRequest(
  name,
  { file = 'large', options, request = [], handler = defaultHandler, server = {} },
) {
  parity(name, async ({ createReadStream, journal, t }) => {
    let closed
    const { connect } = await serveHttp(
      t,
      (incoming, response) => {
        journal.destination(response, 'response')
        const stream = createReadStream(FILES[file].file, options)
        journal.source(stream)
        closed = Promise.all([once(stream, 'close'), once(response, 'close')])
        handler({ stream, response, request: incoming, journal, createReadStream })
      },
      { options: server },
    )
    const client = await connect()
    client.get('/', ...request)
    const isHead = request[1] === 'HEAD'
    // Bytes too many would stand before the next status line.
    const isKept = !request[0]?.includes('close') && request[2] !== '1.0'
    const { headers, ...response } = await client.response({ isHead })
    await closed
    if (isKept) {
      client.send('BAD\r\n\r\n')
      response.next = (await client.inbox.until('\r\n\r\n')).split('\r\n')[0]
    }
    const rest = request[0]?.includes('close') ? await client.rest() : null
    client.destroy()
    return { ...response, headers: withoutDate(headers), rest }
  })
}

function defaultHandler({ stream, response }) {
  stream.pipe(response)
}

function withoutDate({ date, ...headers }) {
  return { ...headers, date: typeof date }
}

for (const file of Object.keys(FILES)) {
  oneRequest(`a ${file} file in chunks`, { file })
  oneRequest(`a ${file} file with a Content-Length`, {
    file,
    handler({ stream, response }) {
      response.setHeader('Content-Length', FILES[file].content.length)
      stream.pipe(response)
    },
  })
  oneRequest(`a ${file} file by writeHead with raw headers`, {
    file,
    handler({ stream, response }) {
      response.writeHead(206, ['Content-Length', String(FILES[file].content.length), 'X-A', 'b'])
      stream.pipe(response)
    },
  })
  oneRequest(`a ${file} file to a client of HTTP/1.0`, { file, request: ['', 'GET', '1.0'] })
  oneRequest(`a ${file} file in answer to HEAD`, { file, request: ['', 'HEAD'] })
  oneRequest(`a ${file} file on a connection to be closed`, {
    file,
    request: ['Connection: close\r\n'],
  })
  oneRequest(`a ${file} file behind flushed headers`, {
    file,
    handler({ stream, response }) {
      response.flushHeaders()
      stream.pipe(response)
    },
  })
  oneRequest(`a ${file} file behind an earlier write`, {
    file,
    handler({ stream, response }) {
      response.write('earlier ')
      stream.pipe(response)
    },
  })
  oneRequest(`a ${file} file that does not end the response`, {
    file,
    handler({ stream, response }) {
      stream.pipe(response, { end: false })
      stream.on('end', () => response.end('last'))
    },
  })
  oneRequest(`a ${file} file through pipeline`, {
    file,
    handler({ stream, response, journal }) {
      pipeline(stream, response, (error) => journal.note('pipeline', describeError(error)))
    },
  })
  oneRequest(`a ${file} file that stays open`, {
    file,
    options: { autoClose: false },
    handler({ stream, response, journal }) {
      stream.pipe(response)
      response.on('close', () => {
        const { fd } = stream
        journal.note('position', fs.readSync(fd, Buffer.alloc(1)))
        journal.note('flags', stream.destroyed, stream.closed)
        fs.closeSync(fd)
        stream.emit('close')
      })
    },
  })
  oneRequest(`a ${file} file without emitClose`, {
    file,
    options: { emitClose: false },
    handler({ stream, response, journal }) {
      stream.pipe(response)
      response.on('close', async () => {
        await until(() => stream.destroyed)
        journal.note('flags', stream.destroyed)
        stream.emit('close')
      })
    },
  })
}

for (const [status, name] of [
  [204, 'no content'],
  [304, 'not modified'],
]) {
  oneRequest(`a pipe into a response of ${status} (${name})`, {
    request: ['Connection: close\r\n'],
    handler({ stream, response }) {
      response.statusCode = status
      stream.pipe(response)
    },
  })
}

oneRequest('a range', { options: { start: 100_000, end: 2_000_000 } })
oneRequest('a range beyond the end', { options: { start: 10 ** 8 } })
oneRequest('a high-water mark of one', { file: 'small', options: { highWaterMark: 1 } })
oneRequest('a high-water mark of zero', { file: 'small', options: { highWaterMark: 0 } })
oneRequest('an encoding', { file: 'small', options: 'latin1' })
oneRequest('a Content-Length with a byte too many promised is kept as it is by HEAD', {
  file: 'small',
  request: ['', 'HEAD'],
  handler({ stream, response }) {
    response.setHeader('Content-Length', 1001)
    stream.pipe(response)
  },
})
oneRequest('trailers', {
  handler({ stream, response }) {
    response.setHeader('Trailer', 'X-Sum')
    stream.on('end', () => response.addTrailers({ 'X-Sum': '1' }))
    stream.pipe(response)
  },
})
oneRequest('a write from a listener of end that is older than the pipe', {
  handler({ stream, response }) {
    stream.on('end', () => response.write('footer'))
    stream.pipe(response)
  },
})
oneRequest('a strict Content-Length', {
  handler({ stream, response }) {
    response.strictContentLength = true
    response.setHeader('Content-Length', large.content.length)
    stream.pipe(response)
  },
})
oneRequest('a PassThrough in between', {
  handler({ stream, response }) {
    stream.pipe(new PassThrough()).pipe(response)
  },
})
oneRequest('a source that is unpiped and piped again before it flows', {
  handler({ stream, response }) {
    stream.pipe(response)
    stream.unpipe(response)
    stream.pipe(response)
  },
})
oneRequest('a source that is piped after it is open', {
  handler({ stream, response }) {
    stream.on('ready', () => stream.pipe(response))
  },
})
oneRequest('a source that is paused and resumed before it flows', {
  handler({ stream, response }) {
    stream.pipe(response)
    stream.pause()
    setImmediate(() => stream.resume())
  },
})
oneRequest('bytes unshifted before the pipe', {
  handler({ stream, response }) {
    stream.on('ready', () => {
      stream.unshift(Buffer.from('before '))
      stream.pipe(response)
    })
  },
})
oneRequest('the first bytes read by hand', {
  handler({ stream, response, journal }) {
    stream.once('readable', () => {
      journal.note('read', sha256(stream.read(1000)))
      stream.pipe(response)
    })
  },
})
oneRequest('listeners and their number', {
  file: 'small',
  handler({ stream, response, journal }) {
    stream.pipe(response)
    const count = (emitter, names) => names.map((name) => [name, emitter.listenerCount(name)])
    journal.note('source-listeners', count(stream, ['data', 'end', 'error', 'close', 'readable']))
    journal.note('response-listeners', count(response, ['drain', 'unpipe', 'error', 'finish']))
    stream.on('end', () =>
      journal.note('at-end', count(stream, ['data', 'end']), stream.readableDidRead),
    )
  },
})

const storage = new AsyncLocalStorage()
oneRequest('the store of an AsyncLocalStorage in every event', {
  handler({ stream, response, journal }) {
    storage.run('store', () => {
      stream.on('open', () => journal.note('store', 'open', storage.getStore()))
      stream.on('end', () => journal.note('store', 'end', storage.getStore()))
      stream.on('close', () => journal.note('store', 'close', storage.getStore()))
      stream.pipe(response)
    })
  },
})

parity(
  'the store of the stream itself, when it is made within a run',
  async ({ createReadStream, journal, t }) => {
    const { connect } = await serveHttp(t, (request, response) => {
      storage.run(request.url, () => {
        const stream = createReadStream(large.file)
        for (const event of ['open', 'end', 'close']) {
          stream.on(event, () => journal.note('store', event, storage.getStore()))
        }
        stream.pipe(response)
      })
    })
    const client = await connect()
    client.get('/one')
    await client.response()
    await until(() => journal.entries.store?.length === 3)
    client.destroy()
  },
)

parity(
  'http.server.response.finish is published once, with the response',
  async ({ createReadStream, journal, t }) => {
    const { connect } = await serveHttp(t, (request, response) => {
      createReadStream(large.file).pipe(response)
    })
    const seen = ({ response }) =>
      journal.note('finish', response.statusCode, response.writableFinished)
    diagnostics.subscribe('http.server.response.finish', seen)
    t.after(() => diagnostics.unsubscribe('http.server.response.finish', seen))
    const client = await connect()
    client.get('/')
    await client.response()
    await until(() => journal.entries.finish)
    diagnostics.unsubscribe('http.server.response.finish', seen)
    client.destroy()
  },
)

parity(
  'socket.bytesWritten counts every byte of the wire',
  async ({ createReadStream, journal, t }) => {
    for (const name of ['small', 'medium', 'large']) {
      for (const withLength of [true, false]) {
        // Chunks larger than Node's have fewer size lines.
        if (!withLength && name === 'large') continue
        const { connect } = await serveHttp(t, (request, response) => {
          const { socket } = response
          if (withLength) response.setHeader('Content-Length', FILES[name].content.length)
          createReadStream(FILES[name].file).pipe(response)
          response.on('finish', () => journal.note('written', name, socket.bytesWritten))
        })
        const client = await connect()
        for (let i = 0; i < 2; i += 1) {
          const count = journal.entries.written?.length ?? 0
          client.get('/')
          await client.response()
          await until(() => journal.entries.written?.length > count)
        }
        client.destroy()
      }
    }
  },
)

parity(
  'server.close waits for the response that runs',
  async ({ createReadStream, journal, t }) => {
    const { server, connect } = await serveHttp(t, (request, response) => {
      createReadStream(large.file).pipe(response)
      response.on('finish', () => journal.note('order', 'finish'))
      server.close(() => journal.note('order', 'closed'))
    })
    const client = await connect()
    client.get('/', 'Connection: close\r\n')
    journal.note('response', (await client.response()).sha256)
    await until(() => journal.entries.order.length === 2)
    client.destroy()
  },
)

parity(
  'server.closeAllConnections ends the response that runs',
  async ({ createReadStream, journal, t }) => {
    const big = newPath('big')
    fs.writeFileSync(big, bytes(64 * 2 ** 20))
    const { server, connect } = await serveHttp(t, (request, response) => {
      journal.destination(response, 'response')
      createReadStream(big).pipe(response)
    })
    const client = await connect()
    client.get('/')
    await client.inbox.some()
    client.socket.pause()
    server.closeAllConnections()
    client.socket.resume()
    await client.rest()
    await until(() => journal.entries.response.length === 3)
    client.destroy()
  },
)

for (const [kind, address] of [
  ['TCP', undefined],
  ['Unix', {}],
]) {
  for (const file of ['small', 'large', 'empty']) {
    parity(`a ${file} file into a ${kind} socket`, async ({ createReadStream, journal, t }) => {
      const { connect } = await serveNet(
        t,
        (socket) => {
          journal.destination(socket, 'socket')
          journal.source(createReadStream(FILES[file].file)).pipe(socket)
        },
        { address: address && { path: newPath('socket') } },
      )
      const client = await connect()
      const { sha256: hash, length } = await client.rest()
      client.socket.end()
      await until(() => journal.entries.source.at(-1)[0] === 'close')
      await until(() => journal.entries.socket.at(-1) === 'close')
      return { hash, length }
    })
  }
}

parity('a file into a client’s request', async ({ createReadStream, journal, t }) => {
  let received
  const { address } = await serveHttp(t, (request, response) => {
    const parts = []
    request.on('data', (part) => parts.push(part))
    request.on('end', () => {
      received = sha256(Buffer.concat(parts))
      response.end()
    })
  })
  const request = http.request({ ...address, method: 'POST', agent: false })
  const source = journal.source(createReadStream(large.file))
  const closed = once(source, 'close')
  source.pipe(request)
  const [response] = await once(request, 'response')
  response.resume()
  await Promise.all([once(response, 'end'), closed])
  return { received }
})

parity(
  'a file that is replaced, and one that is unlinked, once they are open',
  async ({ createReadStream, t, journal }) => {
    const file = newPath('replaced')
    fs.writeFileSync(file, large.content)
    const { connect } = await serveHttp(t, (request, response) => {
      const stream = createReadStream(file)
      stream.pipe(response)
      stream.on('open', () => {
        if (request.url === '/replace') {
          fs.writeFileSync(`${file}.new`, 'new')
          fs.renameSync(`${file}.new`, file)
        } else {
          fs.unlinkSync(file)
        }
      })
    })
    const client = await connect()
    client.get('/replace')
    journal.note('replaced', (await client.response()).sha256)
    client.get('/unlink')
    journal.note('unlinked', (await client.response()).sha256)
    client.destroy()
  },
)

parity('many at once', async ({ createReadStream, t }) => {
  const { connect } = await serveHttp(t, (request, response) => {
    createReadStream(FILES[request.url.slice(1)].file).pipe(response)
  })
  const hashes = await Promise.all(
    Array.from({ length: 60 }, async (_, i) => {
      const client = await connect()
      client.get(`/${['small', 'medium', 'large'][i % 3]}`)
      const { sha256: hash } = await client.response()
      client.destroy()
      return hash
    }),
  )
  return { hashes }
})
