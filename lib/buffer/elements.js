'use strict'

// The numbers that bytes are read and written as, many at once.

const { endianness } = require('node:os')

const TYPES = {
  Int16: Int16Array,
  UInt16: Uint16Array,
  Int32: Int32Array,
  UInt32: Uint32Array,
  BigInt64: BigInt64Array,
  BigUInt64: BigUint64Array,
  Float: Float32Array,
  Double: Float64Array,
}

/**
 * A function for each type and order of bytes.
 * @param {string} verb its name begins with it: `read` gives `readUInt32LEArray`
 * @param {(Type: Function, isOwnOrder: boolean, name: string) => Function} make
 *   `name` as in Node's methods: `UInt32LE`
 * @returns {Record<string, Function>}
 */
function forEachElement(verb, make) {
  const made = {}
  for (const [type, Type] of Object.entries(TYPES)) {
    for (const order of ['LE', 'BE']) {
      made[`${verb}${type}${order}Array`] = make(Type, order === endianness(), `${type}${order}`)
    }
  }
  return made
}

module.exports = { forEachElement }
