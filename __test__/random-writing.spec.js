'use strict'

// Random lives of a WriteStream, each carried out on node:fs and on millrace:
// what it says, what it calls back, and what is in the file.
//
// MILLRACE_ROUNDS lives of each kind are carried out, from the one of
// MILLRACE_SEED on.

const assert = require('node:assert/strict')
const fs = require('node:fs')
const { test } = require('node:test')

const millrace = require('..')
const { bytes, descriptorsOn, newPath, sha256 } = require('./helpers/files.js')
const { WritingRehearsal } = require('./helpers/writing-rehearsal.js')
const { writingSchedule } = require('./helpers/writing-schedule.js')

const ROUNDS = Number(process.env.MILLRACE_ROUNDS ?? 150)
const SEED = Number(process.env.MILLRACE_SEED ?? 1)
const MOST_FAILURES = 5

const file = newPath('written')
const before = bytes(200_000, 999)

async function perform(schedule, implementation) {
  fs.writeFileSync(file, before)
  const rehearsal = new WritingRehearsal(schedule, implementation, file)
  const result = await rehearsal.run()
  assert.equal(descriptorsOn(file), 0, 'a descriptor is open')
  const content = fs.readFileSync(file)
  checkContent(schedule, result.chunks, content)
  return { ...result, content }
}

/** Nothing that was called back is missing, nothing is out of order, and nothing is made up. */
function checkContent({ options }, chunks, content) {
  const { flags = 'w', start = 0 } = options
  const isAppended = flags === 'a' || flags === 'as'
  const isNew = flags === 'w' || flags === 'w+'
  const from = isAppended ? before.length : start
  const all = Buffer.concat(chunks.map((chunk) => chunk.bytes))
  const firstLost = chunks.findIndex(({ outcome }) => outcome !== 'done')
  const safe = firstLost < 0 ? chunks : chunks.slice(0, firstLost)
  const safeLength = safe.reduce((length, chunk) => length + chunk.bytes.length, 0)
  const written = content.subarray(from)
  const length = isNew || isAppended ? written.length : safeLength
  assert.ok(length >= safeLength, `${length} of ${safeLength} bytes that were called back`)
  assert.ok(written.subarray(0, length).equals(all.subarray(0, length)), 'other bytes')
  if (isAppended) assert.ok(content.subarray(0, from).equals(before), 'other bytes before')
  // Holes are zero, and what was there before stays.
  const kept = isNew ? Buffer.alloc(from) : before.subarray(0, from)
  if (!isAppended) assert.ok(content.subarray(0, from).equals(kept.subarray(0, content.length)))
  assert.ok(!chunks.some(({ outcome }) => outcome === 'twice'), 'a callback is called twice')
}

async function rehearse(isStrict, compare) {
  const failures = []
  for (let seed = SEED; seed < SEED + ROUNDS && failures.length < MOST_FAILURES; seed += 1) {
    const schedule = writingSchedule(seed, isStrict)
    const results = []
    try {
      for (const implementation of [fs, millrace]) {
        results.push(await perform(schedule, implementation))
      }
      compare(schedule, ...results)
    } catch ({ message }) {
      const where = ['on node:fs', 'on millrace', ''][results.length]
      const text = `${message.slice(0, 3000)}\n${JSON.stringify(schedule)}`
      failures.push(`MILLRACE_SEED=${seed} ${where}: ${text}`)
    }
  }
  assert.equal(failures.length, 0, failures.join('\n\n'))
}

const seeds = `seeds ${SEED} to ${SEED + ROUNDS - 1}`

test(`lives in which nothing depends on time, ${seeds}`, () =>
  rehearse(true, (schedule, nodes, ours) => {
    assert.deepEqual(ours.log, nodes.log)
    assert.deepEqual(ours.end, nodes.end)
    assert.equal(sha256(ours.content), sha256(nodes.content))
  }))

test(`lives that end at any moment, ${seeds}`, () =>
  rehearse(false, (schedule, nodes, ours) => {
    assert.deepEqual(ofLoose(schedule, ours), ofLoose(schedule, nodes))
  }))

/** What does not depend on how long a write takes. */
function ofLoose({ isFatal }, { log, end, content, chunks }) {
  const { destroyed, closed, fd, pending, autoClose } = end
  if (!isFatal) {
    const events = log.map(([event]) => event).filter((event) => !/drain|wrote|thrown/.test(event))
    const outcomes = chunks.map(({ outcome }) => outcome)
    return { end, content: sha256(content), outcomes, events }
  }
  const closes = autoClose && log.filter(([event]) => event === 'close').length
  return { destroyed, closed, fd, pending, autoClose, closes, count: chunks.length }
}
