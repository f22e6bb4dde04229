'use strict'

// Files of which every block of 16 bytes says whose it is and where it stands,
// so that a byte in the wrong place tells where it came from.

const fs = require('node:fs')

const { newPath } = require('./files.js')

const BLOCK = 16

/** `F0012:00000034a|`: block 0x34a of number 0x12. */
function block(kind, number, index) {
  return `${kind}${number.toString(16).padStart(4, '0')}:${index.toString(16).padStart(9, '0')}|`
}

/** So many bytes of what `kind` and `number` name. */
function taggedBytes(kind, number, size) {
  const content = Buffer.alloc(Math.ceil(size / BLOCK) * BLOCK)
  for (let i = 0; i * BLOCK < size; i += 1)
    content.write(block(kind, number, i), i * BLOCK, 'latin1')
  return content.subarray(0, size)
}

/** A file of so many bytes of its own, in memory as well. */
function makeTaggedFile(number, size) {
  const file = newPath(`${number}.tagged`)
  const content = taggedBytes('F', number, size)
  fs.writeFileSync(file, content)
  return { number, file, content }
}

/** What bytes are that should not be there. */
function describeBytes(bytes) {
  const text = bytes.subarray(0, 3 * BLOCK).toString('latin1')
  const tag = /([A-Z])([0-9a-f]{4}):([0-9a-f]{9})\|/.exec(text)
  const from =
    tag === null ? '' : ` (${tag[1]}${parseInt(tag[2], 16)}, block ${parseInt(tag[3], 16)})`
  return JSON.stringify(text) + from
}

module.exports = { makeTaggedFile, taggedBytes, describeBytes }
