//! Files for JavaScript: what it reads itself, and what it has no room for.
//!
//! ```text
//!   reading   from memory without waiting, or from wherever it is
//!   spilling  to a temporary file, and out of it for good
//!   errands   what has to wait for a disk, on tokio's blocking pool
//! ```

pub(crate) mod errands;
pub(crate) mod reading;
pub(crate) mod spilling;
