import * as fs from 'node:fs'
import type { Duplex, Transform } from 'node:stream'

import * as buffer from './buffer.js'

export { Duplex, PassThrough, Readable, Transform, Writable, finished, pipeline } from 'node:stream'

export { Buffer } from './buffer.js'

/** Buffer's operations as functions of any Uint8Array; see `millrace/buffer`. */
export { buffer }

/** The options of the running Node's `fs.createReadStream`, whichever they are. */
type NodeReadStreamOptions = NonNullable<
  Exclude<Parameters<typeof fs.createReadStream>[1], BufferEncoding>
>

/** The options of `fs.createReadStream`, and our own. They are never changed. */
export interface ReadStreamOptions extends NodeReadStreamOptions {
  /**
   * `false` leaves this stream to Node altogether.
   * @default true, unless `register` was told otherwise
   */
  native?: boolean | undefined

  /**
   * The highest pace of the stream, in bytes of the file a second: at least 1.
   * It is kept by sending, or reading, a tenth of a second's bytes at a time
   * (at least 4 KiB, at most 1 MiB), and holds for bytes that JavaScript reads
   * as well. Above 2^32-1 the pace is 2^32-1.
   * @default Infinity: as fast as the destination takes them
   */
  bytesPerSecond?: number | undefined

  /**
   * Milliseconds, up to 2^31-1, after which a pipe that makes no progress is
   * ended: source and destination are destroyed, the source with
   * `ERR_MILLRACE_STALLED`. Progress is bytes that a destination takes or, on
   * a socket, that the client's system acknowledges (where there is no addon,
   * nobody sees those). The time that the source
   * is paused, that its response waits for those before it, or that there is
   * nothing to take, does not count, and when the last byte is the kernel's,
   * the watch is over. Behind a Transform it is the Transform that is watched,
   * which takes its portions as seldom as it wants.
   * @default 0: any time, as in Node
   */
  stallTimeout?: number | undefined

  /**
   * How the file is opened: the flags of `fs.open`.
   * @default 'r'
   */
  flags?: NodeReadStreamOptions['flags']

  /**
   * Makes chunks strings. A stream with an encoding is not sent natively.
   * @default none: chunks are Buffers
   */
  encoding?: NodeReadStreamOptions['encoding']

  /**
   * Reads from this descriptor or `FileHandle`; the path is then ignored, and
   * neither `'open'` nor `'ready'` is emitted. What a `FileHandle` reads is
   * not sent natively.
   */
  fd?: NodeReadStreamOptions['fd']

  /**
   * Permissions of the file, where `flags` create it.
   * @default 0o666
   */
  mode?: NodeReadStreamOptions['mode']

  /**
   * Closes the descriptor at the end and after an error. With `false` it stays
   * open, and is the caller's to close.
   * @default true
   */
  autoClose?: NodeReadStreamOptions['autoClose']

  /**
   * Emits `'close'` once the stream is destroyed.
   * @default true
   */
  emitClose?: NodeReadStreamOptions['emitClose']

  /**
   * The first byte to read, counted from 0.
   * @default the descriptor's own position: that of the first byte, in a file
   *   that the stream opens
   */
  start?: NodeReadStreamOptions['start']

  /**
   * The last byte to read, itself included, counted from 0; without `start`,
   * from where reading begins.
   * @default Infinity
   */
  end?: NodeReadStreamOptions['end']

  /**
   * Bytes that are read at once, and so the size of chunks, and bytes that are
   * buffered.
   * @default 65536
   */
  highWaterMark?: NodeReadStreamOptions['highWaterMark']

  /** Destroys the stream, with an `AbortError`, when it is aborted. */
  signal?: NodeReadStreamOptions['signal']

  /**
   * Functions to use in the place of those of `node:fs`. A stream with such
   * functions is not sent natively.
   */
  fs?: NodeReadStreamOptions['fs']
}

/** The options of the running Node's `fs.createWriteStream`, whichever they are. */
type NodeWriteStreamOptions = NonNullable<
  Exclude<Parameters<typeof fs.createWriteStream>[1], BufferEncoding>
>

/** The options of `fs.createWriteStream`, and our own. They are never changed. */
export interface WriteStreamOptions extends NodeWriteStreamOptions {
  /**
   * `false` has Node write all of it; `atomic` works all the same.
   * @default true, unless `register` was told otherwise
   */
  native?: boolean | undefined

  /**
   * Writes a new file beside the one at the path, which stays as it is until
   * all is written and on the disk; then the new one takes its place in one
   * step, before `'finish'`. When the stream is destroyed, fails or the process
   * dies before, the old file is whole.
   *
   * The new file gets the permissions of the old one, and its owner and group where
   * the process may give files away. A symbolic link is followed. Other hard links
   * keep the old content; extended attributes and ACLs are not copied. Only for
   * a path, with the flags `'w'`.
   * @default false
   */
  atomic?: boolean | undefined

  /**
   * Bytes that the file system is to set aside when the file is opened: from
   * `start` on, or at the end of a file that is appended to. What is not used
   * is given back at the end, unless others may append to the file as well. Too few bytes on the disk are an error at once:
   * `ENOSPC`, of the call `fallocate`. Where there is no such thing, nothing is
   * set aside. Only for a path.
   * @default 0
   */
  preallocate?: number | undefined

  /**
   * How the file is opened: the flags of `fs.open`. `'w'` empties it, `'a'` appends to
   * it, `'r+'` writes into it.
   * @default 'w'
   */
  flags?: NodeWriteStreamOptions['flags']

  /**
   * Of what is written as strings.
   * @default 'utf8'
   */
  encoding?: NodeWriteStreamOptions['encoding']

  /**
   * Writes to this descriptor or `FileHandle`; the path is then ignored, and
   * neither `'open'` nor `'ready'` is emitted.
   */
  fd?: NodeWriteStreamOptions['fd']

  /**
   * Permissions of the file, where `flags` create it.
   * @default 0o666
   */
  mode?: NodeWriteStreamOptions['mode']

  /**
   * Closes the descriptor at the end and after an error. With `false` it stays
   * open, and is the caller's to close.
   * @default true
   */
  autoClose?: NodeWriteStreamOptions['autoClose']

  /**
   * Emits `'close'` once the stream is destroyed.
   * @default true
   */
  emitClose?: NodeWriteStreamOptions['emitClose']

  /**
   * Where the first byte goes, counted from 0; with the flags `'r+'`, into the file
   * that is there.
   * @default the descriptor's own position: that of the first byte, in a file
   *   that the stream opens
   */
  start?: NodeWriteStreamOptions['start']

  /**
   * Bytes that may wait to be written before `write` returns `false`.
   * @default 16384; from Node 22 on 65536
   */
  highWaterMark?: NodeWriteStreamOptions['highWaterMark']

  /** Destroys the stream, with an `AbortError`, when it is aborted. */
  signal?: NodeWriteStreamOptions['signal']

  /**
   * Waits for the disk (fsync) before the file is closed.
   * @default false
   */
  flush?: NodeWriteStreamOptions['flush']

  /** Functions to use in the place of those of `node:fs`. */
  fs?: NodeWriteStreamOptions['fs']
}

/** Why a pipe is not carried natively, at this moment or at all. */
export type TransferReason =
  // This process
  /** `MILLRACE_ENGINE=javascript`. */
  | 'engine-javascript'
  /** There is no binary for this platform. */
  | 'no-binary'
  /** Node runs with `--permission`. */
  | 'permission-model'
  /** The package was loaded while a test's clock stood in for Node's timers. */
  | 'fake-timers'
  /** Bun or Deno. */
  | 'runtime'
  // This stream
  /** The option `native` is `false`. */
  | 'native-false'
  /** The option `fs` has functions of its own. */
  | 'custom-fs'
  /** The option `fd` is a `FileHandle`. */
  | 'file-handle'
  /** Someone replaced functions of `node:fs`. */
  | 'patched-fs'
  /** Someone replaced a method of the stream. */
  | 'patched-source'
  /** It is not piped. */
  | 'no-pipe'
  /** It is piped to more than one destination. */
  | 'several-destinations'
  /** It has an encoding. */
  | 'encoding'
  /** Someone listens for `'data'`. */
  | 'data-listener'
  /** Someone listens for `'readable'`. */
  | 'readable-listener'
  // Its file
  /** A FIFO, a device, a directory. */
  | 'not-a-regular-file'
  /** There is nothing to send. */
  | 'empty'
  /** The first bytes are not in memory; a longer file goes on natively. */
  | 'cold'
  /** It could not be looked at or read. */
  | 'file-error'
  // Its destination
  /**
   * Neither an HTTP/1 response, nor a TCP or Unix socket, nor a `WriteStream` of
   * ours to a regular file.
   */
  | 'destination-kind'
  /** The file is read and written at once. */
  | 'same-file'
  /** It was ended or destroyed. */
  | 'destination-ended'
  /** Someone replaced a method of the response or socket. */
  | 'patched-destination'
  /** HTTPS, or a TLS socket. */
  | 'tls'
  /** A response without a body: to HEAD, 204, 304. */
  | 'no-body'
  /** The response counts its bytes itself: `strictContentLength`. */
  | 'strict-content-length'
  /** It is not known how the body is framed. */
  | 'framing-unknown'
  /** The header cannot be written; Node throws why. */
  | 'header-error'
  // For the time being
  /** The source is paused. */
  | 'paused'
  /** The source has bytes in its buffer. */
  | 'buffered'
  /** The destination has bytes in its buffer, or is corked. */
  | 'destination-busy'
  /** The response waits for those before it, or the socket for its connection. */
  | 'no-socket'
  /** The destination is still to be opened. */
  | 'not-open'
  /** There are too few descriptors to go on. */
  | 'no-descriptors'

/** How a stream is, or was, sent: a snapshot. */
export interface TransferReport {
  /** `null` until the stream is first read. */
  readonly mode: 'native' | 'javascript' | null
  /** What moves the bytes; `null` while nothing was sent natively. */
  readonly engine: 'sendfile' | 'copy_file_range' | 'copy' | null
  /** Bytes of the file that were sent natively so far. */
  readonly bytes: number
  /** Why `mode` is `'javascript'`; otherwise `null`. */
  readonly reason: TransferReason | null
}

/**
 * `fs.ReadStream`, sent natively where it is piped to a plain HTTP/1 response
 * or to a TCP or Unix socket. Its events, errors and bytes are Node's.
 *
 * Two errors are our own: `ERR_MILLRACE_CUT_SHORT`, when the file turned out to
 * be shorter than the response that was promised, and `ERR_MILLRACE_STALLED`,
 * after a `stallTimeout`. They are emitted only where `'error'` is listened
 * for.
 */
export class ReadStream extends fs.ReadStream {
  /**
   * @param path a path, a Buffer of one, or a `file:` URL
   * @param options an encoding, or options
   * @throws what `fs.createReadStream` throws: `ERR_INVALID_ARG_TYPE`,
   *   `ERR_INVALID_ARG_VALUE`, `ERR_OUT_OF_RANGE`, `ERR_INVALID_URL_SCHEME`;
   *   and `ERR_INVALID_ARG_TYPE` or `ERR_OUT_OF_RANGE` for options of our own
   */
  constructor(path: fs.PathLike, options?: BufferEncoding | ReadStreamOptions)

  /** How this stream is, or was, sent; a new object each time. */
  get transfer(): TransferReport
}

/**
 * How a transfer ended:
 *
 * - `done`: the stream came to its end. Its destination has all of it, and may
 *   still be sending what it buffers.
 * - `aborted`: the destination was closed or ended first, because its client
 *   left or the program did it; or the stream was destroyed without an error,
 *   or by its `AbortSignal`.
 * - `unpiped`: the program took the last destination away, which still stands.
 * - `failed`: the file could not be read, or someone destroyed the stream with
 *   an error.
 * - `truncated`: the file was shorter than the response that was promised. Only
 *   native responses tell.
 * - `stalled`: it ended by `ERR_MILLRACE_STALLED`.
 */
export type TransferOutcome = 'done' | 'aborted' | 'unpiped' | 'failed' | 'truncated' | 'stalled'

/**
 * What the transfers of this JavaScript environment (the main thread or a
 * worker, each its own) have come to.
 *
 * A transfer is one pipe of a stream: from the first read, natively or in
 * JavaScript, to the stream's end, its destruction, or the moment when it has
 * no destination left. A stream that is only read, or that is over before it
 * was read, is none; one that is piped again, after an `unpipe`, is another.
 */
export interface TransferStats {
  /**
   * Numbers of transfers. All only grow, but for `active`. `started` is always
   * the sum of all others.
   */
  readonly transfers: {
    /** Those that began. */
    readonly started: number
    /**
     * A gauge: those that began and have not ended. A stream that was piped and
     * then forgotten is one of them; it has its file open, too.
     */
    readonly active: number
  } & { readonly [outcome in TransferOutcome]: number }
  /**
   * Bytes of files, without framing, by what moved them. They only grow, and
   * those of active transfers are among them.
   */
  readonly bytes: {
    /** Sent by sendfile(2). */
    readonly sendfile: number
    /** Copied from file to file by copy_file_range(2). */
    readonly copy_file_range: number
    /** Read and written by the addon. */
    readonly copy: number
    /** Read in JavaScript while the stream was piped. */
    readonly javascript: number
  }
  /**
   * Transfers that ended in JavaScript, by the reason that `stream.transfer` had
   * at the end. They only grow. A reason that never occurred is missing.
   */
  readonly fallbacks: { readonly [reason in TransferReason]?: number }
}

/**
 * What the transfers of this JavaScript environment have come to.
 * @returns a new object each time
 * @example
 * const { transfers, bytes } = stats()
 * console.log(`${transfers.active} active, ${bytes.sendfile} bytes by sendfile`)
 */
export function stats(): TransferStats

/**
 * What subscribers of the channels of `node:diagnostics_channel` are told:
 *
 * - `millrace:transfer:start`, when a transfer begins;
 * - `millrace:transfer:error`, when one ended `failed`, `truncated` or `stalled`;
 * - `millrace:transfer:end`, when one ended, in whatever way, behind the error.
 *
 * They are called synchronously, in the `AsyncLocalStorage` context of the
 * transfer. A transfer has one message, the same object each time. Of one that
 * began before there was any subscriber, nothing is told.
 */
export interface TransferMessage {
  readonly stream: ReadStream
  /** As given to `createReadStream`; `undefined` where only `fd` was. */
  readonly path: string | Buffer | undefined
  /** The file's descriptor, at the start. */
  readonly fd: number
  /** What it is piped to; the first one, where there are several. */
  readonly destination: NodeJS.WritableStream
  /** `null` until the end. */
  readonly outcome: TransferOutcome | null
  /** As in `stream.transfer`, at the end; `null` until then. */
  readonly mode: TransferReport['mode']
  /** As in `stream.transfer`, at the end; `null` until then. */
  readonly engine: TransferReport['engine']
  /** Why `mode` is `'javascript'`; otherwise `null`. */
  readonly reason: TransferReason | null
  /** Bytes of the file that this transfer sent or read; 0 until the end. */
  readonly bytes: number
  /** How many of them were sent natively; 0 until the end. */
  readonly nativeBytes: number
  /** Milliseconds from start to end; 0 until then. */
  readonly duration: number
  /** What it broke off with, if that was an error. */
  readonly error: Error | null
}

/**
 * `fs.createReadStream`, whose streams are sent natively where they are piped
 * to a plain HTTP/1 response or to a TCP or Unix socket.
 *
 * What is wrong with the file is emitted as `'error'`, as in Node; what is
 * wrong with the arguments is thrown.
 *
 * @param path a path, a Buffer of one, or a `file:` URL
 * @param options an encoding, or options
 * @returns a stream that opens the file at once, and reads it when asked
 * @throws what `fs.createReadStream` throws: `ERR_INVALID_ARG_TYPE`,
 *   `ERR_INVALID_ARG_VALUE`, `ERR_OUT_OF_RANGE`, `ERR_INVALID_URL_SCHEME`;
 *   and `ERR_INVALID_ARG_TYPE` or `ERR_OUT_OF_RANGE` for options of our own
 * @example
 * http.createServer((request, response) => {
 *   const stream = createReadStream('video.mp4')
 *   // Without a listener, a file that is missing ends the process.
 *   stream.on('error', () => {
 *     if (response.headersSent) response.destroy()
 *     else response.writeHead(404).end()
 *   })
 *   stream.pipe(response)
 * })
 */
export function createReadStream(
  path: fs.PathLike,
  options?: BufferEncoding | ReadStreamOptions,
): ReadStream

/**
 * `fs.WriteStream`, with fewer trips to threads for small writes, and filled by
 * the kernel where a `ReadStream` of ours is piped into it. Its events, errors
 * and bytes are Node's.
 */
export class WriteStream extends fs.WriteStream {
  /**
   * @param path a path, a Buffer of one, or a `file:` URL
   * @param options an encoding, or options
   * @throws what `fs.createWriteStream` throws; and `ERR_INVALID_ARG_TYPE`,
   *   `ERR_INVALID_ARG_VALUE`, `ERR_OUT_OF_RANGE` or
   *   `ERR_INCOMPATIBLE_OPTION_PAIR` for options of our own
   */
  constructor(path: fs.PathLike, options?: BufferEncoding | WriteStreamOptions)
}

/**
 * `fs.createWriteStream`.
 *
 * What is wrong with the file is emitted as `'error'`, as in Node; with
 * `atomic` also `ERR_MILLRACE_NOT_A_FILE`, where something else than a regular
 * file is at the path, and `ERR_MILLRACE_NOT_REPLACED`, where there is no descriptor
 * or thread left to name the new file: the old one stays.
 *
 * @param path a path, a Buffer of one, or a `file:` URL
 * @param options an encoding, or options
 * @returns a stream that opens the file at once
 * @throws see `WriteStream`
 * @example
 * const file = createWriteStream('settings.json', { atomic: true })
 * file.end(JSON.stringify(settings))
 */
export function createWriteStream(
  path: fs.PathLike,
  options?: BufferEncoding | WriteStreamOptions,
): WriteStream

/** Options of all Duplexes and Transforms here. */
export interface TransformLimits {
  /** Destroys the stream, with an `AbortError`, when it is aborted. */
  signal?: AbortSignal | undefined
  /** As of `stream.Duplex`. */
  highWaterMark?: number | undefined
  /** As of `stream.Duplex`; counts records where the stream gives records. */
  readableHighWaterMark?: number | undefined
  /** As of `stream.Duplex`. */
  writableHighWaterMark?: number | undefined
  /**
   * As of `stream.Duplex`.
   * @default true
   */
  emitClose?: boolean | undefined
}

/** The options of `createSplitter`. */
export interface SplitterOptions extends TransformLimits {
  /**
   * Leaves the separator at the end of each record.
   * @default false
   */
  keep?: boolean | undefined
  /**
   * The most bytes of a record, its separator not counted. A longer one is
   * `ERR_MILLRACE_RECORD_TOO_LONG`, before all of it is in memory.
   * @default Infinity
   */
  maxLength?: number | undefined
  /**
   * Records are strings of this encoding, or, with `'buffer'`, slices of the
   * chunks that were written: nothing is copied, and a record that is kept
   * keeps its chunk.
   * @default 'utf8'
   */
  encoding?: 'utf8' | 'utf-8' | 'latin1' | 'binary' | 'ascii' | 'buffer' | undefined
  /**
   * Gives an array of all the records that end in a chunk, not one by one.
   * @default false
   */
  batch?: boolean | undefined
}

/** The encodings of records that are strings. */
export type SplitterTextEncoding = Exclude<SplitterOptions['encoding'], 'buffer'>

/** A Transform whose readable side is in object mode and gives `T`s. */
export interface RecordTransform<T> extends Transform {
  [Symbol.asyncIterator](): NodeJS.AsyncIterator<T>
  read(size?: number): T | null
  // As Transform has them: what `pipeline` takes gives strings and Buffers.
  [Symbol.asyncIterator](): NodeJS.AsyncIterator<any>
  read(size?: number): any
}

/**
 * A Transform that cuts what is written to it into records. The last one needs
 * no separator; nothing behind the last separator is no record.
 *
 * @param separator text, which is looked for as UTF-8, or bytes. `'\n'` takes a
 *   carriage return in front of it along; any other, and `Buffer.from('\n')`,
 *   is taken as it is
 * @throws `ERR_INVALID_ARG_TYPE`, `ERR_INVALID_ARG_VALUE`, `ERR_OUT_OF_RANGE`
 * @example
 * await pipeline(createReadStream('log'), createSplitter(), async (lines) => {
 *   for await (const line of lines) console.log(line)
 * }) // of node:stream/promises
 */
export function createSplitter(
  separator: string | Uint8Array | undefined,
  options: SplitterOptions & { encoding: 'buffer'; batch: true },
): RecordTransform<Buffer[]>
export function createSplitter(
  separator: string | Uint8Array | undefined,
  options: SplitterOptions & { encoding: 'buffer'; batch?: false | undefined },
): RecordTransform<Buffer>
export function createSplitter(
  separator: string | Uint8Array | undefined,
  options: SplitterOptions & { encoding?: SplitterTextEncoding; batch: true },
): RecordTransform<string[]>
export function createSplitter(
  separator?: string | Uint8Array,
  options?: SplitterOptions & { encoding?: SplitterTextEncoding; batch?: false | undefined },
): RecordTransform<string>
export function createSplitter(
  separator?: string | Uint8Array,
  options?: SplitterOptions,
): RecordTransform<string | Buffer | string[] | Buffer[]>

/** The encodings of `createDecoder` and `createEncoder`, in any case. */
export type StreamEncoding =
  | 'hex'
  | 'base64'
  | 'base64url'
  | 'utf8'
  | 'utf-8'
  | 'utf16le'
  | 'utf-16le'
  | 'ucs2'
  | 'ucs-2'
  | 'latin1'
  | 'binary'

/** The options of `createDecoder` and `createEncoder`. */
export interface CodecOptions extends TransformLimits {
  /**
   * `true`: what is wrong is `ERR_MILLRACE_INVALID_TEXT`, whose `offset` says
   * where: in bytes, or in UTF-16 units of what was written as strings.
   * Whitespace between the characters of hex and base64 is not wrong. The
   * padding of base64 is due, that of base64url is not.
   *
   * `false`: base64 is read as `Buffer.from` does: both alphabets, up to the
   * first `=`, without what is foreign. So is hex, which `Buffer.from` would
   * stop reading there. What is not UTF-8 becomes U+FFFD; to latin1, characters
   * beyond U+00FF lose their high bits.
   * @default true
   */
  strict?: boolean | undefined
}

/**
 * A Transform that takes text or bytes in an encoding: of hex, base64 and
 * base64url it makes Buffers, of all others strings. Any cut of its input gives
 * the same as none.
 * @throws `ERR_INVALID_ARG_TYPE`, `ERR_INVALID_ARG_VALUE`
 * @example
 * pipeline(createReadStream('image.b64'), createDecoder('base64'), destination, callback)
 */
export function createDecoder(encoding: StreamEncoding, options?: CodecOptions): Transform

/**
 * A Transform that makes Buffers: of bytes their hex, base64 or base64url; of
 * text, written as strings or as UTF-8, what it is in any other encoding.
 * @throws `ERR_INVALID_ARG_TYPE`, `ERR_INVALID_ARG_VALUE`
 * @example
 * pipeline(createReadStream('image.png'), createEncoder('base64'), destination, callback)
 */
export function createEncoder(encoding: StreamEncoding, options?: CodecOptions): Transform

/** The options of `createThrottle`. */
export interface ThrottleOptions extends TransformLimits {
  /** The highest pace, at least 1. `Infinity` is none. */
  bytesPerSecond: number
  /**
   * Bytes that may be saved up while less was to do, at least 1.
   * @default a tenth of a second's
   */
  burst?: number | undefined
}

/**
 * A Transform that keeps a pace, which may be changed at any time.
 *
 * Between a `ReadStream` and what that could be sent to natively, the transfer
 * passes it by and keeps the pace itself, as `bytesPerSecond` of the `ReadStream`
 * would be kept, for as long as nobody listens for its bytes, and no `burst` was
 * asked for. `transfer` of the `ReadStream` tells.
 */
export interface Throttle extends Transform {
  /** @throws `ERR_INVALID_ARG_TYPE`, `ERR_OUT_OF_RANGE` */
  bytesPerSecond: number
  /** @throws `ERR_INVALID_ARG_TYPE`, `ERR_OUT_OF_RANGE` */
  burst: number
}

/**
 * A Transform that lets bytes through at a pace, by a token bucket.
 * @throws `ERR_INVALID_ARG_TYPE`, `ERR_OUT_OF_RANGE`
 * @example
 * request.pipe(createThrottle({ bytesPerSecond: 1e6 })).pipe(destination)
 */
export function createThrottle(options: ThrottleOptions): Throttle

/** The options of `createSpool`. */
export interface SpoolOptions extends TransformLimits {
  /**
   * Bytes that are kept in memory; the rest goes to a file. Half a MiB more may
   * be on its way there.
   * @default 1048576
   */
  memory?: number | undefined
  /**
   * Where the file is made once it is needed. It has no name, or for a moment.
   * @default os.tmpdir()
   */
  directory?: string | undefined
  /**
   * Bytes that are held, in memory and in the file.
   * @default Infinity
   */
  maxSize?: number | undefined
  /**
   * What becomes of a write beyond `maxSize`: it waits for the reader, or is
   * `ERR_MILLRACE_SPOOL_FULL`.
   * @default 'wait'
   */
  overflow?: 'wait' | 'error' | undefined
}

/** A FIFO: what is written comes out as it was, when it is read. */
export interface Spool extends Duplex {
  /** Bytes that were written and not read yet. */
  readonly size: number
  /** How many of them are in the file. */
  readonly spilled: number
  /**
   * Bytes of the file that the kernel sent to an HTTP/1 response or to a
   * socket, while nobody else wanted them. `stats()` counts each 4 MiB of them,
   * at most, as a transfer.
   */
  readonly sent: number
}

/**
 * A Duplex between a fast writer and a slow reader, who does not hold the
 * writer up. A disk that is full, or another trouble with the file, is an
 * `'error'` behind everything that can still be read.
 * Chunks in memory are those that were written: do not write to their memory
 * again, as behind any PassThrough.
 * @throws `ERR_INVALID_ARG_TYPE`, `ERR_INVALID_ARG_VALUE`, `ERR_OUT_OF_RANGE`
 * @example
 * pipeline(upstream, createSpool(), response, (error) => {})
 */
export function createSpool(options?: SpoolOptions): Spool
