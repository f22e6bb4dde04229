//! From one encoding of text to another, as ICU does it for Node.
//!
//! Latin-1 and ASCII have `?` for a character that they have not, and nothing for
//! one that is ignorable ("default ignorable code point").

use super::converter::{self, SLACK};
use super::simd::vectorized;
use super::{ascii, bytes, utf8, utf16};

/// An encoding that text can be transcoded from and to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Encoding {
    Utf8,
    Utf16,
    Latin1,
    Ascii,
}

/// The room that `transcode` needs, in bytes.
pub(crate) fn room(length: usize, to: Encoding) -> Option<usize> {
    let longest = match to {
        Encoding::Utf8 => length.checked_mul(3)?,
        Encoding::Utf16 => length.checked_mul(2)?,
        Encoding::Latin1 | Encoding::Ascii => length,
    };
    longest.checked_add(2 * SLACK)
}

/// The room that `transcode` needs for what is neither, in units.
pub(crate) fn spare_room(length: usize) -> Option<usize> {
    utf8::decoded_room(length)
}

/// Transcodes `source` into `target`, which has `room()`, with the help of `spare`,
/// which has `spare_room()`. Returns the length, or
/// nothing where Node refuses: between UTF-8 and UTF-16, malformed text, and UTF-16
/// of less than a unit.
///
/// `target` is seen as 16-bit units for UTF-16, so it must be aligned for them.
pub(crate) fn transcode(
    source: &[u8],
    from: Encoding,
    to: Encoding,
    target: &mut [u8],
    spare: &mut [u16],
) -> Option<usize> {
    match (from, to) {
        (Encoding::Utf8, Encoding::Utf8) => Some(repair_utf8(source, target, spare)),
        (Encoding::Utf8, Encoding::Utf16) => {
            utf8::decode_valid(source, bytemuck::try_cast_slice_mut(even(target)).ok()?)
                .map(|units| units * 2)
        }
        (Encoding::Utf8, Encoding::Latin1 | Encoding::Ascii) => {
            Some(narrow_utf8(source, last_of(to), target, spare))
        }
        (Encoding::Utf16, Encoding::Utf8) => {
            let units = utf16::units(source);
            if units.is_empty() {
                return None;
            }
            converter::utf16_to_utf8(&units, target).ok()
        }
        (Encoding::Utf16, Encoding::Utf16) => Some(repair_utf16(source, target)),
        (Encoding::Utf16, Encoding::Latin1 | Encoding::Ascii) => {
            Some(narrow(&utf16::units(source), last_of(to), target))
        }
        (Encoding::Latin1 | Encoding::Ascii, Encoding::Utf16) => {
            let units = bytemuck::try_cast_slice_mut(even(target)).ok()?;
            Some(converter::latin1_to_utf16(source, units) * 2)
        }
        (Encoding::Latin1, Encoding::Utf8) => Some(converter::latin1_to_utf8(source, target)),
        (Encoding::Latin1, Encoding::Latin1) => Some(bytes::copy(source, target)),
        (Encoding::Latin1, Encoding::Ascii) => Some(narrow_latin1(source, target)),
        (Encoding::Ascii, Encoding::Ascii | Encoding::Latin1) => {
            ascii::or_question_marks(source, target);
            Some(source.len())
        }
        (Encoding::Ascii, Encoding::Utf8) => {
            let units = spare.get_mut(..source.len())?;
            utf16::from_ascii(source, units);
            Some(utf8::encode(units, target))
        }
    }
}

fn even(target: &mut [u8]) -> &mut [u8] {
    let length = target.len() & !1;
    target.get_mut(..length).unwrap_or_default()
}

/// The last character that a narrow encoding has.
fn last_of(encoding: Encoding) -> u16 {
    if encoding == Encoding::Ascii { 0x7f } else { 0xff }
}

fn repair_utf8(source: &[u8], target: &mut [u8], spare: &mut [u16]) -> usize {
    if utf8::is_valid(source) {
        return bytes::copy(source, target);
    }
    let length = utf8::decode(source, spare);
    utf8::encode(spare.get(..length).unwrap_or_default(), target)
}

fn repair_utf16(source: &[u8], target: &mut [u8]) -> usize {
    let mut units = utf16::units(source).into_owned();
    utf16::repair(&mut units);
    if !source.len().is_multiple_of(2) {
        units.push(utf16::REPLACEMENT);
    }
    utf16::to_bytes(&units, target)
}

fn narrow_utf8(source: &[u8], last: u16, target: &mut [u8], spare: &mut [u16]) -> usize {
    match utf8::widest(source) {
        utf8::Widest::Ascii => return bytes::copy(source, target),
        utf8::Widest::Latin1 if last == 0xff => {
            if let Some(length) = utf8::to_latin1(source, target) {
                return length;
            }
        }
        _ => {}
    }
    let length = utf8::decode(source, spare);
    narrow(spare.get(..length).unwrap_or_default(), last, target)
}

/// Latin-1 as ASCII. Of its characters, only the soft hyphen is ignorable.
fn narrow_latin1(source: &[u8], target: &mut [u8]) -> usize {
    let (mut written, mut start) = (0, 0);
    let ends = memchr::memchr_iter(SOFT_HYPHEN, source).chain(std::iter::once(source.len()));
    for end in ends {
        let part = source.get(start..end).unwrap_or_default();
        let Some(room) = target.get_mut(written..) else { break };
        ascii::or_question_marks(part, room);
        written += part.len();
        start = end + 1;
    }
    written
}

const SOFT_HYPHEN: u8 = 0xad;

/// How many units are looked at together.
const BLOCK: usize = 64;

/// UTF-16 as a narrow encoding, whose last character is `last`.
fn narrow(units: &[u16], last: u16, target: &mut [u8]) -> usize {
    let (mut read, mut written) = (0, 0);
    while let Some(rest) = units.get(read..)
        && !rest.is_empty()
    {
        let Some(room) = target.get_mut(written..) else { break };
        let simple = narrow_simple(rest, last, room);
        read += simple;
        written += simple;
        let Some(rest) = units.get(read..) else { break };
        // What is not simple, up to the end of the block.
        let mut characters = char::decode_utf16(rest.iter().copied());
        let mut seen = 0;
        while seen < BLOCK
            && let Some(character) = characters.next()
        {
            seen += character.as_ref().map_or(1, |character| character.len_utf16());
            let byte = match character {
                Ok(character) => match u16::try_from(u32::from(character)) {
                    Ok(unit) if unit <= last => Some(unit.to_le_bytes()[0]),
                    _ => (!is_ignorable(u32::from(character))).then_some(b'?'),
                },
                Err(_) => Some(b'?'),
            };
            if let (Some(byte), Some(place)) = (byte, target.get_mut(written)) {
                *place = byte;
                written += 1;
            }
        }
        read += seen;
    }
    written
}

vectorized! {
    /// Narrows whole blocks, up to one with a surrogate or something ignorable.
    /// Returns how many units.
    fn narrow_simple(units: &[u16], last: u16, target: &mut [u8]) -> usize {
        let (blocks, _) = units.as_chunks::<BLOCK>();
        let (spaces, _) = target.as_chunks_mut::<BLOCK>();
        let mut narrowed = 0;
        for (block, space) in blocks.iter().zip(spaces) {
            if block.iter().fold(false, |special, &unit| special | is_special(unit)) {
                break;
            }
            for (byte, &unit) in space.iter_mut().zip(block) {
                *byte = if unit <= last { unit.to_le_bytes()[0] } else { b'?' };
            }
            narrowed += BLOCK;
        }
        narrowed
    }
}

/// A surrogate, or ignorable in one of the encodings.
#[inline]
fn is_special(unit: u16) -> bool {
    (unit & 0xf800 == 0xd800) | is_ignorable_unit(unit)
}

fn is_ignorable(character: u32) -> bool {
    match u16::try_from(character) {
        Ok(unit) => is_ignorable_unit(unit),
        Err(_) => {
            matches!(character, 0x1_bca0..=0x1_bca3 | 0x1_d173..=0x1_d17a | 0xe_0000..=0xe_0fff)
        }
    }
}

#[inline]
#[expect(clippy::needless_bitwise_bool, reason = "without branches, for the sake of vectors")]
fn is_ignorable_unit(unit: u16) -> bool {
    let within = |first: u16, last: u16| unit.wrapping_sub(first) <= last - first;
    (unit == 0xad)
        | (unit == 0x34f)
        | (unit == 0x61c)
        | within(0x115f, 0x1160)
        | within(0x17b4, 0x17b5)
        | within(0x180b, 0x180f)
        | within(0x200b, 0x200f)
        | within(0x202a, 0x202e)
        | within(0x2060, 0x206f)
        | (unit == 0x3164)
        | within(0xfe00, 0xfe0f)
        | (unit == 0xfeff)
        | (unit == 0xffa0)
        | within(0xfff0, 0xfff8)
}
