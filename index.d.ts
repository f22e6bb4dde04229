import * as fs from 'node:fs'

export { Duplex, PassThrough, Readable, Transform, Writable, finished, pipeline } from 'node:stream'

/** The options of `fs.createReadStream`, and our own. */
export type ReadStreamOptions = Exclude<Parameters<typeof fs.createReadStream>[1], string> & {
  /**
   * `false` leaves this stream to Node altogether.
   * @default true
   */
  native?: boolean
}

/** Why a pipe is not carried natively, at this moment or at all. */
export type TransferReason =
  // This process
  | 'engine-javascript'
  | 'no-binary'
  | 'permission-model'
  | 'runtime'
  // This stream
  | 'native-false'
  | 'custom-fs'
  | 'file-handle'
  | 'patched-fs'
  | 'patched-source'
  | 'no-pipe'
  | 'several-destinations'
  | 'encoding'
  | 'data-listener'
  | 'readable-listener'
  // Its file
  | 'not-a-regular-file'
  | 'empty'
  | 'cold'
  | 'file-error'
  // Its destination
  | 'destination-kind'
  | 'destination-ended'
  | 'patched-destination'
  | 'tls'
  | 'no-body'
  | 'strict-content-length'
  | 'framing-unknown'
  | 'header-error'
  // For the time being
  | 'paused'
  | 'buffered'
  | 'destination-busy'
  | 'no-socket'
  | 'no-descriptors'

/** How a stream is, or was, sent. */
export interface TransferReport {
  /** `null` until the stream is first piped and read. */
  readonly mode: 'native' | 'javascript' | null
  /** What moves the bytes; `null` while nothing was sent natively. */
  readonly engine: 'sendfile' | 'copy' | null
  /** Bytes of the file that were sent natively so far. */
  readonly bytes: number
  /** Why `mode` is `'javascript'`. */
  readonly reason: TransferReason | null
}

/**
 * `fs.ReadStream`, sent natively where it is piped to a plain HTTP/1 response
 * or to a TCP or Unix socket. Its events, errors and bytes are Node's.
 */
export class ReadStream extends fs.ReadStream {
  constructor(path: fs.PathLike, options?: BufferEncoding | ReadStreamOptions)
  /** How this stream is, or was, sent. */
  readonly transfer: TransferReport
}

/**
 * `fs.createReadStream`.
 *
 * @throws what `fs.createReadStream` throws, and `ERR_INVALID_ARG_TYPE` for a
 *   `native` that is not a boolean
 */
export function createReadStream(
  path: fs.PathLike,
  options?: BufferEncoding | ReadStreamOptions,
): ReadStream
