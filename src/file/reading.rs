//! Reading for JavaScript: what the page cache holds at once, the rest on
//! tokio's blocking pool, whose threads are not those of Node's (which dns
//! and crypto need as well).
//!
//! The pool reads through a duplicate of the descriptor, whose number may be
//! in other hands when a disk answers late, and into JavaScript's own memory.

use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};

use rustix::io::Errno;

use crate::error::{Error, Result};
use crate::mailbox::Mailbox;
use crate::sys::memory::Lent;
use crate::sys::{fd, file};
use crate::threads;

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

/// The end of a read: how many bytes there were.
#[derive(Clone, Copy, Debug)]
pub(crate) struct End {
    pub(crate) id: u32,
    pub(crate) result: Result<usize>,
}

#[derive(Debug, Default)]
struct State {
    last_id: u32,
    in_flight: usize,
}

/// The reads of one JavaScript environment that wait for a disk.
#[derive(Debug)]
pub(crate) struct Reads {
    state: Mutex<State>,
    none_in_flight: Condvar,
    ends: Mailbox<End>,
}

impl Reads {
    /// `wake` is called from any thread when there is something to take.
    pub(crate) fn new(wake: Box<dyn Fn() + Send + Sync>) -> Self {
        Self { state: Mutex::default(), none_in_flight: Condvar::new(), ends: Mailbox::new(wake) }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // Nothing that holds the lock can leave the state half changed.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Fills `buffer` on the blocking pool, or as much of it as there is in
    /// the file or in front of an error. Returns the read's number.
    ///
    /// # Errors
    /// When there is no descriptor or no thread for it.
    pub(crate) fn submit(
        self: &Arc<Self>,
        file: BorrowedFd<'_>,
        buffer: Lent,
        position: Option<u64>,
    ) -> Result<u32> {
        let file = fd::duplicate(file)?;
        let thread = threads::pick()?;
        let id = {
            let mut state = self.state();
            state.in_flight += 1;
            state.last_id = (state.last_id % 0x7fff_ffff) + 1;
            state.last_id
        };
        let result = Err(Error::new(Errno::IO, "read"));
        let job = Job { reads: Arc::clone(self), file: Some(file), end: End { id, result } };
        thread.spawn_blocking(move || job.run(buffer, position))?;
        Ok(id)
    }

    /// Takes the ends of reads.
    pub(crate) fn drain(&self) -> Vec<End> {
        self.ends.drain()
    }

    /// The environment goes away, and the memory with it that reads in
    /// flight write to: waits for them, as Node waits for its own. Nobody is
    /// woken any more.
    pub(crate) fn close(&self) {
        self.ends.close();
        let mut state = self.state();
        while state.in_flight > 0 {
            state = self.none_in_flight.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
    }
}

/// A read on the pool, which ends however its thread fares.
#[derive(Debug)]
struct Job {
    reads: Arc<Reads>,
    file: Option<OwnedFd>,
    end: End,
}

impl Job {
    fn run(mut self, mut buffer: Lent, position: Option<u64>) {
        if let Some(file) = &self.file {
            self.end.result = read(file.as_fd(), buffer.as_mut_slice(), position);
        }
    }
}

impl Drop for Job {
    fn drop(&mut self) {
        // The duplicate is closed before anyone hears of the end.
        self.file = None;
        self.reads.ends.post(self.end);
        let mut state = self.reads.state();
        state.in_flight -= 1;
        if state.in_flight == 0 {
            self.reads.none_in_flight.notify_all();
        }
    }
}

fn read(file: BorrowedFd<'_>, buffer: &mut [u8], position: Option<u64>) -> Result<usize> {
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
    use std::sync::{Arc, mpsc};

    use super::{Cached, Reads, read, read_cached};
    use crate::sys::memory::Lent;

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

    #[test]
    fn the_pool_reads_and_tells_and_a_closing_environment_waits() {
        let file = file(&vec![7; 100_000]);
        let (sender, receiver) = mpsc::channel();
        let reads = Arc::new(Reads::new(Box::new(move || sender.send(()).unwrap())));
        let mut buffer = vec![0; 60_000];
        let id = reads.submit(file.as_fd(), Lent::new(&mut buffer), Some(50_000)).unwrap();
        receiver.recv().unwrap();
        let ends = reads.drain();
        assert_eq!(
            ends.iter().map(|end| (end.id, end.result)).collect::<Vec<_>>(),
            [(id, Ok(50_000))]
        );
        assert!(buffer.iter().take(50_000).all(|byte| *byte == 7));

        let mut buffers = vec![vec![0; 100_000]; 20];
        for buffer in &mut buffers {
            reads.submit(file.as_fd(), Lent::new(buffer), Some(0)).unwrap();
        }
        reads.close();
        assert!(buffers.iter().flatten().all(|byte| *byte == 7));
        assert_eq!(reads.drain().len(), 20);
    }
}
