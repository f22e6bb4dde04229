//! UTF-16, little-endian in bytes.

use std::borrow::Cow;

use super::simd::vectorized;

/// Stands for what is malformed.
pub(super) const REPLACEMENT: u16 = 0xfffd;

/// The units of `bytes`, an odd byte at the end left out.
pub(crate) fn units(bytes: &[u8]) -> Cow<'_, [u16]> {
    let whole = bytes.get(..bytes.len() & !1).unwrap_or_default();
    match bytemuck::try_cast_slice(whole) {
        Ok(units) if cfg!(target_endian = "little") => Cow::Borrowed(units),
        _ => Cow::Owned(whole.as_chunks().0.iter().copied().map(u16::from_le_bytes).collect()),
    }
}

vectorized! {
    /// The bytes of `units`, as many whole units as fit. Returns how many bytes.
    pub(crate) fn to_bytes(units: &[u16], target: &mut [u8]) -> usize {
        let (pairs, _) = target.as_chunks_mut::<2>();
        for (pair, unit) in pairs.iter_mut().zip(units) {
            *pair = unit.to_le_bytes();
        }
        pairs.len().min(units.len()) * 2
    }

    /// The lower byte of each unit, as many as fit.
    pub(crate) fn low_bytes(units: &[u16], target: &mut [u8]) -> () {
        for (byte, unit) in target.iter_mut().zip(units) {
            *byte = unit.to_le_bytes()[0];
        }
    }

    /// All bits that are set in any unit.
    pub(crate) fn bits(units: &[u16]) -> u16 {
        units.iter().fold(0, |bits, &unit| bits | unit)
    }

    /// Each byte as a unit; from 0x80 on, U+FFFD.
    pub(super) fn from_ascii(source: &[u8], target: &mut [u16]) -> () {
        for (unit, &byte) in target.iter_mut().zip(source) {
            *unit = if byte < 0x80 { u16::from(byte) } else { REPLACEMENT };
        }
    }

    /// The length of `units` in UTF-8, lone surrogates as U+FFFD.
    pub(crate) fn utf8_length(units: &[u16]) -> usize {
        let (blocks, rest) = units.as_chunks::<4096>();
        let each = |units: &[u16]| {
            let sum = |sum: u32, &unit: &u16| sum + 1 + u32::from(unit > 0x7f) + u32::from(unit > 0x7ff);
            units.iter().fold(0, sum) as usize
        };
        let pairs = |units: &[u16]| {
            let next = units.get(1..).unwrap_or_default();
            let high = |unit: u16| u32::from(unit & 0xfc00 == 0xd800);
            let low = |unit: u16| u32::from(unit & 0xfc00 == 0xdc00);
            let sum = |sum: u32, (&first, &second): (&u16, &u16)| sum + (high(first) & low(second));
            units.iter().zip(next).fold(0, sum) as usize
        };
        let simple = blocks.iter().map(|block| each(block)).sum::<usize>() + each(rest);
        let paired = units.chunks(4096).enumerate().map(|(index, block)| {
            // With the unit behind the block, which may be the other half of its last.
            let start = index * 4096;
            pairs(units.get(start..(start + block.len() + 1).min(units.len())).unwrap_or(block))
        });
        simple - 2 * paired.sum::<usize>()
    }
}

/// Puts U+FFFD in the place of every lone surrogate.
pub(super) fn repair(units: &mut [u16]) {
    let mut start = 0;
    while let Some(rest) = units.get_mut(start..) {
        let checked = simdutf::validate_utf16le_with_errors(rest);
        if checked.error == simdutf::ErrorCode::Success {
            return;
        }
        let Some(unit) = rest.get_mut(checked.count) else { return };
        *unit = REPLACEMENT;
        start += checked.count + 1;
    }
}
