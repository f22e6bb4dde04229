//! The one error of the crate: which system call failed, and how.
//!
//! It becomes a Node system error (`errno`, `code`, `syscall`) in
//! `lib/errors.js`; nothing is worded here.

use rustix::io::Errno;

/// A failed system call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Error {
    /// The positive `errno` value.
    pub(crate) errno: i32,
    /// The call's name as Node spells it in `error.syscall`.
    pub(crate) syscall: &'static str,
}

impl Error {
    pub(crate) fn new(errno: Errno, syscall: &'static str) -> Self {
        Self { errno: errno.raw_os_error(), syscall }
    }
}

pub(crate) type Result<T> = std::result::Result<T, Error>;
