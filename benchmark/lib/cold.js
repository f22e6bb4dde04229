'use strict'

// Files that are not in the page cache.

const { spawnSync } = require('node:child_process')

/**
 * Drops a file from the page cache, by posix_fadvise(2).
 * @returns {boolean} false where that cannot be done, or is seen to have failed
 */
function chill({ path }) {
  const { status } = spawnSync('dd', [
    'if=/dev/null',
    `of=${path}`,
    'oflag=nocache',
    'conv=notrunc,fdatasync',
    'count=0',
    'status=none',
  ])
  return status === 0 && !(residentBytes({ path }) > 0)
}

/** Bytes of a file that are in the page cache; NaN where nobody knows. */
function residentBytes({ path }) {
  const args = ['--bytes', '--noheadings', '--raw', '--output', 'RES', path]
  const { status, stdout } = spawnSync('fincore', args, { encoding: 'utf8' })
  return status === 0 ? Number(stdout) : Number.NaN
}

module.exports = { chill, residentBytes }
