//! Opening, reading and closing, for the stream's `options.fs`.

use std::ffi::CString;

use napi::bindgen_prelude::BufferSlice;
use napi_derive::napi;

use crate::bindings::convert::offset;
use crate::sys::cached::{self, Cached};
use crate::sys::memory::{self, LentSource};
use crate::sys::{fd, file, writing};

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

/// What [`read_cached`] answers when memory cannot be asked.
const UNSUPPORTED: i32 = i32::MIN;

/// Reads what is in memory into `buffer` (of less than 2 GiB), from
/// `position` or, when that is negative, at the file's own offset.
///
/// So many bytes, as many as fit or as there are; below zero, -1 minus the
/// number of bytes in front of one that is not in memory, or that cannot be
/// read; the least number of all where nobody can tell what is in memory.
#[napi(catch_unwind)]
pub fn read_cached(file: i32, mut buffer: BufferSlice<'_>, position: f64) -> i32 {
    let Ok(file) = fd::borrow(file) else { return UNSUPPORTED };
    let count = |count: usize| i32::try_from(count).unwrap_or(i32::MAX);
    match cached::read(file, &mut buffer, offset(position)) {
        Cached::All(read) => count(read),
        Cached::Part(read) => -1 - count(read),
        Cached::Unsupported => UNSUPPORTED,
    }
}

/// Writes what memory takes at once of `buffer` (of less than 2 GiB), at
/// `position` or, when that is negative, at the file's own offset.
///
/// So many bytes; -1 when it would have to wait, or fails; the least number of
/// all where nobody can tell.
#[napi(catch_unwind)]
pub fn write_at_once(file: i32, buffer: BufferSlice<'_>, position: f64) -> i32 {
    let Ok(file) = fd::borrow(file) else { return UNSUPPORTED };
    match writing::write_at_once(file, LentSource::new(&buffer), offset(position)) {
        Ok(count) => i32::try_from(count).unwrap_or(i32::MAX),
        Err(errno) if writing::is_untold(errno) => UNSUPPORTED,
        Err(_) => -1,
    }
}

/// Has the allocator keep what large chunks leave behind, for the next ones.
#[napi(catch_unwind)]
pub fn keep_freed_memory() {
    memory::keep_freed();
}
