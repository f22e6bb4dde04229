'use strict'

// The files that are read, and their presence in the page cache.

const crypto = require('node:crypto')
const fs = require('node:fs')
const os = require('node:os')
const path = require('node:path')

const { note } = require('./command.js')

const TMPFS_MAGIC = 0x01021994
const BLOCK = 2 ** 20
const buffer = Buffer.allocUnsafe(BLOCK)

/** A new folder, which goes with the process. */
function createFolder() {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'millrace-benchmark-'))
  process.on('exit', () => fs.rmSync(folder, { recursive: true, force: true }))
  if (fs.statfsSync(folder).type === TMPFS_MAGIC) {
    note(`${os.tmpdir()} is kept in memory: set TMPDIR to a folder on a disk for real conditions.`)
  }
  return folder
}

/**
 * Makes files of random content in a new folder.
 * @param {number[]} sizes
 */
function createFiles(sizes) {
  const folder = createFolder()
  return { folder, files: sizes.map((size) => createFile(folder, size)) }
}

function createFile(folder, size, stem = String(size)) {
  const name = `${stem}.bin`
  const location = path.join(folder, name)
  const hash = crypto.createHash('sha256')
  const descriptor = fs.openSync(location, 'wx')
  try {
    for (let written = 0; written < size;) {
      const block = buffer.subarray(0, Math.min(BLOCK, size - written))
      crypto.randomFillSync(block)
      hash.update(block)
      fs.writeFileSync(descriptor, block)
      written += block.length
    }
    // Otherwise the kernel writes them back while something is measured.
    fs.fsyncSync(descriptor)
  } finally {
    fs.closeSync(descriptor)
  }
  return { name, path: location, size, label: labelOf(size), sha256: hash.digest('hex') }
}

/** More files of one size, in a folder that goes with the process. */
function createMany(folder, size, count) {
  return Array.from({ length: count }, (_, index) => createFile(folder, size, `${size}-${index}`))
}

/** A file of zeros that takes no room on the disk. */
function createSparse(folder, size) {
  const location = path.join(folder, 'sparse.bin')
  fs.closeSync(fs.openSync(location, 'wx'))
  fs.truncateSync(location, size)
  const hash = crypto.createHash('sha256')
  const zeros = Buffer.alloc(BLOCK)
  for (let left = size; left > 0; left -= BLOCK) {
    hash.update(zeros.subarray(0, Math.min(BLOCK, left)))
  }
  return {
    name: 'sparse.bin',
    path: location,
    size,
    label: labelOf(size),
    sha256: hash.digest('hex'),
  }
}

/** Brings a file into the page cache. */
function warm({ path: location }) {
  const descriptor = fs.openSync(location, 'r')
  try {
    while (fs.readSync(descriptor, buffer) > 0);
  } finally {
    fs.closeSync(descriptor)
  }
}

function labelOf(size) {
  for (const [unit, name] of [
    [2 ** 30, 'GiB'],
    [2 ** 20, 'MiB'],
    [2 ** 10, 'KiB'],
  ]) {
    if (size % unit === 0) return `${size / unit} ${name}`
  }
  return `${size} B`
}

module.exports = { createFolder, createFile, createFiles, createMany, createSparse, warm, labelOf }
