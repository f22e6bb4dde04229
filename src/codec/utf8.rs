//! UTF-8, with malformed parts replaced as the WHATWG has it: one U+FFFD for
//! each maximal part of a character ("maximal subpart"), and for each lone surrogate.

use super::ascii;
use super::converter::{self, SLACK};
use super::malformed;
use super::utf16::REPLACEMENT;

/// U+FFFD in UTF-8.
const REPLACEMENT_BYTES: [u8; 3] = [0xef, 0xbf, 0xbd];

/// How much is decoded behind an error without a look whether there are more, at first
/// and at most: where one error is, others are often near.
const STRETCH: std::ops::RangeInclusive<usize> = 64..=4096;

/// What the characters of a text are at most.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Widest {
    Ascii,
    /// Up to U+00FF, if it is well-formed.
    Latin1,
    Other,
}

/// The widest character of `source`, as the bytes that begin characters say.
pub(crate) fn widest(source: &[u8]) -> Widest {
    let mut widest = Widest::Ascii;
    for block in source.chunks(4096) {
        match ascii::largest(block) {
            0..0x80 => {}
            0x80..0xc4 => widest = Widest::Latin1,
            _ => return Widest::Other,
        }
    }
    widest
}

pub(crate) fn is_valid(bytes: &[u8]) -> bool {
    simdutf::validate_utf8(bytes)
}

/// The room that `decode` and `to_latin1` need, in units.
pub(crate) fn decoded_room(length: usize) -> Option<usize> {
    length.checked_add(SLACK)
}

/// `source` as Latin-1, or nothing when it is malformed or has other
/// characters. `target` has `decoded_room()`. Returns the length.
pub(crate) fn to_latin1(source: &[u8], target: &mut [u8]) -> Option<usize> {
    converter::utf8_to_latin1(source, target).ok()
}

/// `source` as UTF-16, or nothing when it is malformed. Room and result as `decode`.
pub(crate) fn decode_valid(source: &[u8], target: &mut [u16]) -> Option<usize> {
    converter::utf8_to_utf16(source, target).ok()
}

/// `source` as UTF-16. `target` has `decoded_room()`. Returns the number of units.
pub(crate) fn decode(source: &[u8], target: &mut [u16]) -> usize {
    let (mut read, mut written) = (0, 0);
    let mut stretch = *STRETCH.start();
    // Never more units than bytes, so the room that is left is enough for the rest.
    while let (Some(rest), Some(room)) = (source.get(read..), target.get_mut(written..)) {
        let valid = match converter::utf8_to_utf16(rest, room) {
            Ok(units) => return written + units,
            Err(position) => position,
        };
        let (valid_part, rest) = rest.split_at(valid.min(rest.len()));
        written += simdutf::utf16_length_from_utf8(valid_part);
        stretch = if valid < stretch * 4 { stretch * 2 } else { *STRETCH.start() };
        stretch = stretch.min(*STRETCH.end());
        let Some(room) = target.get_mut(written..) else { break };
        let (more_read, more_written) = match malformed::decode_blocks(rest, room, stretch) {
            // Less than a block is left.
            (0, _) => decode_stretch(rest, room, stretch),
            decoded => decoded,
        };
        read += valid + more_read;
        written += more_written;
    }
    written
}

/// Decodes at least `length` bytes, or all. Returns how many were read, and how
/// many units written.
fn decode_stretch(source: &[u8], target: &mut [u16], length: usize) -> (usize, usize) {
    let mut read = 0;
    let mut target = target.iter_mut();
    let room = target.len();
    while read < length
        && let Some(&[first, ..]) = source.get(read..)
    {
        if first < 0x80 {
            put(&mut target, u16::from(first));
            read += 1;
            continue;
        }
        let (character, length) = character_at(source.get(read..).unwrap_or_default());
        read += length;
        match character {
            None => put(&mut target, REPLACEMENT),
            Some(character) => {
                for unit in character.encode_utf16(&mut [0; 2]) {
                    put(&mut target, *unit);
                }
            }
        }
    }
    (read, room - target.len())
}

fn put(target: &mut std::slice::IterMut<'_, u16>, unit: u16) {
    if let Some(place) = target.next() {
        *place = unit;
    }
}

/// The character that `source` begins with, or nothing when it begins with none,
/// and its length, or that of what is to be replaced.
fn character_at(source: &[u8]) -> (Option<char>, usize) {
    let at = |index: usize| source.get(index).copied().unwrap_or_default();
    let first = at(0);
    let (length, second) = match first {
        0..0x80 => return (Some(char::from(first)), 1),
        0xc2..0xe0 => (2, 0x80..=0xbf),
        0xe0 => (3, 0xa0..=0xbf),
        0xed => (3, 0x80..=0x9f),
        0xe1..0xf0 => (3, 0x80..=0xbf),
        0xf0 => (4, 0x90..=0xbf),
        0xf1..0xf4 => (4, 0x80..=0xbf),
        0xf4 => (4, 0x80..=0x8f),
        _ => return (None, 1),
    };
    if !second.contains(&at(1)) {
        return (None, 1);
    }
    let mut code = u32::from(first) & (0x7f >> length);
    code = code << 6 | u32::from(at(1) & 0x3f);
    for index in 2..length {
        if !(0x80..0xc0).contains(&at(index)) {
            return (None, index);
        }
        code = code << 6 | u32::from(at(index) & 0x3f);
    }
    (char::from_u32(code), length)
}

/// The room that `encode` needs, in bytes.
pub(crate) fn encoded_room(units: usize) -> Option<usize> {
    units.checked_mul(3)?.checked_add(SLACK)
}

/// The UTF-8 of `source`. `target` has `encoded_room()`. Returns the length.
pub(crate) fn encode(source: &[u16], target: &mut [u8]) -> usize {
    let (mut read, mut written) = (0, 0);
    while let (Some(rest), Some(room)) = (source.get(read..), target.get_mut(written..)) {
        let valid = match converter::utf16_to_utf8(rest, room) {
            Ok(bytes) => return written + bytes,
            Err(position) => position,
        };
        let valid_part = rest.get(..valid).unwrap_or_default();
        written += simdutf::utf8_length_from_utf16le(valid_part);
        read += valid;
        if let Some(place) = target.get_mut(written..written + 3) {
            place.copy_from_slice(&REPLACEMENT_BYTES);
        }
        read += 1;
        written += 3;
    }
    written
}

/// As much of `text` as fits into `target`, in whole characters. Returns the length.
pub(crate) fn copy_whole(text: &[u8], target: &mut [u8]) -> usize {
    let mut length = text.len().min(target.len());
    while text.get(length).is_some_and(|byte| byte & 0xc0 == 0x80) {
        length -= 1;
    }
    super::bytes::copy(text.get(..length).unwrap_or_default(), target)
}
