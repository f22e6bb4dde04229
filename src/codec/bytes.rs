//! Memory as it is: compared, copied, filled, turned around.

use std::cmp::Ordering;

use super::simd::vectorized;

/// What of a pattern is repeated before it is copied on: it stays in the
/// processor's first cache.
const REPEATED: usize = 8 << 10;

/// -1, 0 or 1, as the first byte that differs, or the length, has it.
pub(crate) fn compare(left: &[u8], right: &[u8]) -> i8 {
    match left.cmp(right) {
        Ordering::Less => -1,
        Ordering::Equal => 0,
        Ordering::Greater => 1,
    }
}

/// Copies as much as fits. Returns how much that was.
pub(crate) fn copy(source: &[u8], target: &mut [u8]) -> usize {
    let length = source.len().min(target.len());
    if let (Some(source), Some(target)) = (source.get(..length), target.get_mut(..length)) {
        target.copy_from_slice(source);
    }
    length
}

/// Repeats `pattern` over all of `target`, the last time in part. Without a
/// pattern nothing is changed.
pub(crate) fn fill(target: &mut [u8], pattern: &[u8]) {
    match pattern {
        [] => return,
        [byte] => return target.fill(*byte),
        _ => {}
    }
    let mut filled = copy(pattern, target);
    let repeated = (REPEATED / pattern.len()).max(1).saturating_mul(pattern.len());
    while filled < target.len() {
        let (done, rest) = target.split_at_mut(filled);
        let start = done.get(..done.len().min(repeated)).unwrap_or_default();
        filled += copy(start, rest);
    }
}

/// Turns the order of bytes around in each element of `width` (2, 4 or 8)
/// bytes. False, and nothing is changed, for another width or when the bytes
/// are no whole number of elements.
pub(crate) fn swap(bytes: &mut [u8], width: usize) -> bool {
    if !matches!(width, 2 | 4 | 8) || !bytes.len().is_multiple_of(width) {
        return false;
    }
    match width {
        2 => swap_pairs(bytes),
        4 => swap_fours(bytes),
        _ => swap_eights(bytes),
    }
    true
}

/// Copies elements of `width` (1, 2, 4 or 8) bytes, each turned around. False,
/// and nothing is changed, where `swap` would have it, or when the lengths differ.
pub(crate) fn copy_swapped(source: &[u8], target: &mut [u8], width: usize) -> bool {
    if source.len() != target.len() || !source.len().is_multiple_of(width.max(1)) {
        return false;
    }
    match width {
        1 => target.copy_from_slice(source),
        2 => copy_pairs(source, target),
        4 => copy_fours(source, target),
        8 => copy_eights(source, target),
        _ => return false,
    }
    true
}

vectorized! {
    fn swap_pairs(bytes: &mut [u8]) -> () {
        for element in bytes.as_chunks_mut::<2>().0 {
            *element = u16::from_le_bytes(*element).to_be_bytes();
        }
    }

    fn swap_fours(bytes: &mut [u8]) -> () {
        for element in bytes.as_chunks_mut::<4>().0 {
            *element = u32::from_le_bytes(*element).to_be_bytes();
        }
    }

    fn swap_eights(bytes: &mut [u8]) -> () {
        for element in bytes.as_chunks_mut::<8>().0 {
            *element = u64::from_le_bytes(*element).to_be_bytes();
        }
    }

    fn copy_pairs(source: &[u8], target: &mut [u8]) -> () {
        for (to, from) in target.as_chunks_mut::<2>().0.iter_mut().zip(source.as_chunks().0) {
            *to = u16::from_le_bytes(*from).to_be_bytes();
        }
    }

    fn copy_fours(source: &[u8], target: &mut [u8]) -> () {
        for (to, from) in target.as_chunks_mut::<4>().0.iter_mut().zip(source.as_chunks().0) {
            *to = u32::from_le_bytes(*from).to_be_bytes();
        }
    }

    fn copy_eights(source: &[u8], target: &mut [u8]) -> () {
        for (to, from) in target.as_chunks_mut::<8>().0.iter_mut().zip(source.as_chunks().0) {
            *to = u64::from_le_bytes(*from).to_be_bytes();
        }
    }
}
