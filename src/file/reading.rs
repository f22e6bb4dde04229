//! Reading for JavaScript: what the page cache holds at once, the rest on
//! tokio's blocking pool, whose threads are not those of Node's (which dns
//! and crypto need as well).
//!
//! The pool reads into memory of its own through a duplicate of the
//! descriptor: JavaScript's buffer may be gone, and the number in other
//! hands, when a disk answers late.

use std::os::fd::{AsFd, BorrowedFd};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bytes::{Bytes, BytesMut};
use rustix::io::Errno;

use crate::error::Result;
use crate::mailbox::Mailbox;
use crate::sys::{fd, file};
use crate::threads;

/// What the page cache gave.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Cached {
    /// So many bytes, as many as the buffer holds or the file has.
    All(usize),
    /// So many; the next one has to come from a disk, or fails.
    Part(usize),
    /// The kernel or the file system cannot tell.
    Unsupported,
}

/// Reads into `buffer` what is in memory, from `position` or else from the
/// file's own offset, which moves.
pub(crate) fn read_cached(
    file: BorrowedFd<'_>,
    buffer: &mut [u8],
    position: Option<u64>,
) -> Cached {
    let mut count = 0;
    while let Some(rest) = buffer.get_mut(count..).filter(|rest| !rest.is_empty()) {
        let read = match position {
            None => file::read_cached(file, rest),
            Some(position) => file::read_cached_at(file, rest, position + count as u64),
        };
        match read {
            Ok(0) => break,
            Ok(more) => count += more,
            Err(Errno::OPNOTSUPP | Errno::NOSYS) if count == 0 => return Cached::Unsupported,
            Err(_) => return Cached::Part(count),
        }
    }
    Cached::All(count)
}

/// The reads of one JavaScript environment that wait for a disk.
#[derive(Debug)]
pub(crate) struct Reads {
    last_id: Mutex<u32>,
    ended: Mailbox<(u32, Result<Bytes>)>,
}

impl Reads {
    /// `wake` is called from any thread when there is something to take.
    pub(crate) fn new(wake: Box<dyn Fn() + Send + Sync>) -> Self {
        Self { last_id: Mutex::new(0), ended: Mailbox::new(wake) }
    }

    /// Reads up to `length` bytes on the blocking pool, fewer only at the end
    /// of the file or in front of an error. Returns the read's number.
    ///
    /// # Errors
    /// When there is no descriptor or no thread for it.
    pub(crate) fn submit(
        self: &Arc<Self>,
        file: BorrowedFd<'_>,
        length: usize,
        position: Option<u64>,
    ) -> Result<u32> {
        let file = fd::duplicate(file)?;
        let reads = Arc::clone(self);
        let id = self.next_id();
        threads::pick()?.spawn_blocking(move || {
            let result = read(file.as_fd(), length, position);
            drop(file);
            reads.ended.post((id, result));
        })?;
        Ok(id)
    }

    fn next_id(&self) -> u32 {
        let mut last: MutexGuard<'_, u32> =
            self.last_id.lock().unwrap_or_else(PoisonError::into_inner);
        *last = last.wrapping_add(1);
        *last
    }

    /// Takes the reads that ended.
    pub(crate) fn drain(&self) -> Vec<(u32, Result<Bytes>)> {
        self.ended.drain()
    }

    /// The environment goes away: nobody is woken any more.
    pub(crate) fn close(&self) {
        self.ended.close();
    }
}

fn read(file: BorrowedFd<'_>, length: usize, position: Option<u64>) -> Result<Bytes> {
    let mut buffer = BytesMut::zeroed(length);
    let mut count = 0;
    while let Some(rest) = buffer.get_mut(count..).filter(|rest| !rest.is_empty()) {
        let read = match position {
            None => file::read(file, rest),
            Some(position) => file::read_at(file, rest, position + count as u64),
        };
        match read {
            Ok(0) => break,
            Ok(more) => count += more,
            // What came in front of an error is read; the next read meets it.
            Err(_) if count > 0 => break,
            Err(error) => return Err(error),
        }
    }
    buffer.truncate(count);
    Ok(buffer.freeze())
}
