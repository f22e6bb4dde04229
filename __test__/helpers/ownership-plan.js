'use strict'

// What one connection asks for, and what happens to it meanwhile. The same
// seed makes the same plan.

const { pick, randomOf } = require('./schedule.js')

const KIB = 1024
const MIB = 2 ** 20

/** Sizes of the files, by their index. */
const SIZES = [
  0,
  1,
  15,
  1000,
  5000,
  16 * KIB,
  16 * KIB + 1,
  65_535,
  65_536,
  65_537,
  100_000,
  200_003,
  300_000,
  MIB - 1,
  MIB,
  MIB + 7,
  2 * MIB,
  3 * MIB + 11,
  4 * MIB + 5,
]

/** What leaves every byte to the client. */
const HARMLESS = ['pause', 'unpipe', 'data', 'pause-client', 'churn']
/** What ends a source before its time. */
const HURTING = ['destroy-source', 'fail-source', 'abort', 'close-source']
/** What ends a connection before its time. */
const CUTTING = [
  'destroy-socket',
  'destroy-socket',
  'reset-socket',
  'destroy-destination',
  'fail-destination',
  'destroy-request',
  'destroy-client',
  'destroy-client',
  'reset-client',
  'end-client',
]
const HOOKS = ['hook-churn', 'hook-destroy-source', 'hook-destroy-socket']

/** @param {number} seed */
function planOf(seed) {
  const random = randomOf(seed)
  const kind = pick(random, ['http', 'http', 'http', 'http', 'raw', 'raw', 'echo'])
  const plan = {
    seed,
    kind,
    transport: pick(random, ['tcp', 'tcp', 'unix']),
    server: random(2),
    ending: pick(random, ['end', 'destroy', 'reset']),
  }
  if (kind === 'echo') {
    const lengths = Array.from({ length: 1 + random(4) }, () => 1 + random(100_000))
    return { ...plan, number: random(0xffff), lengths, isLeft: random(3) === 0 }
  }
  const count = kind === 'raw' ? 1 : 1 + random(4)
  const jobs = Array.from({ length: count }, (_, i) =>
    someJob(random, kind, i === count - 1 && random(4) === 0),
  )
  return { ...plan, isPipelined: random(2) === 0, jobs }
}

function someJob(random, kind, endsByClosing) {
  const pipe = pick(random, ['pipe', 'pipe', 'pipe', 'pipe-open', 'pipeline'])
  const count = pipe === 'pipeline' ? 1 : pick(random, [1, 1, 1, 2, 3])
  const isKeepable = pipe !== 'pipeline'
  const segments = Array.from({ length: count }, () => someSegment(random, isKeepable))
  const framing = kind === 'raw' ? 'raw' : someFraming(random, endsByClosing)
  const size = segments.reduce((sum, segment) => sum + SIZES[segment.file], 0)
  return {
    method: kind === 'http' && random(12) === 0 ? 'HEAD' : 'GET',
    framing,
    pipe,
    header: kind === 'raw' ? '' : pick(random, ['', '', '', 'write-head', 'flush', 'hook']),
    hook: pick(random, HOOKS),
    segments,
    steps: someSteps(random, size, pipe),
  }
}

function someFraming(random, endsByClosing) {
  return endsByClosing ? 'close' : pick(random, ['chunked', 'length'])
}

function someSegment(random, isKeepable) {
  const file = random(SIZES.length)
  const size = SIZES[file]
  const open = pick(random, ['path', 'path', 'path', 'fd', isKeepable ? 'kept' : 'fd', 'offset'])
  const segment = { file, open }
  if (open === 'offset') return { ...segment, start: random(size + 1) }
  if (random(3) === 0) segment.start = random(size + 1)
  if (random(3) === 0) segment.end = (segment.start ?? 0) + random(size + 20)
  if (random(8) === 0) segment.highWaterMark = pick(random, [16 * KIB, 65_537])
  return segment
}

function someSteps(random, size, pipe) {
  const actions = Array.from({ length: random(3) }, () => pick(random, HARMLESS))
  // Node resumes the source if there is a second listener: what flows then is
  // nobody's. And a pipeline does not come back from an unpipe.
  const isDataHeard = actions.includes('data')
  const steps = actions.map((action) => {
    const isOut = action === 'unpipe' && (isDataHeard || pipe === 'pipeline')
    return { action: isOut ? 'pause' : action }
  })
  const fate = random(5)
  if (fate === 0) steps.push({ action: pick(random, HURTING) })
  if (fate === 1 || fate === 2) steps.push({ action: pick(random, CUTTING) })
  return steps.map(({ action }) => ({
    action,
    turns: pick(random, [0, 0, 1, 2, 5, 20]),
    at: someMoment(random, size),
  }))
}

function someMoment(random, size) {
  const kind = random(4)
  if (kind === 0) return { ticks: random(4) }
  if (kind === 1) return { turns: random(12) }
  if (kind === 2) return { milliseconds: random(6) }
  return { bytes: 1 + random(size + 1) }
}

/** What a connection that was cut, or a source that was destroyed, may say. */
const EXPLAINED = new Set([
  'ABORT_ERR',
  'ECANCELED',
  'ECONNRESET',
  'ENOUGH',
  'EPIPE',
  'ERR_STREAM_DESTROYED',
  'ERR_STREAM_PREMATURE_CLOSE',
  'ERR_STREAM_WRITE_AFTER_END',
])

module.exports = {
  SIZES,
  planOf,
  EXPLAINED,
  HURTING: new Set(HURTING),
  CUTTING: new Set(CUTTING),
}
