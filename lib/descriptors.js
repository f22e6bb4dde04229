'use strict'

// Whether a descriptor is what it seems.

const { fstatSync } = require('node:fs')

const { binding } = require('./native.js')

/** What `node:fs` and the kernel both mean by a descriptor, or null. */
function statOf(descriptor) {
  try {
    const stat = fstatSync(descriptor, { bigint: true })
    return binding.identify(descriptor) === `${stat.dev}:${stat.ino}` ? stat : null
  } catch {
    return null
  }
}

module.exports = { statOf }
