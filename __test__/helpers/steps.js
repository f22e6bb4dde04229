'use strict'

// What may happen to a transfer, by name. Each step gets the rehearsal and
// its own description.

async function turnsOf(count) {
  for (let i = 0; i < count; i += 1) await new Promise(setImmediate)
}

async function unpipeFor(rehearsal, turns, isAll) {
  if (rehearsal.isDone) return
  rehearsal.unpipe(isAll)
  await turnsOf(turns)
  if (!rehearsal.isDone) rehearsal.pipeAgain()
}

async function readFor({ source, isDone }, count) {
  if (isDone) return
  let left = count
  await new Promise((resolve) => {
    const finish = () => {
      source.off('readable', listener)
      resolve()
    }
    const listener = () => {
      source.read()
      left -= 1
      if (left <= 0) finish()
    }
    source.on('readable', listener)
    source.once('close', finish)
  })
}

async function iterateFor({ source, isDone, log }, count, destroyOnReturn) {
  if (isDone) return
  let left = count
  try {
    for await (const part of source.iterator({ destroyOnReturn })) {
      left -= part.length > 0 ? 1 : 0
      if (left <= 0) break
    }
  } catch (error) {
    log.iterator.push(error.code)
  }
}

function enough() {
  return Object.assign(new Error('enough'), { code: 'ENOUGH' })
}

const ignore = () => {}

/** Steps that are over only when the client has read on. */
const NEEDS_CLIENT = new Set(['readable', 'iterate', 'break-iterator'])

const ACTIONS = {
  async pause({ source }, { turns }) {
    source.pause()
    await turnsOf(turns)
    source.resume()
  },
  unpipe: (rehearsal, { turns }) => unpipeFor(rehearsal, turns, false),
  'unpipe-all': (rehearsal, { turns }) => unpipeFor(rehearsal, turns, true),
  async data({ source }, { turns }) {
    source.on('data', ignore)
    await turnsOf(turns)
    source.off('data', ignore)
  },
  'data-once': ({ source }) => source.once('data', ignore),
  readable: (rehearsal, { turns }) => readFor(rehearsal, 1 + turns),
  read: ({ source }) => source.read(),
  'read-some': ({ source }, { turns }) => source.read(1 + turns * 50),
  'read-zero': ({ source }) => source.read(0),
  iterate: (rehearsal, { turns }) => iterateFor(rehearsal, 1 + turns, false),
  'second-pipe': (rehearsal) => rehearsal.pipeToAnother(),
  encoding({ source, isDone }) {
    if (!isDone) source.setEncoding('latin1')
  },
  write: (rehearsal) => rehearsal.write(),
  async cork({ destination }, { turns }) {
    destination.cork()
    await turnsOf(turns)
    destination.uncork()
  },
  timeout: ({ destination }) => destination.setTimeout(60_000, ignore),

  'destroy-source': ({ source }) => source.destroy(),
  'fail-source': ({ source }) => source.destroy(enough()),
  'abort-signal': (rehearsal) => rehearsal.abort(),
  'close-source': ({ source }) => source.close(),
  'break-iterator': (rehearsal, { turns }) => iterateFor(rehearsal, 1 + turns, true),
  'destroy-destination': ({ destination }) => destination.destroy(),
  'fail-destination': ({ destination }) => destination.destroy(enough()),
  'destroy-socket': ({ socket }) => socket.destroy(),
  'reset-socket': (rehearsal) => rehearsal.reset(),
  'destroy-client': ({ client }) => client.destroy(),
  'unpipe-and-destroy'({ source, destination }) {
    source.unpipe(destination)
    source.destroy()
  },
  'end-and-destroy'({ destination }) {
    destination.end()
    destination.destroy()
  },
  'end-response': ({ destination }) => destination.end(),
  'end-response-with-bytes'({ destination }) {
    if (!destination.writableEnded) destination.end('<end>')
  },
}

module.exports = { ACTIONS, NEEDS_CLIENT, turnsOf }
