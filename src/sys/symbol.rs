//! What the process that loaded the addon offers, beyond what is linked.

use std::ffi::{CStr, c_void};
use std::ptr::NonNull;

/// dlsym(3): where a function of the process is, if there is one of that name.
pub(crate) fn find(name: &CStr) -> Option<NonNull<c_void>> {
    // SAFETY: the name ends with a zero; `RTLD_DEFAULT` needs nothing opened.
    NonNull::new(unsafe { libc::dlsym(libc::RTLD_DEFAULT, name.as_ptr()) })
}
