//! Buffer operations, for `lib/buffer`.

mod answers;
mod call;
mod external;
mod memory;
mod scratch;
mod search;
mod text;

use napi::{Env, Error, Result};
use napi_derive::napi;

use self::call::{Operation, Value};

/// Bytes from `start` to `end`, both clamped to what there is.
fn range(bytes: &[u8], start: usize, end: usize) -> &[u8] {
    let end = end.min(bytes.len());
    bytes.get(start.min(end)..end).unwrap_or_default()
}

/// Defines the object of all operations: for TypeScript, and for JavaScript.
macro_rules! operations {
    ([$($about:tt)*] $($name:ident: $type:tt [$($doc:tt)*] = $operation:path;)*) => {
        $(#[doc = $about])*
        #[napi(object, object_from_js = false)]
        #[derive(Debug)]
        pub struct BufferOperations {
            $($(#[doc = $doc])* #[napi(ts_type = $type)] pub $name: Value,)*
        }

        /// The buffer operations of one JavaScript environment.
        #[napi(catch_unwind)]
        pub fn buffer_operations(env: Env) -> Result<BufferOperations> {
            Ok(BufferOperations {
                $($name: {
                    static OPERATION: Operation = $operation;
                    call::function_of(env.raw(), &OPERATION).ok_or_else(refused)?
                },)*
            })
        }
    };
}

fn refused() -> Error {
    Error::from_reason("no function could be made")
}

operations! {
    [" Buffer operations. Each answers `undefined` for what it leaves to Node: what is not of the"
     " stated type, memory that threads share, numbers that are negative or not whole (Infinity"
     " is as far as possible), results that no string can hold. None throws, and none converts"
     " its arguments. What source and target share is read before it is written."
     ""
     " Encodings: 0 utf8, 1 utf16le, 2 latin1, 3 ascii, 4 hex, 5 base64, 6 base64url."]
    to_string: "(bytes: Uint8Array, encoding: number, start: number, end: number) => string | undefined"
        [" As `buf.toString()` of the bytes from `start` to `end`."]
        = text::to_string;
    write: "(target: Uint8Array, text: string, encoding: number, offset: number, length: number) => number | undefined"
        [" As `buf.write()`: bytes written, from `offset` on, at most `length`, whole characters."]
        = text::write;
    byte_length: "(text: string, encoding: number) => number | undefined"
        [" As `Buffer.byteLength()`."]
        = text::byte_length;
    atob: "(text: string) => string | undefined"
        [" As `atob()`; undefined where that would throw."]
        = text::atob;
    btoa: "(text: string) => string | undefined"
        [" As `btoa()`; undefined where that would throw."]
        = text::btoa;
    encode: "(source: Uint8Array, target: Uint8Array, encoding: number) => number | undefined"
        [" The text of `source` in hex, base64 or base64url, as bytes. Bytes written; undefined when"
         " `target` is too small."]
        = text::encode;
    decode: "(source: Uint8Array, target: Uint8Array, encoding: number) => number | undefined"
        [" What text in hex, base64 or base64url stands for, as far as `target` has room. Bytes"
         " written."]
        = text::decode;
    decoded_length: "(source: Uint8Array, encoding: number) => number | undefined"
        [" The most that `decode()` can write."]
        = text::decoded_length;
    transcode: "(source: Uint8Array, from: number, to: number) => Buffer | undefined"
        [" As `buffer.transcode()`; undefined where that would throw."]
        = text::transcode;
    index_of: "(bytes: Uint8Array, needle: Uint8Array, from: number, to: number, step: 1 | 2) => number | undefined"
        [" The first match that begins at `from` or behind and ends before `to`, or -1. `step` 2: at"
         " an even position, in whole 16-bit units."]
        = search::index_of;
    index_of_string: "(bytes: Uint8Array, text: string, encoding: number, from: number, to: number) => number | undefined"
        [" The same for text in utf8, utf16le (in whole units) or latin1."]
        = search::index_of_string;
    last_index_of: "(bytes: Uint8Array, needle: Uint8Array, from: number, step: 1 | 2) => number | undefined"
        [" The last match that begins at `from` or before, or -1."]
        = search::last_index_of;
    last_index_of_string: "(bytes: Uint8Array, text: string, encoding: number, from: number) => number | undefined"
        [" The same for text in utf8, utf16le (in whole units) or latin1."]
        = search::last_index_of_string;
    count: "(bytes: Uint8Array, needle: Uint8Array, from: number, to: number) => number | undefined"
        [" How many matches there are that do not overlap."]
        = search::count;
    find_all: "(bytes: Uint8Array, needle: Uint8Array, from: number, to: number, positions: Float64Array) => number | undefined"
        [" Matches that do not overlap, as many as `positions` has room for. How many."]
        = search::find_all;
    create_finder: "(needles: Uint8Array[]) => object | undefined"
        [" A search for one needle or the first of several, prepared; none may be empty."]
        = search::create_finder;
    finder_index_of: "(finder: object, bytes: Uint8Array, from: number, to: number) => number | undefined"
        [" The first match, or -1."]
        = search::finder_index_of;
    finder_last_index_of: "(finder: object, bytes: Uint8Array, from: number) => number | undefined"
        [" The last match at `from` or before, or -1; undefined for several needles."]
        = search::finder_last_index_of;
    finder_count: "(finder: object, bytes: Uint8Array, from: number, to: number) => number | undefined"
        [" How many matches there are that do not overlap."]
        = search::finder_count;
    finder_all: "(finder: object, bytes: Uint8Array, from: number, to: number, matches: Float64Array) => number | undefined"
        [" Matches that do not overlap, as pairs of position and number of the needle, as many as"
         " `matches` has room for. How many."]
        = search::finder_all;
    compare: "(left: Uint8Array, leftStart: number, leftEnd: number, right: Uint8Array, rightStart: number, rightEnd: number) => number | undefined"
        [" -1, 0 or 1."]
        = memory::compare;
    equals: "(left: Uint8Array, right: Uint8Array) => boolean | undefined"
        [" Whether all bytes are the same."]
        = memory::equals;
    copy: "(source: Uint8Array, start: number, end: number, target: Uint8Array, targetStart: number) => number | undefined"
        [" Copies as much as fits. Bytes copied."]
        = memory::copy;
    fill: "(target: Uint8Array, pattern: Uint8Array, start: number, end: number) => true | undefined"
        [" Repeats a pattern, which may not be empty."]
        = memory::fill;
    concat: "(list: Uint8Array[], target: Uint8Array) => number | undefined"
        [" Copies all of a list one behind the other, as much as fits. Bytes copied."]
        = memory::concat;
    swap: "(bytes: Uint8Array, width: 2 | 4 | 8) => true | undefined"
        [" Turns the bytes of each element around; undefined for a part of an element."]
        = memory::swap;
    copy_swapped: "(source: ArrayBufferView, sourceStart: number, target: ArrayBufferView, targetStart: number, count: number, width: 1 | 2 | 4 | 8) => true | undefined"
        [" Copies elements between typed arrays of any kind, each turned around. Starts are in bytes."
         " undefined where either array is too short."]
        = memory::copy_swapped;
    is_utf8: "(bytes: Uint8Array) => boolean | undefined"
        [" Whether all of it is well-formed UTF-8."]
        = memory::is_utf8;
    is_ascii: "(bytes: Uint8Array) => boolean | undefined"
        [" Whether all bytes are ASCII."]
        = memory::is_ascii;
}
