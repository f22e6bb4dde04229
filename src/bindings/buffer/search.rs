//! Searching, and finders, which JavaScript holds as opaque values.

use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::rc::Rc;

use super::call::{Answer, Call};
use super::range;
use super::scratch;
use crate::codec::finder::Finder;
use crate::codec::search::{Needle, Step};
use crate::codec::{utf8, utf16};

pub(super) fn index_of(call: &mut Call) -> Answer {
    let step = step_of(call.size(4)?)?;
    let needle = Needle::within(call.bytes(1)?, step, call.bytes(0)?);
    first(call, &needle, call.size(2)?, call.size(3)?)
}

pub(super) fn index_of_string(call: &mut Call) -> Answer {
    let (encoding, from, to) = (call.size(2)?, call.size(3)?, call.size(4)?);
    with_needle(call, encoding, |needle| first(call, needle, from, to))
}

pub(super) fn last_index_of(call: &mut Call) -> Answer {
    let step = step_of(call.size(3)?)?;
    let needle = Needle::within(call.bytes(1)?, step, call.bytes(0)?);
    last(call, &needle, call.size(2)?)
}

pub(super) fn last_index_of_string(call: &mut Call) -> Answer {
    let (encoding, from) = (call.size(2)?, call.size(3)?);
    with_needle(call, encoding, |needle| last(call, needle, from))
}

fn first(call: &Call, needle: &Needle<'_>, from: usize, to: usize) -> Answer {
    let haystack = range(aligned(call.bytes(0)?, needle)?, 0, to);
    call.position(needle.find_behind(haystack, from))
}

fn last(call: &Call, needle: &Needle<'_>, from: usize) -> Answer {
    let haystack = aligned(call.bytes(0)?, needle)?;
    call.position(needle.find_last(haystack, from))
}

/// Nothing for units at odd addresses, or of an odd number of bytes: in those Node
/// finds what is not there.
fn aligned<'a>(bytes: &'a [u8], needle: &Needle<'_>) -> Option<&'a [u8]> {
    let is_odd = !bytes.len().is_multiple_of(2) || !bytes.as_ptr().addr().is_multiple_of(2);
    (needle.step() == Step::Byte || bytes.is_empty() || !is_odd).then_some(bytes)
}

fn step_of(step: usize) -> Option<Step> {
    match step {
        1 => Some(Step::Byte),
        2 => Some(Step::Unit),
        _ => None,
    }
}

/// Calls `search` for the string that is the second argument.
fn with_needle(call: &Call, encoding: usize, search: impl FnOnce(&Needle<'_>) -> Answer) -> Answer {
    let haystack = call.bytes(0)?;
    scratch::with(|text, other| match encoding {
        0 => {
            let units = call.utf16_into(1, text)?;
            let needle = other.bytes(utf8::encoded_room(units.len())?)?;
            let length = utf8::encode(units, needle);
            search(&Needle::within(needle.get(..length)?, Step::Byte, haystack))
        }
        1 => {
            let units = call.utf16_into(1, text)?;
            let needle = other.bytes(units.len() * 2)?;
            utf16::to_bytes(units, needle);
            search(&Needle::within(needle, Step::Unit, haystack))
        }
        2 => search(&Needle::within(call.latin1_into(1, text)?, Step::Byte, haystack)),
        _ => None,
    })
}

pub(super) fn count(call: &mut Call) -> Answer {
    let haystack = range(call.bytes(0)?, call.size(2)?, call.size(3)?);
    call.count(Needle::within(call.bytes(1)?, Step::Byte, haystack).count(haystack))
}

#[expect(clippy::cast_precision_loss, reason = "no array is longer than 2^53 bytes")]
pub(super) fn find_all(call: &mut Call) -> Answer {
    let (from, to) = (call.size(2)?, call.size(3)?);
    let needle = Needle::new(call.bytes(1)?, Step::Byte).into_owned();
    let (haystack, places) = call.bytes_and_numbers(0, 4)?;
    let haystack = range(haystack, 0, to);
    let mut filled = 0;
    let mut places = places.iter_mut();
    let capacity = places.len();
    if capacity > 0 {
        needle.for_each(haystack.get(from..).unwrap_or_default(), |position| {
            if let Some(place) = places.next() {
                *place = (from + position) as f64;
                filled += 1;
            }
            filled < capacity
        });
    }
    call.count(filled)
}

thread_local! {
    /// What externals stand for. Numbers, so that another's external is only a
    /// number that is not here.
    static FINDERS: RefCell<HashMap<usize, Rc<Finder>>> = RefCell::default();
    static NEXT: Cell<usize> = const { Cell::new(1) };
}

static FORGET: fn(usize) = |number| {
    // Refused where the thread is going away, and its finders with it.
    let _ = FINDERS.try_with(|finders| finders.borrow_mut().remove(&number));
};

pub(super) fn create_finder(call: &mut Call) -> Answer {
    let finder = Rc::new(Finder::new(&call.list(0)?)?);
    let number = NEXT.replace(NEXT.get() + 1);
    FINDERS.with_borrow_mut(|finders| finders.insert(number, finder));
    call.create_external(number, &FORGET)
}

fn finder_of(call: &Call) -> Option<Rc<Finder>> {
    let number = call.external(0)?;
    FINDERS.with_borrow(|finders| finders.get(&number).cloned())
}

pub(super) fn finder_index_of(call: &mut Call) -> Answer {
    let haystack = range(call.bytes(1)?, 0, call.size(3)?);
    let found = finder_of(call)?.find(haystack, call.size(2)?);
    call.position(found.map(|found| found.position))
}

pub(super) fn finder_last_index_of(call: &mut Call) -> Answer {
    call.position(finder_of(call)?.only()?.find_last(call.bytes(1)?, call.size(2)?))
}

pub(super) fn finder_count(call: &mut Call) -> Answer {
    let haystack = range(call.bytes(1)?, call.size(2)?, call.size(3)?);
    call.count(finder_of(call)?.count(haystack))
}

#[expect(clippy::cast_precision_loss, reason = "no array is longer than 2^53 bytes")]
pub(super) fn finder_all(call: &mut Call) -> Answer {
    let (from, to) = (call.size(2)?, call.size(3)?);
    let finder = finder_of(call)?;
    let (haystack, places) = call.bytes_and_numbers(1, 4)?;
    let haystack = range(haystack, 0, to);
    let mut filled = 0;
    let (mut pairs, _) = places.as_chunks_mut::<2>();
    if !pairs.is_empty() {
        finder.for_each(haystack.get(from..).unwrap_or_default(), |found| {
            if let Some((pair, rest)) = std::mem::take(&mut pairs).split_first_mut() {
                *pair = [(from + found.position) as f64, found.needle as f64];
                pairs = rest;
                filled += 1;
            }
            !pairs.is_empty()
        });
    }
    call.count(filled)
}
