//! What has to wait for a disk, for `lib/errands.js`.

use std::ffi::CString;
use std::os::fd::IntoRawFd;
use std::sync::Arc;

use napi::bindgen_prelude::{BufferSlice, Function};
use napi::{Env, Result};
use napi_derive::napi;

use crate::bindings::convert::{offset, wake_of, whole};
use crate::file::errands::{self, Done};
use crate::sys::fd;
use crate::sys::memory::{Lent, LentSource};

/// The calls that may fail, as they are numbered by `drain`.
const SYSCALLS: [&str; 10] =
    ["", "open", "read", "write", "fallocate", "fstat", "ftruncate", "link", "rename", "lseek"];

/// The errands of one JavaScript environment, on tokio's blocking pool. Each
/// has a number; 0 stands for one that was refused, for want of a descriptor
/// or a thread.
#[derive(Debug)]
#[napi]
pub struct Errands {
    errands: Arc<errands::Errands>,
}

#[napi]
impl Errands {
    /// `wake` is called, with nothing, when `drain()` has something to give.
    #[napi(constructor)]
    pub fn new(env: Env, wake: Function<'_, (), ()>) -> Result<Self> {
        let errands = Arc::new(errands::Errands::new(wake_of(wake)?));
        env.add_env_cleanup_hook(Arc::clone(&errands), |errands| errands.close())?;
        Ok(Self { errands })
    }

    /// Fills `buffer` (of less than 2 GiB), from byte `from` on. Until the end
    /// is drained the buffer must be kept, and nobody else may use it.
    #[napi(catch_unwind)]
    pub fn read(&self, file: i32, mut buffer: BufferSlice<'_>, from: u32, position: f64) -> u32 {
        let Some(rest) = buffer.get_mut(from as usize..) else { return 0 };
        let lent = Lent::new(rest);
        fd::borrow(file)
            .and_then(|file| self.errands.read(file, lent, offset(position)))
            .unwrap_or(0)
    }

    /// Writes `length` bytes of `buffer`, from byte `from` on, at `position` or,
    /// when that is negative, at the file's own offset. Until the end is drained
    /// the buffer must be kept.
    #[napi(catch_unwind)]
    pub fn write(
        &self,
        file: i32,
        buffer: BufferSlice<'_>,
        from: u32,
        length: u32,
        position: f64,
    ) -> u32 {
        let (from, length) = (from as usize, length as usize);
        let Some(part) = buffer.get(from..from.saturating_add(length)) else { return 0 };
        let lent = vec![LentSource::new(part)];
        fd::borrow(file)
            .and_then(|file| self.errands.write(file, lent, offset(position)))
            .unwrap_or(0)
    }

    /// The same of several buffers, of less than 2 GiB together.
    #[napi(catch_unwind)]
    pub fn writev(&self, file: i32, buffers: Vec<BufferSlice<'_>>, position: f64) -> u32 {
        let lent = buffers.iter().map(|buffer| LentSource::new(buffer)).collect();
        fd::borrow(file)
            .and_then(|file| self.errands.write(file, lent, offset(position)))
            .unwrap_or(0)
    }

    /// Has the file system set `length` bytes aside, from `position` on or, when
    /// that is negative, from where the next byte would be written. The file's
    /// size stays as it is.
    #[napi(catch_unwind)]
    pub fn allocate(&self, file: i32, position: f64, length: f64) -> u32 {
        fd::borrow(file)
            .and_then(|file| self.errands.allocate(file, offset(position), whole(length)))
            .unwrap_or(0)
    }

    /// Gives back what was set aside and not used.
    #[napi(catch_unwind)]
    pub fn trim(&self, file: i32) -> u32 {
        fd::borrow(file).and_then(|file| self.errands.trim(file)).unwrap_or(0)
    }

    /// Gives the space of a range of the file back.
    #[napi(catch_unwind)]
    pub fn punch(&self, file: i32, position: f64, length: f64) -> u32 {
        fd::borrow(file)
            .and_then(|file| self.errands.punch(file, whole(position), whole(length)))
            .unwrap_or(0)
    }

    /// Opens, for writing, a file in `folder` that has no name until `name`.
    #[napi(catch_unwind)]
    pub fn open_nameless(&self, folder: String, mode: u32) -> u32 {
        CString::new(folder).map_or(0, |path| self.errands.open_nameless(path, mode).unwrap_or(0))
    }

    /// Names such a file `temporary`, and then `target`, which it replaces.
    #[napi(catch_unwind)]
    pub fn name(&self, file: i32, temporary: String, target: String) -> u32 {
        let (Ok(temporary), Ok(target)) = (CString::new(temporary), CString::new(target)) else {
            return 0;
        };
        fd::borrow(file).and_then(|file| self.errands.name(file, temporary, target)).unwrap_or(0)
    }

    /// Opens a file for reading.
    #[napi(catch_unwind)]
    pub fn open(&self, path: String) -> u32 {
        CString::new(path).map_or(0, |path| self.errands.open(path).unwrap_or(0))
    }

    /// The errands that ended since the last call, three numbers for each (an
    /// object would cost more than a small write): that of the errand; so many
    /// bytes, or the descriptor, or 0, or a negative errno; and the index in
    /// `errandSyscalls()` of the call that failed.
    #[napi(catch_unwind)]
    pub fn drain(&self) -> Vec<i32> {
        self.errands.drain().into_iter().flat_map(numbers).collect()
    }
}

/// The names of the calls that `Errands.drain` numbers.
#[napi(catch_unwind)]
pub fn errand_syscalls() -> Vec<&'static str> {
    SYSCALLS.to_vec()
}

fn numbers(end: errands::End) -> [i32; 3] {
    let id = i32::try_from(end.id).unwrap_or(0);
    match end.result {
        Ok(Done::Nothing) => [id, 0, 0],
        Ok(Done::Read(count) | Done::Written(count)) => {
            [id, i32::try_from(count).unwrap_or(i32::MAX), 0]
        }
        Ok(Done::Opened(file)) => [id, file.into_raw_fd(), 0],
        Err(error) => {
            let index = SYSCALLS.iter().position(|name| *name == error.syscall);
            [id, -error.errno, index.and_then(|index| i32::try_from(index).ok()).unwrap_or(0)]
        }
    }
}
