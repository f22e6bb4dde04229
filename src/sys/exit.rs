//! The end of the process.

use rustix::io::Errno;

use crate::error::{Error, Result};

/// `atexit(3)`: has `action` called, on the thread that ends the process, before
/// any other thread is stopped. Not for a process that is killed.
///
/// # Errors
/// When there is no memory for it.
pub(crate) fn at_exit(action: extern "C" fn()) -> Result<()> {
    // SAFETY: the function is the addon's, which is never unloaded (`-z nodelete`).
    let result = unsafe { libc::atexit(action) };
    if result == 0 { Ok(()) } else { Err(Error::new(Errno::NOMEM, "atexit")) }
}
