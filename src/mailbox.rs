//! What other threads have to tell one JavaScript environment.
//!
//! The first letter in an empty box wakes the environment; one wake-up may
//! carry many. A box outlives its environment for as long as someone may
//! write to it, and then wakes nobody.

use std::collections::VecDeque;
use std::sync::PoisonError;

use crate::sync::{Mutex, MutexGuard};

type Wake = Box<dyn Fn() + Send + Sync>;

struct State<T> {
    letters: VecDeque<T>,
    /// Nothing in a closed box.
    wake: Option<Wake>,
}

pub(crate) struct Mailbox<T> {
    state: Mutex<State<T>>,
}

impl<T: std::fmt::Debug> std::fmt::Debug for Mailbox<T> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Mailbox").field("letters", &self.state().letters).finish_non_exhaustive()
    }
}

impl<T> Mailbox<T> {
    /// `wake` is called from any thread when the box is no longer empty. It
    /// must not come back to the box, nor wait for the environment.
    pub(crate) fn new(wake: Wake) -> Self {
        Self { state: Mutex::new(State { letters: VecDeque::new(), wake: Some(wake) }) }
    }

    fn state(&self) -> MutexGuard<'_, State<T>> {
        // Nothing that holds the lock can leave the state half changed.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Wakes under the lock: when `close` is back, no thread is in `wake`.
    pub(crate) fn post(&self, letter: T) {
        let mut state = self.state();
        state.letters.push_back(letter);
        if let (1, Some(wake)) = (state.letters.len(), &state.wake) {
            wake();
        }
    }

    /// Takes everything.
    pub(crate) fn drain(&self) -> Vec<T> {
        std::mem::take(&mut self.state().letters).into()
    }

    /// Takes the first letter. Who is woken goes on until there is none: a
    /// letter that comes to another wakes nobody.
    pub(crate) fn next(&self) -> Option<T> {
        self.state().letters.pop_front()
    }

    /// What `look` finds in a letter that is still in the box.
    pub(crate) fn find<R>(&self, look: impl FnMut(&T) -> Option<R>) -> Option<R> {
        self.state().letters.iter().find_map(look)
    }

    /// The environment goes away: nobody is woken any more. `wake` is dropped
    /// here, on the environment's own thread: Node frees what is behind it
    /// together with the environment, while the last owner of the box may be
    /// a thread that outlives both.
    pub(crate) fn close(&self) {
        let wake = self.state().wake.take();
        drop(wake);
    }
}

#[cfg(all(test, not(feature = "model")))]
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
        mailbox.post(4);
        assert_eq!([mailbox.next(), mailbox.next(), mailbox.next()], [Some(3), Some(4), None]);
        mailbox.post(5);
        assert_eq!(wakes.load(Ordering::SeqCst), 3);
    }

    #[test]
    fn a_closed_box_wakes_nobody() {
        let (mailbox, wakes) = mailbox();
        mailbox.close();
        mailbox.post(1);
        assert_eq!(wakes.load(Ordering::SeqCst), 0);
        assert_eq!(mailbox.drain(), [1]);
    }

    #[test]
    fn a_closed_box_has_let_go_of_what_wakes() {
        let (mailbox, wakes) = mailbox();
        mailbox.post(1);
        assert_eq!(Arc::strong_count(&wakes), 2);
        mailbox.close();
        assert_eq!(Arc::strong_count(&wakes), 1);
    }
}
