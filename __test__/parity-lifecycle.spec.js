'use strict'

// From the first event to the last: order, moments and ends of every kind.

const assert = require('node:assert/strict')
const { AsyncLocalStorage } = require('node:async_hooks')
const { execFile, execFileSync } = require('node:child_process')
const { once } = require('node:events')
const fs = require('node:fs')
const { test } = require('node:test')

const millrace = require('..')
const { descriptorsOn, makeFile, newPath } = require('./helpers/files.js')
const { parity, describeError, lookAt } = require('./helpers/parity.js')
const { until } = require('./helpers/server.js')

const { file, content } = makeFile(200_001)
const missing = newPath('missing')

async function turns(count = 10) {
  for (let i = 0; i < count; i += 1) await new Promise(setImmediate)
}

/** Each calls `act` at some moment in the life of a stream. */
const moments = {
  'at once': (stream, act) => act(),
  'in the next tick': (stream, act) => process.nextTick(act),
  'in a microtask': (stream, act) => queueMicrotask(act),
  'at open': (stream, act) => stream.once('open', act),
  'at ready': (stream, act) => stream.once('ready', act),
  'at resume': (stream, act) => stream.once('resume', act),
  'at the first chunk': (stream, act) => stream.once('data', act),
  'at the second chunk': (stream, act) => stream.once('data', () => stream.once('data', act)),
  'in the tick behind a chunk, in the middle of a read': (stream, act) =>
    stream.once('data', () => process.nextTick(process.nextTick, act)),
  'in a microtask behind a chunk': (stream, act) => stream.once('data', () => queueMicrotask(act)),
  'at readable': (stream, act) =>
    stream.once('readable', () => {
      act()
      stream.resume()
    }),
  'at error': (stream, act) => stream.once('error', act),
  'at end': (stream, act) => stream.once('end', act),
  'in the tick behind the end': (stream, act) => stream.once('end', () => process.nextTick(act)),
  'at close': (stream, act) => stream.once('close', act),
  'in the tick behind the close': (stream, act) =>
    stream.once('close', () => process.nextTick(act)),
}

const ours = () => Object.assign(new Error('ours'), { code: 'OURS' })

/** What is done to a stream. */
const actions = {
  'destroy()': (stream, log) => log.push(['returned', stream.destroy() === stream]),
  'destroy(error)': (stream) => stream.destroy(ours()),
  'destroy(), twice'(stream) {
    stream.destroy()
    stream.destroy(ours())
  },
  'destroy(error, callback)': (stream, log) =>
    stream.destroy(ours(), (error) => log.push(['destroyed', describeError(error)])),
  'close()': (stream, log) => log.push(['returned', stream.close()]),
  'close(callback)': (stream, log) =>
    stream.close((error) => log.push(['closed', describeError(error), lookAt(stream)])),
  'close(callback), twice'(stream, log) {
    stream.close((error) => log.push(['first', describeError(error)]))
    stream.close((error) => log.push(['second', describeError(error)]))
  },
  'an abort': (stream, log, controller) => controller.abort(),
  'an abort with a reason': (stream, log, controller) => controller.abort(ours()),
  'Symbol.asyncDispose': (stream, log) =>
    stream[Symbol.asyncDispose]?.().then(
      () => log.push(['disposed']),
      (error) => log.push(['not disposed', describeError(error)]),
    ),
  'pause and destroy'(stream) {
    stream.pause()
    stream.destroy()
  },
  'autoClose = false'(stream) {
    stream.autoClose = false
  },
  'an error that is only emitted': (stream) => stream.emit('error', ours()),
  'an end that is only emitted': (stream) => stream.emit('end'),
}

const sources = {
  'a file': [file, {}],
  'a file in small chunks from a start': [file, { start: 190_000, highWaterMark: 1000 }],
  'a file, autoClose: false': [file, { autoClose: false }],
  'a file, emitClose: false': [file, { emitClose: false }],
  'an empty file': [makeFile(0).file, {}],
  'a missing file': [missing, {}],
  'a missing file, autoClose: false': [missing, { autoClose: false }],
  'a descriptor': [null, { fd: file }],
  'a descriptor, autoClose: false': [null, { fd: file, autoClose: false }],
  'a descriptor that is closed': [null, { fd: 10 ** 6 }],
}

/** All that happens to a stream that is ended by an action at a moment. */
async function storyOf(createReadStream, [path, given], moment, act) {
  const log = []
  const controller = new AbortController()
  const options = { ...given, signal: controller.signal }
  if (options.fd === file) options.fd = fs.openSync(file)
  const stream = createReadStream(path, options)
  for (const event of ['open', 'ready', 'pause', 'resume', 'end', 'close']) {
    stream.on(event, () => log.push([event, lookAt(stream)]))
  }
  stream.on('error', (error) => log.push(['error', describeError(error), lookAt(stream)]))
  moments[moment](stream, () => {
    log.push(['now'])
    act(stream, log, controller)
  })
  if (moment !== 'at readable') {
    stream.on('data', (part) => log.push(['data', part.length, lookAt(stream)]))
  }
  await until(() => stream.closed || stream.readableEnded || stream.errored !== null)
  if (stream.autoClose || stream.destroyed) await until(() => stream.closed)
  await turns()
  log.push(['settled', lookAt(stream)])
  stream.destroy()
  await until(() => stream.closed)
  await turns(3)
  return log
}

for (const [name, source] of Object.entries(sources)) {
  for (const moment of Object.keys(moments)) {
    parity(`${name}, ${moment}: the end in every way`, async ({ createReadStream }) => {
      const stories = Object.entries(actions).map(async ([action, act]) => [
        action,
        await storyOf(createReadStream, source, moment, act),
      ])
      return Promise.all(stories)
    })
  }
}

parity('a signal that was aborted before', async ({ createReadStream }) => {
  const stream = createReadStream(file, { signal: AbortSignal.abort(ours()) })
  const events = []
  for (const event of ['open', 'ready', 'data', 'end', 'close']) {
    stream.on(event, () => events.push(event))
  }
  stream.on('error', (error) => events.push(error.code, error.cause?.code))
  await until(() => events.includes('close') && events.includes('ready'))
  await turns()
  // Which is first, is chance.
  return events.toSorted()
})

test('a descriptor is closed at every end, whenever it comes', async () => {
  const { file: counted } = makeFile(300_000)
  const closed = []
  for (let turn = 0; turn < 60; turn += 1) {
    const controller = new AbortController()
    const stream = millrace.createReadStream(counted, {
      highWaterMark: 10_000,
      signal: controller.signal,
    })
    stream.on('error', () => {})
    stream.on('data', () => {})
    closed.push(once(stream, 'close').catch(() => {}))
    await turns(turn % 12)
    if (turn % 3 === 0) stream.destroy()
    else if (turn % 3 === 1) stream.close()
    else controller.abort()
  }
  await Promise.all(closed)
  await until(() => descriptorsOn(counted) === 0, 'the descriptors to be closed')
})

parity('a read that cannot end holds the close back', async ({ createReadStream, journal }) => {
  const fifo = newPath('fifo')
  execFileSync('mkfifo', [fifo])
  const keeper = fs.openSync(fifo, 'r+')
  const stream = createReadStream(fifo)
  stream.on('data', () => journal.note('log', 'data'))
  stream.on('close', () => journal.note('log', 'close', lookAt(stream)))
  await once(stream, 'ready')
  await turns(20)
  stream.destroy()
  await turns(20)
  journal.note('log', 'waiting', lookAt(stream), descriptorsOn(fifo))
  fs.writeSync(keeper, 'x')
  await until(() => stream.closed)
  await turns()
  journal.note('log', 'closed', lookAt(stream), descriptorsOn(fifo))
  fs.closeSync(keeper)
})

for (const when of ['open', 'data', 'end']) {
  parity(`a descriptor that is closed by another at ${when}`, async (implementation) => {
    const log = []
    const stream = implementation.createReadStream(file)
    stream.once(when, () => fs.closeSync(stream.fd))
    for (const event of ['data', 'end', 'close']) {
      stream.on(event, () => log.push([event, lookAt(stream)]))
    }
    stream.on('error', (error) => log.push(['error', describeError(error), lookAt(stream)]))
    await until(() => stream.closed)
    await turns(3)
    return log
  })
}

for (const global of [false, true]) {
  for (const event of ['open', 'data', 'end', 'close']) {
    parity(
      `captureRejections${global ? ' for all' : ''}: a listener of ${event} that rejects`,
      async ({ createReadStream, journal, t }) => {
        const events = require('node:events')
        events.captureRejections = global
        t.after(() => {
          events.captureRejections = false
        })
        const stream = createReadStream(file, global ? {} : { captureRejections: true })
        events.captureRejections = false
        stream.once(event, async () => {
          throw ours()
        })
        stream.on('error', (error) => journal.note('log', 'error', describeError(error)))
        for (const name of ['end', 'close']) {
          stream.on(name, () => journal.note('log', name, lookAt(stream)))
        }
        stream.on('data', (part) => journal.note('log', part.length))
        await until(() => stream.closed)
        await turns(3)
      },
    )
  }
}

parity('the AsyncLocalStorage of every event', async ({ createReadStream, journal }) => {
  const storage = new AsyncLocalStorage()
  for (const path of [file, missing]) {
    const stream = storage.run('creator', () => createReadStream(path, { highWaterMark: 70_000 }))
    for (const event of ['open', 'ready', 'resume', 'data', 'end', 'error', 'close']) {
      storage.run('listener', () => {
        stream.on(event, () => journal.note(event, storage.getStore()))
      })
    }
    storage.run('pauser', () => stream.pause())
    if (path === file) await once(stream, 'ready')
    storage.run('resumer', () => stream.resume())
    await until(() => stream.closed)
    await turns(3)
  }
})

/** What a program prints, and how it ends, with the streams of `module`. */
function outputOf(program, module) {
  const script = `
    const { createReadStream } = require(${JSON.stringify(module)})
    const file = ${JSON.stringify(file)}
    const missing = ${JSON.stringify(missing)}
    const log = []
    process.on('exit', (code) => console.log(JSON.stringify({ code, log })))
    ;(${program})({ createReadStream, file, missing, log })`
  return new Promise((resolve) => {
    execFile(process.execPath, ['-e', script], { timeout: 30_000 }, (error, stdout) => {
      resolve([error?.code ?? 0, error?.signal, stdout])
    })
  })
}

/** Runs a program on node:fs and on millrace, and compares what comes of it. */
function parityOfProcess(name, program) {
  test(name, async () => {
    const modules = ['node:fs', require.resolve('..')]
    const [nodes, ourOwn] = await Promise.all(modules.map((module) => outputOf(program, module)))
    assert.match(nodes[2], /"log":\[/)
    assert.deepEqual(ourOwn, nodes)
  })
}

for (const event of ['open', 'ready', 'data', 'readable', 'end', 'error', 'close']) {
  parityOfProcess(
    `an exception in a listener of ${event} that is caught for the process`,
    `({ createReadStream, file, missing, log }) => {
      process.on('uncaughtException', (error, origin) => log.push(error.message, origin))
      const stream = createReadStream('${event}' === 'error' ? missing : file)
      let isFirst = true
      for (const name of ['open', 'ready', 'data', 'end', 'error', 'close']) {
        if ('${event}' === 'readable' && name === 'data') continue
        stream.on(name, (part) => log.push(name, part?.length ?? null, stream.bytesRead))
      }
      if ('${event}' === 'readable') stream.on('readable', () => log.push(stream.read()?.length))
      stream.on('${event}', () => {
        if (isFirst) {
          isFirst = false
          throw new Error('thrown')
        }
      })
    }`,
  )
}

const programs = {
  'a process that only reads lives until the end': `({ createReadStream, file, log }) => {
    createReadStream(file).on('data', (part) => log.push(part.length)).on('close', () => log.push('close'))
  }`,
  'a process whose stream nobody reads ends': `({ createReadStream, file, log }) => {
    createReadStream(file).on('open', () => log.push('open'))
  }`,
  'a process whose stream is paused ends': `({ createReadStream, file, log }) => {
    const stream = createReadStream(file)
    stream.on('data', (part) => {
      log.push(part.length)
      stream.pause()
    })
  }`,
  'an error that nobody listens for ends the process': `({ createReadStream, missing, log }) => {
    createReadStream(missing).on('close', () => log.push('close'))
  }`,
  'an exit in the middle of a read': `({ createReadStream, file, log }) => {
    createReadStream(file).on('data', (part) => {
      log.push(part.length)
      process.nextTick(() => process.nextTick(() => process.exit(7)))
    })
  }`,
  'an await at the top that nothing can fulfil': `async ({ createReadStream, file, log }) => {
    for await (const part of createReadStream(file)) log.push(part.length)
    log.push('behind')
  }`,
}

for (const [name, program] of Object.entries(programs)) parityOfProcess(name, program)

parity('the same bytes, after all of this', async ({ createReadStream }) => {
  const parts = []
  for await (const part of createReadStream(file)) parts.push(part)
  assert.ok(Buffer.concat(parts).equals(content))
})
