'use strict'

// The buffer's modules, loaded anew: with the addon wherever it can do
// something, as measured, or with Node's own only.

const path = require('node:path')

const folder = path.join(__dirname, '..', '..', 'lib', 'buffer')
const entry = path.join(__dirname, '..', '..', 'buffer.js')

/**
 * @param {'native' | 'measured' | 'node'} mode
 * @returns what is in the files of lib/buffer, by name, and `buffer`, the entry
 */
function load(mode) {
  const isOurs = (file) => file.startsWith(folder) || file === entry
  const before = Object.entries(require.cache).filter(([file]) => isOurs(file))
  for (const [file] of before) delete require.cache[file]
  const { MILLRACE_BUFFER } = process.env
  process.env.MILLRACE_BUFFER = mode === 'measured' ? '' : mode
  try {
    const parts = [
      'bytes',
      'conversions',
      'dispatch',
      'facade',
      'find',
      'install',
      'nodes',
      'statics',
      'strings',
      'wrappers',
    ]
    const loaded = Object.fromEntries(
      parts.map((name) => [name, require(path.join(folder, `${name}.js`))]),
    )
    return { ...loaded, buffer: require(entry) }
  } finally {
    if (MILLRACE_BUFFER === undefined) delete process.env.MILLRACE_BUFFER
    else process.env.MILLRACE_BUFFER = MILLRACE_BUFFER
    for (const file of Object.keys(require.cache)) if (isOurs(file)) delete require.cache[file]
    for (const [file, module] of before) require.cache[file] = module
  }
}

module.exports = { load }
