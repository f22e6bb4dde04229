'use strict'

const crypto = require('node:crypto')
const fs = require('node:fs')
const os = require('node:os')
const path = require('node:path')

const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'millrace-test-'))
process.on('exit', () => fs.rmSync(folder, { recursive: true, force: true }))

let count = 0

/** A path in this test file's own folder, where nothing is yet. */
function newPath(name = 'file') {
  count += 1
  return path.join(folder, `${count}-${name}`)
}

/** Bytes that differ from place to place, and from seed to seed. */
function bytes(size, seed = 1) {
  const buffer = Buffer.allocUnsafe(size)
  let state = (seed * 0x9e3779b9) >>> 0 || 1
  const words = size >>> 2
  for (let i = 0; i < words; i += 1) {
    state ^= state << 13
    state ^= state >>> 17
    state ^= state << 5
    buffer.writeInt32LE(state | 0, i * 4)
  }
  for (let i = words * 4; i < size; i += 1) buffer[i] = (i * 7 + seed) & 0xff
  return buffer
}

/** A new file of so many bytes, and what is in it. */
function makeFile(size, seed) {
  const file = newPath(`${size}.bin`)
  const content = bytes(size, seed)
  fs.writeFileSync(file, content)
  return { file, content }
}

function sha256(data) {
  return crypto.createHash('sha256').update(data).digest('hex')
}

/** Descriptors that the process has open, by what they lead to. */
function openDescriptors() {
  return fs.readdirSync('/proc/self/fd').flatMap((fd) => {
    try {
      return [fs.readlinkSync(`/proc/self/fd/${fd}`)]
    } catch {
      return []
    }
  })
}

/**
 * What event loops and the addon's threads open late and keep: epolls, eventfds,
 * and the `/dev/null` that files are read ahead into, once one was not in memory.
 */
function isKept(target) {
  return target.startsWith('anon_inode') || target === '/dev/null'
}

/** Descriptors that come and go: files, sockets, pipes. */
function passingDescriptors() {
  return openDescriptors().filter((target) => !isKept(target))
}

function countDescriptors() {
  return passingDescriptors().length
}

/** How many it keeps for as long as it lasts. */
function countKept() {
  return openDescriptors().filter(isKept).length
}

/** How many descriptors this process, and so a child of it, may have. */
function descriptorLimit() {
  const limits = fs.readFileSync('/proc/self/limits', 'utf8')
  const limit = /^Max open files\s+(\S+)/m.exec(limits)[1]
  return limit === 'unlimited' ? Infinity : Number(limit)
}

/** How many descriptors the process has open on `file`. */
function descriptorsOn(file) {
  return openDescriptors().filter((target) => target.startsWith(file)).length
}

module.exports = {
  folder,
  newPath,
  bytes,
  makeFile,
  sha256,
  openDescriptors,
  passingDescriptors,
  countDescriptors,
  countKept,
  descriptorLimit,
  descriptorsOn,
}
