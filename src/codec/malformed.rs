//! UTF-8 that is not well-formed, decoded block by block without branches on
//! what is in it.
//!
//! Whether a byte begins something is told by the three before it: it does, unless
//! it continues a character, or the part of one, that begins there. So every
//! byte of a block is looked at on its own, and gets the unit that it stands for:
//! a first byte that of its character, or U+FFFD where the character is not whole;
//! the second byte of four the lower surrogate; all others none. The loops over a
//! block have constant bounds, so that the compiler makes vectors of them.

use super::simd::vectorized;
use super::utf16::REPLACEMENT;

/// Bytes of a block.
const BLOCK: usize = 64;

/// What of the bytes before a block is remembered, and how many behind it are seen.
const BEFORE: usize = 3;
const BEHIND: usize = 3;

/// A block, and what is behind it.
type Window = [u8; BLOCK + BEHIND];

/// Units that are copied at a time, whether they are wanted or not.
const RUN: usize = 16;

/// The room behind the last unit that `decode_blocks` may write to.
const SPARE: usize = BLOCK + RUN;

/// What is known of a block: of each byte, or (the first three lists) of each byte of
/// it and of the last before it.
struct Units {
    /// 0xff where two bytes begin a character; where three do; where four are one.
    two: [u8; BEFORE + BLOCK],
    three: [u8; BEFORE + BLOCK],
    four: [u8; BEFORE + BLOCK],
    /// The unit that it stands for.
    values: [u16; BLOCK + RUN],
    /// 0x80 where it stands for one.
    wanted: [u8; BLOCK],
}

impl Units {
    /// Before the first block, where nothing is begun.
    fn new() -> Self {
        let none = [0; BEFORE + BLOCK];
        Self { two: none, three: none, four: none, values: [0; BLOCK + RUN], wanted: [0; BLOCK] }
    }

    /// Goes on with the block at the beginning of `window`.
    fn look_at(&mut self, window: &Window) {
        for list in [&mut self.two, &mut self.three, &mut self.four] {
            list.copy_within(BLOCK.., 0);
        }
        find_characters(window, self);
        find_units(window, self);
    }
}

/// Decodes whole blocks, as long as there are more bytes behind, and as `target` has room:
/// `length` bytes, or up to the end of the block that they end in.
///
/// `source` begins where a character or a malformed part of one does. Returns how
/// many bytes were read, up to where the same is true again, and how many units
/// written.
pub(super) fn decode_blocks(source: &[u8], target: &mut [u16], length: usize) -> (usize, usize) {
    let mut units = Units::new();
    let (mut read, mut written) = (0, 0);
    while read < length
        && let Some(window) = source.get(read..).and_then(|rest| rest.first_chunk())
        && let Some(room) = target.get_mut(written..written + SPARE)
    {
        units.look_at(window);
        written += compact(&units, room);
        read += BLOCK;
    }
    if read == 0 {
        return (0, 0);
    }
    // What continues the last character belongs to it.
    let mut window = [0; BLOCK + BEHIND];
    for (place, &byte) in window.iter_mut().zip(source.get(read..).unwrap_or_default()) {
        *place = byte;
    }
    units.look_at(&window);
    for (&unit, &wanted) in units.values.iter().zip(&units.wanted).take(BEHIND) {
        let is_low = unit & 0xfc00 == 0xdc00;
        if wanted != 0 && !is_low {
            break;
        }
        if is_low && let Some(place) = target.get_mut(written) {
            *place = unit;
            written += 1;
        }
        read += 1;
    }
    (read, written)
}

/// The units of `units` that are wanted, one behind the other. Returns how many.
fn compact(units: &Units, target: &mut [u16]) -> usize {
    let mask = mask_of(&units.wanted);
    if mask == u64::MAX {
        if let (Some(all), Some(place)) = (units.values.get(..BLOCK), target.get_mut(..BLOCK)) {
            place.copy_from_slice(all);
        }
        return BLOCK;
    }
    let mut written = 0;
    if mask.count_ones() as usize > BLOCK * 2 / 3 {
        // Runs between the bytes that have none.
        let mut left = mask;
        let mut index = 0;
        while left != 0 {
            let skipped = left.trailing_zeros() as usize;
            index += skipped;
            left >>= skipped;
            let run = (!left).trailing_zeros() as usize;
            let taken = run.min(RUN);
            if let (Some(from), Some(to)) =
                (units.values.get(index..index + RUN), target.get_mut(written..written + RUN))
            {
                to.copy_from_slice(from);
            }
            index += taken;
            written += taken;
            left = left.checked_shr(u32::try_from(taken).unwrap_or(0)).unwrap_or_default();
        }
        return written;
    }
    for (&unit, &wanted) in units.values.iter().zip(&units.wanted) {
        if let Some(place) = target.get_mut(written) {
            *place = unit;
        }
        written += usize::from(wanted >> 7);
    }
    written
}

/// A bit for each byte: its highest.
fn mask_of(bytes: &[u8; BLOCK]) -> u64 {
    let mut mask = 0;
    for (index, eight) in bytes.as_chunks::<8>().0.iter().enumerate() {
        let bits = u64::from_le_bytes(*eight) & 0x8080_8080_8080_8080;
        mask |= (bits.wrapping_mul(0x0002_0408_1020_4081) >> 56) << (index * 8);
    }
    mask
}

vectorized! {
    /// Tells which bytes begin what.
    #[expect(clippy::indexing_slicing, reason = "constant bounds, within the arrays' own")]
    fn find_characters(window: &Window, units: &mut Units) -> () {
        let two = &mut units.two[BEFORE..];
        for index in 0..BLOCK {
            let (first, second) = (window[index], window[index + 1]);
            let lowest = 0x80 + when(first == 0xe0, 0x20) + when(first == 0xf0, 0x10);
            let count = 0x40
                - when(first == 0xe0, 0x20)
                - when(first == 0xed, 0x20)
                - when(first == 0xf0, 0x10)
                - when(first == 0xf4, 0x30);
            let is_lead = first.wrapping_sub(0xc2) < 0x33;
            two[index] = when(is_lead & (second.wrapping_sub(lowest) < count), 0xff);
        }
        let three = &mut units.three[BEFORE..];
        for index in 0..BLOCK {
            let is_long = (window[index] >= 0xe0) & is_continuation(window[index + 2]);
            three[index] = two[index] & when(is_long, 0xff);
        }
        let four = &mut units.four[BEFORE..];
        for index in 0..BLOCK {
            let is_long = (window[index] >= 0xf0) & is_continuation(window[index + 3]);
            four[index] = three[index] & when(is_long, 0xff);
        }
        for index in 0..BLOCK {
            let at = index + BEFORE;
            let continues = units.two[at - 1] | units.three[at - 2] | units.four[at - 3];
            // The second of four stands for the lower surrogate.
            units.wanted[index] = (!continues | units.four[at - 1]) & 0x80;
        }
    }

    /// The unit of each byte.
    #[expect(clippy::needless_bitwise_bool, reason = "without branches, for the sake of vectors")]
    #[expect(clippy::indexing_slicing, reason = "constant bounds, within the arrays' own")]
    fn find_units(window: &Window, units: &mut Units) -> () {
        for index in 0..BLOCK {
            let at = index + BEFORE;
            let byte = u16::from(window[index]);
            let next = u16::from(window[index + 1]) & 0x3f;
            let third = u16::from(window[index + 2]) & 0x3f;
            let is_two = (units.two[at] != 0) & (byte < 0xe0);
            let is_three = (units.three[at] != 0) & (byte < 0xf0);
            let mut unit = REPLACEMENT;
            unit = pick(byte < 0x80, byte, unit);
            unit = pick(is_two, (byte & 0x1f) << 6 | next, unit);
            unit = pick(is_three, byte << 12 | next << 6 | third, unit);
            units.values[index] = unit;
        }
        // Rare enough to be looked for.
        if units.four[BEFORE - 1..].iter().fold(0, |any, &four| any | four) == 0 {
            return;
        }
        for index in 0..BLOCK {
            let at = index + BEFORE;
            let byte = u16::from(window[index]);
            let next = u16::from(window[index + 1]) & 0x3f;
            let third = u16::from(window[index + 2]) & 0x3f;
            let high = 0xd7c0 + ((byte & 7) << 8) + (next << 2) + (third >> 4);
            let low = 0xdc00 | (next & 0xf) << 6 | third;
            let unit = pick(units.four[at] != 0, high, units.values[index]);
            units.values[index] = pick(units.four[at - 1] != 0, low, unit);
        }
    }
}

#[inline]
fn when(condition: bool, value: u8) -> u8 {
    if condition { value } else { 0 }
}

#[inline]
fn pick(condition: bool, this: u16, other: u16) -> u16 {
    if condition { this } else { other }
}

#[inline]
fn is_continuation(byte: u8) -> bool {
    byte & 0xc0 == 0x80
}
