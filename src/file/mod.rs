//! Files for JavaScript: what it reads itself.
//!
//! ```text
//!   reading   from memory without waiting, or from wherever it is
//!   errands   what has to wait for a disk, on tokio's blocking pool
//! ```

pub(crate) mod errands;
pub(crate) mod reading;
