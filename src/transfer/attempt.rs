//! The beginning of a transfer, on the JavaScript thread: what can be sent
//! right now is, without waiting for anything and without a thread; the rest
//! is the pump's.

use std::num::NonZeroU32;
use std::os::fd::{BorrowedFd, OwnedFd};
use std::sync::Arc;
use std::time::Instant;

use crate::error::{Error, Result};
use crate::sys::cached::{self, Cached};
use crate::sys::residency::is_cached;
use crate::sys::socket::{More, Sent};
use crate::sys::{fd, file, socket};
use crate::threads::{self, Thread};
use crate::transfer::carrier::{Carrier, Pause, assemble, skip};
use crate::transfer::cursor::{Cursor, Framing};
use crate::transfer::hub::Hub;
use crate::transfer::mover::{Engine, Mover};
use crate::transfer::pace::Pace;
use crate::transfer::pump::{self, Job};
use crate::transfer::share::Share;

/// At most this many bytes are sent on the JavaScript thread. Larger values
/// lost: the time that they take from other requests is worth more than the
/// wake-up that they save.
const BUDGET: u64 = 64 << 10;

/// Up to here, reading the file and sending the bytes beats sendfile(2),
/// whose setup costs more than so small a copy.
const COPY_IS_CHEAPER: u64 = 16 << 10;

/// What a file has to offer to a transfer.
#[derive(Debug)]
pub(crate) enum Survey {
    /// `length` bytes at `offset`, of which those below `cached_until` are in
    /// memory. When there are few, `data` holds them all.
    Ready {
        offset: u64,
        length: u64,
        cached_until: u64,
        data: Vec<u8>,
    },
    NotARegularFile,
}

/// Describes the transfer that could begin. Sends nothing, waits for nothing.
///
/// `position` is where to read, or nothing for the file's own offset;
/// `limit` is the largest number of bytes wanted.
pub(crate) fn survey(file: BorrowedFd<'_>, position: Option<u64>, limit: u64) -> Result<Survey> {
    let description = file::describe(file)?;
    if !description.is_regular {
        return Ok(Survey::NotARegularFile);
    }
    let offset = position.map_or_else(|| file::offset(file), Ok)?;
    let length = description.size.saturating_sub(offset).min(limit);
    if length == 0 || length > COPY_IS_CHEAPER {
        let first = length.min(BUDGET);
        let cached_until = if is_cached(file, offset, first) { offset + first } else { 0 };
        return Ok(Survey::Ready { offset, length, cached_until, data: Vec::new() });
    }
    // COPY_IS_CHEAPER bounds it: the conversion cannot fail.
    let mut data = vec![0; usize::try_from(length).unwrap_or(0)];
    if cached::read(file, &mut data, Some(offset)) != Cached::All(data.len()) {
        return Ok(Survey::Ready { offset, length, cached_until: 0, data: Vec::new() });
    }
    Ok(Survey::Ready { offset, length, cached_until: offset + length, data })
}

/// What is asked of a transfer.
#[derive(Debug)]
pub(crate) struct Request {
    pub(crate) engine: Engine,
    pub(crate) framing: Framing,
    /// Goes out before the first byte of the file.
    pub(crate) header: Vec<u8>,
    pub(crate) offset: u64,
    pub(crate) length: u64,
    /// Below this offset the file is in memory.
    pub(crate) cached_until: u64,
    /// All bytes of the file that are wanted, and maybe more, or none.
    pub(crate) data: Vec<u8>,
    pub(crate) offset_use: OffsetUse,
    /// Body bytes a second, at most; nothing for no limit.
    pub(crate) bytes_per_second: Option<NonZeroU32>,
}

/// What becomes of the file's own offset.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum OffsetUse {
    /// It stays, as with pread(2).
    None,
    /// It follows the transfer, as with read(2).
    Own,
    /// As `Own`, but the descriptor is closed unseen when all is sent.
    Unseen,
}

/// How a transfer began.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Begun {
    /// All is sent. So many bytes, framing included. The last packet of a
    /// chunked body waits for the last chunk; with a corked socket, for a
    /// push behind it.
    Complete { wire: u64, is_corked: bool },
    /// The pump carries on, under this number.
    Running(u32),
    /// It cannot go on (`EMFILE` and the like). What is sent is sent; `rest`
    /// is all that is left to send, or empty when nothing was sent or the
    /// rest cannot be read.
    Stuck { error: Error, sent: u64, wire: u64, rest: Vec<u8> },
}

/// Begins a transfer.
pub(crate) fn begin(
    socket: BorrowedFd<'_>,
    file: BorrowedFd<'_>,
    request: Request,
    hub: &Arc<Hub>,
    share: &mut Share,
) -> Begun {
    let Request { engine, framing, header, offset, length, cached_until, data, .. } = request;
    let Request { offset_use, bytes_per_second, .. } = request;
    let pace = bytes_per_second.map(|rate| Pace::new(rate, Instant::now()));
    let is_paced = pace.is_some();
    let mut carrier = Carrier {
        cursor: Cursor::new(framing, header, offset, length),
        mover: Mover::new(engine, cached_until),
        is_exact: is_paced,
    };
    let is_chunked = framing != Framing::Raw;
    let moves_offset = offset_use != OffsetUse::None;
    let run = |carrier: Carrier, Means { thread, socket, file }: Means| {
        let job = Job { carrier, pace, socket, file, moves_offset, is_chunked };
        Begun::Running(pump::carry(job, &thread, hub))
    };
    if length > BUDGET || is_paced {
        // Surely the pump's: what it needs is taken first, so that a
        // shortage shows before a byte is out.
        let means = match Means::take(socket, file) {
            Ok(means) => means,
            Err(error) => {
                return Begun::Stuck { error, sent: 0, wire: 0, rest: Vec::new() };
            }
        };
        // What is sent here saves a wake-up, and keeps JavaScript waiting. While
        // many begin, as when many end, the thread has more to do than to send.
        let start = Instant::now();
        if !is_paced && !means.thread.is_awake() && share.is_left(start) {
            carrier.drive(socket, file, BUDGET, || false);
            share.spend(start, Instant::now());
        }
        return run(carrier, means);
    }
    let data = usize::try_from(length).ok().and_then(|length| data.get(..length));
    let data = data.filter(|data| !data.is_empty());
    if let Some(data) = data {
        let image = assemble(&carrier.cursor, data);
        let more = if is_chunked { More::ToCome } else { More::No };
        if let Ok(Sent::Bytes(count)) = socket::send(socket, &image, more) {
            skip(&mut carrier.cursor, count as u64);
        }
    }
    let is_corked = is_chunked && data.is_none();
    if is_corked {
        // Header, framing and data are to share packets.
        socket::set_cork(socket, true);
    }
    // What stands in the way here, the pump meets again, and tells.
    if carrier.drive(socket, file, u64::MAX, || false) != Pause::Ended {
        return match Means::take(socket, file) {
            Ok(means) => run(carrier, means),
            Err(error) => {
                if is_corked {
                    socket::set_cork(socket, false);
                }
                stuck(&carrier.cursor, file, moves_offset, error)
            }
        };
    }
    let is_seen = offset_use == OffsetUse::Own;
    if is_seen && file::set_offset(file, carrier.cursor.offset()).is_err() {
        // A regular file can always seek: survey() saw that it is one.
        debug_assert!(false, "a regular file that cannot seek");
    }
    Begun::Complete { wire: carrier.cursor.wire(), is_corked }
}

/// What a transfer needs to go on without JavaScript.
struct Means {
    thread: Thread,
    socket: OwnedFd,
    file: OwnedFd,
}

impl Means {
    fn take(socket: BorrowedFd<'_>, file: BorrowedFd<'_>) -> Result<Self> {
        let thread = threads::pick()?;
        Ok(Self { thread, socket: fd::duplicate(socket)?, file: fd::duplicate(file)? })
    }
}

/// At most [`BUDGET`] bytes of the body are left.
fn stuck(cursor: &Cursor, file: BorrowedFd<'_>, moves_offset: bool, error: Error) -> Begun {
    let (sent, wire) = (cursor.sent(), cursor.wire());
    if wire == 0 {
        return Begun::Stuck { error, sent, wire, rest: Vec::new() };
    }
    let mut body = vec![0; usize::try_from(cursor.remaining()).unwrap_or(0)];
    let mut filled = 0;
    while let Some(room) = body.get_mut(filled..).filter(|room| !room.is_empty()) {
        match file::read_at(file, room, cursor.offset() + filled as u64) {
            Ok(count) if count > 0 => filled += count,
            _ => return Begun::Stuck { error, sent, wire, rest: Vec::new() },
        }
    }
    if moves_offset {
        // Fails only for a file that cannot seek, which is not regular.
        let _ = file::set_offset(file, cursor.offset() + filled as u64);
    }
    Begun::Stuck { error, sent, wire, rest: assemble(cursor, &body) }
}

#[cfg(test)]
mod tests {
    use std::fs::File;
    use std::io::Write;
    use std::os::fd::AsFd;

    use rustix::io::Errno;

    use super::{Begun, stuck};
    use crate::error::Error;
    use crate::sys::file;
    use crate::transfer::cursor::{Cursor, Framing};

    #[test]
    fn what_is_stuck_is_read_and_the_own_offset_follows_if_it_should() {
        let thread = std::thread::current().id();
        let name = format!("millrace-attempt-{}-{thread:?}", std::process::id());
        let path = std::env::temp_dir().join(name);
        let mut content =
            File::options().read(true).write(true).create_new(true).open(&path).unwrap();
        std::fs::remove_file(path).unwrap();
        content.write_all(b"0123456789").unwrap();
        let error = Error::new(Errno::MFILE, "fcntl");
        let mut cursor = Cursor::new(Framing::Raw, Vec::new(), 2, 6);
        cursor.advance(1);
        for (moves_offset, end) in [(false, 10), (true, 8)] {
            let begun = stuck(&cursor, content.as_fd(), moves_offset, error);
            assert_eq!(begun, Begun::Stuck { error, sent: 1, wire: 1, rest: b"34567".to_vec() });
            assert_eq!(file::offset(content.as_fd()), Ok(end));
        }
        // The file has become too short for what is promised.
        content.set_len(5).unwrap();
        let begun = stuck(&cursor, content.as_fd(), true, error);
        assert_eq!(begun, Begun::Stuck { error, sent: 1, wire: 1, rest: Vec::new() });
    }
}
