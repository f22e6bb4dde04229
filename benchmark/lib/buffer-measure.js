'use strict'

// How two functions that do the same are compared.

const assert = require('node:assert/strict')

const { spread } = require('./statistics.js')

const { hrtime } = process

/** Keeps results from being found useless. */
let sink

function time(run, times) {
  const start = hrtime.bigint()
  for (let i = 0; i < times; i += 1) sink = run()
  return Number(hrtime.bigint() - start)
}

/** How often a function is to run to take so many nanoseconds. */
function timesFor(run, nanoseconds) {
  for (let times = 1; ; times *= 4) {
    const taken = time(run, times)
    if (taken * 4 > nanoseconds) return Math.max(1, Math.round((times * nanoseconds) / taken))
  }
}

function snapshot(value) {
  return ArrayBuffer.isView(value) ? Buffer.from(value) : value
}

/**
 * Nanoseconds of both, and their ratio (above 1: ours is faster), measured in
 * turns.
 * @param {() => { node: () => unknown, ours: () => unknown }} make
 * @param {{ rounds: number, batch: number }} limits `batch` in nanoseconds
 */
function measure(make, { rounds, batch }) {
  // Each on data of its own, which it may change.
  assert.deepEqual(snapshot(make().ours()), snapshot(make().node()))
  const { node, ours } = make()
  const times = { node: timesFor(node, batch), ours: timesFor(ours, batch) }
  const samples = { node: [], ours: [], ratio: [] }
  for (let round = 0; round <= rounds; round += 1) {
    const taken = {}
    const order = round % 2 === 0 ? ['node', 'ours'] : ['ours', 'node']
    for (const who of order)
      taken[who] = time(who === 'node' ? node : ours, times[who]) / times[who]
    // The first is for the compiler.
    if (round === 0) continue
    samples.node.push(taken.node)
    samples.ours.push(taken.ours)
    samples.ratio.push(taken.node / taken.ours)
  }
  return {
    node: spread(samples.node).median,
    ours: spread(samples.ours).median,
    ratio: spread(samples.ratio),
  }
}

module.exports = { measure, getSink: () => sink }
