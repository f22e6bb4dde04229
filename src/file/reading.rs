//! Reading for JavaScript, from wherever it is.

use std::os::fd::BorrowedFd;

use crate::error::Result;
use crate::sys::file;

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

    use super::read;

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
