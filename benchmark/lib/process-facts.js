'use strict'

// What Linux knows of a process.

const fs = require('node:fs')
const { setTimeout: sleep } = require('node:timers/promises')

const PERIOD = 20
const QUIET = 300
const PAGE = 4096

/**
 * How many files and sockets a process has open. What its threads open late and
 * keep is left out: epoll, eventfd, and the `/dev/null` that files are read ahead
 * into, once one was not in memory.
 */
function countDescriptors(pid) {
  const folder = `/proc/${pid}/fd`
  return fs.readdirSync(folder).filter((name) => {
    try {
      const target = fs.readlinkSync(`${folder}/${name}`)
      return !target.startsWith('anon_inode') && target !== '/dev/null'
    } catch {
      return false
    }
  }).length
}

/** How many descriptors this process, and so a child of it, may have. */
function descriptorLimit() {
  const limits = fs.readFileSync('/proc/self/limits', 'utf8')
  const limit = /^Max open files\s+(\S+)/m.exec(limits)[1]
  return limit === 'unlimited' ? Infinity : Number(limit)
}

/**
 * What sockets hold in the kernel, in bytes: of all processes, both ends of a
 * connection if both are here.
 */
function socketBytes() {
  const [, pages] = /^TCP: .* mem (\d+)$/m.exec(fs.readFileSync('/proc/net/sockstat', 'utf8'))
  return pages * PAGE
}

/** Resident memory of a process that it shares with no other, in bytes. */
function privateBytes(pid) {
  const rollup = fs.readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8')
  const lines = [...rollup.matchAll(/^Private_(?:Clean|Dirty):\s+(\d+) kB$/gm)]
  return lines.reduce((sum, [, kibibytes]) => sum + kibibytes * 2 ** 10, 0)
}

/**
 * The names of a process's threads: the addon's are called millrace, those
 * that wait for disks tokio-*.
 */
function threadNames(pid) {
  const folder = `/proc/${pid}/task`
  return fs.readdirSync(folder).flatMap((id) => {
    try {
      return [fs.readFileSync(`${folder}/${id}/comm`, 'utf8').trim()]
    } catch {
      return []
    }
  })
}

/** CPU time of a process, in ticks of the clock. */
function cpuTicks(pid) {
  const stat = fs.readFileSync(`/proc/${pid}/stat`, 'utf8')
  // The name, in parentheses, may hold anything.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  return Number(fields[11]) + Number(fields[12])
}

/**
 * Waits until something is true.
 * @param {() => boolean} condition
 * @param {number} timeout in milliseconds
 * @returns {Promise<number | null>} how long it took, or null when it took too long
 */
async function until(condition, timeout) {
  const begin = performance.now()
  while (!condition()) {
    if (performance.now() - begin > timeout) return null
    await sleep(PERIOD)
  }
  return performance.now() - begin
}

/** Waits until a process has nothing to do. */
function untilQuiet(pid, timeout) {
  let ticks = -1
  let since = 0
  return until(() => {
    const now = cpuTicks(pid)
    if (now !== ticks) {
      ticks = now
      since = performance.now()
    }
    return performance.now() - since >= QUIET
  }, timeout)
}

module.exports = {
  countDescriptors,
  descriptorLimit,
  privateBytes,
  socketBytes,
  threadNames,
  until,
  untilQuiet,
}
