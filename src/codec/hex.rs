//! Hexadecimal text.

use super::simd::vectorized;

/// The text of `source`, two lower-case digits a byte, in `target`.
///
/// Returns the length of the text, or nothing when `target` has no room for it.
pub(crate) fn encode(source: &[u8], target: &mut [u8]) -> Option<usize> {
    let length = source.len().checked_mul(2)?;
    encode_pairs(source, target.get_mut(..length)?);
    Some(length)
}

/// The bytes that `text` stands for, as many as fit into `target`.
///
/// Ends at the first pair that is not two digits; an odd digit at the end is
/// left out. Returns how many bytes were written.
pub(crate) fn decode(text: &[u8], target: &mut [u8]) -> usize {
    let pairs = (text.len() / 2).min(target.len());
    let (Some(text), Some(target)) = (text.get(..pairs * 2), target.get_mut(..pairs)) else {
        return 0;
    };
    let mut written = 0;
    for (block, space) in text.chunks(BLOCK).zip(target.chunks_mut(BLOCK / 2)) {
        if const_hex::decode_to_slice(block, space).is_err() {
            // Which does not tell where.
            return written + decode_pairs(block, space);
        }
        written += space.len();
    }
    written
}

/// Digits that are decoded together, or looked at one by one. Even.
const BLOCK: usize = 16_384;

/// Digits decoded at a time.
const DIGITS: usize = 64;

vectorized! {
    fn encode_pairs(source: &[u8], target: &mut [u8]) -> () {
        let (pairs, _) = target.as_chunks_mut::<2>();
        for (pair, byte) in pairs.iter_mut().zip(source) {
            *pair = [digit(byte >> 4), digit(byte & 15)];
        }
    }

    fn decode_pairs(text: &[u8], target: &mut [u8]) -> usize {
        let (blocks, rest) = text.as_chunks::<DIGITS>();
        let mut written = 0;
        let (spaces, last) = target.as_chunks_mut::<{ DIGITS / 2 }>();
        for (block, space) in blocks.iter().zip(spaces) {
            let mut values = [0; DIGITS];
            let mut invalid = 0;
            for (value, &character) in values.iter_mut().zip(block) {
                *value = value_of(character);
                invalid |= *value;
            }
            if invalid > 15 {
                return written + decode_one_by_one(block, space);
            }
            for (byte, pair) in space.iter_mut().zip(values.as_chunks::<2>().0) {
                *byte = pair[0] << 4 | pair[1];
            }
            written += DIGITS / 2;
        }
        written + decode_one_by_one(rest, last)
    }
}

fn decode_one_by_one(text: &[u8], target: &mut [u8]) -> usize {
    let (pairs, _) = text.as_chunks::<2>();
    let mut written = 0;
    for (byte, &[high, low]) in target.iter_mut().zip(pairs) {
        let (high, low) = (value_of(high), value_of(low));
        if high | low > 15 {
            break;
        }
        *byte = high << 4 | low;
        written += 1;
    }
    written
}

#[inline]
fn digit(value: u8) -> u8 {
    value + if value > 9 { b'a' - 10 } else { b'0' }
}

/// The value of a digit, or 255.
#[inline]
fn value_of(character: u8) -> u8 {
    let decimal = character.wrapping_sub(b'0');
    let letter = (character | 0x20).wrapping_sub(b'a');
    let value = if decimal < 10 { decimal } else { 255 };
    if letter < 6 { letter + 10 } else { value }
}
