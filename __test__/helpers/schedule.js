'use strict'

// Random schedules: what happens to a transfer, and when. The same seed makes
// the same schedule.

const KIB = 1024
const MIB = 2 ** 20

/** A generator of whole numbers below a limit. */
function randomOf(seed) {
  let state = seed >>> 0
  return (limit) => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) % limit
  }
}

/** What leaves every byte of the file to the client. */
const HARMLESS = [
  'pause',
  'pause',
  'unpipe',
  'unpipe',
  'unpipe-all',
  'data',
  'data-once',
  'readable',
  'read',
  'read-some',
  'read-zero',
  'iterate',
  'second-pipe',
  'encoding',
  'write',
  'write',
  'cork',
  'timeout',
]

/** What ends the transfer before its time, by the kinds of destinations. */
const FATAL = {
  all: [
    'destroy-source',
    'fail-source',
    'abort-signal',
    'close-source',
    'break-iterator',
    'destroy-destination',
    'fail-destination',
    'destroy-socket',
    'reset-socket',
    'destroy-client',
    'unpipe-and-destroy',
    'end-and-destroy',
  ],
  // What is owed of a Content-Length keeps Node's client waiting.
  chunked: ['end-response', 'end-response-with-bytes'],
  length: [],
  socket: ['end-response', 'end-response-with-bytes'],
}

const FRAMINGS = ['chunked', 'length', 'socket']
const SIZES = [0, 1, 1000, 16 * KIB, 16 * KIB + 1, 65_535, 65_536, 65_537, 300_000, 3 * MIB]

/**
 * Every step comes at a number of bytes that the client has received, and the
 * client stands still while it is taken. The end of the file is further away
 * than all buffers of a Unix socket hold: so each step meets a transfer that
 * runs, on node:fs and on millrace, and everything can be compared.
 */
function strictSchedule(seed) {
  const random = randomOf(seed)
  const framing = FRAMINGS[random(3)]
  const size = 3 * MIB + random(MIB / 2)
  const steps = someSteps(random, framing, 1 + random(5))
  const fatal = random(2) === 0 ? pick(random, [...FATAL.all, ...FATAL[framing]]) : null
  if (fatal !== null) steps.push({ action: fatal, turns: random(3) })
  const moments = steps.map(() => 1 + random(MIB + MIB / 2)).toSorted((a, b) => a - b)
  steps.forEach((step, i) => (step.at = { bytes: moments[i] }))
  return {
    seed,
    framing,
    transport: 'unix',
    size,
    isStrict: true,
    options: someOptions(random, size, false),
    pipe: pick(random, ['pipe', 'pipe', 'pipe-open', 'pipeline']),
    header: pick(random, ['', '', 'write-head', 'flush', 'earlier']),
    steps,
  }
}

/** Anything at any moment. */
function wildSchedule(seed) {
  const random = randomOf(seed)
  const framing = FRAMINGS[random(3)]
  const size = pick(random, SIZES)
  const steps = someSteps(random, framing, random(6))
  const fatal = random(2) === 0 ? pick(random, [...FATAL.all, ...FATAL[framing]]) : null
  if (fatal !== null) steps.push({ action: fatal, turns: random(3) })
  for (const step of steps) step.at = someMoment(random, size)
  return {
    seed,
    framing,
    transport: pick(random, ['unix', 'tcp']),
    size,
    isStrict: false,
    options: someOptions(random, size, true),
    pipe: pick(random, ['pipe', 'pipe', 'pipe-open', 'pipeline']),
    header: pick(random, ['', '', 'write-head', 'flush', 'earlier']),
    steps,
  }
}

function someSteps(random, framing, count) {
  const steps = Array.from({ length: count }, () => ({
    action: pick(random, HARMLESS),
    turns: pick(random, [0, 0, 1, 2, 5, 20]),
  }))
  // An unpipe of Node's resumes the source if there is another listener of
  // 'data' and the destination was full: what flows then is nobody's.
  if (steps.some(({ action }) => ['second-pipe', 'data-once'].includes(action))) {
    for (const step of steps) if (step.action.startsWith('unpipe')) step.action = 'pause'
  }
  // A response that was corked forgets 'drain' on Node 22.
  if (framing !== 'socket') {
    for (const step of steps) if (step.action === 'cork') step.action = 'pause'
  }
  // Who reads by hand heeds no destination that is full.
  for (const step of steps) {
    if (['readable', 'iterate'].includes(step.action)) step.turns = Math.min(step.turns, 1)
  }
  return steps
}

function someMoment(random, size) {
  const kind = random(5)
  if (kind === 0) return { bytes: 1 + random(size + 200) }
  if (kind === 1) return { ticks: random(8) }
  if (kind === 2) return { turns: random(8) }
  if (kind === 3) return { milliseconds: random(4) }
  return { event: pick(random, ['open', 'ready', 'pipe', 'unpipe', 'end', 'resume']) }
}

function someOptions(random, size, isSmall) {
  const options = {}
  if (random(4) === 0) options.highWaterMark = pick(random, [16 * KIB, 65_537])
  // Small parts keep the client of a large file busy for long; large ones
  // would have JavaScript read it to its end too early.
  if (random(8) === 0 && isSmall) options.highWaterMark = size > MIB ? MIB : 1000
  if (random(4) === 0) options.start = random(Math.min(size, 100_000) + 1)
  if (random(4) === 0) {
    const first = options.start ?? 0
    options.end = first + random(isSmall ? size + 100 : 1) + (isSmall ? 0 : size - 100_001)
  }
  return options
}

function pick(random, list) {
  return list[random(list.length)]
}

/** True for a schedule after which the client has all of the file. */
function isHarmless({ steps }) {
  const fatal = new Set(Object.values(FATAL).flat())
  return !steps.some(({ action }) => fatal.has(action))
}

module.exports = { isHarmless, pick, randomOf, strictSchedule, wildSchedule }
