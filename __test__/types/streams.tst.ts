// Never run: what users write must type-check, what is wrong must not.

import { subscribe } from 'node:diagnostics_channel'
import * as fs from 'node:fs'
import * as http from 'node:http'
import * as stream from 'node:stream'

import * as millrace from 'millrace'
import { ReadStream, createReadStream, stats } from 'millrace'
import type {
  ReadStreamOptions,
  TransferMessage,
  TransferOutcome,
  TransferReason,
  TransferReport,
  TransferStats,
} from 'millrace'
import { describe, expect, test } from 'tstyche'

const made = createReadStream('file')

describe('createReadStream', () => {
  test('goes where that of node:fs is expected', () => {
    expect(createReadStream).type.toBeAssignableTo<typeof fs.createReadStream>()
    const either: typeof fs.createReadStream = createReadStream
    expect(either('file', { highWaterMark: 1 })).type.toBe<fs.ReadStream>()
  })

  test('takes the paths of node:fs', () => {
    expect(createReadStream).type.toBeCallableWith('file')
    expect(createReadStream).type.toBeCallableWith(Buffer.from('file'))
    expect(createReadStream).type.toBeCallableWith(new URL('file:///file'))
    expect(createReadStream).type.not.toBeCallableWith()
    expect(createReadStream).type.not.toBeCallableWith(1)
    expect(createReadStream).type.not.toBeCallableWith(null)
  })

  test('takes an encoding for options', () => {
    expect(createReadStream).type.toBeCallableWith('file', 'utf8')
    expect(createReadStream).type.not.toBeCallableWith('file', 'utf9')
  })

  test('takes every option of node:fs', () => {
    const options = {
      flags: 'r',
      encoding: 'utf8',
      fd: 1,
      mode: 0o666,
      autoClose: false,
      emitClose: false,
      start: 1,
      end: 2,
      highWaterMark: 1,
      signal: new AbortController().signal,
      fs: { open: fs.open, read: fs.read, close: fs.close },
    } satisfies NonNullable<Exclude<Parameters<typeof fs.createReadStream>[1], string>>
    expect(createReadStream).type.toBeCallableWith('file', options)
    expect(createReadStream).type.toBeCallableWith('file', { end: Infinity, signal: null })
    expect(createReadStream).type.toBeCallableWith('file', {
      fd: {} as fs.promises.FileHandle,
      fs: null,
    })
  })

  test('takes the options of node:fs from a variable of their type', () => {
    type Options = Parameters<typeof fs.createReadStream>[1]
    expect<Options>().type.toBeAssignableTo<Parameters<typeof createReadStream>[1]>()
    expect<ReadStreamOptions>().type.toBeAssignableTo<Options>()
  })

  test('takes limits that are numbers', () => {
    expect(createReadStream).type.toBeCallableWith('file', { bytesPerSecond: 1e6 })
    expect(createReadStream).type.toBeCallableWith('file', { stallTimeout: 60_000, end: 5 })
    expect(createReadStream).type.toBeCallableWith('file', { bytesPerSecond: undefined })
    expect(createReadStream).type.not.toBeCallableWith('file', { bytesPerSecond: '1' })
    expect(createReadStream).type.not.toBeCallableWith('file', { stallTimeout: null })
  })

  test('takes a native that is a boolean', () => {
    expect(createReadStream).type.toBeCallableWith('file', { native: true })
    expect(createReadStream).type.toBeCallableWith('file', { native: false, start: 1 })
    expect(createReadStream).type.toBeCallableWith('file', { native: undefined })
    expect(createReadStream).type.not.toBeCallableWith('file', { native: 'no' })
    expect(createReadStream).type.not.toBeCallableWith('file', { native: 0 })
    expect(createReadStream).type.not.toBeCallableWith('file', { native: null })
  })

  test('refuses what is wrong', () => {
    expect(createReadStream).type.not.toBeCallableWith('file', { start: '1' })
    expect(createReadStream).type.not.toBeCallableWith('file', { start: null })
    expect(createReadStream).type.not.toBeCallableWith('file', { end: 1n })
    expect(createReadStream).type.not.toBeCallableWith('file', { highWaterMark: '1' })
    expect(createReadStream).type.not.toBeCallableWith('file', { encoding: 'utf9' })
    expect(createReadStream).type.not.toBeCallableWith('file', { fd: '1' })
    expect(createReadStream).type.not.toBeCallableWith('file', { signal: {} })
    expect(createReadStream).type.not.toBeCallableWith('file', { nativ: true })
    expect(createReadStream).type.not.toBeCallableWith('file', 1)
    expect(createReadStream).type.not.toBeCallableWith('file', null)
    expect(createReadStream).type.not.toBeCallableWith('file', {}, {})
  })
})

describe('ReadStream', () => {
  test('is what createReadStream returns', () => {
    expect(made).type.toBe<ReadStream>()
    expect(ReadStream).type.toBeConstructableWith('file', { native: false })
    expect(ReadStream).type.not.toBeConstructableWith()
    expect(ReadStream).type.not.toBeConstructableWith('file', { native: 'no' })
  })

  test('is an fs.ReadStream and a Readable, and not the other way round', () => {
    expect<ReadStream>().type.toBeAssignableTo<fs.ReadStream>()
    expect<ReadStream>().type.toBeAssignableTo<stream.Readable>()
    expect<ReadStream>().type.toBeAssignableTo<NodeJS.ReadableStream>()
    expect<fs.ReadStream>().type.not.toBeAssignableTo<ReadStream>()
    expect<typeof ReadStream.prototype>().type.toBe<ReadStream>()
  })

  test('has the properties of node:fs', () => {
    expect(made.path).type.toBe<string | Buffer>()
    expect(made.bytesRead).type.toBe<number>()
    expect(made.pending).type.toBe<boolean>()
    expect(made.close).type.toBeCallableWith()
    expect(made.close).type.toBeCallableWith((_error?: Error | null) => {})
  })

  test('has the events of node:fs', () => {
    made.on('open', (fd) => expect(fd).type.toBe<number>())
    made.on('data', (chunk) => expect(chunk).type.toBe<string | Buffer>())
    made.on('error', (error) => expect(error).type.toBe<Error>())
    made.once('ready', () => {}).prependListener('end', () => {})
    expect(made.on('close', () => {})).type.toBe<ReadStream>()
    expect(made.on).type.not.toBeCallableWith('open', (_fd: string) => {})
    expect(made.on).type.not.toBeCallableWith('open', 1)
  })

  test('is piped, iterated and put in a pipeline', () => {
    http.createServer((_request, response) => {
      expect(made.pipe(response)).type.toBe<
        http.ServerResponse<http.IncomingMessage> & { req: http.IncomingMessage }
      >()
      millrace.pipeline(made, new millrace.PassThrough(), response, (error) => error?.message)
    })
    expect(made[Symbol.asyncIterator]).type.toBeCallableWith()
    expect(made.pipe).type.not.toBeCallableWith('response')
  })
})

describe('transfer', () => {
  test('is a report', () => {
    expect(made.transfer).type.toBe<TransferReport>()
    expect(made.transfer.mode).type.toBe<'native' | 'javascript' | null>()
    expect(made.transfer.engine).type.toBe<'sendfile' | 'copy_file_range' | 'copy' | null>()
    expect(made.transfer.bytes).type.toBe<number>()
    expect(made.transfer.reason).type.toBe<TransferReason | null>()
  })

  test('cannot be changed', () => {
    const report = made.transfer
    // @ts-expect-error Cannot assign to 'transfer'
    made.transfer = report
    // @ts-expect-error Cannot assign to 'mode'
    report.mode = 'native'
    // @ts-expect-error Cannot assign to 'engine'
    report.engine = 'copy'
    // @ts-expect-error Cannot assign to 'bytes'
    report.bytes = 1
    // @ts-expect-error Cannot assign to 'reason'
    report.reason = null
  })

  test('has the reasons that are documented', () => {
    expect<'tls'>().type.toBeAssignableTo<TransferReason>()
    expect<'nonsense'>().type.not.toBeAssignableTo<TransferReason>()
    expect<string>().type.not.toBeAssignableTo<TransferReason>()
  })
})

describe('stats', () => {
  test('has figures, all numbers', () => {
    expect(stats()).type.toBe<TransferStats>()
    expect(stats().transfers.active).type.toBe<number>()
    expect<TransferOutcome>().type.toBeAssignableTo<keyof TransferStats['transfers']>()
    expect<keyof TransferStats['transfers']>().type.toBe<'started' | 'active' | TransferOutcome>()
    expect<keyof TransferStats['bytes']>().type.toBe<
      'sendfile' | 'copy_file_range' | 'copy' | 'javascript'
    >()
    expect<keyof TransferStats['fallbacks']>().type.toBe<TransferReason>()
    expect(stats().fallbacks.tls).type.toBe<number | undefined>()
    expect(stats).type.not.toBeCallableWith(1)
  })

  test('cannot be changed', () => {
    const { transfers } = stats()
    // @ts-expect-error Cannot assign to 'done'
    transfers.done = 1
  })
})

test('the messages of the diagnostics channels', () => {
  subscribe('millrace:transfer:end', (message) => {
    const { stream, outcome, bytes, duration, error } = message as TransferMessage
    expect(stream).type.toBe<ReadStream>()
    expect(outcome).type.toBe<TransferOutcome | null>()
    expect(bytes).type.toBe<number>()
    expect(duration).type.toBe<number>()
    expect(error).type.toBe<Error | null>()
  })
  expect<TransferMessage['mode']>().type.toBe<'native' | 'javascript' | null>()
  expect<TransferMessage['path']>().type.toBe<string | Buffer | undefined>()
})

test('what is exported of node:stream is its own', () => {
  expect(millrace.Readable).type.toBe<typeof stream.Readable>()
  expect(millrace.Writable).type.toBe<typeof stream.Writable>()
  expect(millrace.Duplex).type.toBe<typeof stream.Duplex>()
  expect(millrace.Transform).type.toBe<typeof stream.Transform>()
  expect(millrace.PassThrough).type.toBe<typeof stream.PassThrough>()
  expect(millrace.pipeline).type.toBe<typeof stream.pipeline>()
  expect(millrace.finished).type.toBe<typeof stream.finished>()
})

test('nothing else is exported', () => {
  expect<keyof typeof millrace>().type.toBe<
    | 'createReadStream'
    | 'ReadStream'
    | 'createWriteStream'
    | 'WriteStream'
    | 'createSpool'
    | 'createSplitter'
    | 'createDecoder'
    | 'createEncoder'
    | 'createThrottle'
    | 'stats'
    | 'Buffer'
    | 'buffer'
    | 'Readable'
    | 'Writable'
    | 'Duplex'
    | 'Transform'
    | 'PassThrough'
    | 'pipeline'
    | 'finished'
  >()
})
