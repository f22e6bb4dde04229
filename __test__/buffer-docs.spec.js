'use strict'

// What the document of Buffer's operations shows prints what it says.

const { test } = require('node:test')

const { assertComments, blocksOf } = require('./helpers/documents.js')
const { application } = require('./helpers/program.js')

for (const { language, code, line } of blocksOf('docs/buffer.md')) {
  if (language !== 'js') continue
  test(`docs/buffer.md, line ${line}: the example prints its comments`, () => {
    for (const mode of ['', 'native', 'node']) {
      assertComments(code, { cwd: application(), env: { MILLRACE_BUFFER: mode } })
    }
  })
}
