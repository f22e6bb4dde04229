//! Stream sockets: what they are, and sending into them without waiting.

use std::os::fd::{AsRawFd, BorrowedFd};

use rustix::io::{Errno, retry_on_intr};
use rustix::net::{AddressFamily, SendFlags, SocketType, sockopt};

use crate::error::{Error, Result};

/// What one attempt to send came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Sent {
    /// So many bytes are the kernel's now.
    Bytes(usize),
    /// The socket's buffer is full.
    WouldBlock,
    /// sendfile(2): the file has no byte at that offset.
    EndOfFile,
    /// sendfile(2): this file, file system or sandbox has no sendfile.
    Refused,
}

/// True for a connected-style stream socket of TCP or of the Unix domain.
pub(crate) fn is_stream_socket(fd: BorrowedFd<'_>) -> bool {
    sockopt::socket_type(fd) == Ok(SocketType::STREAM)
        && matches!(
            sockopt::socket_domain(fd),
            Ok(AddressFamily::INET | AddressFamily::INET6 | AddressFamily::UNIX)
        )
}

/// Whether bytes follow at once, for which TCP may keep a packet open
/// (`MSG_MORE`, 200 ms at the longest).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum More {
    ToCome,
    No,
}

/// `send(2)`, never waiting and never raising `SIGPIPE`.
pub(crate) fn send(socket: BorrowedFd<'_>, bytes: &[u8], more: More) -> Result<Sent> {
    let mut flags = SendFlags::DONTWAIT | SendFlags::NOSIGNAL;
    flags.set(SendFlags::MORE, more == More::ToCome);
    match retry_on_intr(|| rustix::net::send(socket, bytes, flags)) {
        Ok(count) => Ok(Sent::Bytes(count)),
        Err(Errno::AGAIN) => Ok(Sent::WouldBlock),
        Err(errno) => Err(Error::new(errno, "write")),
    }
}

/// `sendfile(2)` of at most `count` bytes from `offset`.
///
/// The socket must be non-blocking, as every socket of Node's is. `count`
/// must never exceed what is left to send: the kernel would hold the last
/// packet back, waiting for more. `SIGPIPE` cannot be masked for this call;
/// Node ignores it from its start.
///
/// # Errors
/// The socket's or the file's, under the name that Node gives the failing
/// side: an `EIO` of the disk is a `read`, all others are a `write`.
pub(crate) fn send_file(
    socket: BorrowedFd<'_>,
    file: BorrowedFd<'_>,
    offset: u64,
    count: usize,
) -> Result<Sent> {
    let mut position = offset;
    match retry_on_intr(|| rustix::fs::sendfile(socket, file, Some(&mut position), count)) {
        Ok(0) => Ok(Sent::EndOfFile),
        Ok(count) => Ok(Sent::Bytes(count)),
        Err(Errno::AGAIN) => Ok(Sent::WouldBlock),
        Err(Errno::INVAL | Errno::NOSYS | Errno::OPNOTSUPP | Errno::PERM | Errno::ACCESS) => {
            Ok(Sent::Refused)
        }
        Err(Errno::IO) => Err(Error::new(Errno::IO, "read")),
        Err(errno) => Err(Error::new(errno, "write")),
    }
}

/// Bytes that a TCP socket sent, or will, and whose arrival the peer has not
/// acknowledged (`SIOCOUTQ`, tcp(7)); of a Unix socket, about those that the
/// peer has not read (unix(7)). Nothing for what is not a socket.
pub(crate) fn unacknowledged(socket: BorrowedFd<'_>) -> Option<u32> {
    let mut count: libc::c_int = 0;
    // SAFETY: SIOCOUTQ, which is TIOCOUTQ, writes one int to where its
    // argument points, and `count` is one that outlives the call.
    let result = unsafe { libc::ioctl(socket.as_raw_fd(), libc::TIOCOUTQ, &raw mut count) };
    if result == 0 { u32::try_from(count).ok() } else { None }
}

/// Sets `TCP_CORK`: on, only full packets leave; off, all that waits leaves.
/// The kernel lets go of a forgotten cork after 200 ms (tcp(7)).
///
/// Does nothing for a Unix socket, which has no packets.
pub(crate) fn set_cork(socket: BorrowedFd<'_>, on: bool) {
    let _ = sockopt::set_tcp_cork(socket, on);
}
