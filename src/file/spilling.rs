//! Writing what has no room in memory, and giving its space back.

use std::os::fd::BorrowedFd;

use rustix::io::Errno;

use crate::error::{Error, Result};
use crate::sys::file;

/// Writes all of `bytes` at `offset`. Waits for disks.
///
/// # Errors
/// When not all of it could be written; what was is then nobody's.
pub(crate) fn write_all(file: BorrowedFd<'_>, bytes: &[u8], offset: u64) -> Result<()> {
    let mut count = 0;
    while let Some(rest) = bytes.get(count..).filter(|rest| !rest.is_empty()) {
        match file::write_at(file, rest, offset + count as u64)? {
            // Regular files have room or an error; nobody may wait for ever.
            0 => return Err(Error::new(Errno::NOSPC, "write")),
            more => count += more,
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::fs::File;
    use std::os::fd::AsFd;
    use std::os::unix::fs::{FileExt, MetadataExt};

    use super::write_all;
    use crate::sys::file::punch_hole;

    #[test]
    fn what_is_written_is_there_until_its_space_is_given_back() {
        let path = std::env::temp_dir().join(format!(
            "millrace-spilling-{}-{:?}",
            std::process::id(),
            std::thread::current().id()
        ));
        let file = File::options().read(true).write(true).create_new(true).open(&path).unwrap();
        std::fs::remove_file(path).unwrap();
        let bytes = vec![7; 1 << 20];
        write_all(file.as_fd(), &bytes, 0).unwrap();
        write_all(file.as_fd(), b"end", 1 << 20).unwrap();
        let before = file.metadata().unwrap();
        assert_eq!(before.len(), (1 << 20) + 3);
        if punch_hole(file.as_fd(), 0, 1 << 20).is_ok() {
            assert!(file.metadata().unwrap().blocks() < before.blocks());
        }
        let mut end = [0; 3];
        file.read_exact_at(&mut end, 1 << 20).unwrap();
        assert_eq!(&end, b"end");
        assert_eq!(file.metadata().unwrap().len(), before.len());
    }

    #[test]
    fn a_full_device_is_an_error() {
        let full = File::options().write(true).open("/dev/full").unwrap();
        let error = write_all(full.as_fd(), b"some", 0).unwrap_err();
        assert_eq!((error.errno, error.syscall), (libc::ENOSPC, "write"));
    }
}
