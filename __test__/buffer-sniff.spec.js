'use strict'

// What is found out about a string before it is given to the addon.

const assert = require('node:assert/strict')
const { describe, it } = require('node:test')

const { mode } = require('../lib/buffer/dispatch.js')
const { numberOf } = require('../lib/buffer/encodings.js')
const { isWorthCounting, isWorthIt } = require('../lib/buffer/sniff.js')

const isMeasured = { skip: mode === 'native' && 'everything is worth it' }
const LENGTH = 4096

describe('a look at a string', isMeasured, () => {
  for (const [encoding, foreign] of [
    ['base64', ['-', '_', '*']],
    ['base64url', ['+', '/', '*']],
  ]) {
    const code = numberOf(encoding)
    const clean = 'Abc1'.repeat(LENGTH / 4)

    it(`leaves clean ${encoding} to Node, and what has line breaks or spaces`, () => {
      assert.strictEqual(isWorthIt(clean, code), false)
      for (const space of ['\r\n', ' ']) {
        assert.strictEqual(isWorthIt(clean.replaceAll(/.{76}/g, `$&${space}`), code), false)
      }
    })

    it(`finds what is no ${encoding}`, () => {
      for (const character of foreign) {
        const text = clean.replaceAll(/.{76}/g, (line) => character + line.slice(1))
        assert.strictEqual(isWorthIt(text, code), true, character)
      }
    })
  }

  it('finds text that is two bytes a character', () => {
    const code = numberOf('utf8')
    for (const [text, isWide] of [
      ['plain text ', false],
      ['مرحبا بالعالم ', true],
      ['世界', true],
    ]) {
      const long = text.repeat(LENGTH / text.length)
      assert.strictEqual(isWorthIt(long, code), isWide, text)
      assert.strictEqual(isWorthCounting(long, code), isWide, text)
    }
  })

  it('takes the empty string, and short ones', () => {
    for (const text of ['', 'a', 'ab', 'abc']) {
      for (const encoding of ['utf8', 'base64', 'base64url']) {
        assert.strictEqual(isWorthIt(text, numberOf(encoding)), false)
      }
      assert.strictEqual(isWorthCounting(text, numberOf('utf8')), false)
    }
  })
})
