//! Searches that are prepared once and used often.

use aho_corasick::{AhoCorasick, MatchKind};

use super::search::{Needle, Step};

/// One needle or several.
#[derive(Debug)]
pub(crate) enum Finder {
    One(Box<Needle<'static>>),
    /// Up to three different bytes, and for each value the first needle that it is.
    Bytes(Vec<u8>, Box<[u8; 256]>),
    Several(AhoCorasick),
}

/// Where a match is, and of which needle.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Match {
    pub(crate) position: usize,
    pub(crate) length: usize,
    pub(crate) needle: usize,
}

impl Finder {
    /// Nothing when there is no needle, when one is empty, or when they are too many.
    pub(crate) fn new(needles: &[&[u8]]) -> Option<Self> {
        if needles.is_empty() || needles.iter().any(|needle| needle.is_empty()) {
            return None;
        }
        if let [needle] = needles {
            return Some(Self::One(Box::new(Needle::new(needle, Step::Byte).into_owned())));
        }
        if let Some(finder) = Self::of_bytes(needles) {
            return Some(finder);
        }
        AhoCorasick::builder()
            .match_kind(MatchKind::LeftmostFirst)
            .build(needles)
            .ok()
            .map(Self::Several)
    }

    fn of_bytes(needles: &[&[u8]]) -> Option<Self> {
        let mut bytes = Vec::new();
        let mut which = Box::new([0; 256]);
        for (index, needle) in needles.iter().enumerate() {
            let &[byte] = *needle else { return None };
            if !bytes.contains(&byte) {
                bytes.push(byte);
                *which.get_mut(usize::from(byte))? = u8::try_from(index).ok()?;
            }
        }
        (bytes.len() <= 3).then_some(Self::Bytes(bytes, which))
    }

    /// The first match from `from` on.
    pub(crate) fn find(&self, haystack: &[u8], from: usize) -> Option<Match> {
        let rest = haystack.get(from..)?;
        match self {
            Self::One(needle) => needle.find(rest).map(|position| Match {
                position: from + position,
                length: needle.len(),
                needle: 0,
            }),
            Self::Bytes(bytes, which) => {
                let position = from
                    + match **bytes {
                        [first] => memchr::memchr(first, rest),
                        [first, second] => memchr::memchr2(first, second, rest),
                        [first, second, third] => memchr::memchr3(first, second, third, rest),
                        _ => None,
                    }?;
                let needle = which.get(usize::from(*haystack.get(position)?))?;
                Some(Match { position, length: 1, needle: usize::from(*needle) })
            }
            Self::Several(automaton) => automaton.find(rest).map(|found| Match {
                position: from + found.start(),
                length: found.len(),
                needle: found.pattern().as_usize(),
            }),
        }
    }

    /// The needle, if it is the only one.
    pub(crate) fn only(&self) -> Option<&Needle<'static>> {
        match self {
            Self::One(needle) => Some(needle),
            _ => None,
        }
    }

    /// Gives `found` the matches that do not overlap, until it wants no more.
    pub(crate) fn for_each(&self, haystack: &[u8], mut found: impl FnMut(Match) -> bool) {
        match self {
            Self::One(needle) => needle.for_each(haystack, |position| {
                found(Match { position, length: needle.len(), needle: 0 })
            }),
            Self::Bytes(..) => {
                let mut from = 0;
                while let Some(next) = self.find(haystack, from)
                    && found(next)
                {
                    from = next.position + next.length;
                }
            }
            Self::Several(automaton) => {
                let _ = automaton.find_iter(haystack).all(|next| {
                    let needle = next.pattern().as_usize();
                    found(Match { position: next.start(), length: next.len(), needle })
                });
            }
        }
    }

    /// Matches that do not overlap.
    pub(crate) fn count(&self, haystack: &[u8]) -> usize {
        if let Self::One(needle) = self {
            return needle.count(haystack);
        }
        let mut count = 0;
        self.for_each(haystack, |_| {
            count += 1;
            true
        });
        count
    }
}
