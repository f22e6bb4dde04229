'use strict'

// How two functions that do the same are compared.

const assert = require('node:assert/strict')

const { spread } = require('./statistics.js')

const { hrtime } = process

/** Parts of a round that are run before the first. */
const WARMING = 8

/**
 * A loop of its own for each call that is measured, so that the compiler knows
 * what is called, as it does in a program.
 * @param {{ call: Function, self?: unknown, args?: unknown[] }} what
 * @returns {(times: number) => unknown} the result of the last call
 */
function loopOf({ call, self, args = [] }) {
  const names = args.map((_, i) => `arg${i}`)
  const body = `return (times) => {
    let result
    for (let i = 0; i < times; i += 1) result = call.call(${['self', ...names].join(', ')})
    return result
  }`
  return new Function('call', 'self', ...names, body)(call, self, ...args)
}

function time(loop, times) {
  const start = hrtime.bigint()
  loop(times)
  return Number(hrtime.bigint() - start)
}

/** How many calls take so many nanoseconds. */
function timesFor(loop, nanoseconds) {
  for (let times = 1; ; times *= 4) {
    const taken = time(loop, times)
    if (taken * 4 > nanoseconds) return Math.max(1, Math.round((times * nanoseconds) / taken))
  }
}

/** What a call gives: its result, or so many bytes of a target that it fills. */
function resultOf(what) {
  const result = loopOf(what)(1)
  return what.result === undefined ? result : what.result().subarray(0, result)
}

/**
 * Nanoseconds of both, and their ratios (above 1: ours is faster), measured in
 * turns.
 * @param {() => { node: object, ours: object }} make calls as `loopOf` takes them
 * @param {{ rounds: number, batch: number }} limits `batch` in nanoseconds
 */
function measure(make, { rounds, batch }) {
  // Each on data of its own, which it may change.
  assert.deepEqual(resultOf(make().ours), resultOf(make().node))
  const pair = make()
  const node = loopOf(pair.node)
  const ours = loopOf(pair.ours)
  // Until the compiler has done what it will do.
  for (let i = 0; i < WARMING; i += 1) {
    node(timesFor(node, batch / WARMING))
    ours(timesFor(ours, batch / WARMING))
  }
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
  return samples
}

/** The samples of several measurements of the same, in figures. */
function summarize(measurements) {
  const all = (name) => measurements.flatMap((samples) => samples[name])
  return {
    node: spread(all('node')).median,
    ours: spread(all('ours')).median,
    ratio: spread(all('ratio')),
  }
}

module.exports = { measure, summarize }
