//! The transfers of one JavaScript environment that the pump carries, and
//! the list of those that ended.
//!
//! A hub outlives its environment for as long as a transfer refers to it, and
//! then wakes nobody.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::sync::atomic::Ordering;
use std::sync::{Arc, PoisonError};

use crate::error::Error;
use crate::mailbox::Mailbox;
use crate::sync::{AtomicU8, AtomicU64, Mutex, MutexGuard, Notify};
use crate::transfer::mover::Engine;

/// How a transfer ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// Every byte was sent.
    Complete,
    /// It was asked to stop, and stopped where a writer may go on.
    Stopped,
    /// It was told to let go, wherever it was.
    Abandoned,
    /// The file ended before the promised length.
    Truncated,
    /// A system call failed.
    Failed(Error),
}

/// The end of one transfer.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Completion {
    pub(crate) id: u32,
    pub(crate) outcome: Outcome,
    /// Body bytes sent.
    pub(crate) sent: u64,
    /// Bytes sent, framing included.
    pub(crate) wire: u64,
    pub(crate) engine: Engine,
}

const RUN: u8 = 0;
const STOP: u8 = 1;
const ABANDON: u8 = 2;

/// What the two sides of a running transfer share.
#[derive(Debug, Default)]
pub(crate) struct Control {
    wish: AtomicU8,
    changed: Notify,
    sent: AtomicU64,
    wire: AtomicU64,
}

impl Control {
    /// A wish to stop at the next place where a writer may go on. A wish is
    /// only ever strengthened.
    fn stop(&self) {
        self.wish.fetch_max(STOP, Ordering::SeqCst);
        self.changed.notify_one();
    }

    /// Let go at once.
    fn abandon(&self) {
        self.wish.fetch_max(ABANDON, Ordering::SeqCst);
        self.changed.notify_one();
    }

    pub(crate) fn stopping(&self) -> bool {
        self.wish.load(Ordering::SeqCst) != RUN
    }

    pub(crate) fn abandoned(&self) -> bool {
        self.wish.load(Ordering::SeqCst) == ABANDON
    }

    /// Waits for the next change of the wish.
    pub(crate) async fn changed(&self) {
        self.changed.notified().await;
    }

    pub(crate) fn report(&self, sent: u64, wire: u64) {
        self.sent.store(sent, Ordering::Relaxed);
        self.wire.store(wire, Ordering::Relaxed);
    }

    /// Body bytes and wire bytes sent so far.
    fn progress(&self) -> (u64, u64) {
        (self.sent.load(Ordering::Relaxed), self.wire.load(Ordering::Relaxed))
    }
}

#[derive(Debug, Default)]
struct State {
    running: HashMap<u32, Arc<Control>>,
    last_id: u32,
    closed: bool,
}

#[derive(Debug)]
pub(crate) struct Hub {
    state: Mutex<State>,
    ends: Mailbox<Completion>,
}

impl Hub {
    /// `wake` is called from any thread when the list of ends is no longer
    /// empty.
    pub(crate) fn new(wake: Box<dyn Fn() + Send + Sync>) -> Self {
        Self { state: Mutex::default(), ends: Mailbox::new(wake) }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // Nothing that holds the lock can leave the state half changed.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Enters a transfer. Its number is never 0, and never one in use.
    pub(crate) fn enter(&self) -> (u32, Arc<Control>) {
        let control = Arc::new(Control::default());
        let mut state = self.state();
        if state.closed {
            control.abandon();
        }
        loop {
            state.last_id = (state.last_id % 0x7fff_ffff) + 1;
            let id = state.last_id;
            if let Entry::Vacant(vacancy) = state.running.entry(id) {
                vacancy.insert(Arc::clone(&control));
                return (id, control);
            }
        }
    }

    /// Puts the end of a transfer on the list.
    pub(crate) fn end(&self, completion: Completion) {
        self.ends.post(completion);
        self.state().running.remove(&completion.id);
    }

    /// Takes the first of the ends. Who is woken goes on until there is none.
    pub(crate) fn next(&self) -> Option<Completion> {
        self.ends.next()
    }

    pub(crate) fn stop(&self, id: u32) {
        if let Some(control) = self.state().running.get(&id) {
            control.stop();
        }
    }

    pub(crate) fn abandon(&self, id: u32) {
        if let Some(control) = self.state().running.get(&id) {
            control.abandon();
        }
    }

    /// Body bytes and wire bytes that a transfer has sent, until its end is
    /// taken.
    pub(crate) fn progress(&self, id: u32) -> Option<(u64, u64)> {
        let ended = |end: &Completion| (end.id == id).then_some((end.sent, end.wire));
        // In the order in which a transfer goes from one to the other.
        let running = self.state().running.get(&id).map(|control| control.progress());
        running.or_else(|| self.ends.find(ended))
    }

    /// The environment goes away: every transfer lets go, nobody is woken.
    pub(crate) fn close(&self) {
        self.ends.close();
        let mut state = self.state();
        state.closed = true;
        for control in state.running.values() {
            control.abandon();
        }
    }
}

#[cfg(all(test, not(feature = "model")))]
#[path = "hub_tests.rs"]
mod tests;

#[cfg(all(test, feature = "model"))]
#[path = "hub_model.rs"]
mod model;
