//! Where the separators of a piece are. What a separator leaves open at the
//! end of a piece is the caller's to look at, together with the next piece.

use memchr::memchr_iter;
use memchr::memmem::Finder;

/// A separator, prepared to be searched for.
#[derive(Debug)]
pub(crate) struct Separator {
    finder: Finder<'static>,
}

/// What a search found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Found {
    /// Places that were written down: fewer than there is room for, unless
    /// there may be more.
    pub(crate) count: usize,
    /// Whether everything that was asked about is ASCII.
    pub(crate) is_ascii: bool,
}

impl Separator {
    /// `bytes` are more than none.
    pub(crate) fn new(bytes: &[u8]) -> Self {
        Self { finder: Finder::new(bytes).into_owned() }
    }

    /// Writes down where separators begin in `piece`, from `from` on, the
    /// first first, none within another, as many as there is room for. Each is
    /// a number in the machine's order.
    pub(crate) fn find(&self, piece: &[u8], from: usize, places: &mut [[u8; 4]]) -> Found {
        let rest = piece.get(from..).unwrap_or_default();
        let is_ascii = rest.is_ascii();
        // Pieces are shorter than 4 GiB: `lib/transforms/finder.js` cuts them.
        let place = |at: usize| u32::try_from(from + at).unwrap_or(u32::MAX);
        let mut count = 0;
        let mut write = |places: &mut dyn Iterator<Item = (&mut [u8; 4], usize)>| {
            for (slot, at) in places {
                *slot = place(at).to_ne_bytes();
                count += 1;
            }
        };
        match self.finder.needle() {
            [byte] => write(&mut places.iter_mut().zip(memchr_iter(*byte, rest))),
            _ => write(&mut places.iter_mut().zip(self.finder.find_iter(rest))),
        }
        Found { count, is_ascii }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::Separator;

    fn naive(piece: &[u8], separator: &[u8]) -> Vec<u32> {
        let mut found = Vec::new();
        let mut at = 0;
        while at + separator.len() <= piece.len() {
            if &piece[at..at + separator.len()] == separator {
                found.push(u32::try_from(at).unwrap());
                at += separator.len();
            } else {
                at += 1;
            }
        }
        found
    }

    proptest! {
        #[test]
        fn all_are_found_in_order_with_any_room(
            piece in proptest::collection::vec(0_u8..3, 0..300),
            separator in proptest::collection::vec(0_u8..3, 1..5),
            room in 1_usize..400,
        ) {
            let expected = naive(&piece, &separator);
            let prepared = Separator::new(&separator);
            let mut places = vec![[0; 4]; room];
            let mut all = Vec::new();
            let mut from = 0;
            loop {
                let found = prepared.find(&piece, from, &mut places);
                all.extend(places[..found.count].iter().map(|place| u32::from_ne_bytes(*place)));
                prop_assert!(found.is_ascii);
                if found.count < room {
                    break;
                }
                from = all.last().map_or(0, |last| *last as usize + separator.len());
            }
            prop_assert_eq!(all, expected);
        }

        #[test]
        fn it_tells_what_is_ascii(piece in proptest::collection::vec(120_u8..132, 0..40)) {
            let found = Separator::new(b"\n").find(&piece, 0, &mut [[0; 4]]);
            prop_assert_eq!(found.is_ascii, piece.iter().all(|byte| *byte < 128));
        }
    }
}
