'use strict'

// How a case of read.js is run: once, verified, and in rounds.

const path = require('node:path')

const { chill } = require('./cold.js')
const { Problem, note } = require('./command.js')
const { warm } = require('./files.js')
const { calibrate, measureRounds, repeatedly } = require('./rounds.js')
const { startWorker } = require('./worker-process.js')

const GIB = 2 ** 30
const KINDS = ['fs', 'millrace']
const READER = path.join(__dirname, '..', 'reader.js')
const CLIENT = path.join(__dirname, '..', 'https-client.js')

/** What the loop that reads nothing is watched for, in milliseconds. */
const IDLE = 400
const QUICK_IDLE = 50

/**
 * Measures a case: each implementation in a process of its own, which stays
 * for all rounds.
 * @param {object} setting
 * @param {string} setting.node
 * @param {number} setting.rounds
 * @param {boolean} setting.isQuick
 * @param {{ server: number, client: number } | null} setting.pinned
 * @param {import('./read-cases.js').Case} entry
 */
async function measureCase(setting, entry) {
  const { node, rounds, isQuick, pinned } = setting
  const { label, kind: caseKind, files } = entry
  const isHttps = caseKind === 'https'
  const isHold = caseKind === 'hold'

  const readers = {}
  for (const kind of KINDS) {
    const core = isHttps ? pinned?.server : undefined
    readers[kind] = startWorker({ node, script: READER, args: [kind], core })
  }
  const client = isHttps ? startWorker({ node, script: CLIENT, core: pinned?.client }) : null
  const way = isHttps ? await overHttps(entry, readers, client) : inProcess(entry, readers)

  const fallback = await readers.millrace.ask('fallback')
  if (fallback !== null) throw new Problem(`millrace leaves everything to Node here: ${fallback}.`)
  for (const kind of KINDS) {
    if ((await way.verify(kind)) !== files[0].sha256) {
      throw new Problem(`${label}: other bytes came through ${kind}.`)
    }
  }
  const runOnce = async (kind, count) => {
    for (const file of files) {
      if (caseKind !== 'cold') warm(file)
      else if (!chill(file)) throw new Error('the file is still in the page cache')
    }
    return way.run(kind, count)
  }

  const counts = await countsOf(setting, entry, runOnce)
  note(`${label}: same bytes; ${rounds} rounds of fs ${counts.fs}, millrace ${counts.millrace}`)

  const measured = await measureRounds({
    label,
    kinds: isHold ? [...KINDS, 'idle'] : KINDS,
    rounds,
    ratios: isHold
      ? ['holdP99Milliseconds', 'holdLongestMilliseconds']
      : ['filesPerSecond', 'cpuMicrosecondsPerFile'],
    async run(kind) {
      if (kind === 'idle') {
        return readers.fs.ask('idle', { milliseconds: isQuick ? QUICK_IDLE : IDLE })
      }
      return sampleOf(await runOnce(kind, counts[kind]), counts[kind], files[0].size)
    },
  })
  for (const worker of [...Object.values(readers), ...(client ? [client] : [])]) {
    await worker.stop()
  }
  return { counts, ...measured }
}

/** How many files make a run. */
async function countsOf({ isQuick }, { label, kind: caseKind, start = 1 }, runOnce) {
  const counts = Object.fromEntries(KINDS.map((kind) => [kind, start]))
  // A file that was read is no longer cold, and the longest wait depends on
  // how long one waits.
  if (isQuick || caseKind === 'cold' || caseKind === 'hold') return counts
  for (const kind of KINDS) {
    const run = async (count) => {
      const { sample } = await repeatedly(`${label} through ${kind}`, () => runOnce(kind, count))
      return sample
    }
    counts[kind] = await calibrate(run, { start, least: start })
  }
  return counts
}

function sampleOf({ seconds, cpu, ...others }, count, size) {
  const gib = (count * size) / GIB
  return {
    seconds,
    filesPerSecond: count / seconds,
    gibPerSecond: gib / seconds,
    cpuMicrosecondsPerFile: cpu / count,
    cpuSecondsPerGib: cpu / 1e6 / gib,
    ...others,
  }
}

/** The reader reads, and is done. */
function inProcess({ kind: caseKind, files, task }, readers) {
  const action = caseKind === 'hold' ? 'hold' : 'read'
  return {
    verify: (kind) => readers[kind].ask('verify', { ...task, files }),
    run: (kind, count) => readers[kind].ask(action, { ...task, files, count }),
  }
}

/** The reader serves, and another process reads. */
async function overHttps({ files: [{ path: location, size }] }, readers, client) {
  const ports = {}
  for (const kind of KINDS) ports[kind] = await readers[kind].ask('listen', { path: location })
  return {
    verify: (kind) => client.ask('verify', { port: ports[kind] }),

    async run(kind, count) {
      await readers[kind].ask('collect')
      const before = await readers[kind].ask('cpu')
      const { seconds } = await client.ask('fetch', { port: ports[kind], count, size })
      return { seconds, cpu: (await readers[kind].ask('cpu')) - before }
    },
  }
}

module.exports = { measureCase }
