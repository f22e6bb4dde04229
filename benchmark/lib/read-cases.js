'use strict'

// What read.js measures, and what is to be reached.

const { chill, residentBytes } = require('./cold.js')
const { note } = require('./command.js')
const { createFile, createMany, createSparse, labelOf } = require('./files.js')

const KIB = 2 ** 10
const MIB = 2 ** 20

/** What `--only` names. */
const GROUPS = ['cached', '1m', '16k', 'small', 'cold', 'gzip', 'https', 'hold']

const WAYS = [
  ['data', "on('data')"],
  ['iterator', 'for await'],
  ['pipeline', 'pipeline'],
]

/** At least so many times node:fs's throughput, and at most so much of its CPU time. */
const FAST = { throughput: 3, cpu: 0.35 }
const NEVER_SLOWER = { throughput: 1 }

const SMALL_SIZES = [KIB, 64 * KIB]
const CONCURRENCIES = [1, 32]

/**
 * @typedef {object} Case
 * @property {string} group one of `GROUPS`
 * @property {string} label
 * @property {'read' | 'cold' | 'https' | 'hold'} kind
 * @property {object[]} files
 * @property {object} task what the reader is told
 * @property {number} [start] how many files are read to begin with
 * @property {{ throughput?: number, cpu?: number, hold?: number }} targets
 */

/**
 * Makes the files of the groups, and lists what is to be measured with them.
 * @param {string} folder
 * @param {string[]} groups
 * @param {boolean} isQuick
 * @returns {Case[]}
 */
function createCases(folder, groups, isQuick) {
  const large = once(() => createFile(folder, isQuick ? 4 * MIB : 256 * MIB))
  const everyWay = (highWaterMark, targets) =>
    WAYS.map(([way, name]) => ({
      label: `${large().label}, ${name}${highWaterMark ? `, ${labelOf(highWaterMark)} chunks` : ''}`,
      kind: 'read',
      files: [large()],
      task: { way, highWaterMark },
      targets,
    }))

  const creators = {
    cached: () => everyWay(undefined, FAST),
    '1m': () => everyWay(MIB, NEVER_SLOWER),
    '16k': () => everyWay(16 * KIB, NEVER_SLOWER),
    small: () => SMALL_SIZES.flatMap((size) => smallFiles(folder, size, isQuick)),
    cold: () => coldFile(large()),

    gzip() {
      const file = createFile(folder, isQuick ? MIB : 32 * MIB)
      return [
        {
          label: `${file.label} through gzip, level 1`,
          kind: 'read',
          files: [file],
          task: { way: 'gzip' },
          targets: NEVER_SLOWER,
        },
      ]
    },

    https: () => [
      {
        label: `${large().label} over HTTPS`,
        kind: 'https',
        files: [large()],
        task: {},
        targets: NEVER_SLOWER,
      },
    ],

    hold() {
      const file = createSparse(folder, isQuick ? 32 * MIB : 1280 * MIB)
      return [
        {
          label: `${file.label}, on('data')`,
          kind: 'hold',
          files: [file],
          task: { way: 'data' },
          targets: { hold: 1 },
        },
      ]
    },
  }
  return groups.flatMap((group) =>
    creators[group]().map((entry) => Object.assign(entry, { group })),
  )
}

function smallFiles(folder, size, isQuick) {
  const files = createMany(folder, size, isQuick ? 8 : 64)
  return CONCURRENCIES.map((concurrency) => ({
    label: `${files[0].label} files, ${concurrency === 1 ? 'in turn' : `${concurrency} at once`}`,
    kind: 'read',
    files,
    start: 64,
    task: { way: 'data', concurrency },
    targets: NEVER_SLOWER,
  }))
}

function coldFile(file) {
  if (!chill(file)) {
    note('The cold file is left out: it does not leave the page cache here (dd, TMPDIR).')
    return []
  }
  if (Number.isNaN(residentBytes(file))) {
    note('fincore is missing: that the cold file is cold is not verified.')
  }
  return [
    {
      label: `${file.label}, cold, on('data')`,
      kind: 'cold',
      files: [file],
      task: { way: 'data' },
      targets: NEVER_SLOWER,
    },
  ]
}

function once(create) {
  let made
  return () => (made ??= create())
}

module.exports = { GROUPS, createCases }
