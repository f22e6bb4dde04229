//! What JavaScript asks of a disk, done on tokio's blocking pool, whose
//! threads are not those of Node's (which dns and crypto need as well).
//!
//! What is done to a file goes through a duplicate of the descriptor, whose
//! number may be in other hands when a disk answers late; reads go into
//! JavaScript's own memory, and writes come from it.

use std::ffi::CString;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};

use rustix::io::Errno;

use crate::error::{Error, Result};
use crate::file::unfinished::Unfinished;
use crate::file::{reading, writing};
use crate::mailbox::Mailbox;
use crate::sys::memory::{Lent, LentSource};
use crate::sys::{fd, file, writing as calls};
use crate::threads;

/// What came of an errand.
#[derive(Debug)]
pub(crate) enum Done {
    /// So many bytes are in the buffer.
    Read(usize),
    /// So many bytes are the kernel's.
    Written(usize),
    Opened(OwnedFd),
    Nothing,
}

/// The end of an errand.
#[derive(Debug)]
pub(crate) struct End {
    pub(crate) id: u32,
    pub(crate) result: Result<Done>,
}

#[derive(Debug, Default)]
struct State {
    last_id: u32,
    /// Errands with buffers of JavaScript's.
    lent: usize,
}

/// The errands of one JavaScript environment.
#[derive(Debug)]
pub(crate) struct Errands {
    state: Mutex<State>,
    none_lent: Condvar,
    ends: Mailbox<End>,
}

impl Errands {
    /// `wake` is called from any thread when there is something to drain.
    pub(crate) fn new(wake: Box<dyn Fn() + Send + Sync>) -> Self {
        Self { state: Mutex::default(), none_lent: Condvar::new(), ends: Mailbox::new(wake) }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // Nothing that holds the lock can leave the state half changed.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Fills `buffer`, as `reading::read` does. Returns the errand's number.
    ///
    /// # Errors
    /// When there is no descriptor or no thread for it.
    pub(crate) fn read(
        self: &Arc<Self>,
        file: BorrowedFd<'_>,
        mut buffer: Lent,
        position: Option<u64>,
    ) -> Result<u32> {
        let file = fd::duplicate(file)?;
        let loan = Loan::new(self);
        self.submit(move || {
            let read = reading::read(file.as_fd(), buffer.as_mut_slice(), position);
            drop((loan, file));
            read.map(Done::Read)
        })
    }

    /// Writes all of `buffers`, as `writing::write` does. Returns the errand's
    /// number.
    ///
    /// # Errors
    /// When there is no descriptor or no thread for it.
    pub(crate) fn write(
        self: &Arc<Self>,
        file: BorrowedFd<'_>,
        mut buffers: Vec<LentSource>,
        position: Option<u64>,
    ) -> Result<u32> {
        let file = fd::duplicate(file)?;
        let loan = Loan::new(self);
        let unfinished = Unfinished::new();
        self.submit(move || {
            let written = writing::write(file.as_fd(), &mut buffers, position);
            drop((loan, file, unfinished));
            written.map(Done::Written)
        })
    }

    /// Makes room in a file, as `allocate` does. Returns the errand's number.
    ///
    /// # Errors
    /// When there is no descriptor or no thread for it.
    pub(crate) fn allocate(
        self: &Arc<Self>,
        file: BorrowedFd<'_>,
        position: Option<u64>,
        length: u64,
    ) -> Result<u32> {
        let file = fd::duplicate(file)?;
        self.submit(move || calls::allocate(file.as_fd(), position, length).map(|()| Done::Nothing))
    }

    /// Gives back room that was not used. Returns the errand's number.
    ///
    /// # Errors
    /// When there is no descriptor or no thread for it.
    pub(crate) fn trim(self: &Arc<Self>, file: BorrowedFd<'_>) -> Result<u32> {
        let file = fd::duplicate(file)?;
        self.submit(move || calls::trim(file.as_fd()).map(|()| Done::Nothing))
    }

    /// Gives the space of a range back. Returns the errand's number.
    ///
    /// # Errors
    /// When there is no descriptor or no thread for it.
    pub(crate) fn punch(
        self: &Arc<Self>,
        file: BorrowedFd<'_>,
        offset: u64,
        length: u64,
    ) -> Result<u32> {
        let file = fd::duplicate(file)?;
        self.submit(move || {
            let punched = calls::punch_hole(file.as_fd(), offset, length);
            // Closed before it is told.
            drop(file);
            punched.map(|()| Done::Nothing)
        })
    }

    /// Opens a file that has no name yet. Returns the errand's number.
    ///
    /// # Errors
    /// When there is no thread for it.
    pub(crate) fn open_nameless(self: &Arc<Self>, folder: CString, mode: u32) -> Result<u32> {
        self.submit(move || calls::open_nameless(&folder, mode).map(Done::Opened))
    }

    /// Names such a file. Returns the errand's number.
    ///
    /// # Errors
    /// When there is no descriptor or no thread for it.
    pub(crate) fn name(
        self: &Arc<Self>,
        file: BorrowedFd<'_>,
        temporary: CString,
        target: CString,
    ) -> Result<u32> {
        let file = fd::duplicate(file)?;
        let unfinished = Unfinished::new();
        self.submit(move || {
            let named = calls::name(file.as_fd(), &temporary, &target);
            drop((file, unfinished));
            named.map(|()| Done::Nothing)
        })
    }

    /// Opens a file for reading. Returns the errand's number.
    ///
    /// # Errors
    /// When there is no thread for it.
    pub(crate) fn open(self: &Arc<Self>, path: CString) -> Result<u32> {
        self.submit(move || file::open(&path).map(Done::Opened))
    }

    /// One that is refused ends as well, under a number that nobody knows.
    fn submit(
        self: &Arc<Self>,
        work: impl FnOnce() -> Result<Done> + Send + 'static,
    ) -> Result<u32> {
        let thread = threads::pick()?;
        let id = {
            let mut state = self.state();
            state.last_id = (state.last_id % 0x7fff_ffff) + 1;
            state.last_id
        };
        let failed = Err(Error::new(Errno::IO, "pthread"));
        let errand = Errand { errands: Arc::clone(self), id, result: failed };
        thread.spawn_blocking(move || errand.run(work))?;
        Ok(id)
    }

    /// Takes the ends.
    pub(crate) fn drain(&self) -> Vec<End> {
        self.ends.drain()
    }

    /// The environment goes away, and with it the memory that was lent: waits
    /// for its return, as Node waits for its own reads. Nobody is woken any
    /// more.
    pub(crate) fn close(&self) {
        self.ends.close();
        let mut state = self.state();
        while state.lent > 0 {
            state = self.none_lent.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
    }
}

/// Ends when it is dropped, so that one whose thread panics does, too.
struct Errand {
    errands: Arc<Errands>,
    id: u32,
    result: Result<Done>,
}

impl Errand {
    fn run(mut self, work: impl FnOnce() -> Result<Done>) {
        self.result = work();
    }
}

impl Drop for Errand {
    fn drop(&mut self) {
        let failed = Err(Error::new(Errno::IO, "pthread"));
        let result = std::mem::replace(&mut self.result, failed);
        self.errands.ends.post(End { id: self.id, result });
    }
}

/// Counts a lent buffer for as long as it is.
struct Loan(Arc<Errands>);

impl Loan {
    fn new(errands: &Arc<Errands>) -> Self {
        errands.state().lent += 1;
        Self(Arc::clone(errands))
    }
}

impl Drop for Loan {
    fn drop(&mut self) {
        let mut state = self.0.state();
        state.lent -= 1;
        if state.lent == 0 {
            self.0.none_lent.notify_all();
        }
    }
}

#[cfg(test)]
mod tests {
    use std::ffi::CString;
    use std::fs::File;
    use std::io::Write;
    use std::os::fd::AsFd;
    use std::sync::{Arc, mpsc};

    use super::{Done, Errands};
    use crate::sys::memory::{Lent, LentSource};

    fn path() -> std::path::PathBuf {
        let thread = std::thread::current().id();
        std::env::temp_dir().join(format!("millrace-errands-{}-{thread:?}", std::process::id()))
    }

    #[test]
    fn a_read_fills_the_buffer_and_a_closing_environment_waits() {
        let path = path();
        File::create_new(&path).unwrap().write_all(&vec![7; 100_000]).unwrap();
        let file = File::open(&path).unwrap();
        std::fs::remove_file(path).unwrap();

        let (sender, receiver) = mpsc::channel();
        let errands = Arc::new(Errands::new(Box::new(move || sender.send(()).unwrap())));
        let mut buffer = vec![0; 60_000];
        let id = errands.read(file.as_fd(), Lent::new(&mut buffer), Some(50_000)).unwrap();
        receiver.recv().unwrap();
        let [end] = &errands.drain()[..] else { panic!("one end") };
        assert_eq!(end.id, id);
        assert!(matches!(end.result, Ok(Done::Read(50_000))));
        assert!(buffer.iter().take(50_000).all(|byte| *byte == 7));

        let mut buffers = vec![vec![0; 100_000]; 20];
        for buffer in &mut buffers {
            errands.read(file.as_fd(), Lent::new(buffer), Some(0)).unwrap();
        }
        errands.close();
        assert!(buffers.iter().flatten().all(|byte| *byte == 7));
    }

    #[test]
    fn writes_arrive_and_a_closing_environment_waits() {
        let path = path().with_extension("writes");
        let file = File::create_new(&path).unwrap();
        let errands = Arc::new(Errands::new(Box::new(|| {})));
        let buffers: Vec<Vec<u8>> = (0..20).map(|byte| vec![byte; 100_000]).collect();
        for (index, buffer) in buffers.iter().enumerate() {
            let (first, second) = buffer.split_at(1);
            let parts = vec![LentSource::new(first), LentSource::new(second)];
            errands.write(file.as_fd(), parts, Some(index as u64 * 100_000)).unwrap();
        }
        errands.close();
        let content = std::fs::read(&path).unwrap();
        std::fs::remove_file(path).unwrap();
        assert_eq!(content, buffers.concat());
    }

    #[test]
    fn a_nameless_file_is_named_and_replaces_another() {
        let folder = path().with_extension("folder");
        std::fs::create_dir(&folder).unwrap();
        let as_c = |path: &std::path::Path| CString::new(path.to_str().unwrap()).unwrap();
        let (sender, receiver) = mpsc::channel();
        let errands = Arc::new(Errands::new(Box::new(move || sender.send(()).unwrap())));
        errands.open_nameless(as_c(&folder), 0o600).unwrap();
        receiver.recv().unwrap();
        // Not every file system has such files.
        if let Ok(Done::Opened(file)) = errands.drain().remove(0).result {
            assert_eq!(std::fs::read_dir(&folder).unwrap().count(), 0);
            let (temporary, target) = (folder.join("temporary"), folder.join("target"));
            std::fs::write(&target, "old").unwrap();
            errands.allocate(file.as_fd(), None, 1 << 20).unwrap();
            errands.trim(file.as_fd()).unwrap();
            errands.name(file.as_fd(), as_c(&temporary), as_c(&target)).unwrap();
            let mut ends = 0;
            while ends < 3 {
                receiver.recv().unwrap();
                ends += errands.drain().len();
            }
            assert_eq!(std::fs::read(&target).unwrap(), b"");
            assert_eq!(std::fs::read_dir(&folder).unwrap().count(), 1);
        }
        std::fs::remove_dir_all(folder).unwrap();
    }

    #[test]
    fn a_file_is_opened_or_the_error_told() {
        let (sender, receiver) = mpsc::channel();
        let errands = Arc::new(Errands::new(Box::new(move || sender.send(()).unwrap())));
        for (path, is_there) in [("/proc/self/exe", true), ("/no such file", false)] {
            errands.open(CString::new(path).unwrap()).unwrap();
            receiver.recv().unwrap();
            match &errands.drain()[..] {
                [end] if is_there => assert!(matches!(end.result, Ok(Done::Opened(_)))),
                [end] => assert_eq!(end.result.as_ref().unwrap_err().errno, libc::ENOENT),
                ends => panic!("{ends:?}"),
            }
        }
    }
}
