'use strict'

// One file of http.js, sent in every way.

const { runClient } = require('./client.js')
const { note } = require('./command.js')
const { warm } = require('./files.js')
const { calibrate, measureRounds, repeatedly } = require('./rounds.js')
const { isNative, lastTransfer } = require('./verify.js')

const GIB = 2 ** 30

/**
 * @typedef {object} Setting
 * @property {object} server from `startServer`
 * @property {number} connections
 * @property {number | undefined} clientCore
 * @property {number} rounds that count
 * @property {boolean} isQuick without calibration
 */

/**
 * Measures the ways in which a file can be sent.
 * @param {Setting} setting
 * @param {object} file
 * @param {string[]} kinds `fs`, `millrace` and perhaps others
 */
async function measureFile(setting, file, kinds) {
  const { label } = file
  const requests = {}
  for (const kind of kinds) requests[kind] = await requestsOf(setting, file, kind)
  const counts = kinds.map((kind) => `${kind} ${requests[kind]}`).join(', ')
  note(`${label}: ${setting.rounds} rounds of so many requests: ${counts}`)

  const measured = await measureRounds({
    label,
    kinds,
    rounds: setting.rounds,
    ratios: ['cpuMicrosecondsPerRequest', 'requestsPerSecond'],
    run: (kind) => runOnce(setting, file, kind, requests[kind]),
  })
  return { requests, ...measured }
}

/** How many requests make a round. */
async function requestsOf(setting, file, kind) {
  const { connections, isQuick } = setting
  const start = 2 * connections
  if (isQuick) return start
  const what = `${file.label} through ${kind}`
  return calibrate(
    async (count) => (await repeatedly(what, () => runOnce(setting, file, kind, count))).sample,
    { start, least: connections },
  )
}

async function runOnce({ server, connections, clientCore }, file, kind, requests) {
  warm(file)
  const { seconds, cpu } = await runClient(
    { port: server.port, target: `/${kind}/${file.name}`, connections, requests, core: clientCore },
    async () => Number(await server.getText('/cpu')),
  )
  if (kind === 'millrace') {
    const transfer = await lastTransfer(server)
    if (!isNative(transfer, file)) {
      throw new Error(`the last file was not sent natively: ${JSON.stringify(transfer)}`)
    }
  }
  const gib = (requests * file.size) / GIB
  return {
    seconds,
    requestsPerSecond: requests / seconds,
    gibPerSecond: gib / seconds,
    cpuMicrosecondsPerRequest: cpu / requests,
    cpuSecondsPerGib: cpu / 1e6 / gib,
  }
}

module.exports = { measureFile }
