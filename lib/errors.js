'use strict'

// Errors in the shapes that Node gives them.

const { getSystemErrorMap, inspect } = require('node:util')

function describe(errno) {
  return getSystemErrorMap().get(errno) ?? ['UNKNOWN', 'unknown error']
}

function systemError(message, errno, code, syscall) {
  const error = new Error(message)
  return Object.assign(error, { errno, code, syscall })
}

/**
 * A failed system call on a file, as `node:fs` reports it.
 * @param {number} errno negative, as in libuv
 * @param {string} syscall
 * @param {string} [path] that was given to the call
 */
function fsError(errno, syscall, path) {
  const [code, text] = describe(errno)
  const where = path === undefined ? '' : ` '${path}'`
  const error = systemError(`${code}: ${text}, ${syscall}${where}`, errno, code, syscall)
  return path === undefined ? error : Object.assign(error, { path })
}

/**
 * A failed system call on a socket, as `node:net` reports it.
 * @param {number} errno negative, as in libuv
 * @param {string} syscall
 */
function socketError(errno, syscall) {
  const [code] = describe(errno)
  return systemError(`${syscall} ${code}`, errno, code, syscall)
}

/** An error of our own. Match on `code`. */
class MillraceError extends Error {
  /**
   * @param {`ERR_MILLRACE_${string}`} code
   * @param {string} message
   */
  constructor(code, message) {
    super(message)
    this.code = code
  }

  get name() {
    return 'MillraceError'
  }
}

/**
 * The error of a transfer that nobody can complete.
 * @param {'ERR_MILLRACE_CUT_SHORT' | 'ERR_MILLRACE_STALLED'} code
 * @param {number} bytes that it came to
 * @param {string} what went wrong
 */
function incomplete(code, bytes, what) {
  const message = `The transfer could not be completed after ${bytes} bytes: ${what}`
  return new MillraceError(code, message)
}

/**
 * Text that is not in its encoding.
 * @param {string} encoding
 * @param {number} offset of what is wrong, from the beginning of the stream; in
 *   bytes, or in UTF-16 units of text that was written as strings
 */
function invalidText(encoding, offset) {
  const message = `The stream is not valid ${encoding} at offset ${offset}`
  return Object.assign(new MillraceError('ERR_MILLRACE_INVALID_TEXT', message), { offset })
}

/** The ERR_INVALID_ARG_TYPE of Node. */
function invalidArgType(name, expected, actual, kind = 'property') {
  const received =
    actual === null || actual === undefined
      ? `${actual}`
      : typeof actual === 'object'
        ? `an instance of ${actual.constructor?.name ?? 'Object'}`
        : `type ${typeof actual} (${typeof actual === 'string' ? `'${actual}'` : String(actual)})`
  // Node's words for primitives and for classes.
  const wanted = /^[A-Z]/.test(expected) ? `an instance of ${expected}` : `of type ${expected}`
  const error = new TypeError(`The "${name}" ${kind} must be ${wanted}. Received ${received}`)
  return Object.assign(error, { code: 'ERR_INVALID_ARG_TYPE' })
}

/** The ERR_INVALID_ARG_VALUE of Node. */
function invalidArgValue(name, actual, reason) {
  const error = new TypeError(`The property '${name}' ${reason}. Received ${inspect(actual)}`)
  return Object.assign(error, { code: 'ERR_INVALID_ARG_VALUE' })
}

/** The ERR_INCOMPATIBLE_OPTION_PAIR of Node. */
function incompatibleOptions(one, other) {
  const error = new TypeError(
    `Option "${one}" cannot be used in combination with option "${other}"`,
  )
  return Object.assign(error, { code: 'ERR_INCOMPATIBLE_OPTION_PAIR' })
}

/** The ERR_OUT_OF_RANGE of Node. */
function outOfRange(name, range, actual) {
  const error = new RangeError(
    `The value of "${name}" is out of range. It must be ${range}. Received ${inspect(actual)}`,
  )
  return Object.assign(error, { code: 'ERR_OUT_OF_RANGE' })
}

module.exports = {
  fsError,
  incompatibleOptions,
  incomplete,
  socketError,
  invalidText,
  MillraceError,
  invalidArgType,
  invalidArgValue,
  outOfRange,
}
