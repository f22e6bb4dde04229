'use strict'

// Keeping server and client off each other's core.

const { spawnSync } = require('node:child_process')
const fs = require('node:fs')
const os = require('node:os')

const { note } = require('./command.js')

/** @returns {{ server: number, client: number } | null} a core for each, or null */
function chooseCores() {
  const cores = allowedCores()
  if (cores.length < 2) {
    note('Fewer than two cores: server and client share what there is, unpinned.')
    return null
  }
  // The first and the last are never hyperthreads of one core, if there are more than two.
  const chosen = { server: cores[0], client: cores.at(-1) }
  if (canPin(chosen.server) && canPin(chosen.client)) return chosen
  note('taskset is missing or not permitted: server and client run unpinned.')
  return null
}

/**
 * The last core for the clients and all others for the server, which has
 * several threads.
 * @returns {{ server: string, client: number, others: number } | null}
 *   with the number of the server's cores, or null
 */
function chooseSides() {
  const chosen = chooseCores()
  if (chosen === null) return null
  const others = allowedCores().slice(0, -1)
  return { server: others.join(','), client: chosen.client, others: others.length }
}

function canPin(core) {
  return spawnSync('taskset', ['-c', String(core), 'true']).status === 0
}

function allowedCores() {
  let status
  try {
    status = fs.readFileSync('/proc/self/status', 'utf8')
  } catch {
    return Array.from({ length: os.availableParallelism() }, (_, index) => index)
  }
  const [, list] = /^Cpus_allowed_list:\s*(\S+)$/m.exec(status)
  return list.split(',').flatMap((range) => {
    const [first, last = first] = range.split('-').map(Number)
    return Array.from({ length: last - first + 1 }, (_, index) => first + index)
  })
}

/**
 * The command line that runs `command` on a core, or on any of a list, or
 * wherever when there is none.
 * @param {number | string | undefined} core
 * @param {string[]} command
 */
function onCore(core, command) {
  return core === undefined ? command : ['taskset', '-c', String(core), ...command]
}

module.exports = { chooseCores, chooseSides, onCore }
