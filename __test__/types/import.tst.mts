import * as fs from 'node:fs'

import millrace, { ReadStream, createReadStream } from 'millrace'
import * as everything from 'millrace'
import * as registering from 'millrace/register'
import { expect, test } from 'tstyche'

test('an ES module imports by name', () => {
  expect(createReadStream('file')).type.toBe<ReadStream>()
  expect(createReadStream).type.toBeAssignableTo<typeof fs.createReadStream>()
  expect(everything.createReadStream).type.toBe<typeof createReadStream>()
})

test('an ES module imports the whole', () => {
  expect(millrace.createReadStream).type.toBe<typeof createReadStream>()
  expect(millrace).type.not.toHaveProperty('default')
})

test('an ES module registers', () => {
  expect(registering.register()).type.toBe<boolean>()
})
