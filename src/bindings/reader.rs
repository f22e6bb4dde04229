//! Reads that wait for a disk, for `lib/reading`.

use std::sync::Arc;

use napi::bindgen_prelude::{BufferSlice, Function};
use napi::{Env, Result};
use napi_derive::napi;

use crate::bindings::convert::{offset, wake_of};
use crate::file::reading::Reads;
use crate::sys::fd;
use crate::sys::memory::Lent;

/// The end of a read on the blocking pool.
#[derive(Debug)]
#[napi(object, object_from_js = false)]
pub struct ReadEnd {
    pub id: u32,
    /// So many bytes, or a negative errno.
    pub result: i32,
}

/// The reads of one JavaScript environment.
#[derive(Debug)]
#[napi]
pub struct Reader {
    reads: Arc<Reads>,
}

#[napi]
impl Reader {
    /// `wake` is called, with nothing, when `drain()` has something to give.
    #[napi(constructor)]
    pub fn new(env: Env, wake: Function<'_, (), ()>) -> Result<Self> {
        let reads = Arc::new(Reads::new(wake_of(wake)?));
        env.add_env_cleanup_hook(Arc::clone(&reads), |reads| reads.close())?;
        Ok(Self { reads })
    }

    /// Fills `buffer` (of less than 2 GiB), from byte `from` on, on the
    /// blocking pool. The read's number, or 0 when there is no descriptor or
    /// no thread for it. Until its end is drained the buffer must be kept,
    /// and nobody else may use it.
    #[napi(catch_unwind)]
    pub fn submit(&self, file: i32, mut buffer: BufferSlice<'_>, from: u32, position: f64) -> u32 {
        let Some(rest) = buffer.get_mut(from as usize..) else { return 0 };
        let lent = Lent::new(rest);
        fd::borrow(file)
            .and_then(|file| self.reads.submit(file, lent, offset(position)))
            .unwrap_or(0)
    }

    /// The reads that ended since the last call.
    #[napi(catch_unwind)]
    pub fn drain(&self) -> Vec<ReadEnd> {
        let ends = self.reads.drain().into_iter();
        ends.map(|end| ReadEnd {
            id: end.id,
            result: end.result.map_or_else(
                |error| -error.errno,
                |count| i32::try_from(count).unwrap_or(i32::MAX),
            ),
        })
        .collect()
    }
}
