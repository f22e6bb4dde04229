//! A transfer: a range of a regular file, sent into a stream socket, or copied
//! into another file.
//!
//! ```text
//!   cursor    what to send next: framing and position, pure
//!   mover     how body bytes get from file to socket: sendfile, or copy
//!   carrier   cursor + mover, driven until something stands in the way
//!   attempt   the first, bounded drive, on the JavaScript thread
//!   pace      how fast it may go, pure
//!   share     how long the JavaScript thread may send, pure
//!   pump      all further drives, on tokio
//!   copy      a copy into a file, on the blocking pool
//!   portion   how much of it at once, pure
//!   hub       the transfers of one JavaScript environment, and their ends
//! ```
//!
//! Ownership: an attempt borrows the descriptors for one synchronous call.
//! The pump owns duplicates, so JavaScript may close, and the kernel reuse,
//! the original numbers at any time. A duplicate is closed before the end of
//! its transfer is told to anyone, but for a file's that a read of the pool
//! holds while a disk stands still.

pub(crate) mod attempt;
pub(crate) mod carrier;
pub(crate) mod copy;
pub(crate) mod cursor;
pub(crate) mod hub;
pub(crate) mod mover;
pub(crate) mod pace;
pub(crate) mod portion;
pub(crate) mod pump;
mod read_ahead;
pub(crate) mod share;
