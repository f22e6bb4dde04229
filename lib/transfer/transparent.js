'use strict'

// compression puts a `write` of its own on every response. When the header is
// composed it decides whether to compress; if not, its `write` hands every
// chunk on, as it came, to the `write` that it found. Then nothing is lost if
// the kernel writes the rest.
//
// What it found is in a closure, and may be another's that wants to see the
// bytes. So the first chunk goes through JavaScript, and the stack tells who
// had it in hand when it arrived at Node: if that is the pipe, one function
// whose text is known, and nobody else, then it is so for all that follow.

const { isSendOriginal } = require('../originals.js')

/** Texts of compression's `write`: of 1.7, and of 1.8. */
const KNOWN = new Set(
  [
    'if (!this._header) { this._implicitHeader() }',
    'if (!headersSent(res)) { this.writeHead(this.statusCode) }',
  ].map(
    (compose) =>
      'function write (chunk, encoding) { if (ended) { return false } ' +
      `${compose} return stream ? stream.write(toBuffer(chunk, encoding)) ` +
      ': _write.call(this, chunk, encoding) }',
  ),
)

/**
 * What Node's `write` calls while the stack still tells where the chunk came
 * from: `cork`, where it gathers the chunks of a turn, or `_send`.
 */
const CALLED = ['cork', '_send']

/** Longer texts are not looked at. */
const LONGEST = 1000

/** The frames from Node's writing up to the pipe, and some to spare. */
const DEPTH = 12

const toText = Function.prototype.toString
const { captureStackTrace } = Error

/** The `write` of each response that was looked at, and whether it hands on. */
const verdicts = new WeakMap()

/**
 * True when `response.write`, though someone's own, hands everything on to
 * Node's and does nothing else. Not known before a chunk has gone through it,
 * which the first call sees to.
 * @param {import('node:http').ServerResponse} response
 * @returns {boolean}
 */
function isTransparent(response) {
  if (!isSendOriginal(response)) return false
  const { write } = response
  const verdict = verdicts.get(response)
  if (verdict?.write === write) return verdict.isTransparent
  verdicts.set(response, { write, isTransparent: false })
  const isFree = CALLED.every((name) => !Object.hasOwn(response, name))
  if (isFree && isKnown(write)) watch(response, write)
  return false
}

function isKnown(write) {
  if (typeof write !== 'function') return false
  const text = toText.call(write)
  return text.length <= LONGEST && KNOWN.has(text.replaceAll(/\s+/g, ' '))
}

/** Looks at the stack when the response is first written to. */
function watch(response, write) {
  const shadows = CALLED.map((name) => {
    const original = response[name]
    const shadow = function (...args) {
      for (const [index, other] of CALLED.entries()) {
        if (response[other] === shadows[index]) delete response[other]
      }
      if (response.write === write) {
        verdicts.set(response, { write, isTransparent: ofCallers(shadow, isPipedThroughOne) })
      }
      return original.apply(this, args)
    }
    return shadow
  })
  for (const [index, name] of CALLED.entries()) {
    Object.defineProperty(response, name, {
      configurable: true,
      enumerable: false,
      writable: true,
      value: shadows[index],
    })
  }
}

/** True for Node's writing, called by one function of others, called by a pipe. */
function isPipedThroughOne(sites) {
  const at = sites.findIndex((site) => site.getFileName() !== 'node:_http_outgoing')
  if (at < 1 || at + 1 >= sites.length) return false
  const [between, outer] = sites.slice(at)
  return (
    !between.getFileName()?.startsWith('node:') &&
    between.getFunctionName() === 'write' &&
    outer.getFileName() === 'node:internal/streams/readable' &&
    outer.getFunctionName() === 'ondata'
  )
}

/** What `look` says of the frames outside of `callee`, innermost first. */
function ofCallers(callee, look) {
  const wanted = { stackTraceLimit: DEPTH, prepareStackTrace: (_, sites) => sites }
  const before = Object.keys(wanted).map((name) => [
    name,
    Object.getOwnPropertyDescriptor(Error, name),
  ])
  try {
    for (const [name, value] of Object.entries(wanted)) {
      Object.defineProperty(Error, name, { configurable: true, writable: true, value })
    }
    const holder = {}
    captureStackTrace(holder, callee)
    return look(holder.stack)
  } catch {
    // Under --frozen-intrinsics, or where someone else makes the stacks.
    return false
  } finally {
    for (const [name, descriptor] of before) {
      if (descriptor === undefined) Reflect.deleteProperty(Error, name)
      else Reflect.defineProperty(Error, name, descriptor)
    }
  }
}

module.exports = { isTransparent }
