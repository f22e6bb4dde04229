'use strict'

// The event loop turns while short writes are under way that follow each other
// without a pause, if there is a core to spare.

const assert = require('node:assert/strict')
const { once } = require('node:events')
const os = require('node:os')
const { test } = require('node:test')
const { Worker } = require('node:worker_threads')

const { isCrowded } = require('../lib/writing/crowd.js')

const CROWD = require.resolve('../lib/writing/crowd.js')
const WAKEFULNESS = require.resolve('../lib/writing/wakefulness.js')

/** The module as it is where others want the core, or not. */
function load(t, { crowded, cores = 2 }) {
  const { exports } = require.cache[CROWD]
  const { availableParallelism } = os
  t.after(() => {
    require.cache[CROWD].exports = exports
    os.availableParallelism = availableParallelism
    delete require.cache[WAKEFULNESS]
  })
  require.cache[CROWD].exports = { isCrowded: crowded }
  os.availableParallelism = () => cores
  delete require.cache[WAKEFULNESS]
  return new (require(WAKEFULNESS).Wakefulness)()
}

function isTurning() {
  return process.getActiveResourcesInfo().includes('Immediate')
}

/** How many of the writes were waited for awake. */
function countAwake(wakefulness, writes) {
  let awake = 0
  for (let i = 0; i < writes; i += 1) {
    wakefulness.begin()
    if (isTurning()) awake += 1
    wakefulness.end()
  }
  return awake
}

async function quiet() {
  for (let i = 0; i < 5 && isTurning(); i += 1) await new Promise(process.nextTick)
  await new Promise((resolve) => setTimeout(resolve, 1))
}

test('writes without a pause are waited for awake, and the loop turns no longer than they take', async (t) => {
  await quiet()
  const wakefulness = load(t, { crowded: () => false })
  assert.equal(isTurning(), false)
  assert.equal(countAwake(wakefulness, 100), 0)
  assert.ok(countAwake(wakefulness, 5000) > 1000)
  await quiet()
  assert.equal(isTurning(), false)
  // Nor for one that never ends.
  while (!isTurning()) {
    wakefulness.end()
    wakefulness.begin()
  }
  await quiet()
  await quiet()
  assert.equal(isTurning(), false)
})

test('where others want the core it is tried less and less often', async (t) => {
  await quiet()
  let isAwake = false
  // Who sleeps is not disturbed by others.
  const wakefulness = load(t, { crowded: () => isAwake })
  const awake = []
  for (let i = 0; i < 100; i += 1) {
    let count = 0
    for (let k = 0; k < 256; k += 1) {
      wakefulness.begin()
      if (isTurning()) count += 1
      isAwake = isTurning()
      wakefulness.end()
      if (isAwake) await new Promise(setImmediate)
    }
    awake.push(count)
  }
  const sum = (counts) => counts.reduce((total, count) => total + count, 0)
  assert.ok(sum(awake) > 0)
  assert.ok(sum(awake.slice(50)) < sum(awake.slice(0, 50)), awake.join(' '))
})

for (const [name, how] of Object.entries({
  'always crowded': { crowded: () => true },
  'one core': { crowded: () => false, cores: 1 },
})) {
  test(`never awake: ${name}`, async (t) => {
    await quiet()
    assert.equal(countAwake(load(t, how), 5000), 0)
  })
}

test('more threads than cores are a crowd', async (t) => {
  const code = `require('node:worker_threads').parentPort.postMessage(1); for (;;);`
  const crowd = Array.from({ length: os.availableParallelism() + 1 }, () => {
    return new Worker(code, { eval: true })
  })
  t.after(() => Promise.all(crowd.map((worker) => worker.terminate())))
  await Promise.all(crowd.map((worker) => once(worker, 'message')))
  isCrowded()
  const begin = performance.now()
  while (performance.now() - begin < 100);
  // Also where the kernel does not tell.
  assert.equal(isCrowded(), true)
})
