//! Writing to files, and what goes with it: room for what will be written,
//! files without a name, and names for them.

use std::ffi::CStr;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd};

use rustix::fs::{AtFlags, CWD, FallocateFlags, Mode, OFlags};
use rustix::io::{Errno, retry_on_intr};

use crate::error::{Error, Result};
use crate::sys::memory::LentSource;

/// Most buffers of one call (`IOV_MAX`).
pub(crate) const MOST_BUFFERS: usize = 1024;

/// What stands for the file's own offset in pwritev2(2).
const OWN_OFFSET: libc::off_t = -1;

/// `pwritev2(2)` of the first buffers, at `position` or else at, and moving,
/// the file's own offset. Waits for a disk if it must.
pub(crate) fn write(
    file: BorrowedFd<'_>,
    buffers: &[LentSource],
    position: Option<u64>,
) -> Result<usize> {
    retry_on_intr(|| write_with(file, buffers, position, 0)).map_err(|e| Error::new(e, "write"))
}

/// `pwrite(2)`, or `write(2)` at, and moving, the file's own offset, of memory
/// of ours.
pub(crate) fn write_bytes(
    file: BorrowedFd<'_>,
    bytes: &[u8],
    position: Option<u64>,
) -> Result<usize> {
    retry_on_intr(|| match position {
        None => rustix::io::write(file, bytes),
        Some(position) => rustix::io::pwrite(file, bytes, position),
    })
    .map_err(|e| Error::new(e, "write"))
}

/// `pwritev2(2)` with `RWF_NOWAIT`: only what memory takes at once.
///
/// # Errors
/// `EAGAIN` when it would have to wait, `EOPNOTSUPP`, `ENOSYS`, `EINVAL` or
/// `EPERM` where the file system, the kernel or a sandbox cannot tell.
pub(crate) fn write_at_once(
    file: BorrowedFd<'_>,
    buffer: LentSource,
    position: Option<u64>,
) -> std::result::Result<usize, Errno> {
    retry_on_intr(|| write_with(file, &[buffer], position, libc::RWF_NOWAIT))
}

/// True for an error of `write_at_once` that says nothing of the file.
pub(crate) fn is_untold(errno: Errno) -> bool {
    matches!(errno, Errno::OPNOTSUPP | Errno::NOSYS | Errno::PERM | Errno::INVAL)
}

fn write_with(
    file: BorrowedFd<'_>,
    buffers: &[LentSource],
    position: Option<u64>,
    flags: libc::c_int,
) -> std::result::Result<usize, Errno> {
    let vectors: Vec<_> =
        buffers.iter().take(MOST_BUFFERS).map(|buffer| buffer.as_iovec()).collect();
    let count = libc::c_int::try_from(vectors.len()).map_err(|_| Errno::INVAL)?;
    let offset = position.map_or(Ok(OWN_OFFSET), libc::off_t::try_from);
    let offset = offset.map_err(|_| Errno::FBIG)?;
    // SAFETY: there are `count` vectors; the memory of each is alive, as the
    // contract of `LentSource::new` has it, and the kernel only reads it.
    let written =
        unsafe { libc::pwritev2(file.as_raw_fd(), vectors.as_ptr(), count, offset, flags) };
    usize::try_from(written).map_err(|_| last_errno())
}

fn last_errno() -> Errno {
    Errno::from_io_error(&std::io::Error::last_os_error()).unwrap_or(Errno::IO)
}

/// `fallocate(FALLOC_FL_PUNCH_HOLE)`: gives the space of a range back to the
/// file system. The size of the file stays.
pub(crate) fn punch_hole(file: BorrowedFd<'_>, offset: u64, length: u64) -> Result<()> {
    let flags = FallocateFlags::PUNCH_HOLE | FallocateFlags::KEEP_SIZE;
    retry_on_intr(|| rustix::fs::fallocate(file, flags, offset, length))
        .map_err(|e| Error::new(e, "fallocate"))
}

/// `fallocate(2)` with `FALLOC_FL_KEEP_SIZE`, from where the next byte will be
/// written, or from `position`.
pub(crate) fn allocate(file: BorrowedFd<'_>, position: Option<u64>, length: u64) -> Result<()> {
    let failed = |errno| Error::new(errno, "fallocate");
    let flags = rustix::fs::fcntl_getfl(file).map_err(failed)?;
    let offset = match position {
        _ if flags.contains(OFlags::APPEND) => {
            let stat = rustix::fs::fstat(file).map_err(failed)?;
            u64::try_from(stat.st_size).unwrap_or(0)
        }
        Some(position) => position,
        None => crate::sys::file::offset(file)?,
    };
    retry_on_intr(|| rustix::fs::fallocate(file, FallocateFlags::KEEP_SIZE, offset, length))
        .map_err(failed)
}

/// Gives back the room behind the end of a file that nothing was written to:
/// `ftruncate(2)` to the size that it has. One that is appended to keeps it:
/// others may append as well, between the two calls, and it will grow again.
pub(crate) fn trim(file: BorrowedFd<'_>) -> Result<()> {
    let flags = rustix::fs::fcntl_getfl(file).map_err(|e| Error::new(e, "fcntl"))?;
    if flags.contains(OFlags::APPEND) {
        return Ok(());
    }
    let stat = rustix::fs::fstat(file).map_err(|e| Error::new(e, "fstat"))?;
    let size = u64::try_from(stat.st_size).unwrap_or(0);
    retry_on_intr(|| rustix::fs::ftruncate(file, size)).map_err(|e| Error::new(e, "ftruncate"))
}

/// Opens, for writing, a file that has no name yet (`O_TMPFILE`), in `folder`.
/// Fails as well where it could not be named later.
pub(crate) fn open_nameless(folder: &CStr, mode: u32) -> Result<OwnedFd> {
    let failed = |errno| Error::new(errno, "open");
    let flags = OFlags::TMPFILE | OFlags::WRONLY | OFlags::CLOEXEC;
    let mode = Mode::from_raw_mode(mode);
    let file = retry_on_intr(|| rustix::fs::open(folder, flags, mode)).map_err(failed)?;
    rustix::fs::statat(CWD, proc_path(file.as_fd()), AtFlags::empty()).map_err(failed)?;
    Ok(file)
}

/// Gives a file of `open_nameless` the name `temporary`, and then that of
/// `target`, whose file it replaces. When it fails neither is left.
pub(crate) fn name(file: BorrowedFd<'_>, temporary: &CStr, target: &CStr) -> Result<()> {
    let path = proc_path(file);
    retry_on_intr(|| rustix::fs::linkat(CWD, &path, CWD, temporary, AtFlags::SYMLINK_FOLLOW))
        .map_err(|e| Error::new(e, "link"))?;
    rustix::fs::rename(temporary, target).map_err(|errno| {
        let _ = rustix::fs::unlink(temporary);
        Error::new(errno, "rename")
    })
}

fn proc_path(file: BorrowedFd<'_>) -> String {
    format!("/proc/self/fd/{}", file.as_raw_fd())
}
