//! Opening and closing, for the stream's `options.fs`.

use std::ffi::CString;

use napi_derive::napi;

use crate::sys::{fd, file};

/// Opens a regular file for reading without waiting for a disk. A descriptor,
/// or a negative errno, with which nothing is wrong yet: it says to open the
/// file as Node does. `expects_regular`: it was a regular file the last time.
#[napi(catch_unwind)]
pub fn open_cached(path: String, expects_regular: bool) -> i32 {
    let Ok(path) = CString::new(path) else { return -libc::EINVAL };
    file::open_cached(&path, expects_regular).unwrap_or_else(|error| -error.errno)
}

/// What a descriptor leads to, as `device:inode`; nothing when it is not open.
#[napi(catch_unwind)]
pub fn identify(descriptor: i32) -> Option<String> {
    let identity = fd::borrow(descriptor).and_then(file::identify).ok()?;
    Some(format!("{}:{}", identity.0, identity.1))
}

/// Closes a descriptor. 0, or a negative errno.
#[napi(catch_unwind)]
pub fn close(descriptor: i32) -> i32 {
    fd::close(descriptor).map_or_else(|error| -error.errno, |()| 0)
}
