//! How much of the JavaScript thread's time sending may take. Pure: the time
//! is given.

use std::time::{Duration, Instant};

/// As long as it may take at once.
const AT_ONCE: Duration = Duration::from_micros(500);

/// It may take one part of so many.
const PART: u32 = 2;

/// What is left of the share. A debt is paid by waiting.
#[derive(Debug)]
pub(crate) struct Share {
    /// All of it is there again at this time.
    full: Instant,
}

impl Share {
    pub(crate) fn new(now: Instant) -> Self {
        Self { full: now }
    }

    /// True while something is left.
    pub(crate) fn is_left(&self, now: Instant) -> bool {
        self.full < now + AT_ONCE * PART
    }

    /// Sending took until `now`, from `start` on.
    pub(crate) fn spend(&mut self, start: Instant, now: Instant) {
        self.full = self.full.max(start) + now.saturating_duration_since(start) * PART;
    }
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, Instant};

    use super::{AT_ONCE, PART, Share};

    #[test]
    fn a_part_of_the_time_is_taken_and_a_debt_is_paid() {
        let start = Instant::now();
        let (mut now, mut taken) = (start, Duration::ZERO);
        let mut share = Share::new(start);
        let send = Duration::from_micros(170);
        let end = Duration::from_millis(100);
        while now - start < end {
            if share.is_left(now) {
                share.spend(now, now + send);
                taken += send;
                now += send;
            } else {
                now += Duration::from_micros(10);
            }
        }
        let most = end / PART + AT_ONCE + send;
        assert!(taken <= most && taken >= end / PART, "{taken:?}");
    }

    #[test]
    fn idle_time_is_not_hoarded() {
        let start = Instant::now();
        let mut share = Share::new(start);
        let late = start + Duration::from_secs(60);
        share.spend(late, late + AT_ONCE * 3);
        assert!(!share.is_left(late + AT_ONCE * 3));
        assert!(share.is_left(late + AT_ONCE * 9));
    }
}
