'use strict'

// Large chunks come and go. Once there were many, the allocator is told to
// keep memory for more; below, a process keeps none that it may not need.

const { binding } = require('./native.js')

/** Bytes that are many. */
const MANY = 2 ** 23

/** Bytes that were asked for, until they are many. */
let asked = 0

/** @param {number} length of a chunk that is about to be allocated */
function countAllocated(length) {
  if (asked >= MANY) return
  asked += length
  if (asked >= MANY) binding?.keepFreedMemory()
}

module.exports = { countAllocated }
