import fs = require('node:fs')
import millrace = require('millrace')
import registering = require('millrace/register')
import { expect, test } from 'tstyche'

test('a CommonJS module requires the whole', () => {
  expect(millrace.createReadStream('file')).type.toBe<millrace.ReadStream>()
  expect(millrace.createReadStream).type.toBeAssignableTo<typeof fs.createReadStream>()
  expect(millrace).type.not.toHaveProperty('default')
  expect<millrace.TransferReport>().type.toHaveProperty('reason')
})

test('a CommonJS module registers', () => {
  expect(registering.register()).type.toBe<boolean>()
})
