'use strict'

// The runs of cold.js.

const { spawnSync } = require('node:child_process')
const fs = require('node:fs')
const path = require('node:path')

const { chill } = require('./cold.js')
const { Problem, note } = require('./command.js')
const { warm: bringIn } = require('./files.js')
const { repeatedly } = require('./rounds.js')
const { startServer } = require('./server-process.js')
const { median, spread } = require('./statistics.js')
const { verify } = require('./verify.js')
const { startWorker } = require('./worker-process.js')

const GIB = 2 ** 30
const DOWNLOADER = path.join(__dirname, '..', 'downloader.js')

/** How often each connection of a crowd asks, in milliseconds. */
const PAUSE = 100
/** What the crowd is watched for at least, in milliseconds. */
const WATCHED = 2000

/** How often a file is dropped until it is gone, and how long between, in milliseconds. */
const CHILL_TRIES = 50
const CHILL_PAUSE = 20

/** Rounds of files that no run gets through. */
const MANY = 1000

/** What is downloaded beside a crowd: nothing, files that are in memory, files that are not. */
const BESIDE = ['alone', 'warm', 'cold']

/** What sends a file: the kind of handler, and the engine of its server. */
const SENDERS = {
  fs: { kind: 'fs' },
  sendfile: { kind: 'millrace', engine: 'sendfile' },
  copy: { kind: 'millrace', engine: 'copy' },
}

/**
 * A cold file by `cat FILE > /dev/null` and through each sender, in turns.
 * @param {object} setting
 */
async function measureSpeed({ node, folder, cold, rounds }) {
  const names = Object.keys(SENDERS)
  const { servers, stop } = await startAll({ node, folder, file: cold }, names)
  const client = startWorker({ node, script: DOWNLOADER })
  const runs = {
    cat: () => cat(cold),
    ...Object.fromEntries(
      names.map((name) => [name, () => client.ask('fetch', requestOf(servers[name], name, cold))]),
    ),
  }
  const kinds = Object.keys(runs)
  const samples = Object.fromEntries(kinds.map((kind) => [kind, []]))
  for (let round = 0; round <= rounds; round++) {
    for (const kind of rotated(kinds, round)) {
      const { sample } = await repeatedly(`the cold file through ${kind}`, async () => {
        chillOrFail(cold)
        return runs[kind]()
      })
      if (round > 0) samples[kind].push(cold.size / GIB / sample.seconds)
    }
  }
  await client.stop()
  await stop()
  return Object.fromEntries(
    kinds.map((kind) => [
      kind,
      {
        gibPerSecond: median(samples[kind]),
        ratio: spread(samples[kind].map((speed, round) => speed / samples.cat[round])),
        samples: samples[kind],
      },
    ]),
  )
}

/**
 * Warm downloads of one file over and over, alone, beside long ones that are warm
 * as well, and beside cold ones.
 * @param {object} setting
 */
async function measureBeside({ node, folder, colds, warm, rounds, downloads, isQuick }) {
  const names = ['fs', 'sendfile']
  const { servers, stop } = await startAll({ node, folder, file: warm }, names)
  const [crowd, single] = [0, 1].map(() => startWorker({ node, script: DOWNLOADER }))
  const watched = isQuick ? WATCHED / 10 : WATCHED

  const run = async (name, way) => {
    const server = servers[name]
    bringIn(warm)
    // Not meanwhile: to drop a file keeps a core busy for as long as to send some of it.
    for (const file of colds) {
      if (way === 'warm') bringIn(file)
      else chillOrFail(file)
    }
    await server.getText('/loop')
    const others = crowd.ask('repeat', {
      ...requestOf(server, name, warm),
      downloads,
      pause: PAUSE,
      milliseconds: watched,
    })
    const isOver = others.then(
      () => true,
      () => true,
    )
    let bytesBeside = 0
    for (const file of filesBeside(way, colds)) {
      if (await Promise.race([isOver, false])) break
      await single.ask('fetch', requestOf(server, name, file))
      bytesBeside += file.size
    }
    const { count, p99 } = await others
    const delayP99 = Math.max(Number(await server.getText('/loop')), 0)
    return { delayP99, p99, count, bytesBeside }
  }

  const result = {}
  for (const name of names) result[name] = Object.fromEntries(BESIDE.map((way) => [way, []]))
  for (let round = 0; round <= rounds; round++) {
    for (const name of rotated(names, round)) {
      for (const way of rotated(BESIDE, round)) {
        const what = `${downloads} warm downloads through ${name}, ${way}`
        const { sample } = await repeatedly(what, () => run(name, way))
        if (round > 0) result[name][way].push(sample)
      }
    }
  }
  await crowd.stop()
  await single.stop()
  await stop()
  return Object.fromEntries(names.map((name) => [name, summaryOf(result[name])]))
}

/** What was sent once is in memory, so each cold file comes once. */
function filesBeside(way, files) {
  const rounds = { alone: 0, warm: MANY, cold: 1 }[way]
  return Array.from({ length: rounds }, () => files).flat()
}

function summaryOf(samples) {
  const figures = (what) =>
    Object.fromEntries(
      BESIDE.map((way) => [
        way,
        {
          median: median(samples[way].map((sample) => sample[what])),
          ratio: spread(samples[way].map((sample, i) => sample[what] / samples.alone[i][what])),
        },
      ]),
    )
  return { delayP99: figures('delayP99'), p99: figures('p99'), samples }
}

/** A server for each sender, which has shown that it sends what it should. */
async function startAll({ node, folder, file }, names) {
  const servers = {}
  for (const name of names) {
    const { kind, engine } = SENDERS[name]
    const server = await startServer({ node, folder, setsLength: true, engine })
    servers[name] = server
    bringIn(file)
    const kinds = [...new Set([kind, 'millrace'])]
    const { transfer } = await verify({ server, file, kinds, setsLength: true })
    if (kind === 'millrace' && transfer.engine !== engine) {
      throw new Problem(`${transfer.engine} sends where ${engine} should.`)
    }
  }
  note(`${file.label}: same bytes through ${names.join(', ')}`)
  const stop = () => Promise.all(names.map((name) => servers[name].stop()))
  return { servers, stop }
}

function requestOf({ port }, name, { name: file, size }) {
  return { port, target: `/${SENDERS[name].kind}/${file}`, size }
}

function cat({ path: location }) {
  const begin = performance.now()
  const nowhere = fs.openSync('/dev/null', 'w')
  const { status } = spawnSync('cat', [location], { stdio: ['ignore', nowhere, 'inherit'] })
  fs.closeSync(nowhere)
  if (status !== 0) throw new Error('cat failed')
  return { seconds: (performance.now() - begin) / 1000 }
}

/** Pages that a socket still holds on to go a little later. */
function chillOrFail(file) {
  for (let tries = 0; !chill(file); tries += 1) {
    if (tries === CHILL_TRIES) throw new Error('the file is still in the page cache')
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, CHILL_PAUSE)
  }
}

/** Each comes first in turn. */
function rotated(list, round) {
  const by = round % list.length
  return [...list.slice(by), ...list.slice(0, by)]
}

module.exports = { measureSpeed, measureBeside }
