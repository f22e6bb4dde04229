//! How much of a file is copied by one call. A stop waits for its end, so it is
//! bounded by time; where files share blocks instead, small portions would cut
//! them to pieces.

use std::time::Duration;

const LEAST: u64 = 256 << 10;
const FIRST: u64 = 1 << 20;
const MOST: u64 = 256 << 20;

/// Calls shorter than this may do more, and longer than that less.
const SHORT: Duration = Duration::from_millis(1);
const LONG: Duration = Duration::from_millis(4);

#[derive(Clone, Copy, Debug)]
pub(crate) struct Portion(u64);

impl Portion {
    pub(crate) fn new() -> Self {
        Self(FIRST)
    }

    /// In bytes. A multiple of the size of any block.
    pub(crate) fn size(self) -> u64 {
        self.0
    }

    /// Takes into account how long one has taken.
    pub(crate) fn learn(&mut self, time: Duration) {
        if time < SHORT {
            self.0 = (self.0 * 2).min(MOST);
        } else if time > LONG {
            self.0 = (self.0 / 2).max(LEAST);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::{FIRST, LEAST, MOST, Portion};

    #[test]
    fn grows_while_calls_are_short_and_shrinks_when_they_are_long() {
        let mut portion = Portion::new();
        portion.learn(Duration::from_millis(2));
        assert_eq!(portion.size(), FIRST);
        portion.learn(Duration::from_micros(50));
        assert_eq!(portion.size(), 2 * FIRST);
        portion.learn(Duration::from_millis(50));
        assert_eq!(portion.size(), FIRST);
        for _ in 0..30 {
            portion.learn(Duration::from_secs(1));
        }
        assert_eq!(portion.size(), LEAST);
        for _ in 0..30 {
            portion.learn(Duration::ZERO);
        }
        assert_eq!(portion.size(), MOST);
    }
}
