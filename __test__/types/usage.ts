// Compiled, never run: what users write must type-check, what is wrong must not.

import * as http from 'node:http'
import * as fs from 'node:fs'
import { createReadStream, pipeline, PassThrough, ReadStream, Readable } from 'millrace'

http.createServer((_request, response) => {
  const stream = createReadStream('file', { start: 1, end: 2, native: false })
  stream.pipe(response)
  pipeline(stream, new PassThrough(), response, (error) => error?.message)
  const report: number = stream.transfer.bytes
  if (stream.transfer.mode === 'native') return report
  if (stream.transfer.reason === 'tls') return 0
  return stream.on('open', (fd) => fd.toFixed())
})

const asNode: fs.ReadStream = createReadStream(new URL('file:///x'), 'utf8')
const asReadable: Readable = new ReadStream(Buffer.from('x'))
export const all = [asNode, asReadable]

// The very same call as with node:fs.
const either: typeof fs.createReadStream = createReadStream
either('x', { highWaterMark: 1, signal: new AbortController().signal })

// @ts-expect-error native is a boolean
createReadStream('file', { native: 'no' })
// @ts-expect-error there is no such reason
if (asReadable instanceof ReadStream && asReadable.transfer.reason === 'nonsense') throw new Error()
// @ts-expect-error the report cannot be changed
createReadStream('file').transfer.bytes = 1
// @ts-expect-error a path is needed
createReadStream()
