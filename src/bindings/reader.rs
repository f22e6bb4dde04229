//! Reads that wait for a disk, for `lib/reading`.

use std::collections::HashMap;
use std::sync::Arc;

use bytes::Bytes;
use napi::bindgen_prelude::{BufferSlice, Function};
use napi::{Env, Result};
use napi_derive::napi;

use crate::bindings::convert::{offset, wake_of};
use crate::file::reading::Reads;
use crate::sys::fd;

/// The reads of one JavaScript environment.
#[derive(Debug)]
#[napi]
pub struct Reader {
    reads: Arc<Reads>,
    ended: HashMap<u32, crate::error::Result<Bytes>>,
}

#[napi]
impl Reader {
    /// `wake` is called, with nothing, when `drain()` has something to give.
    #[napi(constructor)]
    pub fn new(env: Env, wake: Function<'_, (), ()>) -> Result<Self> {
        let reads = Arc::new(Reads::new(wake_of(wake)?));
        env.add_env_cleanup_hook(Arc::clone(&reads), |reads| reads.close())?;
        Ok(Self { reads, ended: HashMap::new() })
    }

    /// Reads up to `length` bytes on the blocking pool. The read's number, or
    /// 0 when there is no descriptor or no thread for it.
    #[napi(catch_unwind)]
    pub fn submit(&self, file: i32, length: u32, position: f64) -> u32 {
        fd::borrow(file)
            .and_then(|file| self.reads.submit(file, length as usize, offset(position)))
            .unwrap_or(0)
    }

    /// The numbers of the reads that ended since the last call.
    #[napi(catch_unwind)]
    pub fn drain(&mut self) -> Vec<u32> {
        let ended = self.reads.drain();
        let ids = ended.iter().map(|(id, _)| *id).collect();
        self.ended.extend(ended);
        ids
    }

    /// Moves what an ended read has read to `buffer`. So many bytes, or a
    /// negative errno.
    #[napi(catch_unwind)]
    pub fn take(&mut self, id: u32, mut buffer: BufferSlice<'_>) -> i32 {
        match self.ended.remove(&id) {
            Some(Ok(data)) => {
                let count = data.len().min(buffer.len());
                if let (Some(to), Some(from)) = (buffer.get_mut(..count), data.get(..count)) {
                    to.copy_from_slice(from);
                }
                i32::try_from(count).unwrap_or(i32::MAX)
            }
            Some(Err(error)) => -error.errno,
            None => -libc::EIO,
        }
    }
}
