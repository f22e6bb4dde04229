// Never run: what users write must type-check, what is wrong must not.

import * as fs from 'node:fs'
import * as stream from 'node:stream'

import { WriteStream, createReadStream, createWriteStream, stats } from 'millrace'
import type { WriteStreamOptions } from 'millrace'
import { register } from 'millrace/register'
import { describe, expect, test } from 'tstyche'

describe('createWriteStream', () => {
  test('goes where that of node:fs is expected', () => {
    expect(createWriteStream).type.toBeAssignableTo<typeof fs.createWriteStream>()
    expect(createWriteStream('file')).type.toBe<WriteStream>()
    expect<WriteStream>().type.toBeAssignableTo<fs.WriteStream>()
    expect<WriteStream>().type.toBeAssignableTo<stream.Writable>()
    expect(createReadStream('a').pipe(createWriteStream('b'))).type.toBe<WriteStream>()
  })

  test('takes every option of node:fs, and our own', () => {
    type Options = NonNullable<Exclude<Parameters<typeof fs.createWriteStream>[1], string>>
    expect<Options>().type.toBeAssignableTo<WriteStreamOptions>()
    expect(createWriteStream).type.toBeCallableWith('file', 'utf8')
    expect(createWriteStream).type.toBeCallableWith('file', { flags: 'a', start: 1, flush: true })
    expect(createWriteStream).type.toBeCallableWith('file', { atomic: true, preallocate: 1e6 })
    expect(createWriteStream).type.toBeCallableWith('file', { native: false })
    expect(createWriteStream).type.not.toBeCallableWith('file', { atomic: 1 })
    expect(createWriteStream).type.not.toBeCallableWith('file', { preallocate: '1' })
  })
})

test('register knows the write side', () => {
  expect(register).type.toBeCallableWith({ only: ['createWriteStream'] })
})

test('stats count what is copied', () => {
  expect(stats().bytes.copy_file_range).type.toBe<number>()
})
