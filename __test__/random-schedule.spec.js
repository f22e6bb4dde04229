'use strict'

// A transfer can be undone at any moment. Random schedules, each carried out
// on node:fs and on millrace: what the client gets, what source and
// destination say, and what is left open.
//
// MILLRACE_ROUNDS schedules of each kind are carried out, from the one of
// MILLRACE_SEED on.

const assert = require('node:assert/strict')
const fs = require('node:fs')
const { test } = require('node:test')

const millrace = require('..')
const { Rehearsal, openStage } = require('./helpers/rehearsal.js')
const { isHarmless, strictSchedule, wildSchedule } = require('./helpers/schedule.js')
const { until } = require('./helpers/server.js')

const ROUNDS = Number(process.env.MILLRACE_ROUNDS ?? 40)
const SEED = Number(process.env.MILLRACE_SEED ?? 1)

const MOST_FAILURES = 5

/** Carries a schedule out, and checks what must hold whenever its steps came. */
async function perform(schedule, stage, implementation) {
  const rehearsal = new Rehearsal(schedule, stage, implementation)
  const { body, complete, garbage, next, log } = await rehearsal.run()
  await until(() => millrace.stats().transfers.active === 0, 'the end of all transfers')
  const { expected } = rehearsal
  const text = body.toString('latin1')
  const inserted = text.match(/<\w+>/g) ?? []
  const fromFile = Buffer.from(text.replaceAll(/<\w+>/g, ''), 'latin1')
  assert.ok(
    expected.subarray(0, fromFile.length).equals(fromFile),
    'the client got bytes that are not the file’s next',
  )
  assert.deepEqual(inserted, inserted.toSorted(byMoment), 'what was written came out of order')
  assert.ok(log.second.every(Boolean), 'the second destination did not get the rest')
  assert.equal(garbage ?? null, null, 'the framing is broken')
  assert.notEqual(next, false, 'the next response is another')
  if (isHarmless(schedule)) {
    assert.equal(complete, true)
    assert.equal(fromFile.length, expected.length, 'the client did not get all')
  }
  return { complete, next, log, inserted }
}

function byMoment(a, b) {
  const rank = (text) => ({ '<earlier>': -1, '<end>': Infinity })[text] ?? Number(text.slice(1, -1))
  return rank(a) - rank(b)
}

/** Carries out schedules on both; `compare` gets what came of each. */
async function rehearse(t, makeSchedule, compare) {
  const stage = await openStage(t)
  const failures = []
  for (let seed = SEED; seed < SEED + ROUNDS && failures.length < MOST_FAILURES; seed += 1) {
    const schedule = makeSchedule(seed)
    const results = []
    try {
      for (const implementation of [fs, millrace]) {
        results.push(await perform(schedule, stage, implementation))
      }
      compare(schedule, ...results)
    } catch ({ message }) {
      const where = ['on node:fs', 'on millrace', ''][results.length]
      failures.push(`MILLRACE_SEED=${seed} ${where}: ${message}\n${JSON.stringify(schedule)}`)
    }
  }
  assert.equal(failures.length, 0, failures.join('\n\n'))
}

const seeds = `seeds ${SEED} to ${SEED + ROUNDS - 1}`

test(`steps in the middle of a transfer, ${seeds}`, (t) =>
  rehearse(t, strictSchedule, (schedule, nodes, ours) => {
    assert.deepEqual(ofStrict(schedule, ours), ofStrict(schedule, nodes))
  }))

/** What does not depend on how far the bytes have come on their way. */
function ofStrict(schedule, { log: told, complete, inserted, next }) {
  // From Node 22 on, a write that is under way when its socket is destroyed
  // gives that socket an error.
  const log = JSON.parse(JSON.stringify(told).replaceAll('ECANCELED', 'ERR_STREAM_PREMATURE_CLOSE'))
  if (isHarmless(schedule)) return { log, complete, inserted, next }
  const { action } = schedule.steps.at(-1)
  // Node writes behind the end of a destination, and is told so by an error,
  // unless the destination is full at that moment.
  const isEnded = action.startsWith('end-')
  if (!isEnded && action !== 'destroy-client') return { log, complete, next }
  // A client that goes away is noticed by a write or by a read.
  const isTold = (event) => !/^(finish|error E(PIPE|CONN))/.test(event)
  return {
    ...log,
    destination: isEnded ? log.destination.includes('close') : log.destination.filter(isTold),
    source: log.source.filter((event) => !event.startsWith('error')),
    pipeline: log.pipeline.length,
  }
}

test(`steps at any moment, ${seeds}`, (t) =>
  rehearse(t, wildSchedule, (schedule, nodes, ours) => {
    assert.deepEqual(ofWild(schedule, ours), ofWild(schedule, nodes))
  }))

/**
 * The same. A step may come before the file is open or after all is over: so
 * what comes to an early end on one need not on the other.
 */
function ofWild(schedule, { log, inserted, next }) {
  if (!isHarmless(schedule)) return log.source.at(-1)
  const destination = log.destination.filter((event) => !event.includes('pipe'))
  return { ...log, destination, second: [], inserted, next }
}
