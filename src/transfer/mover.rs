//! How body bytes get from the file into the socket.
//!
//! Two engines. `Sendfile` lets the kernel hand page-cache pages to the
//! socket. `Copy` reads into a buffer and sends from it: for files and
//! systems without sendfile(2), and for tests. A mover never waits for the
//! socket; it waits for a disk only below the offset that it was told may.

use std::os::fd::BorrowedFd;
use std::time::{Duration, Instant};

use bytes::{Buf, BytesMut};

use crate::error::Result;
use crate::sys::cached::{self, Cached};
use crate::sys::file;
use crate::sys::residency::is_cached;
use crate::sys::socket::{self, More, Sent, send};

/// What moves the bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Engine {
    Sendfile,
    /// From file to file; see `copy`.
    CopyFileRange,
    Copy,
}

/// At most this much goes out in one call: a thread that is busy with one
/// client for longer makes all others wait.
pub(crate) const SLICE: u64 = 1 << 20;

/// For so long it is believed that what was in memory still is: a client that
/// takes little at a time takes minutes for a slice, and pages leave meanwhile.
pub(super) const TRUST: Duration = Duration::from_millis(100);

/// Largest buffer of the copy engine.
const COPY_BUFFER: u64 = 256 << 10;

/// What moving came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Moved {
    Bytes(u64),
    /// The socket's buffer is full.
    WouldBlock,
    /// These bytes of the file are not in memory.
    Cold {
        offset: u64,
        length: u64,
    },
    /// The file ends before them.
    EndOfFile,
}

#[derive(Debug)]
pub(crate) struct Mover {
    engine: Engine,
    /// Bytes of the file that were read and not sent, from the offset that
    /// is next. Only the copy engine's.
    buffer: BytesMut,
    /// Below this offset the file was in memory when that was last asked, or
    /// waited for.
    cached_until: u64,
    /// When that was.
    cached_since: Instant,
    /// Below this offset of the file a read may wait for a disk: it was waited
    /// for, and nobody can tell whether it is in memory.
    patient_until: u64,
}

impl Mover {
    /// A mover for a file that is in memory below `cached_until`.
    pub(crate) fn new(engine: Engine, cached_until: u64) -> Self {
        let cached_since = Instant::now();
        Self { engine, buffer: BytesMut::new(), cached_until, cached_since, patient_until: 0 }
    }

    /// The engine in use: sendfile becomes copy when the kernel refuses it.
    pub(crate) fn engine(&self) -> Engine {
        self.engine
    }

    /// The file was brought into memory below `offset`: a read there may wait
    /// for a disk, for a while.
    pub(crate) fn be_patient_until(&mut self, offset: u64) {
        self.patient_until = offset;
        self.cached_until = offset;
        self.cached_since = Instant::now();
    }

    fn forget_what_is_old(&mut self) {
        if self.cached_since.elapsed() >= TRUST {
            (self.cached_until, self.patient_until) = (0, 0);
        }
    }

    /// Sends some of the `count` (more than none) bytes of `from` at `offset`.
    /// About `ahead` bytes, these included, will be asked for next.
    pub(crate) fn advance(
        &mut self,
        to: BorrowedFd<'_>,
        from: BorrowedFd<'_>,
        offset: u64,
        count: u64,
        ahead: u64,
    ) -> Result<Moved> {
        self.forget_what_is_old();
        if self.engine == Engine::Sendfile {
            let length = match self.find_cached(from, offset, count.min(SLICE), ahead) {
                Ok(length) => length,
                Err(cold) => return Ok(cold),
            };
            // SLICE bounds it: the conversion cannot fail.
            let length = usize::try_from(length).unwrap_or(usize::MAX);
            match socket::send_file(to, from, offset, length)? {
                Sent::Bytes(count) => return Ok(Moved::Bytes(count as u64)),
                Sent::WouldBlock => return Ok(Moved::WouldBlock),
                Sent::EndOfFile => return Ok(Moved::EndOfFile),
                Sent::Refused => self.engine = Engine::Copy,
            }
        }
        self.copy(to, from, offset, count, ahead)
    }

    /// How much of `length` bytes can be sent without waiting for a disk: what
    /// is known to be there goes before anything that would have to be read.
    /// None of it, else.
    ///
    /// Asks for a whole slice at once: a chunk is often shorter.
    fn find_cached(
        &mut self,
        from: BorrowedFd<'_>,
        offset: u64,
        length: u64,
        ahead: u64,
    ) -> std::result::Result<u64, Moved> {
        let known = self.cached_until.saturating_sub(offset);
        if known >= length {
            return Ok(length);
        }
        let slice = ahead.clamp(length, SLICE);
        if is_cached(from, offset, slice) {
            self.cached_until = offset + slice;
            self.cached_since = Instant::now();
            return Ok(length);
        }
        if known > 0 { Ok(known) } else { Err(Moved::Cold { offset, length: slice }) }
    }

    fn copy(
        &mut self,
        to: BorrowedFd<'_>,
        from: BorrowedFd<'_>,
        offset: u64,
        count: u64,
        ahead: u64,
    ) -> Result<Moved> {
        if self.buffer.is_empty() {
            let length = match self.patient_until.saturating_sub(offset) {
                0 => count.min(COPY_BUFFER),
                known => count.min(COPY_BUFFER).min(known),
            };
            if let Some(obstacle) = self.fill(from, offset, length, ahead)? {
                return Ok(obstacle);
            }
        }
        Ok(match send(to, &self.buffer, More::No)? {
            Sent::Bytes(count) => {
                self.buffer.advance(count);
                Moved::Bytes(count as u64)
            }
            _ => Moved::WouldBlock,
        })
    }

    /// Reads up to `length` bytes into the empty buffer, or says what is in
    /// the way. About `ahead` bytes, these included, will be asked for next.
    fn fill(
        &mut self,
        from: BorrowedFd<'_>,
        offset: u64,
        length: u64,
        ahead: u64,
    ) -> Result<Option<Moved>> {
        // COPY_BUFFER bounds it: the conversion cannot fail.
        self.buffer.resize(usize::try_from(length).unwrap_or(0), 0);
        let read = if offset + length <= self.patient_until {
            file::read_at(from, &mut self.buffer, offset)
        } else {
            match cached::read(from, &mut self.buffer, Some(offset)) {
                Cached::All(read) => Ok(read),
                Cached::Part(read) if read > 0 => Ok(read),
                Cached::Part(_) | Cached::Unsupported => {
                    self.buffer.clear();
                    return Ok(Some(Moved::Cold { offset, length: ahead.clamp(length, SLICE) }));
                }
            }
        };
        self.buffer.truncate(*read.as_ref().unwrap_or(&0));
        Ok((read? == 0).then_some(Moved::EndOfFile))
    }
}
