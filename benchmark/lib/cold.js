'use strict'

// Files that are not in the page cache.

const { spawnSync } = require('node:child_process')
const os = require('node:os')

/**
 * Drops a file from the page cache, by posix_fadvise(2).
 * @returns {boolean} false where that cannot be done, or is seen to have failed
 */
function chill(file) {
  if (drop(file)) return true
  receivePackets()
  return drop(file)
}

function drop({ path }) {
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

/**
 * Has every core receive a packet. Linux leaves the packets that it is done with to
 * the core that they come from, which frees them, and lets go of the pages in
 * them, when it receives the next one.
 */
function receivePackets() {
  for (let core = 0; core < os.cpus().length; core += 1) {
    spawnSync('taskset', ['-c', String(core), 'bash', '-c', 'echo > /dev/udp/127.0.0.1/9'])
  }
}

/** Bytes of a file that are in the page cache; NaN where nobody knows. */
function residentBytes({ path }) {
  const args = ['--bytes', '--noheadings', '--raw', '--output', 'RES', path]
  const { status, stdout } = spawnSync('fincore', args, { encoding: 'utf8' })
  return status === 0 ? Number(stdout) : Number.NaN
}

module.exports = { chill, residentBytes }
