//! What a mapping of a file tells of its pages.

use std::ffi::c_void;
use std::os::fd::{AsRawFd, BorrowedFd};

use crate::sys::file;

const PAGE: u64 = 4096;

/// Pages that are asked about in one call: one megabyte.
const BATCH: usize = 256;

/// A part of a file in the address space, that nobody may touch.
struct Mapping {
    start: *mut c_void,
    length: usize,
}

impl Mapping {
    /// `offset` is a multiple of the size of a page.
    fn new(fd: BorrowedFd<'_>, offset: u64, length: u64) -> Option<Self> {
        let length = usize::try_from(length).ok()?;
        let offset = libc::off_t::try_from(offset).ok()?;
        // SAFETY: the kernel chooses a place where nothing else is, and
        // without MAP_FIXED replaces nothing.
        let start = unsafe {
            libc::mmap(
                std::ptr::null_mut(),
                length,
                libc::PROT_NONE,
                libc::MAP_SHARED,
                fd.as_raw_fd(),
                offset,
            )
        };
        (start != libc::MAP_FAILED).then_some(Self { start, length })
    }

    /// Whether so many pages, at most [`BATCH`], are all in memory, from that
    /// byte of the mapping on, which begins a page; nothing when the kernel
    /// does not say.
    fn are_resident(&self, from: usize, pages: usize) -> Option<bool> {
        let mut answer = [0_u8; BATCH];
        let answer = answer.get_mut(..pages)?;
        let length = pages.checked_mul(usize::try_from(PAGE).ok()?)?;
        if from.checked_add(length)? > self.length {
            return None;
        }
        let start = self.start.wrapping_byte_add(from);
        // SAFETY: the call reads no memory of the process, and writes a byte
        // for each page of `length` to `answer`, which has as many.
        let result = unsafe { libc::mincore(start, length, answer.as_mut_ptr()) };
        // The other bits are reserved.
        (result == 0).then(|| answer.iter().all(|page| page & 1 == 1))
    }
}

impl Drop for Mapping {
    fn drop(&mut self) {
        // SAFETY: start and length are those of a mapping that is this
        // value's own; nothing points into it.
        unsafe { libc::munmap(self.start, self.length) };
    }
}

/// Whether `length` bytes at `offset` are in memory, by mincore(2); nothing
/// when the kernel does not say.
///
/// Of a file that the process neither owns nor may write, mincore(2) says that
/// every page is in memory. Then it says so, too, of the page behind the end
/// of the file, which is nowhere.
pub(crate) fn is_resident(fd: BorrowedFd<'_>, offset: u64, length: u64) -> Option<bool> {
    let size = file::describe(fd).ok()?.size;
    let start = offset / PAGE * PAGE;
    let end = offset.checked_add(length)?.next_multiple_of(PAGE);
    let behind = size.next_multiple_of(PAGE).max(end);
    let mapping = Mapping::new(fd, start, behind.checked_add(PAGE)?.checked_sub(start)?)?;
    if mapping.are_resident(usize::try_from(behind - start).ok()?, 1)? {
        return None;
    }
    let mut from = 0;
    let mut left = usize::try_from((end - start) / PAGE).ok()?;
    while left > 0 {
        let pages = left.min(BATCH);
        if !mapping.are_resident(from, pages)? {
            return Some(false);
        }
        from += pages * usize::try_from(PAGE).ok()?;
        left -= pages;
    }
    Some(true)
}

#[cfg(test)]
mod tests {
    use std::fs::File;
    use std::io::Write;
    use std::os::fd::AsFd;

    use super::is_resident;

    #[test]
    fn what_was_just_written_is_in_memory_and_what_nobody_wrote_is_not() {
        let path = std::env::temp_dir().join(format!("millrace-mapping-{}", std::process::id()));
        let mut file = File::options().read(true).write(true).create_new(true).open(&path).unwrap();
        std::fs::remove_file(path).unwrap();
        file.write_all(&vec![1; 3 << 20]).unwrap();
        file.set_len(8 << 20).unwrap();
        assert_eq!(is_resident(file.as_fd(), 0, 3 << 20), Some(true));
        assert_eq!(is_resident(file.as_fd(), 4095, 2), Some(true));
        assert_eq!(is_resident(file.as_fd(), (2 << 20) + 5, 2 << 20), Some(false));
        assert_eq!(is_resident(file.as_fd(), (8 << 20) - 1, 1), Some(false));
        assert_eq!(is_resident(file.as_fd(), 9 << 20, 1), Some(false));
        assert_eq!(is_resident(file.as_fd(), u64::MAX, 1), None);
    }
}
