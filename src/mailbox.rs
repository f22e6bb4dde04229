//! What other threads have to tell one JavaScript environment.
//!
//! The first letter in an empty box wakes the environment; one wake-up may
//! carry many. A box outlives its environment for as long as someone may
//! write to it, and then wakes nobody.

use std::sync::{Mutex, MutexGuard, PoisonError};

#[derive(Debug)]
struct State<T> {
    letters: Vec<T>,
    closed: bool,
}

type Wake = Box<dyn Fn() + Send + Sync>;

pub(crate) struct Mailbox<T> {
    state: Mutex<State<T>>,
    wake: Wake,
}

impl<T: std::fmt::Debug> std::fmt::Debug for Mailbox<T> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Mailbox").field("state", &self.state).finish_non_exhaustive()
    }
}

impl<T> Mailbox<T> {
    /// `wake` is called from any thread when the box is no longer empty.
    pub(crate) fn new(wake: Wake) -> Self {
        Self { state: Mutex::new(State { letters: Vec::new(), closed: false }), wake }
    }

    fn state(&self) -> MutexGuard<'_, State<T>> {
        // Nothing that holds the lock can leave the state half changed.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn post(&self, letter: T) {
        let must_wake = {
            let mut state = self.state();
            state.letters.push(letter);
            state.letters.len() == 1 && !state.closed
        };
        if must_wake {
            (self.wake)();
        }
    }

    /// Takes everything.
    pub(crate) fn drain(&self) -> Vec<T> {
        std::mem::take(&mut self.state().letters)
    }

    /// What `look` finds in a letter that is still in the box.
    pub(crate) fn find<R>(&self, look: impl FnMut(&T) -> Option<R>) -> Option<R> {
        self.state().letters.iter().find_map(look)
    }

    /// The environment goes away: nobody is woken any more.
    pub(crate) fn close(&self) {
        self.state().closed = true;
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::Mailbox;

    fn mailbox() -> (Mailbox<u32>, Arc<AtomicUsize>) {
        let wakes = Arc::new(AtomicUsize::new(0));
        let count = Arc::clone(&wakes);
        let wake = move || {
            count.fetch_add(1, Ordering::SeqCst);
        };
        (Mailbox::new(Box::new(wake)), wakes)
    }

    #[test]
    fn one_wake_up_carries_many_letters() {
        let (mailbox, wakes) = mailbox();
        mailbox.post(1);
        mailbox.post(2);
        assert_eq!(wakes.load(Ordering::SeqCst), 1);
        assert_eq!(mailbox.find(|letter| (*letter == 2).then_some("two")), Some("two"));
        assert_eq!(mailbox.drain(), [1, 2]);
        mailbox.post(3);
        assert_eq!(wakes.load(Ordering::SeqCst), 2);
    }

    #[test]
    fn a_closed_box_wakes_nobody() {
        let (mailbox, wakes) = mailbox();
        mailbox.close();
        mailbox.post(1);
        assert_eq!(wakes.load(Ordering::SeqCst), 0);
        assert_eq!(mailbox.drain(), [1]);
    }
}
