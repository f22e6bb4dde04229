//! Memory: that JavaScript lends to other threads, and that the allocator
//! keeps.

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

/// A buffer of JavaScript's that another thread may have written from.
///
/// JavaScript may write to it meanwhile, as it may while Node writes from it.
/// So it never becomes a slice: the kernel alone looks at it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct LentSource {
    start: *const u8,
    length: usize,
}

// SAFETY: the memory of an ArrayBuffer belongs to no thread, and nothing in
// this process reads it by this pointer.
unsafe impl Send for LentSource {}

impl LentSource {
    /// JavaScript holds on to the buffer, and does not detach it, until it is
    /// told of the end (`pending` in `lib/errands.js`); and its environment
    /// waits for the end before it goes (`Errands::close`).
    pub(crate) fn new(buffer: &[u8]) -> Self {
        Self { start: buffer.as_ptr(), length: buffer.len() }
    }

    pub(crate) fn len(self) -> usize {
        self.length
    }

    /// What is left behind the first `count` bytes.
    pub(crate) fn skip(self, count: usize) -> Self {
        let count = count.min(self.length);
        Self { start: self.start.wrapping_add(count), length: self.length - count }
    }

    /// For the system calls of `sys`.
    pub(super) fn as_iovec(self) -> libc::iovec {
        libc::iovec { iov_base: self.start.cast_mut().cast(), iov_len: self.length }
    }
}

/// What glibc allocates by mmap(2) at most before it stops to learn
/// (`M_MMAP_THRESHOLD` in mallopt(3)), less room for a header.
const LARGEST_LESSON: usize = (32 << 20) - (64 << 10);

/// Teaches glibc that large memory comes and goes: it then keeps up to 64 MiB
/// of what is freed, instead of giving it back and asking for it anew.
///
/// V8 frees the chunks of a stream in batches of that size. Each page of a
/// batch that was given back costs a fault when it is used again, which
/// doubles the cost of reading. It is what glibc does by itself in a program
/// that frees a buffer of this size; other allocators do not care.
pub(crate) fn keep_freed() {
    drop(std::hint::black_box(Vec::<u8>::with_capacity(LARGEST_LESSON)));
}
