//! Brings what a transfer is about to send into memory, on the blocking pool.
//!
//! Two things go on while a slice is sent: the disk reads further on, as the
//! kernel was told to, and the pool waits for the slice behind this one, so
//! that the pump finds it there.

use std::ops::Range;
use std::os::fd::{AsFd, OwnedFd};
use std::panic::AssertUnwindSafe;
use std::sync::Arc;

use tokio::task::JoinHandle;

use crate::sys::file;
use crate::transfer::mover::SLICE;

/// How far ahead of what is waited for the kernel is told to read.
const DISTANCE: u64 = 4 << 20;

/// How much the kernel is told to read at once: it lets nobody else use the
/// core before it has found pages for all of it.
const STEP: usize = 256 << 10;

/// How far ahead of what is sent the pool works.
const WINDOW: u64 = 2 * SLICE;

/// A read on the pool. It holds the file open.
#[derive(Debug)]
struct Reading {
    range: Range<u64>,
    handle: JoinHandle<()>,
}

#[derive(Debug)]
pub(super) struct ReadAhead {
    file: Arc<OwnedFd>,
    /// Where the transfer ends.
    end: u64,
    /// Up to here the kernel was told to read.
    told: u64,
    /// Up to here it was waited for.
    brought: u64,
    /// The last read, which may be done.
    reading: Option<Reading>,
}

impl ReadAhead {
    /// Nothing is read before `bring` asks for it.
    pub(super) fn new(file: Arc<OwnedFd>, end: u64) -> Self {
        Self { file, end, told: 0, brought: 0, reading: None }
    }

    /// Waits until `range` is in memory, and lets the pool go on behind it.
    /// Returns up to where it was brought just now. A failure shows itself when
    /// that is sent.
    ///
    /// Where not even one thread can be had, the range is left to the pump's own
    /// reads.
    pub(super) async fn bring(&mut self, range: Range<u64>) -> u64 {
        let missing = self.brought.max(range.start);
        let is_coming = self.reading.as_ref().is_some_and(|Reading { range: coming, handle }| {
            !handle.is_finished() && coming.start <= missing && range.end <= coming.end
        });
        if !is_coming {
            // What was read long ago may have left memory again.
            self.finish().await;
            self.start(range.clone());
        }
        let until = self.reading.as_ref().map_or(range.end, |reading| reading.range.end);
        self.finish().await;
        self.brought = until;
        self.start(until..until + SLICE);
        until
    }

    /// Lets the pool go on once all before `offset` is sent.
    pub(super) fn follow(&mut self, offset: u64) {
        let Some(Reading { range, handle }) = &self.reading else { return };
        if handle.is_finished() && range.end < offset + WINDOW {
            let from = range.end.max(offset);
            self.start(from..from + SLICE);
        }
    }

    /// Waits for what goes on: then nobody else holds the file.
    pub(super) async fn finish(&mut self) {
        if let Some(reading) = &mut self.reading {
            let _ = (&mut reading.handle).await;
        }
        self.reading = None;
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
        self.reading = std::panic::catch_unwind(spawn).ok().map(|handle| Reading { range, handle });
    }
}
