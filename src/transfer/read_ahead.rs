//! Brings what a transfer is about to send into memory, on the blocking pool.
//!
//! Two things go on while a slice is sent: the disk reads further on, as the
//! kernel was told to, and the pool waits for the slice behind this one, so
//! that the pump finds it there.

use std::ops::Range;
use std::os::fd::{AsFd, OwnedFd};
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::task::JoinHandle;

use crate::sys::file;
use crate::transfer::mover::{SLICE, TRUST};

/// How far ahead of what is waited for the kernel is told to read.
const DISTANCE: u64 = 4 << 20;

/// How much the kernel is told to read at once: it lets nobody else use the
/// core before it has found pages for all of it.
const STEP: usize = 256 << 10;

/// How far ahead of what is sent the pool works.
const WINDOW: u64 = 2 * SLICE;

/// A disk that goes on answers sooner.
const LEAVE: Duration = Duration::from_millis(50);

/// A read on the pool. It holds the file open.
#[derive(Debug)]
struct Reading {
    range: Range<u64>,
    since: Instant,
    handle: JoinHandle<()>,
}

#[derive(Debug)]
pub(super) struct ReadAhead {
    file: Arc<OwnedFd>,
    /// Where the transfer ends.
    end: u64,
    /// Up to here the kernel was told to read.
    told: u64,
    /// Up to here it was waited for, and when.
    brought: u64,
    brought_since: Instant,
    /// The last read, which may be done.
    reading: Option<Reading>,
}

impl ReadAhead {
    /// Nothing is read before `bring` asks for it.
    pub(super) fn new(file: Arc<OwnedFd>, end: u64) -> Self {
        Self { file, end, told: 0, brought: 0, brought_since: Instant::now(), reading: None }
    }

    /// Waits until `range` is in memory, and lets the pool go on behind it.
    /// Returns up to where it was brought just now. A failure shows itself when
    /// that is sent.
    ///
    /// Where not even one thread can be had, the range is left to the pump's own
    /// reads.
    pub(super) async fn bring(&mut self, range: Range<u64>) -> u64 {
        // What was brought longer ago may have left memory again.
        let is_recent = self.brought_since.elapsed() < TRUST;
        let missing = if is_recent { self.brought.max(range.start) } else { range.start };
        let is_coming = self.reading.as_ref().is_some_and(|reading| {
            let Reading { range: coming, since, handle } = reading;
            // Where nobody can tell what is in memory, it may be there.
            (!handle.is_finished() || since.elapsed() < TRUST)
                && coming.start <= missing
                && range.end <= coming.end
        });
        if !is_coming {
            self.finish().await;
            self.start(range.clone());
        }
        let until = self.reading.as_ref().map_or(range.end, |reading| reading.range.end);
        self.finish().await;
        (self.brought, self.brought_since) = (until, Instant::now());
        self.start(until..until + SLICE);
        until
    }

    /// Lets the pool go on once all before `offset` is sent.
    pub(super) fn follow(&mut self, offset: u64) {
        let Some(Reading { range, since, handle }) = &self.reading else { return };
        if handle.is_finished() && range.end < offset + WINDOW {
            (self.brought, self.brought_since) = (range.end.max(offset), *since);
            self.start(self.brought..self.brought + SLICE);
        }
    }

    /// Waits for what goes on: then nobody else holds the file.
    pub(super) async fn finish(&mut self) {
        if let Some(reading) = &mut self.reading {
            let _ = (&mut reading.handle).await;
        }
        self.reading = None;
    }

    /// Waits for it, but not for a disk that stands still: then the pool holds the
    /// file for as long as that takes.
    pub(super) async fn leave(mut self) {
        if self.reading.is_some() {
            let _ = tokio::time::timeout(LEAVE, self.finish()).await;
        }
    }

    fn start(&mut self, range: Range<u64>) {
        let range = range.start..range.end.min(self.end);
        if range.is_empty() {
            self.reading = None;
            return;
        }
        let told = self.told.max(range.start)..range.end + DISTANCE;
        self.told = told.end;
        let file = Arc::clone(&self.file);
        let Range { start, end } = range;
        let read = move || {
            for at in told.clone().step_by(STEP) {
                file::will_need(file.as_fd(), at, (STEP as u64).min(told.end - at));
            }
            file::touch(file.as_fd(), start, end - start);
        };
        // spawn_blocking panics when it has no thread and gets none.
        let spawn = AssertUnwindSafe(|| tokio::task::spawn_blocking(read));
        self.reading = std::panic::catch_unwind(spawn).ok().map(|handle| Reading {
            range,
            since: Instant::now(),
            handle,
        });
    }
}

impl Drop for ReadAhead {
    fn drop(&mut self) {
        // One that has not begun never does, and lets go of the file.
        if let Some(reading) = &self.reading {
            reading.handle.abort();
        }
    }
}

#[cfg(test)]
mod tests {
    use std::fs::File;
    use std::io::Write;
    use std::os::fd::OwnedFd;
    use std::sync::Arc;

    use super::{ReadAhead, SLICE, WINDOW};

    const END: u64 = 5 * SLICE + 1000;

    fn ahead() -> (ReadAhead, Arc<OwnedFd>) {
        let name = format!("millrace-ahead-{:?}", std::thread::current().id());
        let path = std::env::temp_dir().join(format!("{name}-{}", std::process::id()));
        let mut file = File::options().read(true).write(true).create_new(true).open(&path).unwrap();
        std::fs::remove_file(path).unwrap();
        file.write_all(&vec![7; usize::try_from(END).unwrap()]).unwrap();
        let file = Arc::new(OwnedFd::from(file));
        (ReadAhead::new(Arc::clone(&file), END), file)
    }

    async fn settled(ahead: &ReadAhead) {
        while ahead.reading.as_ref().is_some_and(|reading| !reading.handle.is_finished()) {
            tokio::task::yield_now().await;
        }
    }

    fn coming(ahead: &ReadAhead) -> Option<std::ops::Range<u64>> {
        ahead.reading.as_ref().map(|reading| reading.range.clone())
    }

    #[tokio::test]
    async fn it_stays_one_slice_ahead_and_within_the_transfer() {
        let (mut ahead, file) = ahead();
        ahead.follow(0);
        assert_eq!(coming(&ahead), None, "nobody has asked");
        assert_eq!(ahead.bring(0..SLICE).await, SLICE);
        assert_eq!(coming(&ahead), Some(SLICE..2 * SLICE));
        settled(&ahead).await;
        ahead.follow(0);
        assert_eq!(coming(&ahead), Some(SLICE..2 * SLICE), "far enough");
        ahead.follow(1);
        assert_eq!(coming(&ahead), Some(2 * SLICE..3 * SLICE));
        // What is asked for spans a slice that was brought and the one that comes.
        assert_eq!(ahead.bring(SLICE + 5..2 * SLICE + 5).await, 3 * SLICE);
        // Something else is asked for: whatever was on its way is waited for first.
        assert_eq!(ahead.bring(4 * SLICE + 9..5 * SLICE + 9).await, 5 * SLICE + 9);
        assert_eq!(coming(&ahead), Some(5 * SLICE + 9..END));
        settled(&ahead).await;
        ahead.follow(END - WINDOW + 1);
        assert_eq!(coming(&ahead), None, "all is there");
        ahead.finish().await;
        assert_eq!(Arc::strong_count(&file), 2, "nothing holds the file but the two of us");
    }

    #[tokio::test]
    async fn what_was_asked_for_last_is_brought_whatever_goes_on() {
        let (mut ahead, file) = ahead();
        for start in [0, 3 * SLICE, SLICE / 2, END - 1, END - SLICE] {
            let range = start..(start + SLICE).min(END);
            assert!(ahead.bring(range.clone()).await >= range.end);
        }
        ahead.finish().await;
        assert_eq!(Arc::strong_count(&file), 2);
    }
}
