//! Files for JavaScript: what it reads and writes itself.
//!
//! ```text
//!   reading     from memory without waiting, or from wherever it is
//!   writing     all of some buffers, in order
//!   errands     what has to wait for a disk, on tokio's blocking pool
//!   unfinished  what a process that exits waits for
//! ```

pub(crate) mod errands;
pub(crate) mod reading;
pub(crate) mod unfinished;
pub(crate) mod writing;
