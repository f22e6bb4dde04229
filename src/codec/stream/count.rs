//! How much of a text counts.

use super::base64::is_character;
use super::is_space;
use crate::codec::simd::vectorized;

/// Bytes counted at a time: as many as fit in a byte.
const CHUNK: usize = 128;

vectorized! {
    /// White space.
    pub(super) fn spaces(text: &[u8]) -> usize {
        count(text, is_space)
    }

    /// Characters of base64, of either alphabet.
    pub(super) fn characters(text: &[u8]) -> usize {
        count(text, is_character)
    }
}

#[inline]
fn count(text: &[u8], counts: impl Fn(u8) -> bool) -> usize {
    let (chunks, rest) = text.as_chunks::<CHUNK>();
    let of_chunk = |chunk: &[u8; CHUNK]| {
        let number = chunk.iter().fold(0_u8, |number, byte| number + u8::from(counts(*byte)));
        usize::from(number)
    };
    let of_rest = rest.iter().filter(|byte| counts(**byte)).count();
    chunks.iter().map(of_chunk).sum::<usize>() + of_rest
}

#[cfg(test)]
mod tests {
    use super::{characters, spaces};

    #[test]
    fn every_byte_is_counted_wherever_it_is() {
        let all: Vec<u8> = (0..=255).cycle().take(1000).collect();
        for from in 0..300 {
            for to in (from..1000).step_by(37) {
                let text = &all[from..to];
                let is_space = |byte: &&u8| b"\t\n\x0c\r ".contains(byte);
                let is_character =
                    |byte: &&u8| byte.is_ascii_alphanumeric() || b"+/-_".contains(byte);
                assert_eq!(spaces(text), text.iter().filter(is_space).count());
                assert_eq!(characters(text), text.iter().filter(is_character).count());
            }
        }
    }
}
