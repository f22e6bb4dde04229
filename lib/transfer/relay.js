'use strict'

// A Transform that changes nothing but the pace may be passed by: a transfer
// then goes to what is behind it, at that pace.

/**
 * The property of such a stream, an object with
 *
 * - `lookThrough()`: null where it must be gone through, or `{ destination, rate,
 *   isBusy }`: what is behind it, the bytes a second (Infinity: any), and whether
 *   it has bytes of its own that come first;
 * - `passBy(transfer)`: a stretch passes it by, until `passed(sent)`, which tells how
 *   many bytes it was.
 */
const kRelay = Symbol('millrace.relay')

module.exports = { kRelay }
