//! Opening, describing and reading files.

use std::ffi::CStr;
use std::io::IoSliceMut;
use std::os::fd::{AsFd, BorrowedFd, IntoRawFd, OwnedFd, RawFd};
use std::sync::OnceLock;

use rustix::fs::{FallocateFlags, FileType, Mode, OFlags, ResolveFlags, SeekFrom};
use rustix::io::{Errno, ReadWriteFlags, retry_on_intr};

use crate::error::{Error, Result};

/// What a transfer needs to know about a file.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Description {
    pub(crate) is_regular: bool,
    /// Size in bytes.
    pub(crate) size: u64,
}

/// `fstat(2)`.
pub(crate) fn describe(file: BorrowedFd<'_>) -> Result<Description> {
    let stat = rustix::fs::fstat(file).map_err(|e| Error::new(e, "fstat"))?;
    Ok(Description {
        is_regular: FileType::from_raw_mode(stat.st_mode) == FileType::RegularFile,
        size: u64::try_from(stat.st_size).unwrap_or(0),
    })
}

/// Device and inode number, by `fstat(2)`.
pub(crate) fn identify(file: BorrowedFd<'_>) -> Result<(u64, u64)> {
    let stat = rustix::fs::fstat(file).map_err(|e| Error::new(e, "fstat"))?;
    Ok((stat.st_dev, stat.st_ino))
}

/// Opens a regular file for reading, if the kernel can do so without waiting
/// for a disk (`openat2(2)` with `RESOLVE_CACHED`, Linux 5.12).
///
/// To open a FIFO (its writers wake up) or a device has effects. So the kind
/// is asked first, through a descriptor that opens nothing, unless the caller
/// expects a regular file, as one that was there a moment ago. What is there
/// by now is then opened, unless it is a FIFO.
///
/// # Errors
/// Whatever the kernel says, `EAGAIN` when it would have to wait, and `ESPIPE`
/// for what is not a regular file.
pub(crate) fn open_cached(path: &CStr, expects_regular: bool) -> Result<RawFd> {
    if !expects_regular {
        let found = open_with(path, OFlags::PATH | OFlags::CLOEXEC)?;
        if !describe(found.as_fd())?.is_regular {
            return Err(Error::new(Errno::SPIPE, "open"));
        }
    }
    // O_NONBLOCK: a lease that must be broken first may not hold the thread,
    // nor a FIFO, should the name have changed hands in between.
    let file = open_with(path, OFlags::RDONLY | OFlags::NONBLOCK | OFlags::CLOEXEC)?;
    // A FIFO cannot seek. Cheaper than to ask for the kind again.
    offset(file.as_fd())?;
    rustix::fs::fcntl_setfl(&file, OFlags::empty()).map_err(|e| Error::new(e, "fcntl"))?;
    Ok(file.into_raw_fd())
}

fn open_with(path: &CStr, flags: OFlags) -> Result<OwnedFd> {
    retry_on_intr(|| {
        rustix::fs::openat2(rustix::fs::CWD, path, flags, Mode::empty(), ResolveFlags::CACHED)
    })
    .map_err(|e| Error::new(e, "open"))
}

/// Opens a file for reading, as `fs.open(path, 'r')` does. Waits for disks.
pub(crate) fn open(path: &CStr) -> Result<OwnedFd> {
    let flags = OFlags::RDONLY | OFlags::CLOEXEC;
    retry_on_intr(|| rustix::fs::open(path, flags, Mode::empty()))
        .map_err(|e| Error::new(e, "open"))
}

/// The open file description's own offset, `lseek(fd, 0, SEEK_CUR)`.
pub(crate) fn offset(file: BorrowedFd<'_>) -> Result<u64> {
    rustix::fs::seek(file, SeekFrom::Current(0)).map_err(|e| Error::new(e, "lseek"))
}

/// Moves the open file description's own offset.
pub(crate) fn set_offset(file: BorrowedFd<'_>, offset: u64) -> Result<()> {
    rustix::fs::seek(file, SeekFrom::Start(offset)).map_err(|e| Error::new(e, "lseek"))?;
    Ok(())
}

/// `pread(2)`. Zero bytes: the end of the file.
pub(crate) fn read_at(file: BorrowedFd<'_>, buffer: &mut [u8], offset: u64) -> Result<usize> {
    retry_on_intr(|| rustix::io::pread(file, &mut *buffer, offset))
        .map_err(|e| Error::new(e, "read"))
}

/// `read(2)`: at, and moving, the open file description's own offset.
pub(crate) fn read(file: BorrowedFd<'_>, buffer: &mut [u8]) -> Result<usize> {
    retry_on_intr(|| rustix::io::read(file, &mut *buffer)).map_err(|e| Error::new(e, "read"))
}

/// What stands for the file's own offset in preadv2(2).
const OWN_OFFSET: u64 = u64::MAX;

/// `preadv2(2)` with `RWF_NOWAIT`: reads what the page cache holds.
///
/// # Errors
/// `EAGAIN` when the first byte would have to come from a disk, `EOPNOTSUPP`,
/// `ENOSYS` or `EPERM` where the file system, the kernel or a sandbox cannot
/// tell.
pub(crate) fn read_cached_at(
    file: BorrowedFd<'_>,
    buffer: &mut [u8],
    offset: u64,
) -> std::result::Result<usize, Errno> {
    retry_on_intr(|| {
        let mut slices = [IoSliceMut::new(&mut *buffer)];
        rustix::io::preadv2(file, &mut slices, offset, ReadWriteFlags::NOWAIT)
    })
}

/// True for an error of `read_cached_at` that says nothing of the file: the
/// kernel, the file system or a sandbox (`EPERM`) does not know the call.
pub(crate) fn is_untold(errno: Errno) -> bool {
    matches!(errno, Errno::OPNOTSUPP | Errno::NOSYS | Errno::PERM)
}

/// The same at, and moving, the open file description's own offset.
pub(crate) fn read_cached(
    file: BorrowedFd<'_>,
    buffer: &mut [u8],
) -> std::result::Result<usize, Errno> {
    read_cached_at(file, buffer, OWN_OFFSET)
}

/// `pwrite(2)`: some of `bytes`, at `offset`.
pub(crate) fn write_at(file: BorrowedFd<'_>, bytes: &[u8], offset: u64) -> Result<usize> {
    retry_on_intr(|| rustix::io::pwrite(file, bytes, offset)).map_err(|e| Error::new(e, "write"))
}

/// `fallocate(FALLOC_FL_PUNCH_HOLE)`: gives the space of a range back to the
/// file system. The size of the file stays.
pub(crate) fn punch_hole(file: BorrowedFd<'_>, offset: u64, length: u64) -> Result<()> {
    let flags = FallocateFlags::PUNCH_HOLE | FallocateFlags::KEEP_SIZE;
    retry_on_intr(|| rustix::fs::fallocate(file, flags, offset, length))
        .map_err(|e| Error::new(e, "fallocate"))
}

/// `posix_fadvise(POSIX_FADV_WILLNEED)`: starts reading a range into memory
/// and does not wait. Advice: a failure changes nothing and is dropped.
pub(crate) fn will_need(file: BorrowedFd<'_>, offset: u64, length: u64) {
    let length = std::num::NonZeroU64::new(length);
    let _ = rustix::fs::fadvise(file, offset, length, rustix::fs::Advice::WillNeed);
}

/// Waits until a range is in memory, or cannot be read.
///
/// `sendfile(2)` into `/dev/null` looks at every page and copies none, which
/// takes a quarter of the time of a read. Where that is refused, it is read.
pub(crate) fn touch(file: BorrowedFd<'_>, offset: u64, length: u64) {
    let end = offset.saturating_add(length);
    let mut position = offset;
    if let Some(nowhere) = nowhere() {
        while position < end {
            let count = usize::try_from(end - position).unwrap_or(usize::MAX);
            let sent =
                retry_on_intr(|| rustix::fs::sendfile(nowhere, file, Some(&mut position), count));
            match sent {
                Ok(0) => return,
                Ok(_) => {}
                Err(_) => break,
            }
        }
    }
    let mut scratch = vec![0; 128 << 10];
    while position < end {
        match read_at(file, &mut scratch, position) {
            Ok(count) if count > 0 => position += count as u64,
            _ => return,
        }
    }
}

/// `/dev/null`, for as long as the process lasts, unless something else has
/// its name.
fn nowhere() -> Option<BorrowedFd<'static>> {
    static NOWHERE: OnceLock<Option<OwnedFd>> = OnceLock::new();
    let open = || {
        let flags = OFlags::WRONLY | OFlags::NOCTTY | OFlags::CLOEXEC;
        let found = rustix::fs::open(c"/dev/null", flags, Mode::empty()).ok()?;
        let stat = rustix::fs::fstat(&found).ok()?;
        let is_device = FileType::from_raw_mode(stat.st_mode) == FileType::CharacterDevice;
        (is_device && stat.st_rdev == rustix::fs::makedev(1, 3)).then_some(found)
    };
    NOWHERE.get_or_init(open).as_ref().map(AsFd::as_fd)
}
