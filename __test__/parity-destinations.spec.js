'use strict'

// Pipes into everything that is not a plain socket: the same bytes, in the
// same chunks where they can be seen, and the same events.

const assert = require('node:assert/strict')
const { spawn } = require('node:child_process')
const { once } = require('node:events')
const fs = require('node:fs')
const path = require('node:path')
const { PassThrough, Writable, pipeline } = require('node:stream')
const { pipeline: pipelineAsync } = require('node:stream/promises')

const { DESTINATIONS } = require('./helpers/destinations.js')
const { descriptorsOn, folder, makeFile, newPath } = require('./helpers/files.js')
const { describeError, parity } = require('./helpers/parity.js')
const { until } = require('./helpers/server.js')

const FILES = {
  empty: makeFile(0),
  small: makeFile(1024, 1),
  medium: makeFile(300_000, 2),
  large: makeFile(5 * 2 ** 20, 3),
}

/** Whether a full destination pauses its source last is a matter of time. */
function forgetFlowing({ source }) {
  for (const [event, state] of source) {
    if (event === 'end' || event === 'close') delete state.readableFlowing
  }
}

/** Ways to get from a source into a destination. */
const WAYS = {
  pipe({ source, destination }) {
    source.pipe(destination)
  },
  'pipe with end: false'({ source, destination }) {
    source.pipe(destination, { end: false })
    source.on('end', () => destination.end('tail'))
  },
  pipeline({ source, destination, journal }) {
    pipeline(source, destination, (error) => journal.note('pipeline', describeError(error)))
  },
  'pipeline of promises'({ source, destination, journal }) {
    const note = (error) => journal.note('pipeline', describeError(error))
    pipelineAsync(source, destination).then(note, note)
  },
}

function pipeCase(name, kind, { file = 'medium', way = 'pipe', options, length }) {
  parity(name, async ({ createReadStream, journal, t }) => {
    const { destination, received } = await DESTINATIONS[kind](t)
    const source = journal.source(createReadStream(FILES[file].file, options))
    journal.destination(destination)
    if (destination.shouldHaveLength) {
      destination.setHeader('Content-Length', length ?? FILES[file].content.length)
    }
    WAYS[way]({ source, destination, journal })
    const result = await received
    await until(() => source.closed && (destination.closed || destination.writableFinished))
    if (way.startsWith('pipeline')) await until(() => journal.entries.pipeline)
    // 'close' of the destination may be the last of all.
    for (let i = 0; i < 5; i += 1) await new Promise(setImmediate)
    forgetFlowing(journal.entries)
    return result
  })
}

for (const kind of Object.keys(DESTINATIONS)) {
  for (const file of Object.keys(FILES)) {
    pipeCase(`a ${file} file into ${kind}`, kind, { file })
  }
  pipeCase(`a range into ${kind}`, kind, {
    options: { start: 1000, end: 200_000 },
    length: 199_001,
  })
  pipeCase(`chunks of 10,000 bytes into ${kind}`, kind, { options: { highWaterMark: 10_000 } })
  for (const way of Object.keys(WAYS)) {
    if (way === 'pipe') continue
    // A byte more than the Content-Length is in nobody's response.
    if (way.includes('false') && kind.includes('Content-Length')) continue
    pipeCase(`a file into ${kind} by ${way}`, kind, { way })
  }
}

/** Whether a socket was writing when it was destroyed, Node 22 and later tell. */
const CUT_SHORT = new Set(['ECANCELED', 'ERR_STREAM_PREMATURE_CLOSE'])

/** Those whose early end ends the source, on millrace only. */
const isNetwork = (kind) => /HTTP|TLS/.test(kind)

for (const kind of Object.keys(DESTINATIONS)) {
  for (const how of ['pipe', 'pipeline']) {
    // It has an error if it was writing at that moment.
    if (kind === 'a WriteStream') continue
    parity(
      `${kind} that is destroyed in the middle of a ${how}`,
      async ({ createReadStream, journal, t }) => {
        const { destination, received } = await DESTINATIONS[kind](t)
        const source = createReadStream(FILES.large.file)
        for (const event of ['open', 'ready', 'end', 'close', 'error']) {
          source.on(event, (error) => journal.note('source', event, error?.code))
        }
        for (const event of ['pipe', 'unpipe', 'finish', 'error', 'close']) {
          destination.on(event, ({ code } = {}) => journal.note('destination', event, code))
        }
        WAYS[how]({ source, destination, journal })
        await until(() => source.bytesRead >= 65_536, 'the first bytes')
        destination.destroy()
        received.catch(() => {})
        // The response of HTTP/2 says nothing when it is destroyed.
        const { stream = destination } = destination
        await until(() => stream.closed)
        for (let i = 0; i < 10; i += 1) await new Promise(setImmediate)
        const isLeft = isNetwork(kind) && how === 'pipe' ? 'either' : source.destroyed
        source.destroy()
        await until(() => source.closed)
        assert.equal(descriptorsOn(FILES.large.file), 0)
        if (isNetwork(kind) && journal.entries.pipeline !== undefined) {
          journal.entries.pipeline = journal.entries.pipeline
            .flat()
            .map((entry) => (CUT_SHORT.has(entry?.code) ? 'cut short' : entry))
        }
        return { isLeft, pipes: source._readableState.pipes.length }
      },
    )
  }
}

for (const how of ['pipe', 'pipeline', 'pipeline of promises']) {
  parity(
    `a Writable that fails in the middle of a ${how}`,
    async ({ createReadStream, journal }) => {
      let chunks = 0
      const destination = new Writable({
        write(chunk, _, callback) {
          chunks += 1
          callback(chunks === 3 ? Object.assign(new Error('full'), { code: 'ENOSPC' }) : null)
        },
      })
      journal.errors(destination, 'destination')
      const source = journal.source(createReadStream(FILES.medium.file))
      journal.destination(destination)
      WAYS[how]({ source, destination, journal })
      await until(() => destination.closed)
      for (let i = 0; i < 10; i += 1) await new Promise(setImmediate)
      const flags = [source.destroyed, source.readableFlowing, source.bytesRead > 0]
      source.destroy()
      await until(() => source.closed)
      // How far it has read ahead is a matter of time.
      journal.entries.source = journal.entries.source.map(([event]) => event)
      return { flags, chunks }
    },
  )
}

parity('a WriteStream that cannot be opened', async ({ createReadStream, journal }) => {
  const destination = journal.errors(fs.createWriteStream(folder), 'destination')
  const source = journal.source(createReadStream(FILES.medium.file))
  journal.destination(destination)
  source.pipe(destination)
  await until(() => destination.closed)
  for (let i = 0; i < 10; i += 1) await new Promise(setImmediate)
  const { destroyed } = source
  source.destroy()
  await until(() => source.closed)
  journal.entries.source = journal.entries.source.map(([event]) => event)
  return { destroyed }
})

parity('a file composed with a Transform', async ({ createReadStream, journal }) => {
  const source = journal.source(createReadStream(FILES.medium.file))
  const parts = []
  for await (const part of source.compose(new PassThrough())) parts.push(part.length)
  await until(() => source.closed)
  forgetFlowing(journal.entries)
  return parts
})

parity('several destinations of different speeds', async ({ createReadStream, journal, t }) => {
  const source = journal.source(createReadStream(FILES.large.file))
  const all = [
    'a Writable',
    'a slow Writable that takes several chunks at once',
    'a PassThrough',
    'gzip',
    'a WriteStream',
  ].map((kind) => DESTINATIONS[kind](t))
  for (const { destination } of all) source.pipe(destination)
  const results = await Promise.all(all.map(({ received }) => received))
  await until(() => source.closed)
  forgetFlowing(journal.entries)
  // How many are taken at once depends on the file's speed.
  return results.map(({ hash, length }) => ({ hash, length }))
})

for (const to of ['a pipe', 'a file']) {
  parity(`a file into the standard output of a process, ${to}`, async ({ isMillrace }) => {
    const out = newPath('out')
    const descriptor = to === 'a file' ? fs.openSync(out, 'w') : 'pipe'
    const module = isMillrace ? path.join(__dirname, '..') : 'node:fs'
    const script = `
      const stream = require(${JSON.stringify(module)}).createReadStream(process.argv[1])
      const events = []
      for (const event of ['open', 'ready', 'end', 'close']) stream.on(event, () => events.push(event))
      process.stdout.on('unpipe', () => events.push('unpipe'))
      process.on('exit', () => require('node:fs').writeSync(2, events.join()))
      stream.pipe(process.stdout)`
    const child = spawn(process.execPath, ['-e', script, FILES.large.file], {
      stdio: ['ignore', descriptor, 'pipe'],
    })
    const collect = async (readable) => {
      const parts = []
      for await (const part of readable) parts.push(part)
      return Buffer.concat(parts)
    }
    const [output, events, [code]] = await Promise.all([
      child.stdout && collect(child.stdout),
      collect(child.stderr),
      once(child, 'exit'),
    ])
    if (to === 'a file') fs.closeSync(descriptor)
    assert.ok((output ?? fs.readFileSync(out)).equals(FILES.large.content))
    return { events: String(events), code }
  })
}
