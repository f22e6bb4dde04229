//! What has to wait for a disk, for `lib/errands.js`.

use std::ffi::CString;
use std::os::fd::IntoRawFd;
use std::sync::Arc;

use bytes::BytesMut;
use napi::bindgen_prelude::{BufferSlice, Function};
use napi::{Env, Result};
use napi_derive::napi;

use crate::bindings::convert::{offset, wake_of, whole};
use crate::file::errands::{self, Done};
use crate::sys::fd;
use crate::sys::memory::Lent;

/// The end of an errand.
#[derive(Debug)]
#[napi(object, object_from_js = false)]
pub struct ErrandEnd {
    pub id: u32,
    /// So many bytes, the descriptor, or 0; or a negative errno.
    pub result: i32,
}

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

    /// Opens a file for reading.
    #[napi(catch_unwind)]
    pub fn open(&self, path: String) -> u32 {
        CString::new(path).map_or(0, |path| self.errands.open(path).unwrap_or(0))
    }

    /// Writes `pieces` at `position`, one behind the other. They are copied
    /// before the call returns.
    #[napi(catch_unwind)]
    pub fn write(&self, file: i32, pieces: Vec<BufferSlice<'_>>, position: f64) -> u32 {
        let length = pieces.iter().map(|piece| piece.len()).sum();
        let mut bytes = BytesMut::with_capacity(length);
        for piece in &pieces {
            bytes.extend_from_slice(piece);
        }
        fd::borrow(file)
            .and_then(|file| self.errands.write(file, bytes.freeze(), whole(position)))
            .unwrap_or(0)
    }

    /// Gives the space of a range of the file back.
    #[napi(catch_unwind)]
    pub fn punch(&self, file: i32, position: f64, length: f64) -> u32 {
        fd::borrow(file)
            .and_then(|file| self.errands.punch(file, whole(position), whole(length)))
            .unwrap_or(0)
    }

    /// The errands that ended since the last call.
    #[napi(catch_unwind)]
    pub fn drain(&self) -> Vec<ErrandEnd> {
        let ends = self.errands.drain().into_iter();
        ends.map(|end| ErrandEnd {
            id: end.id,
            result: match end.result {
                Ok(Done::Read(count)) => i32::try_from(count).unwrap_or(i32::MAX),
                Ok(Done::Opened(file)) => file.into_raw_fd(),
                Ok(Done::Spilled) => 0,
                Err(error) => -error.errno,
            },
        })
        .collect()
    }
}
