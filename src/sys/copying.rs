//! Copying from file to file within the kernel.

use std::os::fd::BorrowedFd;

use rustix::io::{Errno, retry_on_intr};

/// `copy_file_range(2)` of at most `count` bytes from `offset` to `position`,
/// or else to, and moving, the target's own offset. Where the file system can,
/// the files then share the blocks. Waits for disks.
///
/// # Errors
/// Many that say nothing of the files: `EXDEV`, `EINVAL`, `ENOSYS`,
/// `EOPNOTSUPP`, `EPERM`, `EBADF` for a target that is appended to. Zero bytes
/// may mean no more than an error does, too.
pub(crate) fn copy_range(
    from: BorrowedFd<'_>,
    offset: u64,
    to: BorrowedFd<'_>,
    position: Option<u64>,
    count: usize,
) -> std::result::Result<usize, Errno> {
    retry_on_intr(|| {
        let (mut offset, mut position) = (offset, position);
        rustix::fs::copy_file_range(from, Some(&mut offset), to, position.as_mut(), count)
    })
}
