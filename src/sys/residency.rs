//! Whether a range of a file is in the page cache.

use std::os::fd::{AsRawFd, BorrowedFd};
use std::sync::atomic::{AtomicBool, Ordering};

use crate::sys::{file, mapping};

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

/// In a range whose pages are all there, one byte out of so many is asked for
/// by a read: cachestat(2) also counts pages that a disk has yet to fill.
const SAMPLE: usize = 64 << 10;

/// Behind the end of every file.
const BEHIND_ALL: u64 = i64::MAX as u64 - PAGE;

/// What can be said of a range of a file without reading any of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Guess {
    /// It is in memory.
    Sure,
    /// A read with `RWF_NOWAIT` tells, or `otherwise` where that is refused.
    Likely,
    /// Not all of it is in memory.
    Missing,
    Untold,
}

/// Guesses whether `length` bytes at `offset`, or as many of them as the file
/// has, are in memory. Never waits.
pub(crate) fn guess(fd: BorrowedFd<'_>, offset: u64, length: u64) -> Guess {
    // Refused where the process neither owns nor may write the file (Linux
    // 6.14), and unknown before Linux 6.5.
    let Some(count) = cached_pages(fd, offset, length) else { return Guess::Likely };
    if count >= pages(offset, length) || count >= pages(offset, bounded(fd, offset, length)) {
        return Guess::Likely;
    }
    if is_askable(fd) {
        return Guess::Missing;
    }
    match otherwise(fd, offset, length) {
        None => Guess::Untold,
        Some(false) => Guess::Missing,
        Some(true) => Guess::Sure,
    }
}

/// Where the file system refuses `RWF_NOWAIT`: whether the range is in memory,
/// or nothing where that cannot be told either.
pub(crate) fn otherwise(fd: BorrowedFd<'_>, offset: u64, length: u64) -> Option<bool> {
    let length = bounded(fd, offset, length);
    match rustix::fs::fstatfs(fd).ok()?.f_type {
        // Nothing fills its pages later.
        libc::TMPFS_MAGIC => Some(cached_pages(fd, offset, length)? >= pages(offset, length)),
        // Its own inode has no pages; a mapping has those of the file beneath.
        libc::OVERLAYFS_SUPER_MAGIC => mapping::is_resident(fd, offset, length),
        // Others may have to ask a server before they map or read anything.
        _ => None,
    }
}

/// True when reading `length` bytes at `offset` needs no disk, as far as the
/// kernel can tell; a page may still leave before it is read. False when it
/// does, or when nobody can tell.
pub(crate) fn is_cached(fd: BorrowedFd<'_>, offset: u64, length: u64) -> bool {
    if length == 0 {
        return true;
    }
    match guess(fd, offset, length) {
        Guess::Sure => return true,
        Guess::Likely => {}
        Guess::Missing | Guess::Untold => return false,
    }
    let last = offset + length - 1;
    let mut samples = (offset..last).step_by(SAMPLE).chain([last]);
    // Zero bytes, the end of the file, is an answer that needs no disk.
    let refusal = samples.find_map(|at| file::read_cached_at(fd, &mut [0], at).err());
    match refusal {
        None => true,
        Some(errno) if file::is_untold(errno) => otherwise(fd, offset, length) == Some(true),
        Some(_) => false,
    }
}

/// Whether the file system knows `RWF_NOWAIT`. Reads nothing.
fn is_askable(fd: BorrowedFd<'_>) -> bool {
    let answer = file::read_cached_at(fd, &mut [0], BEHIND_ALL);
    !answer.is_err_and(file::is_untold)
}

/// How much of a range lies in the file.
fn bounded(fd: BorrowedFd<'_>, offset: u64, length: u64) -> u64 {
    let size = file::describe(fd).map_or(0, |description| description.size);
    size.saturating_sub(offset).min(length)
}

/// Number of pages that a range touches.
fn pages(offset: u64, length: u64) -> u64 {
    if length == 0 { 0 } else { (offset + length).div_ceil(PAGE) - offset / PAGE }
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
        assert_eq!(pages(5000, 0), 0);
        assert_eq!(pages(0, 1), 1);
        assert_eq!(pages(0, 4096), 1);
        assert_eq!(pages(0, 4097), 2);
        assert_eq!(pages(4095, 2), 2);
        assert_eq!(pages(8192, 4096), 1);
    }
}
