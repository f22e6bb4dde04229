//! Base64 of whole groups, by simdutf.

use simdutf::{Base64Options, ErrorCode, LastChunkHandlingOptions};

use super::base64::Alphabet;

/// Decodes groups of four characters of one alphabet to groups of three bytes.
/// False when they are anything else, or have no room; then what is in
/// `output` means nothing.
pub(super) fn decode_groups(alphabet: Alphabet, groups: &[u8], output: &mut [u8]) -> bool {
    let length = groups.len() / 4 * 3;
    if !groups.len().is_multiple_of(4) || output.len() < length {
        return false;
    }
    let options = match alphabet {
        Alphabet::Standard => Base64Options::Default,
        Alphabet::Url => Base64Options::Url,
    };
    let last = LastChunkHandlingOptions::Strict;
    let (from, to) = (groups.as_ptr(), output.as_mut_ptr());
    // SAFETY: `from` has as many bytes as are told. At most three bytes come of
    // four, so what is written fits in `output`, as was seen above; the two are
    // borrowed, and apart, until the call returns.
    let result = unsafe { simdutf::base64_to_binary(from, groups.len(), to, options, last) };
    // Whitespace and padding are accepted, and make it less.
    result.error == ErrorCode::Success && result.count == length
}

/// Encodes bytes, the last group padded where the alphabet is. Returns how
/// many characters that makes: none when they have no room.
pub(super) fn encode(alphabet: Alphabet, bytes: &[u8], output: &mut [u8]) -> usize {
    let options = match alphabet {
        Alphabet::Standard => Base64Options::Default,
        Alphabet::Url => Base64Options::Url,
    };
    if output.len() < simdutf::base64_length_from_binary(bytes.len(), options) {
        return 0;
    }
    let (from, to) = (bytes.as_ptr(), output.as_mut_ptr());
    // SAFETY: `from` has as many bytes as are told, and `output` has room for
    // what they make, as was seen above; the two are borrowed, and apart,
    // until the call returns.
    unsafe { simdutf::binary_to_base64(from, bytes.len(), to, options) }
}
