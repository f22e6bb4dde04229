//! ASCII, and Latin-1 where it is narrowed to it.

use super::simd::vectorized;

pub(crate) fn is_ascii(bytes: &[u8]) -> bool {
    simdutf::validate_ascii(bytes)
}

vectorized! {
    /// The lower seven bits of each byte, as many as fit.
    pub(crate) fn mask(source: &[u8], target: &mut [u8]) -> () {
        for (to, from) in target.iter_mut().zip(source) {
            *to = from & 0x7f;
        }
    }

    /// Each byte that is ASCII, `?` for each other, as many as fit.
    pub(crate) fn or_question_marks(source: &[u8], target: &mut [u8]) -> () {
        for (to, &from) in target.iter_mut().zip(source) {
            *to = if from < 0x80 { from } else { b'?' };
        }
    }

    /// The largest byte, or 0.
    pub(super) fn largest(bytes: &[u8]) -> u8 {
        bytes.iter().fold(0, |largest, &byte| largest.max(byte))
    }
}
