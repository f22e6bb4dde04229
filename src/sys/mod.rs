//! The system calls, and the `unsafe` that they and descriptors need.
//!
//! Every function is one call, or one question answered by a few; every
//! `EINTR` is retried here; every other failure is returned with the name of
//! the call that failed. Nothing here knows what a transfer is.

pub(crate) mod cached;
pub(crate) mod copying;
pub(crate) mod exit;
pub(crate) mod fd;
pub(crate) mod file;
#[cfg(test)]
pub(crate) mod guarded;
mod mapping;
pub(crate) mod memory;
pub(crate) mod readiness;
pub(crate) mod residency;
pub(crate) mod socket;
pub(crate) mod symbol;
pub(crate) mod writing;
