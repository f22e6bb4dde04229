//! Memory for strings on their way in or out, kept from one call to the next: a
//! fresh page costs more than what most calls do with it.

use std::cell::Cell;

/// What is kept at most, of each of the two, in units.
const KEPT: usize = 2 << 20;

/// Memory that grows when it is asked for, and is never smaller than that.
#[derive(Debug, Default)]
pub(super) struct Scratch(Vec<u16>);

impl Scratch {
    /// So many units, with anything in them. Nothing when memory is short.
    pub(super) fn units(&mut self, length: usize) -> Option<&mut [u16]> {
        if self.0.len() < length {
            // Nobody wants what is in it, so it is not carried along.
            self.0 = Vec::new();
            self.0.try_reserve_exact(length).ok()?;
            self.0.resize(length, 0);
        }
        self.0.get_mut(..length)
    }

    /// So many bytes, aligned for units.
    pub(super) fn bytes(&mut self, length: usize) -> Option<&mut [u8]> {
        let units = self.units(length.div_ceil(2))?;
        bytemuck::cast_slice_mut(units).get_mut(..length)
    }
}

thread_local! {
    static FIRST: Cell<Scratch> = const { Cell::new(Scratch(Vec::new())) };
    static SECOND: Cell<Scratch> = const { Cell::new(Scratch(Vec::new())) };
}

/// Calls `operation` with the thread's scratch memory.
pub(super) fn with<R>(operation: impl FnOnce(&mut Scratch, &mut Scratch) -> R) -> R {
    let (mut first, mut second) = (FIRST.take(), SECOND.take());
    let result = operation(&mut first, &mut second);
    if first.0.len() <= KEPT {
        FIRST.set(first);
    }
    if second.0.len() <= KEPT {
        SECOND.set(second);
    }
    result
}
