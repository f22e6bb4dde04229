//! Where bytes occur in others. Every search is linear in what it looks through.

use memchr::arch::all::packedpair::HeuristicFrequencyRank;
use memchr::memmem::{self, Finder, FinderBuilder};

/// What a position has to be a multiple of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Step {
    /// Any position.
    Byte,
    /// Positions of UTF-16 units; odd bytes at the ends are no part of one.
    Unit,
}

impl Step {
    /// As much of a needle as can be found at such positions.
    fn whole(self, needle: &[u8]) -> &[u8] {
        match self {
            Self::Byte => needle,
            Self::Unit => needle.get(..needle.len() & !1).unwrap_or_default(),
        }
    }
}

/// Matches at odd positions after which a search for units stops to believe that
/// they are rare.
const ODD_MATCHES: usize = 32;

/// A haystack from this length on is sampled before it is searched: so many runs of
/// so many bytes.
const SAMPLED: usize = 4 << 10;
const RUNS: usize = 16;
const RUN: usize = 16;

/// The blocks that a search from the end looks through: the first, and the largest.
const BLOCKS: (usize, usize) = (512, 32 << 10);

/// The longest needle that memchr looks for with vectors alone. It studies a longer one
/// first, for as long as it takes to look through some KiB.
const SHORT: usize = 32;

/// Places where a long needle does no more than begin, after which a search stops to
/// believe that they are rare.
const FALSE_STARTS: usize = 32;

/// A needle, looked at once for many searches.
#[derive(Debug)]
pub(crate) struct Needle<'a> {
    kind: Kind<'a>,
    step: Step,
}

#[derive(Debug)]
enum Kind<'a> {
    Studied(Finder<'a>),
    /// A finder of how a long needle begins, and all of it.
    Long(Finder<'a>, &'a [u8]),
}

impl<'a> Needle<'a> {
    pub(crate) fn new(needle: &'a [u8], step: Step) -> Self {
        let whole = step.whole(needle);
        Self { kind: Kind::Studied(Finder::new(whole)), step }
    }

    /// The same, for a search in `haystack` alone: memchr looks for the two rarest bytes
    /// of a needle, and guesses which those are from the bytes of programs and books.
    pub(crate) fn within(needle: &'a [u8], step: Step, haystack: &[u8]) -> Self {
        let whole = step.whole(needle);
        let build = |part| {
            if haystack.len() < SAMPLED || whole.len() < 2 {
                return Finder::new(part);
            }
            FinderBuilder::new().build_forward_with_ranker(Sample::of(haystack), part)
        };
        let kind = match whole.split_at_checked(SHORT) {
            Some((beginning, [_, ..])) => Kind::Long(build(beginning), whole),
            _ => Kind::Studied(build(whole)),
        };
        Self { kind, step }
    }

    /// The same with a copy of the needle.
    pub(crate) fn into_owned(self) -> Needle<'static> {
        let finder = match self.kind {
            Kind::Studied(finder) => finder.into_owned(),
            Kind::Long(_, needle) => Finder::new(needle).into_owned(),
        };
        Needle { kind: Kind::Studied(finder), step: self.step }
    }

    fn bytes(&self) -> &[u8] {
        match &self.kind {
            Kind::Studied(finder) => finder.needle(),
            Kind::Long(_, needle) => needle,
        }
    }

    pub(crate) fn step(&self) -> Step {
        self.step
    }

    pub(crate) fn len(&self) -> usize {
        self.bytes().len()
    }

    /// The first match in `haystack`.
    pub(crate) fn find(&self, haystack: &[u8]) -> Option<usize> {
        match self.step {
            Step::Byte => self.find_byte(haystack),
            Step::Unit => self.find_unit(haystack),
        }
    }

    /// The first match at `from` or behind; for units, `from` is that of a whole one.
    pub(crate) fn find_behind(&self, haystack: &[u8], from: usize) -> Option<usize> {
        let from = match self.step {
            Step::Byte => from,
            Step::Unit => from & !1,
        };
        self.find(haystack.get(from..)?).map(|position| from + position)
    }

    fn find_byte(&self, haystack: &[u8]) -> Option<usize> {
        match self.bytes() {
            [byte] => memchr::memchr(*byte, haystack),
            _ => self.find_bytes(haystack),
        }
    }

    /// The first match, at any position, of two bytes or more.
    fn find_bytes(&self, haystack: &[u8]) -> Option<usize> {
        let (beginning, needle) = match &self.kind {
            Kind::Studied(finder) => return finder.find(haystack),
            Kind::Long(beginning, needle) => (beginning, *needle),
        };
        let mut start = 0;
        for _ in 0..FALSE_STARTS {
            let found = start + beginning.find(haystack.get(start..)?)?;
            if haystack.get(found..found.checked_add(needle.len())?)? == needle {
                return Some(found);
            }
            start = found + 1;
        }
        // Further ones could make it quadratic.
        memmem::find(haystack.get(start..)?, needle).map(|position| start + position)
    }

    fn find_unit(&self, haystack: &[u8]) -> Option<usize> {
        let haystack = haystack.get(..haystack.len() & !1)?;
        let mut start = 0;
        for _ in 0..ODD_MATCHES {
            let found = start + self.find_bytes(haystack.get(start..)?)?;
            if found.is_multiple_of(2) {
                return Some(found);
            }
            start = found + 1;
        }
        // Further odd matches could make it quadratic.
        let start = start & !1;
        let (units, _) = haystack.get(start..)?.as_chunks::<2>();
        let (needle, _) = self.bytes().as_chunks::<2>();
        find_linear(units, needle).map(|unit| start + unit * 2)
    }

    /// The last match in `haystack` at `last` or before.
    ///
    /// Looks forward through blocks that come one before the other, because only
    /// forward searches are vectorized, and halves the block that has a match.
    pub(crate) fn find_last(&self, haystack: &[u8], last: usize) -> Option<usize> {
        let last = last.min(haystack.len().checked_sub(self.len())?);
        if let ([byte], Step::Byte) = (self.bytes(), self.step) {
            return memchr::memrchr(*byte, haystack.get(..=last)?);
        }
        let mut end = last + 1;
        let mut size = BLOCKS.0.max(self.len());
        while end > 0 {
            let start = match self.step {
                Step::Byte => end.saturating_sub(size),
                Step::Unit => end.saturating_sub(size) & !1,
            };
            if let Some(first) = self.find_from(haystack, start, end) {
                return Some(self.last_between(haystack, first, end));
            }
            end = start;
            size = (size * 2).min(BLOCKS.1.max(self.len() * 2));
        }
        None
    }

    /// The first match that begins from `start` on and before `end`.
    fn find_from(&self, haystack: &[u8], start: usize, end: usize) -> Option<usize> {
        let length = (end - start - 1) + self.len();
        let window = haystack.get(start..)?;
        self.find(window.get(..length).unwrap_or(window)).map(|position| start + position)
    }

    /// The last match that begins before `end`, where one begins at `found`.
    fn last_between(&self, haystack: &[u8], found: usize, end: usize) -> usize {
        let step = if self.step == Step::Unit { 2 } else { 1 };
        let (mut found, mut end) = (found, end);
        while found + step < end {
            let start = found + step;
            let middle = start + (end - start) / 2;
            let middle = if self.step == Step::Unit { middle & !1 } else { middle };
            if let Some(later) = self.find_from(haystack, middle, end) {
                found = later;
            } else if middle == start {
                break;
            } else {
                end = middle;
            }
        }
        found
    }

    /// Matches that do not overlap.
    pub(crate) fn count(&self, haystack: &[u8]) -> usize {
        match self.bytes() {
            [] => 0,
            [byte] => memchr::memchr_iter(*byte, haystack).count(),
            _ => {
                let mut count = 0;
                self.for_each(haystack, |_| {
                    count += 1;
                    true
                });
                count
            }
        }
    }

    /// Gives `found` the matches that do not overlap, until it wants no more.
    pub(crate) fn for_each(&self, haystack: &[u8], mut found: impl FnMut(usize) -> bool) {
        match self.bytes() {
            [] => {}
            [byte] => {
                let _ = memchr::memchr_iter(*byte, haystack).all(found);
            }
            needle => match &self.kind {
                Kind::Studied(finder) => {
                    let _ = finder.find_iter(haystack).all(&mut found);
                }
                Kind::Long(..) => {
                    let mut start = 0;
                    while let Some(rest) = haystack.get(start..)
                        && let Some(position) = self.find_bytes(rest)
                        && found(start + position)
                    {
                        start += position + needle.len();
                    }
                }
            },
        }
    }
}

/// How often each byte occurs in parts of a haystack.
struct Sample([u8; 256]);

impl Sample {
    fn of(haystack: &[u8]) -> Self {
        let mut counts = [0_u8; 256];
        for part in haystack.chunks((haystack.len() / RUNS).max(1)) {
            for &byte in part.iter().take(RUN) {
                if let Some(count) = counts.get_mut(usize::from(byte)) {
                    *count = count.saturating_add(1);
                }
            }
        }
        Self(counts)
    }
}

impl HeuristicFrequencyRank for Sample {
    fn rank(&self, byte: u8) -> u8 {
        self.0.get(usize::from(byte)).copied().unwrap_or_default()
    }
}

/// Knuth, Morris and Pratt's search: slow, but linear whatever it is given.
fn find_linear(haystack: &[[u8; 2]], needle: &[[u8; 2]]) -> Option<usize> {
    // For each beginning of the needle, how much of it is also its end.
    let mut borders = vec![0_usize; needle.len()];
    let advance = |borders: &[usize], mut matched: usize, unit: [u8; 2]| loop {
        if needle.get(matched) == Some(&unit) {
            return matched + 1;
        }
        match matched.checked_sub(1).and_then(|last| borders.get(last)) {
            Some(&border) => matched = border,
            None => return 0,
        }
    };
    let mut matched = 0;
    for (index, &unit) in needle.iter().enumerate().skip(1) {
        matched = advance(&borders, matched, unit);
        if let Some(border) = borders.get_mut(index) {
            *border = matched;
        }
    }
    let mut matched = 0;
    for (index, &unit) in haystack.iter().enumerate() {
        matched = advance(&borders, matched, unit);
        if matched == needle.len() {
            return Some(index + 1 - matched);
        }
    }
    None
}
