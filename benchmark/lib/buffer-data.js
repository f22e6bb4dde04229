'use strict'

// What Buffer's operations are measured on: made from a fixed seed, so that
// every run and every version of Node gets the same.

const WORDS =
  'the of and to in is that for it as was with be by on not he his but at are this have'.split(' ')
const ARABIC = 'من في على أن إلى كان هذا التي الذي عن مع بعد كل غير حتى إذا ليس'.split(' ')
const CHINESE = '的一是在不了有和人这中大为上个国我以要他时来用们生到作地于出就分对成会可主发年动'
const FRENCH = 'été où à la façon naïve très élève garçon dès après forêt âge île déjà même'.split(
  ' ',
)

/** A random number generator of 32 bits. */
function generator(seed) {
  let state = seed
  return (limit) => {
    state = (Math.imul(state, 1664525) + 1013904223) | 0
    return Math.floor(((state >>> 0) / 2 ** 32) * limit)
  }
}

function words(list, length, separator = ' ') {
  const random = generator(7)
  let text = ''
  while (text.length < length) text += list[random(list.length)] + separator
  // Flat, as what is read from somewhere is.
  return Buffer.from(text.slice(0, length), 'utf16le').toString('utf16le')
}

/** So many bytes of valid UTF-8, filled up with spaces behind the last character. */
function bytesOf(list, size, separator) {
  const whole = Buffer.from(words(list, size, separator))
  let end = size
  while (end > 0 && (whole[end] & 0xc0) === 0x80) end -= 1
  return Buffer.concat([whole.subarray(0, end), Buffer.alloc(size - end, ' ')])
}

const english = (size) => bytesOf(WORDS, size)
const french = (size) => bytesOf(FRENCH, size)
const arabic = (size) => bytesOf(ARABIC, size)
const chinese = (size) => bytesOf([...CHINESE], size, '')

function randomBytes(size) {
  const random = generator(11)
  return Buffer.from(Array.from({ length: size }, () => random(256)))
}

/** Text in which every 64th byte (and at least one) is none of UTF-8. */
function malformed(size) {
  const bytes = french(size)
  for (let i = size >> 1; i < size; i += 64) bytes[i] = 0xff
  return bytes
}

/** Text that was latin1 and is taken for UTF-8. */
const mistaken = (size) => Buffer.from(words(FRENCH, size), 'latin1')

/** Base64 of so many characters that it is of both alphabets. */
function mixed(size) {
  const text = randomBytes(size)
    .toString('base64')
    .slice(0, size - (size % 4))
  const random = generator(3)
  return text.replaceAll(/[+/]/g, (one) => (random(2) === 0 ? one : one === '+' ? '-' : '_'))
}

/** Base64 with a character of neither alphabet in every line of 76. */
function dirty(size) {
  const text = randomBytes(size)
    .toString('base64')
    .slice(0, size - (size % 4))
  return text.replaceAll(/(.{1,75})./g, '$1*')
}

/** Base64 in lines, as in mail. */
function lines(size) {
  const text = randomBytes(size)
    .toString('base64')
    .slice(0, size - (size % 4))
  return text.replaceAll(/(.{74})../g, '$1\r\n')
}

module.exports = {
  FRENCH,
  ARABIC,
  WORDS,
  arabic,
  chinese,
  dirty,
  english,
  french,
  lines,
  malformed,
  mistaken,
  mixed,
  randomBytes,
  words,
}
