//! Reading what is in memory, without waiting for what is not.

use std::os::fd::BorrowedFd;

use crate::sys::file;
use crate::sys::residency::{self, Guess};

/// What memory gave.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Cached {
    /// So many bytes, as many as the buffer holds or the file has.
    All(usize),
    /// So many; the next one has to come from a disk, or fails.
    Part(usize),
    /// Nobody can tell what is in memory.
    Unsupported,
}

/// Reads into `buffer` what is in memory, from `position` or else from the
/// file's own offset, which moves.
///
/// To just try, with `RWF_NOWAIT`, is not enough. Where pages are missing the
/// kernel begins to read them at once, and for that it may wait after all: for
/// the file system's notes of where they are.
pub(crate) fn read(file: BorrowedFd<'_>, buffer: &mut [u8], position: Option<u64>) -> Cached {
    let Ok(offset) = position.map_or_else(|| file::offset(file), Ok) else {
        return Cached::Part(0);
    };
    let length = buffer.len() as u64;
    match residency::guess(file, offset, length) {
        Guess::Missing => return Cached::Part(0),
        Guess::Untold => return Cached::Unsupported,
        Guess::Sure => return read_surely(file, buffer, position),
        Guess::Likely => {}
    }
    let read = fill(buffer, |rest, count| match position {
        None => file::read_cached(file, rest),
        Some(position) => file::read_cached_at(file, rest, position + count),
    });
    match read {
        Ok(count) => Cached::All(count),
        Err((0, errno)) if file::is_untold(errno) => {
            match residency::otherwise(file, offset, length) {
                None => Cached::Unsupported,
                Some(false) => Cached::Part(0),
                Some(true) => read_surely(file, buffer, position),
            }
        }
        Err((count, _)) => Cached::Part(count),
    }
}

/// Reads what is known to be in memory.
fn read_surely(file: BorrowedFd<'_>, buffer: &mut [u8], position: Option<u64>) -> Cached {
    fill(buffer, |rest, count| match position {
        None => file::read(file, rest),
        Some(position) => file::read_at(file, rest, position + count),
    })
    .map_or_else(|(count, _)| Cached::Part(count), Cached::All)
}

/// Reads until `buffer` is full or the file ends. A failure is told with the
/// number of bytes in front of it, which `read` gets as well.
fn fill<E>(
    buffer: &mut [u8],
    mut read: impl FnMut(&mut [u8], u64) -> Result<usize, E>,
) -> Result<usize, (usize, E)> {
    let mut count = 0;
    while let Some(rest) = buffer.get_mut(count..).filter(|rest| !rest.is_empty()) {
        match read(rest, count as u64).map_err(|error| (count, error))? {
            0 => break,
            more => count += more,
        }
    }
    Ok(count)
}

#[cfg(test)]
mod tests {
    use std::fs::File;
    use std::io::{Seek, Write};
    use std::os::fd::AsFd;

    use super::{Cached, read};

    #[test]
    fn memory_gives_what_fits_and_what_there_is() {
        let path = std::env::temp_dir().join(format!("millrace-cached-{}", std::process::id()));
        let mut file = File::options().read(true).write(true).create_new(true).open(&path).unwrap();
        std::fs::remove_file(path).unwrap();
        file.write_all(b"0123456789").unwrap();
        file.rewind().unwrap();

        let mut buffer = [0; 6];
        // The file system of the temporary folder may not know.
        if read(file.as_fd(), &mut buffer, Some(2)) == Cached::Unsupported {
            return;
        }
        assert_eq!(&buffer, b"234567");
        assert_eq!(read(file.as_fd(), &mut buffer, Some(8)), Cached::All(2));
        assert_eq!(read(file.as_fd(), &mut buffer, Some(99)), Cached::All(0));
        assert_eq!(file.stream_position().unwrap(), 0);
        assert_eq!(read(file.as_fd(), &mut buffer, None), Cached::All(6));
        assert_eq!(file.stream_position().unwrap(), 6);
        assert_eq!(read(file.as_fd(), &mut buffer, None), Cached::All(4));

        // Two pages of which nobody has asked for anything.
        file.set_len(3 * 4096).unwrap();
        let mut buffer = vec![0; 3 * 4096];
        assert_eq!(read(file.as_fd(), &mut buffer, Some(0)), Cached::Part(0));
        assert_eq!(read(file.as_fd(), &mut buffer[..4096], Some(0)), Cached::All(4096));
    }
}
