'use strict'

// Nobody gets a byte that is not theirs. Every block of every file says whose
// it is and where it stands, every client knows what it asked for, and compares
// each byte, while at random moments sources, responses, requests, sockets and
// clients go away and other files and sockets take their numbers at once.
//
// MILLRACE_STRESS_SECONDS says how long (by default a few), MILLRACE_SEED
// where the plans begin.

const assert = require('node:assert/strict')
const fs = require('node:fs')
const { test } = require('node:test')

const { passingDescriptors } = require('./helpers/files.js')
const { planOf } = require('./helpers/ownership-plan.js')
const { Session } = require('./helpers/ownership-session.js')
const { Stage } = require('./helpers/ownership-stage.js')
const { until } = require('./helpers/server.js')
const { engine } = require('../lib/native.js')

const SECONDS = Number(process.env.MILLRACE_STRESS_SECONDS ?? 4)
const isLong = process.env.MILLRACE_STRESS_SECONDS !== undefined
const SEED = Number(process.env.MILLRACE_SEED ?? (isLong ? Date.now() % 1e6 : 1))

/** Connections at a time. */
const LANES = 12

/** Those of the engine that moves bytes and those that wait for a disk. */
const MOST_THREADS = 4 + 4 * 16

/** More plans than a run has. */
const STRIDE = 1e7

const countThreads = () => fs.readdirSync('/proc/self/task').length

test(`no byte and no descriptor is ever another's, MILLRACE_SEED=${SEED}`, async (t) => {
  const stage = await Stage.open(t, SEED)
  const warnings = []
  const onWarning = (warning) => warnings.push(warning)
  process.on('warning', onWarning)
  t.after(() => process.off('warning', onWarning))

  let next = 0
  const runOne = async () => {
    const plan = planOf(SEED * STRIDE + next)
    next += 1
    try {
      await new Session(plan, stage).run()
      stage.counts.sessions += 1
    } catch (error) {
      stage.failures.push(`${error.stack}\n${JSON.stringify(plan)}`)
    }
  }
  const laneUntil = async (isOver) => {
    while (!isOver() && stage.failures.length === 0) await runOne()
  }

  // What is opened once and kept is open by then.
  await Promise.all(Array.from({ length: LANES }, () => laneUntil(() => next >= 4 * LANES)))
  stage.churn.stop()
  const before = { descriptors: passingDescriptors(), threads: countThreads() }

  const end = Date.now() + SECONDS * 1000
  await Promise.all(Array.from({ length: LANES }, () => laneUntil(() => Date.now() > end)))
  stage.churn.stop()
  assert.equal(stage.failures.length, 0, `MILLRACE_SEED=${SEED}\n${stage.failures.join('\n\n')}`)
  assert.deepEqual(warnings, [])
  const left = () => passingDescriptors().filter((target) => !before.descriptors.includes(target))
  await until(() => left().length === 0).catch(() => assert.deepEqual(left(), []))
  assert.ok(countThreads() <= before.threads + MOST_THREADS)
  const { sessions, native } = stage.counts
  assert.ok(sessions > 5 * SECONDS, `${sessions} connections in ${SECONDS} seconds`)
  if (engine !== 'javascript') assert.ok(native > sessions / 2, `${native} native transfers`)
  t.diagnostic(JSON.stringify({ ...stage.counts, taken: stage.churn.taken }))
})
