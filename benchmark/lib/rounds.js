'use strict'

// Interleaved rounds: whatever disturbs the machine disturbs both, and the
// ratio is taken within a round.

const { Problem, note } = require('./command.js')
const { median, spread } = require('./statistics.js')

/** What a round is to last. */
const ROUND_SECONDS = 0.4
/** What a calibration lasts at least. */
const ENOUGH_SECONDS = 0.25
const MOST_GROWTH = 8
const ATTEMPTS = 3

/**
 * How many times something has to be done to make a round.
 * @param {(count: number) => Promise<{ seconds: number }>} run
 * @param {{ start: number, least: number }} counts
 */
async function calibrate(run, { start, least }) {
  let count = start
  for (;;) {
    const { seconds } = await run(count)
    const wanted = Math.max(Math.ceil((count * ROUND_SECONDS) / seconds), least)
    // What a process does first is not like the rest.
    if (seconds >= ENOUGH_SECONDS) return wanted
    count = Math.min(wanted, MOST_GROWTH * count)
  }
}

/**
 * Runs every kind in every round, and discards the first round.
 * @param {object} options
 * @param {string} options.label
 * @param {string[]} options.kinds `fs`, `millrace` and perhaps others
 * @param {number} options.rounds that count
 * @param {string[]} options.ratios of which numbers millrace / node:fs is told
 * @param {(kind: string) => Promise<Record<string, number>>} options.run one sample
 */
async function measureRounds({ label, kinds, rounds, ratios, run }) {
  const samples = Object.fromEntries(kinds.map((kind) => [kind, []]))
  let repeated = 0
  for (let round = 0; round <= rounds; round++) {
    for (const kind of orderOf(round, kinds)) {
      const { sample, failures } = await repeatedly(`${label} through ${kind}`, () => run(kind))
      repeated += failures
      if (round > 0) samples[kind].push(sample)
    }
  }
  return {
    repeated,
    medians: Object.fromEntries(kinds.map((kind) => [kind, mediansOf(samples[kind])])),
    ratios: Object.fromEntries(ratios.map((name) => [name, ratioOf(samples, name)])),
    samples,
  }
}

/** The first two change places from round to round, so that neither profits. */
function orderOf(round, [first, second, ...rest]) {
  return round % 2 === 0 ? [first, second, ...rest] : [second, first, ...rest]
}

/**
 * When something comes between (the page cache is dropped within a round),
 * part of it is not what was to be measured: the round is done again.
 */
async function repeatedly(what, run) {
  for (let failures = 0; ; failures++) {
    try {
      return { sample: await run(), failures }
    } catch (error) {
      if (error instanceof Problem) throw error
      if (failures === ATTEMPTS - 1) {
        throw new Problem(`a round failed ${ATTEMPTS} times. ${what}: ${error.message}`)
      }
      note(`A round is done again. ${what}: ${error.message}`)
    }
  }
}

function mediansOf(samples) {
  return Object.fromEntries(
    Object.keys(samples[0]).map((name) => [name, median(samples.map((sample) => sample[name]))]),
  )
}

/** millrace / node:fs, round by round. */
function ratioOf(samples, name) {
  return spread(samples.fs.map((sample, round) => samples.millrace[round][name] / sample[name]))
}

module.exports = { calibrate, measureRounds, repeatedly }
