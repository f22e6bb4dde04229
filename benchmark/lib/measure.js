'use strict'

// Interleaved rounds: whatever disturbs the machine disturbs both, and the
// ratio is taken within a round.

const { runClient } = require('./client.js')
const { Problem, note } = require('./command.js')
const { warm } = require('./files.js')
const { median, spread } = require('./statistics.js')
const { isNative, lastTransfer } = require('./verify.js')

const GIB = 2 ** 30
/** What a round is to last. */
const ROUND_SECONDS = 0.4
/** What a calibration lasts at least. */
const ENOUGH_SECONDS = 0.25
const MOST_GROWTH = 8
const ATTEMPTS = 3

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
  const requests = {}
  for (const kind of kinds) requests[kind] = await calibrate(setting, file, kind)
  const counts = kinds.map((kind) => `${kind} ${requests[kind]}`).join(', ')
  note(`${file.label}: ${setting.rounds} rounds of so many requests: ${counts}`)

  const samples = Object.fromEntries(kinds.map((kind) => [kind, []]))
  let repeated = 0
  for (let round = 0; round <= setting.rounds; round++) {
    for (const kind of orderOf(round, kinds)) {
      const { sample, failures } = await repeatedly(setting, file, kind, requests[kind])
      repeated += failures
      if (round > 0) samples[kind].push(sample)
    }
  }
  return { requests, repeated, ...summarize(kinds, samples) }
}

/** The first two change places from round to round, so that neither profits. */
function orderOf(round, [first, second, ...rest]) {
  return round % 2 === 0 ? [first, second, ...rest] : [second, first, ...rest]
}

/** How many requests make a round. */
async function calibrate(setting, file, kind) {
  const { connections, isQuick } = setting
  let requests = 2 * connections
  if (isQuick) return requests
  for (;;) {
    const { seconds } = (await repeatedly(setting, file, kind, requests)).sample
    const wanted = Math.max(Math.ceil((requests * ROUND_SECONDS) / seconds), connections)
    // The first requests that a server answers are not like the others.
    if (seconds >= ENOUGH_SECONDS) return wanted
    requests = Math.min(wanted, MOST_GROWTH * requests)
  }
}

/**
 * When the page cache is dropped within a round, part of it is not what was
 * to be measured: the round is done again.
 */
async function repeatedly(setting, file, kind, requests) {
  for (let failures = 0; ; failures++) {
    try {
      return { sample: await runOnce(setting, file, kind, requests), failures }
    } catch (error) {
      const what = `${file.label} through ${kind}: ${error.message}`
      if (failures === ATTEMPTS - 1) {
        throw new Problem(`a round failed ${ATTEMPTS} times. ${what}`)
      }
      note(`A round is done again. ${what}`)
    }
  }
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

function summarize(kinds, samples) {
  const medians = {}
  for (const kind of kinds) {
    const names = Object.keys(samples[kind][0])
    medians[kind] = Object.fromEntries(
      names.map((name) => [name, median(samples[kind].map((sample) => sample[name]))]),
    )
  }
  return {
    medians,
    ratios: {
      cpuMicrosecondsPerRequest: ratioOf(samples, 'cpuMicrosecondsPerRequest'),
      requestsPerSecond: ratioOf(samples, 'requestsPerSecond'),
    },
    samples,
  }
}

/** millrace / node:fs, round by round. */
function ratioOf(samples, name) {
  return spread(samples.fs.map((sample, round) => samples.millrace[round][name] / sample[name]))
}

module.exports = { measureFile }
