//! Memory of tests, with a page behind it (and one before) that nobody may touch.

use std::ffi::c_void;

const PAGE: usize = 4096;

/// Pages between two that are out of bounds.
#[derive(Debug)]
pub(crate) struct Guarded {
    start: *mut c_void,
    pages: usize,
}

impl Guarded {
    /// Room for at least `length` bytes.
    pub(crate) fn new(length: usize) -> Self {
        let pages = length.div_ceil(PAGE) + 2;
        let (length, access) = (pages * PAGE, libc::PROT_READ | libc::PROT_WRITE);
        let flags = libc::MAP_PRIVATE | libc::MAP_ANONYMOUS;
        // SAFETY: the kernel chooses a place where nothing else is.
        let start = unsafe { libc::mmap(std::ptr::null_mut(), length, access, flags, -1, 0) };
        assert_ne!(start, libc::MAP_FAILED);
        for page in [0, pages - 1] {
            let page = start.wrapping_byte_add(page * PAGE);
            // SAFETY: the page is of the mapping, and nothing is in it.
            let result = unsafe { libc::mprotect(page, PAGE, libc::PROT_NONE) };
            assert_eq!(result, 0);
        }
        Self { start, pages }
    }

    /// `length` bytes that end where the last page begins.
    pub(crate) fn at_end(&mut self, length: usize) -> &mut [u8] {
        let start = self.start.wrapping_byte_add((self.pages - 1) * PAGE - length);
        assert!(start >= self.start.wrapping_byte_add(PAGE));
        // SAFETY: the bytes are of the mapping, before its last page and behind its
        // first, and borrowed from it.
        unsafe { std::slice::from_raw_parts_mut(start.cast(), length) }
    }

    /// `length` bytes that begin where the first page ends.
    pub(crate) fn at_start(&mut self, length: usize) -> &mut [u8] {
        assert!(length <= (self.pages - 2) * PAGE);
        let start = self.start.wrapping_byte_add(PAGE);
        // SAFETY: the same.
        unsafe { std::slice::from_raw_parts_mut(start.cast(), length) }
    }
}

impl Drop for Guarded {
    fn drop(&mut self) {
        // SAFETY: start and length are the mapping's own, and nothing points into it.
        let result = unsafe { libc::munmap(self.start, self.pages * PAGE) };
        assert_eq!(result, 0);
    }
}
