//! Watching a socket for room to write.

use std::os::fd::OwnedFd;

use rustix::io::Errno;
use tokio::io::Interest;
use tokio::io::unix::AsyncFd;

use crate::error::{Error, Result};

/// Watches a socket of our own with the current tokio runtime's epoll,
/// edge-triggered. Dropping the watch closes the socket.
pub(crate) fn watch(socket: OwnedFd) -> Result<AsyncFd<OwnedFd>> {
    // SAFETY: an OwnedFd is open for as long as it lives, and always gives
    // the same number; the AsyncFd owns it.
    let watch = unsafe { AsyncFd::register_with_interest(socket, Interest::WRITABLE) };
    watch.map_err(|error| {
        let (_socket, error) = error.into_parts();
        Error::new(Errno::from_io_error(&error).unwrap_or(Errno::NOMEM), "epoll_ctl")
    })
}
