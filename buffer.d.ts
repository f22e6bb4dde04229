/** Bytes: a Buffer, or any other Uint8Array. */
type Bytes = Uint8Array

/** What to search for: a string in an encoding, bytes, or one byte by its number. */
export type SearchValue = string | number | Bytes

/**
 * Node's `Buffer`, whose static methods (`from`, `alloc`, `compare`, `concat`,
 * `byteLength`) are done by the addon where it is faster. What it makes are
 * Buffers of Node in every respect. Their methods are Node's own until
 * `install` is called.
 */
export const Buffer: typeof globalThis.Buffer

/**
 * Puts the addon's operations under the whole process, where they are faster:
 * the methods of `Buffer.prototype`, the static ones of `Buffer`, and the
 * functions of `node:buffer`. Called again, it changes nothing; what someone
 * else has replaced stays theirs.
 *
 * @returns whether the addon is there. Without it nothing is replaced
 */
export function install(): boolean

/** Gives Node back what `install` took, unless `register({ buffer: true })` wants it there. */
export function uninstall(): void

/**
 * `buffer.indexOf(value, ...)` for any bytes, with the arguments and errors of
 * the running Node: `(value, byteOffset, encoding)`, and from Node 24 on also
 * `(value, byteOffset, end, encoding)`. Right beyond 2 GiB.
 * @returns the first position, or -1
 */
export function indexOf(buffer: Bytes, value: SearchValue, encoding: BufferEncoding): number
export function indexOf(
  buffer: Bytes,
  value: SearchValue,
  byteOffset?: number,
  encoding?: BufferEncoding,
): number
export function indexOf(
  buffer: Bytes,
  value: SearchValue,
  byteOffset: number | undefined,
  end: number | undefined,
  encoding?: BufferEncoding,
): number

/** `buffer.lastIndexOf(value, ...)`, as `indexOf`: the last position, or -1. */
export const lastIndexOf: typeof indexOf

/** `buffer.includes(value, ...)`, with the arguments of `indexOf`. */
export function includes(buffer: Bytes, value: SearchValue, encoding: BufferEncoding): boolean
export function includes(
  buffer: Bytes,
  value: SearchValue,
  byteOffset?: number,
  encoding?: BufferEncoding,
): boolean
export function includes(
  buffer: Bytes,
  value: SearchValue,
  byteOffset: number | undefined,
  end: number | undefined,
  encoding?: BufferEncoding,
): boolean

/**
 * How often a value occurs. Matches do not overlap; a string in utf16le is found
 * at even positions only, as by `indexOf`.
 * @param value not empty
 * @param byteOffset where to begin
 * @default byteOffset 0
 * @throws `ERR_INVALID_ARG_TYPE`, `ERR_INVALID_ARG_VALUE` for an empty value,
 *   `ERR_OUT_OF_RANGE`, `ERR_UNKNOWN_ENCODING`
 */
export function count(buffer: Bytes, value: SearchValue, encoding: BufferEncoding): number
export function count(
  buffer: Bytes,
  value: SearchValue,
  byteOffset?: number,
  encoding?: BufferEncoding,
): number

/** The positions of all that `count` counts, in their order. Arguments and errors are its. */
export function indexOfAll(buffer: Bytes, value: SearchValue, encoding: BufferEncoding): number[]
export function indexOfAll(
  buffer: Bytes,
  value: SearchValue,
  byteOffset?: number,
  encoding?: BufferEncoding,
): number[]

/**
 * The first position of any of several values, or -1. Use a `Finder` for the
 * same values again. Errors are those of `count`.
 */
export function indexOfAny(
  buffer: Bytes,
  values: readonly SearchValue[],
  encoding: BufferEncoding,
): number
export function indexOfAny(
  buffer: Bytes,
  values: readonly SearchValue[],
  byteOffset?: number,
  encoding?: BufferEncoding,
): number

/**
 * The parts between the matches of a separator: views of the same memory, as
 * `buffer.subarray` makes them. Errors are those of `count`.
 * @param limit of parts: the rest is left out
 */
export function split<T extends Bytes>(
  buffer: T,
  separator: SearchValue,
  encoding: BufferEncoding,
): T[]
export function split<T extends Bytes>(
  buffer: T,
  separator: SearchValue,
  limit?: number,
  encoding?: BufferEncoding,
): T[]

/** A match of a `Finder`. */
export interface Match {
  /** Where it is, in bytes. */
  position: number
  /** Which of the values it is, counted from 0. */
  value: number
}

/**
 * One value, or several, prepared for many searches.
 * @example
 * const lines = new Finder(['\r\n', '\n'])
 * for (const { position } of lines.matches(chunk)) console.log(position)
 */
export class Finder {
  /**
   * @param values what to search for, none of it empty; it is copied. Of several
   *   the first in the bytes counts, and of those at the same position the first
   *   in the list. In utf16le, too, matches may be at any position
   * @param encoding of strings
   * @default encoding 'utf8'
   * @throws `ERR_INVALID_ARG_TYPE`, `ERR_INVALID_ARG_VALUE`, `ERR_UNKNOWN_ENCODING`
   */
  constructor(values: SearchValue | readonly SearchValue[], encoding?: BufferEncoding)
  /**
   * The first position at `byteOffset` or behind it, or -1.
   * @throws `ERR_INVALID_ARG_TYPE`, `ERR_OUT_OF_RANGE`
   */
  indexOf(buffer: Bytes, byteOffset?: number): number
  /** Whether there is a match at `byteOffset` or behind it. */
  includes(buffer: Bytes, byteOffset?: number): boolean
  /** The last position at `byteOffset` or before it, or -1. */
  lastIndexOf(buffer: Bytes, byteOffset?: number): number
  /** How many matches there are, which do not overlap. */
  count(buffer: Bytes, byteOffset?: number): number
  /** The positions of all that `count` counts. */
  indexOfAll(buffer: Bytes, byteOffset?: number): number[]
  /** All that `count` counts, with what was found there. */
  matches(buffer: Bytes, byteOffset?: number): Match[]
}

/** `buffer.compare(target, ...)` for any bytes. */
export function compare(
  buffer: Bytes,
  target: Bytes,
  targetStart?: number,
  targetEnd?: number,
  sourceStart?: number,
  sourceEnd?: number,
): -1 | 0 | 1

/** `buffer.equals(other)` for any bytes. */
export function equals(buffer: Bytes, other: Bytes): boolean

/** `Buffer.concat(list, totalLength)`. */
export function concat(list: readonly Bytes[], totalLength?: number): Buffer

/** `buffer.copy(target, ...)` for any bytes: how many were copied. */
export function copy(
  buffer: Bytes,
  target: Bytes,
  targetStart?: number,
  sourceStart?: number,
  sourceEnd?: number,
): number

/** `buffer.fill(value, ...)` for any bytes, which it returns. */
export function fill<T extends Bytes>(buffer: T, value: SearchValue, encoding: BufferEncoding): T
export function fill<T extends Bytes>(
  buffer: T,
  value: SearchValue,
  offset?: number,
  encoding?: BufferEncoding,
): T
export function fill<T extends Bytes>(
  buffer: T,
  value: SearchValue,
  offset: number | undefined,
  end: number | undefined,
  encoding?: BufferEncoding,
): T

/** `Buffer.from`. */
export const from: typeof globalThis.Buffer.from

/** `buffer.toString(encoding, start, end)` for any bytes. */
export function toString(
  buffer: Bytes,
  encoding?: BufferEncoding,
  start?: number,
  end?: number,
): string

/** `buffer.write(string, ...)` for any bytes: how many were written. */
export function write(buffer: Bytes, string: string, encoding?: BufferEncoding): number
export function write(
  buffer: Bytes,
  string: string,
  offset: number,
  encoding?: BufferEncoding,
): number
export function write(
  buffer: Bytes,
  string: string,
  offset: number,
  length: number,
  encoding?: BufferEncoding,
): number

/** `Buffer.byteLength`. */
export const byteLength: typeof globalThis.Buffer.byteLength

/** `transcode` of `node:buffer`; it throws where Node has no ICU. */
export function transcode(
  source: Bytes,
  fromEncoding: TranscodeEncoding,
  toEncoding: TranscodeEncoding,
): Buffer

/** The encodings that `transcode` knows. */
export type TranscodeEncoding =
  'ascii' | 'utf8' | 'utf-8' | 'utf16le' | 'utf-16le' | 'ucs2' | 'ucs-2' | 'latin1' | 'binary'

/** `buffer.swap16()` for any bytes, which it returns. */
export function swap16<T extends Bytes>(buffer: T): T
/** `buffer.swap32()` for any bytes, which it returns. */
export function swap32<T extends Bytes>(buffer: T): T
/** `buffer.swap64()` for any bytes, which it returns. */
export function swap64<T extends Bytes>(buffer: T): T

/** `isUtf8` of `node:buffer`. */
export function isUtf8(input: ArrayBuffer | NodeJS.TypedArray): boolean
/** `isAscii` of `node:buffer`. */
export function isAscii(input: ArrayBuffer | NodeJS.TypedArray): boolean
/** `atob` of `node:buffer`. */
export function atob(data: string): string
/** `btoa` of `node:buffer`. */
export function btoa(data: string): string

/**
 * The hex of bytes, as text in bytes: no string is made.
 * @param target where to write it, from its beginning on
 * @default target a new Buffer
 * @returns the new Buffer, or how many bytes were written to `target`
 * @throws `ERR_INVALID_ARG_TYPE`; `ERR_BUFFER_OUT_OF_BOUNDS` when `target` is too
 *   small, to which nothing is written then
 */
export function encodeHex(source: Bytes): Buffer
export function encodeHex(source: Bytes, target: Bytes): number
/** The same in base64, with padding. */
export function encodeBase64(source: Bytes): Buffer
export function encodeBase64(source: Bytes, target: Bytes): number
/** The same in base64url, without padding. */
export function encodeBase64Url(source: Bytes): Buffer
export function encodeBase64Url(source: Bytes, target: Bytes): number

/**
 * Decodes hex that is text in bytes, up to the first pair that is none: what
 * `Buffer.from(text, 'hex')` makes of the text.
 * @param target where to write, from its beginning on; it ends where this is full
 * @default target a new Buffer
 * @returns the new Buffer, or how many bytes were written to `target`
 * @throws `ERR_INVALID_ARG_TYPE`
 */
export function decodeHex(source: Bytes): Buffer
export function decodeHex(source: Bytes, target: Bytes): number
/** The same for base64 of either alphabet; what is in neither is left out, `=` ends it. */
export function decodeBase64(source: Bytes): Buffer
export function decodeBase64(source: Bytes, target: Bytes): number
/** As `decodeBase64`. */
export function decodeBase64Url(source: Bytes): Buffer
export function decodeBase64Url(source: Bytes, target: Bytes): number

/**
 * Many numbers at once, at any alignment: a copy of them.
 * @param offset of the first, in bytes
 * @param count of numbers
 * @default offset 0
 * @default count as many as there are whole ones
 * @throws `ERR_INVALID_ARG_TYPE`, `ERR_OUT_OF_RANGE`
 */
export function readInt16LEArray(buffer: Bytes, offset?: number, count?: number): Int16Array
/** As `readInt16LEArray`. */
export function readInt16BEArray(buffer: Bytes, offset?: number, count?: number): Int16Array
/** As `readInt16LEArray`. */
export function readUInt16LEArray(buffer: Bytes, offset?: number, count?: number): Uint16Array
/** As `readInt16LEArray`. */
export function readUInt16BEArray(buffer: Bytes, offset?: number, count?: number): Uint16Array
/** As `readInt16LEArray`. */
export function readInt32LEArray(buffer: Bytes, offset?: number, count?: number): Int32Array
/** As `readInt16LEArray`. */
export function readInt32BEArray(buffer: Bytes, offset?: number, count?: number): Int32Array
/** As `readInt16LEArray`. */
export function readUInt32LEArray(buffer: Bytes, offset?: number, count?: number): Uint32Array
/** As `readInt16LEArray`. */
export function readUInt32BEArray(buffer: Bytes, offset?: number, count?: number): Uint32Array
/** As `readInt16LEArray`. */
export function readBigInt64LEArray(buffer: Bytes, offset?: number, count?: number): BigInt64Array
/** As `readInt16LEArray`. */
export function readBigInt64BEArray(buffer: Bytes, offset?: number, count?: number): BigInt64Array
/** As `readInt16LEArray`. */
export function readBigUInt64LEArray(buffer: Bytes, offset?: number, count?: number): BigUint64Array
/** As `readInt16LEArray`. */
export function readBigUInt64BEArray(buffer: Bytes, offset?: number, count?: number): BigUint64Array
/** As `readInt16LEArray`. */
export function readFloatLEArray(buffer: Bytes, offset?: number, count?: number): Float32Array
/** As `readInt16LEArray`. */
export function readFloatBEArray(buffer: Bytes, offset?: number, count?: number): Float32Array
/** As `readInt16LEArray`. */
export function readDoubleLEArray(buffer: Bytes, offset?: number, count?: number): Float64Array
/** As `readInt16LEArray`. */
export function readDoubleBEArray(buffer: Bytes, offset?: number, count?: number): Float64Array

/**
 * Many numbers at once, at any alignment.
 * @param values of the type that is written, or an Array of numbers, each of which is
 *   checked as by `buffer.writeInt16LE()`
 * @param offset of the first, in bytes
 * @default offset 0
 * @returns where the last ends
 * @throws `ERR_INVALID_ARG_TYPE`, `ERR_OUT_OF_RANGE`; `ERR_BUFFER_OUT_OF_BOUNDS` for
 *   more than there is room for
 */
export function writeInt16LEArray(
  buffer: Bytes,
  values: Int16Array | readonly number[],
  offset?: number,
): number
/** As `writeInt16LEArray`. */
export function writeInt16BEArray(
  buffer: Bytes,
  values: Int16Array | readonly number[],
  offset?: number,
): number
/** As `writeInt16LEArray`. */
export function writeUInt16LEArray(
  buffer: Bytes,
  values: Uint16Array | readonly number[],
  offset?: number,
): number
/** As `writeInt16LEArray`. */
export function writeUInt16BEArray(
  buffer: Bytes,
  values: Uint16Array | readonly number[],
  offset?: number,
): number
/** As `writeInt16LEArray`. */
export function writeInt32LEArray(
  buffer: Bytes,
  values: Int32Array | readonly number[],
  offset?: number,
): number
/** As `writeInt16LEArray`. */
export function writeInt32BEArray(
  buffer: Bytes,
  values: Int32Array | readonly number[],
  offset?: number,
): number
/** As `writeInt16LEArray`. */
export function writeUInt32LEArray(
  buffer: Bytes,
  values: Uint32Array | readonly number[],
  offset?: number,
): number
/** As `writeInt16LEArray`. */
export function writeUInt32BEArray(
  buffer: Bytes,
  values: Uint32Array | readonly number[],
  offset?: number,
): number
/** As `writeInt16LEArray`. */
export function writeBigInt64LEArray(
  buffer: Bytes,
  values: BigInt64Array | readonly bigint[],
  offset?: number,
): number
/** As `writeInt16LEArray`. */
export function writeBigInt64BEArray(
  buffer: Bytes,
  values: BigInt64Array | readonly bigint[],
  offset?: number,
): number
/** As `writeInt16LEArray`. */
export function writeBigUInt64LEArray(
  buffer: Bytes,
  values: BigUint64Array | readonly bigint[],
  offset?: number,
): number
/** As `writeInt16LEArray`. */
export function writeBigUInt64BEArray(
  buffer: Bytes,
  values: BigUint64Array | readonly bigint[],
  offset?: number,
): number
/** As `writeInt16LEArray`. */
export function writeFloatLEArray(
  buffer: Bytes,
  values: Float32Array | readonly number[],
  offset?: number,
): number
/** As `writeInt16LEArray`. */
export function writeFloatBEArray(
  buffer: Bytes,
  values: Float32Array | readonly number[],
  offset?: number,
): number
/** As `writeInt16LEArray`. */
export function writeDoubleLEArray(
  buffer: Bytes,
  values: Float64Array | readonly number[],
  offset?: number,
): number
/** As `writeInt16LEArray`. */
export function writeDoubleBEArray(
  buffer: Bytes,
  values: Float64Array | readonly number[],
  offset?: number,
): number
