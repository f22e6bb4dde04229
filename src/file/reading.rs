//! Reading for JavaScript.

use std::os::fd::BorrowedFd;

use rustix::io::Errno;

use crate::error::Result;
use crate::sys::file;

/// What the page cache gave.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Cached {
    /// So many bytes, as many as the buffer holds or the file has.
    All(usize),
    /// So many; the next one has to come from a disk, or fails.
    Part(usize),
    /// The kernel or the file system cannot tell.
    Unsupported,
}

/// Reads into `buffer` what is in memory, from `position` or else from the
/// file's own offset, which moves.
pub(crate) fn read_cached(
    file: BorrowedFd<'_>,
    buffer: &mut [u8],
    position: Option<u64>,
) -> Cached {
    let mut count = 0;
    while let Some(rest) = buffer.get_mut(count..).filter(|rest| !rest.is_empty()) {
        let read = match position {
            None => file::read_cached(file, rest),
            Some(position) => file::read_cached_at(file, rest, position + count as u64),
        };
        match read {
            Ok(0) => break,
            Ok(more) => count += more,
            Err(Errno::OPNOTSUPP | Errno::NOSYS) if count == 0 => return Cached::Unsupported,
            Err(_) => return Cached::Part(count),
        }
    }
    Cached::All(count)
}

/// Fills `buffer`, or as much of it as there is in the file or in front of an
/// error, from `position` or else from the file's own offset. Waits for disks.
pub(crate) fn read(
    file: BorrowedFd<'_>,
    buffer: &mut [u8],
    position: Option<u64>,
) -> Result<usize> {
    let mut count = 0;
    while let Some(rest) = buffer.get_mut(count..).filter(|rest| !rest.is_empty()) {
        let read = match position {
            None => file::read(file, rest),
            Some(position) => file::read_at(file, rest, position + count as u64),
        };
        match read {
            Ok(0) => break,
            Ok(more) => count += more,
            // What came in front of an error is read; the next read meets it.
            Err(_) if count > 0 => break,
            Err(error) => return Err(error),
        }
    }
    Ok(count)
}

#[cfg(test)]
mod tests {
    use std::fs::File;
    use std::io::{Seek, Write};
    use std::os::fd::AsFd;

    use super::{Cached, read, read_cached};

    fn file(content: &[u8]) -> File {
        let path = std::env::temp_dir().join(format!(
            "millrace-reading-{}-{:?}",
            std::process::id(),
            std::thread::current().id()
        ));
        let mut file = File::options().read(true).write(true).create_new(true).open(&path).unwrap();
        std::fs::remove_file(path).unwrap();
        file.write_all(content).unwrap();
        file.rewind().unwrap();
        file
    }

    #[test]
    fn memory_gives_what_fits_and_what_there_is() {
        let mut file = file(b"0123456789");
        let mut buffer = [0; 6];
        // The file system of the temporary folder may not know.
        if read_cached(file.as_fd(), &mut buffer, Some(2)) == Cached::Unsupported {
            return;
        }
        assert_eq!(&buffer, b"234567");
        assert_eq!(read_cached(file.as_fd(), &mut buffer, Some(8)), Cached::All(2));
        assert_eq!(read_cached(file.as_fd(), &mut buffer, Some(99)), Cached::All(0));
        assert_eq!(file.stream_position().unwrap(), 0);
        assert_eq!(read_cached(file.as_fd(), &mut buffer, None), Cached::All(6));
        assert_eq!(file.stream_position().unwrap(), 6);
    }

    #[test]
    fn a_blocking_read_fills_the_buffer_or_fails_at_its_first_byte() {
        let mut file = file(b"0123456789");
        let mut buffer = [0; 8];
        assert_eq!(read(file.as_fd(), &mut buffer, None), Ok(8));
        assert_eq!(read(file.as_fd(), &mut buffer, None), Ok(2));
        assert_eq!(file.stream_position().unwrap(), 10);
        assert_eq!(read(file.as_fd(), &mut buffer, Some(1)), Ok(8));
        assert_eq!(&buffer, b"12345678");
        let folder = File::open(std::env::temp_dir()).unwrap();
        assert_eq!(read(folder.as_fd(), &mut buffer, None).unwrap_err().errno, libc::EISDIR);
    }
}
