//! Bytes as they are: compared, copied, filled, swapped, checked.

use super::call::{Answer, Call};
use super::range;
use crate::codec::{ascii, bytes, utf8};

pub(super) fn compare(call: &mut Call) -> Answer {
    let left = range(call.bytes(0)?, call.size(1)?, call.size(2)?);
    let right = range(call.bytes(3)?, call.size(4)?, call.size(5)?);
    call.number(f64::from(bytes::compare(left, right)))
}

pub(super) fn equals(call: &mut Call) -> Answer {
    call.flag(call.bytes(0)? == call.bytes(1)?)
}

pub(super) fn copy(call: &mut Call) -> Answer {
    let (start, end, target_start) = (call.size(1)?, call.size(2)?, call.size(4)?);
    let (source, target) = call.source_and_target(0, 3)?;
    let copied =
        bytes::copy(range(&source, start, end), target.get_mut(target_start..).unwrap_or_default());
    call.count(copied)
}

pub(super) fn fill(call: &mut Call) -> Answer {
    let (start, end) = (call.size(2)?, call.size(3)?);
    let (pattern, target) = call.source_and_target(1, 0)?;
    if pattern.is_empty() {
        return None;
    }
    let end = end.min(target.len());
    bytes::fill(target.get_mut(start.min(end)..end)?, &pattern);
    call.flag(true)
}

pub(super) fn concat(call: &mut Call) -> Answer {
    let written = call.gather(0, 1)?;
    call.count(written)
}

pub(super) fn swap(call: &mut Call) -> Answer {
    let width = call.size(1)?;
    bytes::swap(call.target(0)?, width).then_some(())?;
    call.flag(true)
}

pub(super) fn copy_swapped(call: &mut Call) -> Answer {
    let (source_start, target_start) = (call.size(1)?, call.size(3)?);
    let (count, width) = (call.size(4)?, call.size(5)?);
    let length = count.checked_mul(width)?;
    let (source, target) = call.any_source_and_target(0, 2)?;
    let source = source.get(source_start..)?.get(..length)?;
    let target = target.get_mut(target_start..)?.get_mut(..length)?;
    bytes::copy_swapped(source, target, width).then_some(())?;
    call.flag(true)
}

pub(super) fn is_utf8(call: &mut Call) -> Answer {
    call.flag(utf8::is_valid(call.bytes(0)?))
}

pub(super) fn is_ascii(call: &mut Call) -> Answer {
    call.flag(ascii::is_ascii(call.bytes(0)?))
}
