//! Memory that JavaScript lends to other threads.

use std::ptr::NonNull;

/// A buffer of JavaScript's that another thread may write to.
#[derive(Debug)]
pub(crate) struct Lent {
    start: NonNull<u8>,
    length: usize,
}

// SAFETY: the memory of an ArrayBuffer belongs to no thread, and `lend` hands
// it to one owner, who is the only one to write to it.
unsafe impl Send for Lent {}

impl Lent {
    /// Takes a buffer out of JavaScript's hands until its owner drops this.
    ///
    /// JavaScript holds on to the buffer, neither looks at it nor detaches it,
    /// until it is told of the end (`pending` in `lib/reading/reads.js`; the
    /// stream shows the buffer to nobody before), and its environment waits
    /// for the end before it goes (`Reads::close`).
    pub(crate) fn new(buffer: &mut [u8]) -> Self {
        Self { start: NonNull::from(&mut *buffer).cast(), length: buffer.len() }
    }

    pub(crate) fn as_mut_slice(&mut self) -> &mut [u8] {
        // SAFETY: start and length are those of a buffer that is alive and
        // in nobody else's hands, as the contract of `new` has it.
        unsafe { std::slice::from_raw_parts_mut(self.start.as_ptr(), self.length) }
    }
}
