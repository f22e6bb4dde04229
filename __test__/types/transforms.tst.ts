// Never run: what users write must type-check, what is wrong must not.

import * as stream from 'node:stream'
import { pipeline } from 'node:stream/promises'

import {
  createDecoder,
  createEncoder,
  createReadStream,
  createSplitter,
  createSpool,
  createThrottle,
  type SplitterOptions,
} from 'millrace'
import { describe, expect, test } from 'tstyche'

describe('createSplitter', () => {
  test('has its place in a pipeline', async () => {
    const count = async (lines: AsyncIterable<string>) => {
      for await (const line of lines) expect(line).type.toBe<string>()
    }
    await pipeline(createReadStream('log'), createSplitter(), count)
    await pipeline(createReadStream('log'), createSplitter(), async (lines) => {
      for await (const line of lines) console.log(line)
    })
    stream.pipeline(createReadStream('log'), createSplitter(), count, () => {})
    const countAll = async (batches: AsyncIterable<Buffer[]>) => {
      for await (const records of batches) expect(records).type.toBe<Buffer[]>()
    }
    const splitter = createSplitter('\n', { encoding: 'buffer', batch: true })
    await pipeline(createReadStream('log'), splitter, countAll)
  })

  test('gives what its options say', async () => {
    for await (const line of createSplitter()) expect(line).type.toBe<string>()
    for await (const line of createSplitter('\n', { keep: true, maxLength: 5 })) {
      expect(line).type.toBe<string>()
    }
    for await (const lines of createSplitter('\n', { batch: true })) {
      expect(lines).type.toBe<string[]>()
    }
    for await (const record of createSplitter(Buffer.of(0), { encoding: 'buffer' })) {
      expect(record).type.toBe<Buffer>()
    }
    const batches = createSplitter(undefined, { encoding: 'buffer', batch: true })
    expect(batches.read()).type.toBe<Buffer[] | null>()
  })

  test('says no more than it knows of options that are not spelt out', () => {
    const ofAny = (options: SplitterOptions) => createSplitter('\n', options)
    type Records = string | Buffer | string[] | Buffer[] | null
    expect(ofAny({}).read()).type.toBe<Records>()
    const ofEncoding = (encoding: 'utf8' | 'buffer') => createSplitter('\n', { encoding })
    expect(ofEncoding('buffer').read()).type.toBe<Records>()
    const ofBatch = (batch: boolean) => createSplitter('\n', { batch })
    expect(ofBatch(true).read()).type.toBe<Records>()
  })

  test('is a Transform, and takes no other separator and no other options', () => {
    expect(createSplitter()).type.toBeAssignableTo<stream.Transform>()
    expect(createSplitter).type.not.toBeCallableWith(5)
    expect(createSplitter).type.not.toBeCallableWith('\n', { encoding: 'utf16le' })
    expect(createSplitter).type.not.toBeCallableWith('\n', { maxLength: '5' })
  })
})

describe('createDecoder and createEncoder', () => {
  test('take an encoding and whether to be strict', () => {
    expect(createDecoder('hex')).type.toBe<stream.Transform>()
    expect(createEncoder('base64url', { strict: false })).type.toBe<stream.Transform>()
    expect(createDecoder).type.not.toBeCallableWith()
    expect(createDecoder).type.not.toBeCallableWith('utf9')
    expect(createEncoder).type.not.toBeCallableWith('hex', { strict: 1 })
  })
})

describe('createThrottle', () => {
  test('needs a pace, which can be changed', () => {
    const throttle = createThrottle({ bytesPerSecond: 5, burst: 7 })
    throttle.bytesPerSecond = Infinity
    throttle.burst = 8
    expect(throttle).type.toBeAssignableTo<stream.Transform>()
    expect(createThrottle).type.not.toBeCallableWith({})
    expect(createThrottle).type.not.toBeCallableWith()
  })
})

describe('createSpool', () => {
  test('takes sizes and a directory, and tells what it holds', () => {
    const spool = createSpool({ memory: 1, directory: '/tmp', maxSize: 2, overflow: 'error' })
    expect(spool).type.toBeAssignableTo<stream.Duplex>()
    expect(spool.size).type.toBe<number>()
    expect(spool.spilled).type.toBe<number>()
    expect(spool.sent).type.toBe<number>()
    expect(createSpool).type.toBeCallableWith()
    expect(createSpool).type.not.toBeCallableWith({ overflow: 'drop' })
  })
})
