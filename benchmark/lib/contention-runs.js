'use strict'

// What contention.js measures: many downloads at once, and what everyone else
// notices of them.

const { setTimeout: sleep } = require('node:timers/promises')

const { startClient } = require('./client.js')
const { warm } = require('./files.js')
const { measureRounds } = require('./rounds.js')
const { quantile } = require('./statistics.js')
const { isNative, lastTransfer } = require('./verify.js')

const GIB = 2 ** 30
const KINDS = ['fs', 'millrace']

/** Between two requests of the probe, in milliseconds. */
const PROBE_PERIOD = 4

/** How long JavaScript computes of every 10 ms, where it is busy. */
const BUSY = 5

/**
 * @typedef {object} Setting
 * @property {object} server from `startServer`
 * @property {number | undefined} core of the clients
 * @property {object} file
 * @property {number} downloads at a time
 * @property {number} seconds that a run lasts
 * @property {number} rounds that count
 */

/**
 * How long a small response takes, and the event loop, while files are
 * downloaded as fast as the server can.
 * @param {Setting} setting
 */
function measureOthers(setting) {
  return measureRounds({
    label: 'a probe beside downloads',
    kinds: KINDS,
    rounds: setting.rounds,
    ratios: ['probeP99', 'loopP99', 'gibPerSecond'],
    run: (kind) => runBeside(setting, kind),
  })
}

/** The same where nothing is downloaded: what the machine itself does to it. */
async function measureIdle({ server, core, seconds }) {
  const probe = await startProbe(server, core)
  await server.getText('/loop')
  await sleep(seconds * 1000)
  const loopP99 = Number(await server.getText('/loop'))
  return { ...(await probe.stop()), loopP99 }
}

async function runBeside(setting, kind) {
  const { server, core, seconds } = setting
  const flood = await startFlood(setting, kind)
  try {
    const probe = await startProbe(server, core)
    const cpuBefore = await readCpu(server)
    await server.getText('/loop')
    flood.goOn()
    await sleep(seconds * 1000)
    const loopP99 = Number(await server.getText('/loop'))
    const cpu = (await readCpu(server)) - cpuBefore
    const latencies = await probe.stop()
    const { bytes, seconds: time, together } = JSON.parse(await flood.nextLine())
    await flood.exit
    await assertNative(setting, kind)
    return {
      ...latencies,
      loopP99,
      gibPerSecond: bytes / GIB / time,
      coresUsed: cpu / 1e6 / seconds,
      slowestToFastest: Math.max(...together) / Math.min(...together),
      slowestToMedian: Math.max(...together) / quantile(together, 0.5),
    }
  } finally {
    flood.kill()
  }
}

/**
 * How much is downloaded while JavaScript computes half of the time, and what
 * part that is of what it would be otherwise: with clients that take all they
 * get, and with clients that together want `demand` bytes a second.
 * @param {Setting} setting
 * @param {number} demand
 */
function measureBusy(setting, demand) {
  return measureRounds({
    label: 'downloads beside a busy JavaScript thread',
    kinds: KINDS,
    rounds: setting.rounds,
    ratios: ['kept', 'keptOfDemand'],
    async run(kind) {
      const free = await throughput(setting, kind, 0)
      const busy = await throughput(setting, kind, BUSY)
      const demandFree = await throughput(setting, kind, 0, demand)
      const demandBusy = await throughput(setting, kind, BUSY, demand)
      return {
        free,
        busy,
        kept: busy / free,
        demandFree,
        demandBusy,
        keptOfDemand: demandBusy / demandFree,
      }
    },
  })
}

/** GiB per second. */
async function throughput(setting, kind, busy, rate) {
  const { server } = setting
  const flood = await startFlood(setting, kind, rate)
  try {
    await server.getText(`/busy/${busy}`)
    flood.goOn()
    const { bytes, seconds } = JSON.parse(await flood.nextLine())
    await flood.exit
    await server.getText('/busy/0')
    await assertNative(setting, kind)
    return bytes / GIB / seconds
  } finally {
    flood.kill()
  }
}

async function startFlood({ server, core, file, downloads, seconds }, kind, rate) {
  // What the run before left behind is not to be collected in this one.
  await server.getText('/memory')
  warm(file)
  const target = `/${kind}/${file.name}`
  const args = ['flood', server.port, target, downloads, seconds]
  // The clients share a core with the probe, which is not to wait for it.
  const flood = startClient({ args: rate ? [...args, rate] : args, core, isMeek: true })
  try {
    await flood.nextLine()
  } catch (error) {
    flood.kill()
    throw error
  }
  return flood
}

async function startProbe({ port }, core) {
  const probe = startClient({ args: ['probe', port, '/json', PROBE_PERIOD], core })
  await probe.nextLine()
  return {
    async stop() {
      probe.goOn()
      const { latencies } = JSON.parse(await probe.nextLine())
      await probe.exit
      return { probeMedian: quantile(latencies, 0.5), probeP99: quantile(latencies, 0.99) }
    },
  }
}

async function readCpu(server) {
  return Number(await server.getText('/cpu'))
}

async function assertNative({ server, file }, kind) {
  if (kind !== 'millrace') return
  const transfer = await lastTransfer(server)
  if (!isNative(transfer, file)) {
    throw new Error(`the last file was not sent natively: ${JSON.stringify(transfer)}`)
  }
}

module.exports = { measureOthers, measureIdle, measureBusy }
