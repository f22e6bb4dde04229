//! A transfer into a file: `copy_file_range(2)`, or reading and writing where
//! that is refused, at whatever offset; on the blocking pool, because both
//! files may be on a disk.

use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::sync::Arc;
use std::time::Instant;

use bytes::{Buf, BytesMut};
use rustix::io::Errno;

use crate::error::{Error, Result};
use crate::sys::{copying, fd, file, writing};
use crate::threads;
use crate::transfer::hub::{Completion, Control, Hub, Outcome};
use crate::transfer::mover::Engine;
use crate::transfer::portion::Portion;
use crate::transfer::pump::Teller;

/// How much the copy engine reads at once.
const BUFFER: usize = 256 << 10;

/// What is to be copied where.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Range {
    /// By default the file's own offset, which then moves along.
    pub(crate) position: Option<u64>,
    pub(crate) length: u64,
    /// By default the target's own offset, which then moves along.
    pub(crate) to: Option<u64>,
}

#[derive(Debug)]
struct Copy {
    engine: Engine,
    source: OwnedFd,
    target: OwnedFd,
    offset: u64,
    length: u64,
    to: Option<u64>,
    moves_offset: bool,
    done: u64,
    /// What was read and could not be written yet.
    buffer: BytesMut,
}

/// Begins a copy on duplicates of both descriptors. Returns the transfer's
/// number.
///
/// # Errors
/// When there is no descriptor or no thread for it.
pub(crate) fn begin(
    engine: Engine,
    source: BorrowedFd<'_>,
    target: BorrowedFd<'_>,
    range: Range,
    hub: &Arc<Hub>,
) -> Result<u32> {
    let thread = threads::pick()?;
    let mut copy = Copy {
        engine,
        offset: range.position.map_or_else(|| file::offset(source), Ok)?,
        source: fd::duplicate(source)?,
        target: fd::duplicate(target)?,
        length: range.length,
        to: range.to,
        moves_offset: range.position.is_none(),
        done: 0,
        buffer: BytesMut::new(),
    };
    let (id, control) = hub.enter();
    let failed = Outcome::Failed(Error::new(Errno::IO, "transfer"));
    let teller = Teller {
        hub: Arc::clone(hub),
        completion: Completion { id, outcome: failed, sent: 0, wire: 0, engine },
    };
    thread.spawn_blocking(move || {
        // The whole of it, not a copy of its one field.
        let mut teller = teller;
        let outcome = copy.run(&control);
        let (engine, done) = copy.close();
        let completion = &mut teller.completion;
        completion.outcome = outcome;
        (completion.sent, completion.wire, completion.engine) = (done, done, engine);
    })?;
    Ok(id)
}

impl Copy {
    fn run(&mut self, control: &Control) -> Outcome {
        let mut portion = Portion::new();
        while self.done < self.length {
            if control.abandoned() {
                return Outcome::Abandoned;
            }
            if control.stopping() {
                return Outcome::Stopped;
            }
            let begin = Instant::now();
            match self.advance(portion.size()) {
                Ok(0) => return Outcome::Truncated,
                Ok(count) => self.done += count,
                Err(error) => return Outcome::Failed(error),
            }
            control.report(self.done, self.done);
            portion.learn(begin.elapsed());
        }
        Outcome::Complete
    }

    /// Copies some bytes. None: the source ends here.
    fn advance(&mut self, most: u64) -> Result<u64> {
        let count = most.min(self.length - self.done);
        let from = self.offset + self.done;
        let to = self.to.map(|to| to + self.done);
        if self.engine == Engine::CopyFileRange {
            let count = usize::try_from(count).unwrap_or(usize::MAX);
            let copied =
                copying::copy_range(self.source.as_fd(), from, self.target.as_fd(), to, count);
            match copied {
                Ok(count) if count > 0 => return Ok(count as u64),
                // Whatever it was, reading and writing tell what it means.
                Ok(_) | Err(_) => self.engine = Engine::Copy,
            }
        }
        self.read_and_write(from, to, count)
    }

    fn read_and_write(&mut self, from: u64, to: Option<u64>, count: u64) -> Result<u64> {
        if self.buffer.is_empty() {
            let count = usize::try_from(count).unwrap_or(usize::MAX).min(BUFFER);
            self.buffer.resize(count, 0);
            let read = file::read_at(self.source.as_fd(), &mut self.buffer, from);
            self.buffer.truncate(*read.as_ref().unwrap_or(&0));
            if read? == 0 {
                return Ok(0);
            }
        }
        let written = writing::write_bytes(self.target.as_fd(), &self.buffer, to)?;
        if written == 0 {
            return Err(Error::new(Errno::IO, "write"));
        }
        self.buffer.advance(written);
        Ok(written as u64)
    }

    /// Leaves the source's own offset where the copy ended. The duplicates are
    /// closed when this is back.
    fn close(self) -> (Engine, u64) {
        if self.moves_offset {
            // Fails only for a file that cannot seek, which is not regular.
            let _ = file::set_offset(self.source.as_fd(), self.offset + self.done);
        }
        (self.engine, self.done)
    }
}

#[cfg(test)]
mod tests {
    use std::fs::File;
    use std::io::{Read, Seek, SeekFrom, Write};
    use std::os::fd::AsFd;
    use std::sync::{Arc, mpsc};

    use super::{Range, begin};
    use crate::transfer::hub::{Hub, Outcome};
    use crate::transfer::mover::Engine;

    fn file(name: &str, options: &mut std::fs::OpenOptions) -> File {
        let path = std::env::temp_dir().join(format!(
            "millrace-copy-{name}-{}-{:?}",
            std::process::id(),
            std::thread::current().id()
        ));
        let file = options.read(true).create_new(true).open(&path).unwrap();
        std::fs::remove_file(path).unwrap();
        file
    }

    fn content(mut file: &File) -> Vec<u8> {
        let mut content = Vec::new();
        file.rewind().unwrap();
        file.read_to_end(&mut content).unwrap();
        content
    }

    #[test]
    fn every_engine_copies_a_range_and_moves_the_offsets_that_it_uses() {
        let bytes: Vec<u8> = (0..3_000_000_u32).map(|i| (i % 251) as u8).collect();
        for (engine, append) in
            [(Engine::CopyFileRange, false), (Engine::CopyFileRange, true), (Engine::Copy, false)]
        {
            let mut source = file("source", File::options().write(true));
            source.write_all(&bytes).unwrap();
            source.seek(SeekFrom::Start(7)).unwrap();
            let mut target = file("target", File::options().append(append).write(true));
            target.write_all(b"before").unwrap();

            let (sender, receiver) = mpsc::channel();
            let hub = Arc::new(Hub::new(Box::new(move || sender.send(()).unwrap())));
            let range = Range { position: None, length: 2_000_000, to: None };
            let id = begin(engine, source.as_fd(), target.as_fd(), range, &hub).unwrap();
            receiver.recv().unwrap();
            let end = hub.next().unwrap();
            assert_eq!((end.id, end.outcome, end.sent), (id, Outcome::Complete, 2_000_000));
            assert_eq!(end.engine, if append { Engine::Copy } else { engine });
            assert_eq!(source.stream_position().unwrap(), 2_000_007);
            assert_eq!(target.stream_position().unwrap(), 2_000_006);
            assert_eq!(&content(&target)[6..], &bytes[7..2_000_007]);

            let range = Range { position: Some(2_999_990), length: 99, to: Some(3) };
            begin(engine, source.as_fd(), target.as_fd(), range, &hub).unwrap();
            while hub.next().is_none_or(|end| end.outcome != Outcome::Truncated || end.sent != 10) {
                receiver.recv().unwrap();
            }
            if !append {
                assert_eq!(&content(&target)[3..13], &bytes[2_999_990..]);
            }
        }
    }

    #[test]
    fn a_full_disk_fails_as_a_write() {
        let mut source = file("small", File::options().write(true));
        source.write_all(b"text").unwrap();
        let full = File::options().write(true).open("/dev/full").unwrap();
        let (sender, receiver) = mpsc::channel();
        let hub = Arc::new(Hub::new(Box::new(move || sender.send(()).unwrap())));
        let range = Range { position: Some(0), length: 4, to: None };
        begin(Engine::CopyFileRange, source.as_fd(), full.as_fd(), range, &hub).unwrap();
        receiver.recv().unwrap();
        let Outcome::Failed(error) = hub.next().unwrap().outcome else { panic!("no error") };
        assert_eq!((error.errno, error.syscall), (libc::ENOSPC, "write"));
    }
}
