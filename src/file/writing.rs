//! Writing for JavaScript.

use std::os::fd::BorrowedFd;

use crate::error::Result;
use crate::sys::memory::LentSource;
use crate::sys::writing::{self, MOST_BUFFERS};

/// Writes all of `buffers`, or what comes in front of an error, at `position`
/// or else at the file's own offset. Waits for disks.
pub(crate) fn write(
    file: BorrowedFd<'_>,
    buffers: &mut [LentSource],
    position: Option<u64>,
) -> Result<usize> {
    let mut total = 0;
    let mut first = 0;
    while let Some(rest) = buffers.get_mut(first..) {
        // Empty ones would make a call that writes nothing look like a failure.
        if rest.first().is_some_and(|buffer| buffer.len() == 0) {
            first += 1;
            continue;
        }
        if rest.is_empty() {
            break;
        }
        let at = position.map(|position| position + total as u64);
        let upto = rest.len().min(MOST_BUFFERS);
        match writing::write(file, rest.get(..upto).unwrap_or_default(), at) {
            Ok(0) => break,
            Ok(count) => {
                total += count;
                first += skip(rest, count);
            }
            // What came in front of an error is written; the next write meets it.
            Err(_) if total > 0 => break,
            Err(error) => return Err(error),
        }
    }
    Ok(total)
}

/// Takes `count` bytes off the front. Returns how many buffers are used up.
fn skip(buffers: &mut [LentSource], mut count: usize) -> usize {
    for (index, buffer) in buffers.iter_mut().enumerate() {
        if count < buffer.len() {
            *buffer = buffer.skip(count);
            return index;
        }
        count -= buffer.len();
    }
    buffers.len()
}

#[cfg(test)]
mod tests {
    use std::fs::File;
    use std::io::{Read, Seek, Write};
    use std::os::fd::AsFd;

    use super::{skip, write};
    use crate::sys::memory::LentSource;

    fn file() -> File {
        let path = std::env::temp_dir().join(format!(
            "millrace-writing-{}-{:?}",
            std::process::id(),
            std::thread::current().id()
        ));
        let file = File::options().read(true).write(true).create_new(true).open(&path).unwrap();
        std::fs::remove_file(path).unwrap();
        file
    }

    #[test]
    fn many_buffers_are_written_in_order_and_empty_ones_do_not_end_it() {
        let mut file = file();
        let bytes: Vec<u8> = (0..250).collect();
        let mut buffers = Vec::new();
        for _ in 0..3000 {
            buffers.push(LentSource::new(&bytes[..1]));
            buffers.push(LentSource::new(&[]));
            buffers.push(LentSource::new(&bytes[1..]));
        }
        file.write_all(b"ab").unwrap();
        assert_eq!(write(file.as_fd(), &mut buffers.clone(), None), Ok(750_000));
        assert_eq!(write(file.as_fd(), &mut buffers, Some(750_002)), Ok(750_000));
        assert_eq!(write(file.as_fd(), &mut [], None), Ok(0));
        assert_eq!(file.stream_position().unwrap(), 750_002);
        let mut content = Vec::new();
        file.rewind().unwrap();
        file.read_to_end(&mut content).unwrap();
        assert_eq!(content.len(), 1_500_002);
        assert_eq!(&content[..2], b"ab");
        assert!(content[2..].chunks(250).all(|chunk| chunk == bytes));
    }

    #[test]
    fn a_short_write_goes_on_behind_its_last_byte() {
        let bytes = [0; 10];
        let mut buffers = [LentSource::new(&bytes[..4]), LentSource::new(&bytes[..6])];
        assert_eq!(skip(&mut buffers, 3), 0);
        assert_eq!(buffers[0].len(), 1);
        assert_eq!(skip(&mut buffers, 1), 1);
        assert_eq!(skip(&mut buffers[1..], 6), 1);
    }

    #[test]
    fn a_failure_at_the_first_byte_is_told() {
        let full = File::options().write(true).open("/dev/full").unwrap();
        let error = write(full.as_fd(), &mut [LentSource::new(b"x")], None).unwrap_err();
        assert_eq!((error.errno, error.syscall), (libc::ENOSPC, "write"));
    }
}
