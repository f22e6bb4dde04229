'use strict'

// Arguments that run code while they are converted, and that take the memory
// away as they do; bytes that lie about themselves, or only look like bytes: the
// same on this Node's own and on ours, down to the order of what is asked.

const assert = require('node:assert/strict')
const { describe, test } = require('node:test')
const vm = require('node:vm')

const { load } = require('./helpers/buffer-modes.js')
const { portrait } = require('./helpers/buffer-outcome.js')

const native = load('native')
const measured = load('measured')
const { methods, statics, functions, takesEnd } = native.nodes

/** Long enough for what was measured, too. */
const TEXT = 'QUJD0aF9'.repeat(2500)
const HEX = '0aF9'.repeat(5000)
const HOOK = Symbol('an argument that runs code')
const NEEDLE = Buffer.from('9Q')

/** Calls that take an argument which Node converts, or refuses to, in each place. */
const METHODS = {
  indexOf: takesEnd
    ? [[HOOK], ['9Q', HOOK], [NEEDLE, HOOK], [NEEDLE, 0, undefined, HOOK]]
    : [[HOOK], ['9Q', HOOK], [NEEDLE, HOOK], [NEEDLE, 0, HOOK]],
  lastIndexOf: [[HOOK], ['9Q', HOOK], [NEEDLE, HOOK]],
  ...(takesEnd && { includes: [[HOOK], ['9Q', HOOK]] }),
  toString: [
    [HOOK],
    ['latin1', HOOK],
    ['hex', 1, HOOK],
    ['utf8', HOOK, HOOK],
    [undefined, 0, HOOK],
  ],
  write: [
    [HOOK],
    [HEX, HOOK],
    [HEX, 'hex', HOOK],
    [HEX, 1, HOOK],
    [HEX, 1, 2, HOOK],
    [HEX, HOOK, 'hex'],
  ],
  fill: [[HOOK], ['ab', HOOK], ['ab', 0, HOOK], ['ab', 0, 9000, HOOK], [NEEDLE, HOOK, HOOK]],
  equals: [[HOOK]],
  compare: [
    [HOOK],
    [NEEDLE, HOOK],
    [NEEDLE, 0, HOOK],
    [NEEDLE, 0, 2, HOOK],
    [NEEDLE, 0, 2, 0, HOOK],
  ],
  copy: [
    [HOOK],
    [Buffer.alloc(9), HOOK],
    [Buffer.alloc(9), 1, HOOK],
    [Buffer.alloc(9), 1, 2, HOOK],
  ],
  swap16: [[HOOK]],
  swap32: [[HOOK]],
  swap64: [[HOOK]],
}
const SLICES = Object.keys(methods).filter((name) => /^[a-z0-9]+Slice$/.test(name))
const WRITES = Object.keys(methods).filter((name) => /^[a-z0-9]+Write$/.test(name))
for (const name of SLICES) METHODS[name] = [[HOOK], [1, HOOK], [HOOK, 9000]]
for (const name of WRITES) METHODS[name] = [[HOOK], [HEX, HOOK], [HEX, 1, HOOK]]

const STATICS = {
  from: [[HOOK], [HEX, HOOK], [NEEDLE, HOOK], [HOOK, 'hex']],
  alloc: [[HOOK], [9000, HOOK], [9000, 'ab', HOOK], [HOOK, 'ab']],
  compare: [
    [HOOK, NEEDLE],
    [NEEDLE, HOOK],
  ],
  concat: [[HOOK], [[HOOK]], [[NEEDLE, HOOK]], [[NEEDLE], HOOK]],
  byteLength: [[HOOK], [HEX, HOOK]],
}
const FUNCTIONS = {
  transcode: [
    [HOOK, 'utf8', 'latin1'],
    [NEEDLE, HOOK, 'latin1'],
    [NEEDLE, 'latin1', HOOK],
  ],
  isUtf8: [[HOOK]],
  isAscii: [[HOOK]],
  atob: [[HOOK]],
  btoa: [[HOOK]],
}

/** What a hook does to the bytes that the method is called of. */
const EFFECTS = {
  nothing() {},
  detach: ({ buffer }) => buffer.byteLength > 0 && structuredClone(buffer, { transfer: [buffer] }),
  shrink: ({ buffer }) => buffer.resizable && buffer.resize(7),
  grow: ({ buffer }) => buffer.resizable && buffer.resize(buffer.maxByteLength),
  change: (bytes) => bytes.byteLength > 0 && new Uint8Array(bytes.buffer).fill(0x39),
  fail() {
    throw new RangeError('as the hook wants it')
  },
}

/** How it is asked. */
const KINDS = {
  valueOf: (act) => ({ valueOf: act }),
  toString: (act) => ({ toString: act }),
  both: (act, log) => ({ valueOf: () => (log.push('valueOf'), {}), toString: act }),
  toPrimitive: (act, log) => ({ [Symbol.toPrimitive]: (hint) => (log.push(hint), act()) }),
}

const ANSWERS = [3, 'hex', '2', -1, NaN]

/** Memory that a hook can take away, and memory that it can resize. */
const MEMORY = {
  ordinary(data) {
    const bytes = Buffer.allocUnsafeSlow(data.length)
    bytes.set(data)
    return bytes
  },
  resizable(data) {
    const memory = new ArrayBuffer(data.length, { maxByteLength: data.length + 64 })
    const bytes = Buffer.from(memory)
    bytes.set(data)
    return bytes
  },
}

/** What a call with a hook came to, and what was asked of whom. */
function outcomeOf(run, memory, args, makeHook) {
  const log = []
  const bytes = MEMORY[memory](Buffer.from(TEXT))
  const hook = makeHook(log, bytes)
  const put = (value) => {
    if (value === HOOK) return hook
    if (Array.isArray(value)) return value.map(put)
    return value instanceof Uint8Array ? Buffer.from(value) : value
  }
  return { ...outcome(() => run.apply(bytes, args.map(put)), bytes), log }
}

function outcome(run, bytes) {
  const seen = {}
  try {
    seen.value = portrait(run(), bytes)
  } catch (error) {
    const { name, code, message } = error
    seen.thrown = { name, code, message }
  }
  seen.left = Buffer.prototype.hexSlice.call(bytes).slice(0, 64)
  return seen
}

/**
 * Effects that Node itself does not survive: its slices and writes take hold of
 * the memory before they convert their arguments, and so does V8 to fill it.
 */
function isHazard(name, effect) {
  const holdsOn = /Slice$|Write$/.test(name) || name === 'fill'
  return holdsOn && ['detach', 'shrink', 'grow'].includes(effect)
}

/** Every call in the list, with every hook, on both. */
function compareAll(name, calls, nodes, ours) {
  let count = 0
  for (const args of calls) {
    for (const [kind, makeKind] of Object.entries(KINDS)) {
      for (const [effect, act] of Object.entries(EFFECTS)) {
        if (isHazard(name, effect)) continue
        for (const memory of Object.keys(MEMORY)) {
          for (const answer of ANSWERS) {
            const makeHook = (log, bytes) =>
              makeKind(() => {
                log.push('converted')
                act(bytes)
                return answer
              }, log)
            const expected = outcomeOf(nodes, memory, args, makeHook)
            const actual = outcomeOf(ours, memory, args, makeHook)
            assert.deepEqual(actual, expected, `${name} ${kind} ${effect} ${memory} ${answer}`)
            count += 1
          }
        }
      }
    }
  }
  assert.ok(count > 0)
}

/** What is no Buffer, or no honest one. */
const RECEIVERS = {
  nothing: () => undefined,
  null: () => null,
  number: () => 5,
  string: () => TEXT,
  array: () => [1, 2, 3],
  arguments: () =>
    (function () {
      return arguments
    })(1, 2, 3),
  proxy: (data) => new Proxy(Buffer.from(data), {}),
  words: (data) => Uint16Array.from(data),
  clamped: (data) => Uint8ClampedArray.from(data),
  foreign: (data) => vm.runInNewContext('(data) => Uint8Array.from(data)')(data),
  derived: (data) => class Derived extends Uint8Array {}.from(data),
  frozen: (data) => Object.preventExtensions(Buffer.from(data)),
  renamed: (data) =>
    Object.defineProperty(Buffer.from(data), Symbol.toStringTag, { value: 'Uint16Array' }),
  orphan: (data) => Object.setPrototypeOf(Buffer.from(data), Uint8Array.prototype),
  shared: (data) => {
    const bytes = Buffer.from(new SharedArrayBuffer(data.length))
    bytes.set(data)
    return bytes
  },
}

/** Of those, what ends this Node, or makes it look beyond its memory. */
function endsNode(name, kind) {
  const isView = !['nothing', 'null', 'number', 'string', 'array', 'arguments'].includes(kind)
  if (/Slice$|Write$/.test(name)) return !isView || kind === 'proxy'
  return /ndexOf|includes/.test(name) && (!isView || kind === 'proxy') && takesEnd
}

const CALLS = {
  indexOf: [[NEEDLE], ['9Q', 5], [57]],
  lastIndexOf: [[NEEDLE], ['9Q', 500], [57]],
  ...(takesEnd && { includes: [[NEEDLE], ['9Q', 5]] }),
  toString: [[], ['hex'], ['utf8', 1, 9000]],
  write: [[HEX, 'hex'], [HEX]],
  fill: [['ab'], [NEEDLE], [7]],
  equals: [[Buffer.from(TEXT)]],
  compare: [[Buffer.from(TEXT)], [NEEDLE, 0, 2, 0, 9000]],
  copy: [[Buffer.alloc(30_000)], [Buffer.alloc(9), 2]],
  swap16: [[]],
  swap32: [[]],
  swap64: [[]],
}

for (const [mode, loaded] of Object.entries({ native, measured })) {
  const { bytes, conversions, find, strings } = loaded
  const ours = {
    ...find,
    ...bytes,
    toString: strings.toString,
    write: strings.write,
    ...strings.slices,
    ...strings.writes,
  }

  describe(`arguments that run code, ${mode}`, () => {
    for (const [name, calls] of Object.entries(METHODS)) {
      test(`Buffer.prototype.${name}`, () => compareAll(name, calls, methods[name], ours[name]))
    }
    for (const [name, calls] of Object.entries(STATICS)) {
      test(`Buffer.${name}`, () => compareAll(name, calls, statics[name], loaded.statics[name]))
    }
    for (const [name, calls] of Object.entries(FUNCTIONS)) {
      const skip = functions[name] === undefined && 'this Node has none'
      test(name, { skip }, () => compareAll(name, calls, functions[name], conversions[name]))
    }
  })

  test(`what is no Buffer, or no honest one, ${mode}`, () => {
    const slices = SLICES.map((name) => [name, [[], [1, 9000]]])
    const writes = WRITES.map((name) => [name, [[HEX], [HEX, 1, 900]]])
    const all = { ...CALLS, ...Object.fromEntries([...slices, ...writes]) }
    let count = 0
    for (const [name, calls] of Object.entries(all)) {
      for (const [kind, makeReceiver] of Object.entries(RECEIVERS)) {
        if (endsNode(name, kind)) continue
        for (const args of calls) {
          const [expected, actual] = [methods[name], ours[name]].map((run) => {
            const self = makeReceiver(Buffer.from(TEXT))
            const isView = ArrayBuffer.isView(self)
            return outcome(() => run.apply(self, args), isView ? self : Buffer.alloc(0))
          })
          assert.deepEqual(actual, expected, `${name} of ${kind}`)
          count += 1
        }
      }
    }
    assert.ok(count > 300)
  })
}

test('bytes with a length of their own do no harm', () => {
  class Liar extends Uint8Array {
    get length() {
      return 2 ** 33
    }
  }
  const liars = () => {
    const short = Buffer.from(TEXT)
    Object.defineProperty(short, 'length', { value: 4 })
    const none = Buffer.from(TEXT)
    Object.defineProperty(none, 'length', { value: undefined })
    return [short, none, Liar.from([1, 2, 3]), Liar.from(Buffer.from(TEXT))]
  }
  const { buffer } = native
  for (const liar of liars()) {
    // Whatever it comes to, it is that of Node, and nobody looks beyond the memory.
    for (const needle of [NEEDLE, '9Q', Uint8Array.of(57)]) {
      // Node 24 and later believe it, and look beyond the memory.
      if (takesEnd && liar.length > 1e9) continue
      if (takesEnd && liar.length === undefined) {
        // It ends Node 24 and later.
        assert.equal(native.find.indexOf.call(liar, needle), Buffer.from(TEXT).indexOf(needle))
        continue
      }
      assert.deepEqual(
        outcome(() => native.find.indexOf.call(liar, needle), liar),
        outcome(() => methods.indexOf.call(liar, needle), liar),
      )
    }
    for (const name of ['hexSlice', 'utf8Slice', 'latin1Slice']) {
      assert.equal(native.strings.slices[name].call(liar), methods[name].call(liar))
    }
    assert.equal(typeof buffer.count(liar, 57), 'number')
    assert.equal(typeof buffer.isAscii(liar), 'boolean')
  }
})
