//! The beginning of a transfer, on the JavaScript thread: what can be sent
//! right now is, without waiting for anything and without a thread; the rest
//! is the pump's.

use std::os::fd::{BorrowedFd, OwnedFd};
use std::sync::Arc;

use crate::error::{Error, Result};
use crate::sys::residency::is_cached;
use crate::sys::{fd, file, socket};
use crate::transfer::carrier::{Carrier, Pause};
use crate::transfer::cursor::{Cursor, Framing};
use crate::transfer::hub::Hub;
use crate::transfer::mover::{Engine, Mover};
use crate::transfer::pump::{self, Job};

/// At most this many bytes are sent on the JavaScript thread. Larger values
/// lost: the time that they take from other requests is worth more than the
/// wake-up that they save.
pub(crate) const BUDGET: u64 = 64 << 10;

/// What a file has to offer to a transfer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Survey {
    /// So many bytes; the first of them are in memory, or not.
    Ready { length: u64, is_cached: bool },
    NotASocket,
    NotARegularFile,
}

/// Describes the transfer that could begin. Sends nothing.
///
/// `position` is where to read, or nothing for the file's own offset;
/// `limit` is the largest number of bytes wanted.
pub(crate) fn survey(
    socket: BorrowedFd<'_>,
    file: BorrowedFd<'_>,
    position: Option<u64>,
    limit: u64,
) -> Result<Survey> {
    if !socket::is_stream_socket(socket) {
        return Ok(Survey::NotASocket);
    }
    let description = file::describe(file)?;
    if !description.is_regular {
        return Ok(Survey::NotARegularFile);
    }
    let offset = position.map_or_else(|| file::offset(file), Ok)?;
    let length = description.size.saturating_sub(offset).min(limit);
    let is_cached = is_cached(file, offset, length.min(BUDGET));
    Ok(Survey::Ready { length, is_cached })
}

/// What is asked of a transfer.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Request {
    pub(crate) engine: Engine,
    pub(crate) framing: Framing,
    pub(crate) offset: u64,
    pub(crate) length: u64,
    /// The file's own offset follows the transfer, as read(2) would move it.
    pub(crate) moves_offset: bool,
    /// The socket is corked, and to be uncorked when all is sent.
    pub(crate) corked: bool,
}

/// How a transfer began.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Begun {
    /// All is sent. So many bytes, framing included.
    Complete { wire: u64 },
    /// The pump carries on, under this number.
    Running(u32),
    /// It cannot go on (`EMFILE` and the like). What is sent is sent.
    Stuck { error: Error, sent: u64, wire: u64 },
}

/// Begins a transfer.
pub(crate) fn begin(
    socket: BorrowedFd<'_>,
    file: BorrowedFd<'_>,
    request: Request,
    hub: &Arc<Hub>,
) -> Begun {
    let mut carrier = Carrier {
        cursor: Cursor::new(request.framing, request.offset, request.length),
        mover: Mover::new(request.engine, request.length),
    };
    if request.length > BUDGET {
        // Surely the pump's: what it needs is taken first, so that a
        // shortage shows before a byte is out.
        let fds = match pump::check().and_then(|()| duplicate(socket, file)) {
            Ok(fds) => fds,
            Err(error) => return stuck(&carrier, error),
        };
        carrier.drive(socket, file, BUDGET, || false);
        return run(carrier, fds, request, hub);
    }
    if carrier.drive(socket, file, u64::MAX, || false) != Pause::Ended {
        return match duplicate(socket, file) {
            Ok(fds) => run(carrier, fds, request, hub),
            Err(error) => stuck(&carrier, error),
        };
    }
    if request.moves_offset && file::set_offset(file, carrier.cursor.offset()).is_err() {
        // A regular file can always seek: survey() saw that it is one.
        debug_assert!(false, "a regular file that cannot seek");
    }
    if request.corked && request.framing == Framing::Raw {
        socket::set_cork(socket, false);
    }
    Begun::Complete { wire: carrier.cursor.wire() }
}

fn duplicate(socket: BorrowedFd<'_>, file: BorrowedFd<'_>) -> Result<(OwnedFd, OwnedFd)> {
    Ok((fd::duplicate(socket)?, fd::duplicate(file)?))
}

fn run(
    carrier: Carrier,
    (socket, file): (OwnedFd, OwnedFd),
    Request { moves_offset, corked, .. }: Request,
    hub: &Arc<Hub>,
) -> Begun {
    let (sent, wire) = (carrier.cursor.sent(), carrier.cursor.wire());
    let job = Job { carrier, socket, file, moves_offset, corked };
    pump::carry(job, hub)
        .map_or_else(|error| Begun::Stuck { error, sent, wire }, Begun::Running)
}

fn stuck(carrier: &Carrier, error: Error) -> Begun {
    Begun::Stuck { error, sent: carrier.cursor.sent(), wire: carrier.cursor.wire() }
}
