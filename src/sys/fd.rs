//! Descriptor numbers that JavaScript hands over.

use std::os::fd::{BorrowedFd, OwnedFd, RawFd};

use rustix::io::Errno;

use crate::error::{Error, Result};

/// Borrows a descriptor that JavaScript owns, for the length of one call.
///
/// # Errors
/// `EBADF` for a negative number.
pub(crate) fn borrow<'call>(raw: RawFd) -> Result<BorrowedFd<'call>> {
    if raw < 0 {
        return Err(Error::new(Errno::BADF, "fcntl"));
    }
    // SAFETY: -1 was refused above. JavaScript keeps the descriptor open
    // while the synchronous call that named it runs, because both happen on
    // its one thread; a number that is not open makes the kernel answer
    // EBADF and can never touch memory.
    Ok(unsafe { BorrowedFd::borrow_raw(raw) })
}

/// `fcntl(F_DUPFD_CLOEXEC)`: the same open file description under a number
/// of our own, which nobody else can close.
///
/// Status flags, `O_NONBLOCK` among them, are shared with the original.
pub(crate) fn duplicate(fd: BorrowedFd<'_>) -> Result<OwnedFd> {
    rustix::io::fcntl_dupfd_cloexec(fd, 3).map_err(|e| Error::new(e, "dup"))
}

/// `close(2)`. The number is free afterwards whatever the result.
pub(crate) fn close(raw: RawFd) -> Result<()> {
    if raw < 0 {
        return Err(Error::new(Errno::BADF, "close"));
    }
    // SAFETY: -1 was refused above; the caller gives up its ownership of
    // `raw`. libc's close rather than OwnedFd's drop, whose error is lost.
    let result = unsafe { libc::close(raw) };
    if result == 0 {
        return Ok(());
    }
    match Errno::from_io_error(&std::io::Error::last_os_error()) {
        // Linux frees the number before it can be interrupted (close(2)).
        Some(Errno::INTR) => Ok(()),
        Some(errno) => Err(Error::new(errno, "close")),
        None => Err(Error::new(Errno::IO, "close")),
    }
}
