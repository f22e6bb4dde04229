//! How fast a transfer may go: bytes that may go out now, or when some may.
//! Pure: the time is given.

use std::num::NonZeroU32;
use std::time::{Duration, Instant};

/// How often a transfer that is fast enough for it sends.
const PERIODS_PER_SECOND: u64 = 10;

/// Less is not worth a packet, unless a second has no more.
const LEAST: u64 = 4 << 10;

/// More would go out at once only to fill the socket's buffer.
const MOST: u64 = 1 << 20;

/// Time that was lost, to a late timer or a full socket, is made up for as far
/// as this.
const MADE_UP: Duration = Duration::from_millis(100);

/// A pace in bytes of the body a second, kept by sending a portion and waiting
/// until the next is due.
#[derive(Debug)]
pub(crate) struct Pace {
    portion: u64,
    period: Duration,
    due: Instant,
    /// Bytes of the present portion that may still go out.
    left: u64,
}

impl Pace {
    /// The first portion is due `now`.
    pub(crate) fn new(bytes_per_second: NonZeroU32, now: Instant) -> Self {
        let rate = u64::from(bytes_per_second.get());
        let portion = (rate / PERIODS_PER_SECOND).clamp(LEAST, MOST).min(rate);
        // At most 2^20 times 10^9: it fits.
        let period = Duration::from_nanos(portion * 1_000_000_000 / rate);
        Self { portion, period, due: now, left: 0 }
    }

    /// Bytes that may go out `now`, more than none.
    ///
    /// # Errors
    /// The time from which some may.
    pub(crate) fn allowance(&mut self, now: Instant) -> Result<u64, Instant> {
        if self.left == 0 {
            if now < self.due {
                return Err(self.due);
            }
            let earliest = now.checked_sub(MADE_UP).unwrap_or(now);
            self.due = self.due.max(earliest) + self.period;
            self.left = self.portion;
        }
        Ok(self.left)
    }

    /// So many bytes, at most those that might, went out.
    pub(crate) fn spend(&mut self, count: u64) {
        self.left = self.left.saturating_sub(count);
    }
}

#[cfg(test)]
mod tests {
    use std::num::NonZeroU32;
    use std::time::{Duration, Instant};

    use proptest::prelude::*;

    use super::Pace;

    /// Bytes that go out within `seconds` when every wake-up is late by what
    /// `late` says.
    fn run(rate: u32, seconds: u64, mut late: impl FnMut() -> Duration) -> u64 {
        let start = Instant::now();
        let end = start + Duration::from_secs(seconds);
        let mut pace = Pace::new(NonZeroU32::new(rate).unwrap(), start);
        let (mut now, mut sent) = (start, 0);
        while now < end {
            match pace.allowance(now) {
                Ok(count) => {
                    assert!(count > 0);
                    let count = count.min(300_000);
                    pace.spend(count);
                    sent += count;
                }
                Err(due) => now = due + late(),
            }
        }
        sent
    }

    proptest! {
        #[test]
        fn a_pace_is_kept_within_a_fiftieth_though_timers_are_late(
            rate in (64_u32 << 10)..(100 << 20),
            delays in proptest::collection::vec(0_u64..60, 1..20),
        ) {
            let mut delays = delays.iter().cycle();
            let sent = run(rate, 6, || Duration::from_millis(*delays.next().unwrap()));
            let wanted = u64::from(rate) * 6;
            prop_assert!(sent.abs_diff(wanted) <= wanted / 50, "{} of {}", sent, wanted);
        }

        #[test]
        fn the_slowest_pace_is_kept_as_well(rate in 1_u32..1000) {
            let sent = run(rate, 10, || Duration::ZERO);
            prop_assert_eq!(sent, u64::from(rate) * 10);
        }
    }

    #[test]
    fn time_that_was_lost_is_not_hoarded() {
        let start = Instant::now();
        let mut pace = Pace::new(NonZeroU32::new(1_000_000).unwrap(), start);
        let late = start + Duration::from_secs(60);
        let mut sent = 0;
        while let Ok(count) = pace.allowance(late) {
            pace.spend(count);
            sent += count;
        }
        assert!((100_000..=200_000).contains(&sent), "{sent}");
    }
}
