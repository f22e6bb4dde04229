//! simdutf's functions, over slices. The only place that hands it pointers.
//!
//! Its kernels write whole vectors. It promises to stay within the room that
//! the result of valid text takes; for malformed text it promises less, so the
//! functions of text ask for what the worst could fill, and for `SLACK` more, which
//! is the largest vector there is. For base64 it promises the same for any input.

use simdutf::{Base64Options, ErrorCode, LastChunkHandlingOptions};

/// One vector of 64 bytes, in units of any size.
pub(super) const SLACK: usize = 64;

/// How much was written, or where in the source the first error is; everything
/// before it has been written.
pub(super) type Outcome = Result<usize, usize>;

fn outcome(result: simdutf::Result) -> Outcome {
    if result.error == ErrorCode::Success { Ok(result.count) } else { Err(result.count) }
}

/// `target` has room for a unit for each byte of the source, and for `SLACK`.
pub(super) fn utf8_to_utf16(source: &[u8], target: &mut [u16]) -> Outcome {
    assert!(target.len() >= source.len() + SLACK);
    let (from, length, to) = (source.as_ptr(), source.len(), target.as_mut_ptr());
    // SAFETY: it reads `length` bytes and writes at most a unit for each, and a vector more.
    outcome(unsafe { simdutf::convert_utf8_to_utf16le_with_errors(from, length, to) })
}

/// `target` has room for a byte for each byte of the source, and for `SLACK`.
pub(super) fn utf8_to_latin1(source: &[u8], target: &mut [u8]) -> Outcome {
    assert!(target.len() >= source.len() + SLACK);
    let (from, length, to) = (source.as_ptr(), source.len(), target.as_mut_ptr());
    // SAFETY: it reads `length` bytes and writes at most one for each, and a vector more.
    outcome(unsafe { simdutf::convert_utf8_to_latin1_with_errors(from, length, to) })
}

/// `target` has room for three bytes for each unit of the source, and for `SLACK`.
pub(super) fn utf16_to_utf8(source: &[u16], target: &mut [u8]) -> Outcome {
    assert!(target.len() >= source.len() * 3 + SLACK);
    let (from, length, to) = (source.as_ptr(), source.len(), target.as_mut_ptr());
    // SAFETY: it reads `length` units and writes at most three bytes for each, and a vector more.
    outcome(unsafe { simdutf::convert_utf16le_to_utf8_with_errors(from, length, to) })
}

/// `target` has room for two bytes for each byte of the source, and for `SLACK`.
pub(super) fn latin1_to_utf8(source: &[u8], target: &mut [u8]) -> usize {
    assert!(target.len() >= source.len() * 2 + SLACK);
    let (from, length, to) = (source.as_ptr(), source.len(), target.as_mut_ptr());
    // SAFETY: it reads `length` bytes and writes at most two for each, and a vector more.
    unsafe { simdutf::convert_latin1_to_utf8(from, length, to) }
}

/// `target` has room for a unit for each byte of the source, and for `SLACK`.
pub(super) fn latin1_to_utf16(source: &[u8], target: &mut [u16]) -> usize {
    assert!(target.len() >= source.len() + SLACK);
    let (from, length, to) = (source.as_ptr(), source.len(), target.as_mut_ptr());
    // SAFETY: it reads `length` bytes and writes a unit for each, and a vector more.
    unsafe { simdutf::convert_latin1_to_utf16le(from, length, to) }
}

/// What base64 text of `length` characters can stand for at most.
pub(super) fn longest_base64(length: usize) -> usize {
    length / 4 * 3 + (length % 4).saturating_sub(1)
}

/// `target` has the room that `simdutf::base64_length_from_binary` says.
pub(super) fn base64_encode(source: &[u8], target: &mut [u8], options: Base64Options) -> usize {
    assert!(target.len() >= simdutf::base64_length_from_binary(source.len(), options));
    let (from, length, to) = (source.as_ptr(), source.len(), target.as_mut_ptr());
    // SAFETY: it reads `length` bytes and writes as many as the assertion has room for.
    unsafe { simdutf::binary_to_base64(from, length, to, options) }
}

/// Both alphabets, and everything else left out. `target` has the room that
/// `longest_base64` says.
pub(super) fn base64_decode(text: &[u8], target: &mut [u8]) -> Outcome {
    assert!(target.len() >= longest_base64(text.len()));
    let (from, length, to) = (text.as_ptr(), text.len(), target.as_mut_ptr());
    let (options, last) =
        (Base64Options::DefaultOrUrlAcceptGarbage, LastChunkHandlingOptions::Loose);
    // SAFETY: it reads `length` bytes and writes at most three for each four.
    outcome(unsafe { simdutf::base64_to_binary(from, length, to, options, last) })
}

/// One alphabet, with white space; all of it, or an error. Room as for
/// `base64_decode`.
pub(super) fn base64_decode_strict(
    text: &[u8],
    target: &mut [u8],
    options: Base64Options,
) -> Outcome {
    assert!(target.len() >= longest_base64(text.len()));
    let (from, length, to) = (text.as_ptr(), text.len(), target.as_mut_ptr());
    let last = LastChunkHandlingOptions::Strict;
    // SAFETY: it reads `length` bytes and writes at most three for each four.
    outcome(unsafe { simdutf::base64_to_binary(from, length, to, options, last) })
}

/// "Forgiving-base64 decode" of the WHATWG. Room as for `base64_decode`.
pub(super) fn base64_decode_forgiving(text: &[u16], target: &mut [u8]) -> Outcome {
    assert!(target.len() >= longest_base64(text.len()));
    let (from, length, to) = (text.as_ptr(), text.len(), target.as_mut_ptr());
    let (options, last) = (Base64Options::Default, LastChunkHandlingOptions::Loose);
    // SAFETY: it reads `length` units and writes at most three bytes for each four.
    outcome(unsafe { simdutf::base64_to_binary_utf16(from, length, to, options, last) })
}
