//! Whether a range of a file is in the page cache.

use std::os::fd::{AsRawFd, BorrowedFd};
use std::sync::atomic::{AtomicBool, Ordering};

use crate::sys::file;

const PAGE: u64 = 4096;

/// The same on every architecture, as all numbers since 424 are.
const SYS_CACHESTAT: libc::c_long = 451;

/// cachestat(2) is there (Linux 6.5). Found out by the first call.
static HAS_CACHESTAT: AtomicBool = AtomicBool::new(true);

#[repr(C)]
struct CachestatRange {
    offset: u64,
    length: u64,
}

#[repr(C)]
#[derive(Default)]
struct Cachestat {
    cached: u64,
    dirty: u64,
    writeback: u64,
    evicted: u64,
    recently_evicted: u64,
}

/// True when reading `length` bytes (more than none) at `offset` needs no
/// disk, as far as the kernel can tell; a page may still leave before it is
/// read. False when it does, or when nobody can tell.
///
/// Asks cachestat(2). Where that is missing, or refuses because the process
/// neither owns nor may write the file (Linux 6.14), the first and the last
/// page answer for the rest, through `RWF_NOWAIT`.
pub(crate) fn is_cached(fd: BorrowedFd<'_>, offset: u64, length: u64) -> bool {
    if length == 0 {
        return true;
    }
    cached_pages(fd, offset, length).map_or_else(
        || byte_is_cached(fd, offset) && byte_is_cached(fd, offset + length - 1),
        |cached| cached >= pages(offset, length),
    )
}

fn pages(offset: u64, length: u64) -> u64 {
    (offset + length).div_ceil(PAGE) - offset / PAGE
}

fn byte_is_cached(fd: BorrowedFd<'_>, offset: u64) -> bool {
    // Zero bytes, the end of the file, is an answer that needs no disk.
    file::read_cached_at(fd, &mut [0], offset).is_ok()
}

/// Number of cached pages in the range, or nothing when the kernel won't say.
fn cached_pages(fd: BorrowedFd<'_>, offset: u64, length: u64) -> Option<u64> {
    if !HAS_CACHESTAT.load(Ordering::Relaxed) {
        return None;
    }
    let range = CachestatRange { offset, length };
    let mut answer = Cachestat::default();
    // SAFETY: the fourth argument must be 0; `range` and `answer` are live
    // for the call and laid out as struct cachestat_range and struct
    // cachestat of <linux/mman.h>.
    let result = unsafe {
        libc::syscall(
            SYS_CACHESTAT,
            fd.as_raw_fd(),
            std::ptr::from_ref(&range),
            std::ptr::from_mut(&mut answer),
            0_u32,
        )
    };
    if result == 0 {
        return Some(answer.cached);
    }
    if std::io::Error::last_os_error().raw_os_error() == Some(libc::ENOSYS) {
        HAS_CACHESTAT.store(false, Ordering::Relaxed);
    }
    None
}

#[cfg(test)]
mod tests {
    use super::pages;

    #[test]
    fn counts_the_pages_that_a_range_touches() {
        assert_eq!(pages(0, 1), 1);
        assert_eq!(pages(0, 4096), 1);
        assert_eq!(pages(0, 4097), 2);
        assert_eq!(pages(4095, 2), 2);
        assert_eq!(pages(8192, 4096), 1);
    }
}
