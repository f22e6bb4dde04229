//! The hub under loom: the orders in which JavaScript and the threads of the
//! pump can meet are tried. A lost wake-up shows as a deadlock.

use std::sync::{Arc, PoisonError};

use loom::future::block_on;
use loom::sync::atomic::{AtomicBool, Ordering};
use loom::sync::{Condvar, Mutex};
use loom::thread::{self, JoinHandle};

use super::{Completion, Control, Hub, Outcome};
use crate::transfer::mover::Engine;

/// Enough for every defect that was planted; all orders would take minutes.
const MOST_PREEMPTIONS: usize = 3;

fn model(orders: impl Fn() + Sync + Send + 'static) {
    let mut builder = loom::model::Builder::new();
    builder.preemption_bound = Some(MOST_PREEMPTIONS);
    builder.check(orders);
}

/// Node's event loop, as far as the addon wakes it.
struct Loop {
    is_woken: Mutex<bool>,
    woken: Condvar,
    /// The environment is gone: whoever wakes it now touches what is freed.
    is_gone: AtomicBool,
}

impl Loop {
    fn new() -> Arc<Self> {
        Arc::new(Self {
            is_woken: Mutex::new(false),
            woken: Condvar::new(),
            is_gone: AtomicBool::new(false),
        })
    }

    fn hub(self: &Arc<Self>) -> Arc<Hub> {
        let waker = Arc::clone(self);
        Arc::new(Hub::new(Box::new(move || {
            assert!(!waker.is_gone.load(Ordering::SeqCst), "woken after the close");
            *waker.is_woken.lock().unwrap_or_else(PoisonError::into_inner) = true;
            waker.woken.notify_one();
        })))
    }

    /// Runs until `count` ends were drained.
    fn drain(&self, hub: &Hub, count: usize) -> Vec<Completion> {
        let mut ends = Vec::new();
        while ends.len() < count {
            let mut is_woken = self.is_woken.lock().unwrap();
            while !*is_woken {
                is_woken = self.woken.wait(is_woken).unwrap();
            }
            *is_woken = false;
            drop(is_woken);
            ends.extend(std::iter::from_fn(|| hub.next()));
        }
        assert_eq!(ends.len(), count, "an end was told twice");
        ends
    }
}

/// What the pump does with a transfer, but for the bytes.
struct Carried {
    id: u32,
    /// The duplicates.
    is_open: Arc<AtomicBool>,
    thread: JoinHandle<()>,
}

/// Enters a transfer whose task goes on until it is told otherwise, or which
/// `completes` by itself.
fn carry(hub: &Arc<Hub>, completes: bool) -> Carried {
    let (id, control) = hub.enter();
    let is_open = Arc::new(AtomicBool::new(true));
    let (hub, duplicates) = (Arc::clone(hub), Arc::clone(&is_open));
    let thread = thread::spawn(move || {
        let outcome = block_on(outcome(&control, completes));
        duplicates.store(false, Ordering::Relaxed);
        hub.end(Completion { id, outcome, sent: 7, wire: 9, engine: Engine::Copy });
    });
    Carried { id, is_open, thread }
}

/// The loop of `pump::pump`.
async fn outcome(control: &Control, completes: bool) -> Outcome {
    loop {
        if control.abandoned() {
            return Outcome::Abandoned;
        }
        if control.stopping() {
            return Outcome::Stopped;
        }
        control.report(7, 9);
        if completes {
            return Outcome::Complete;
        }
        control.changed().await;
    }
}

#[test]
fn every_end_is_told_once_and_behind_its_descriptors() {
    model(|| {
        let event_loop = Loop::new();
        let hub = event_loop.hub();
        let carried = [carry(&hub, true), carry(&hub, true)];
        let ends = event_loop.drain(&hub, 2);
        for Carried { id, is_open, thread } in carried {
            assert_eq!(ends.iter().filter(|end| end.id == id).count(), 1);
            assert!(!is_open.load(Ordering::Relaxed), "told before it was closed");
            thread.join().unwrap();
        }
        assert!(hub.next().is_none());
    });
}

#[test]
fn a_wish_ends_a_transfer_whenever_it_comes() {
    for abandons in [false, true] {
        model(move || {
            let event_loop = Loop::new();
            let hub = event_loop.hub();
            let Carried { id, thread, .. } = carry(&hub, false);
            if abandons {
                hub.abandon(id)
            } else {
                hub.stop(id)
            }
            let [end] = event_loop.drain(&hub, 1)[..] else { unreachable!() };
            assert_eq!(end.id, id);
            // To be abandoned at a place where it may stop is to stop.
            assert!(end.outcome == Outcome::Stopped || abandons);
            thread.join().unwrap();
        });
    }
}

#[test]
fn a_late_wish_is_not_for_the_next_transfer_of_the_number() {
    model(|| {
        let event_loop = Loop::new();
        let hub = event_loop.hub();
        let Carried { id, thread, .. } = carry(&hub, true);
        hub.abandon(id);
        let [end] = event_loop.drain(&hub, 1)[..] else { unreachable!() };
        assert_eq!(end.id, id);
        // All other numbers were given since.
        hub.state().last_id = id - 1;
        let (next, control) = hub.enter();
        assert!(!control.stopping(), "the wish was for {id}, and {next} got it");
        thread.join().unwrap();
    });
}

#[test]
fn progress_is_known_at_every_moment_until_the_end_is_taken() {
    model(|| {
        let event_loop = Loop::new();
        let hub = event_loop.hub();
        let Carried { id, thread, .. } = carry(&hub, true);
        assert!(hub.progress(id).is_some(), "lost between running and ended");
        thread.join().unwrap();
        assert_eq!(hub.progress(id), Some((7, 9)));
        event_loop.drain(&hub, 1);
        assert_eq!(hub.progress(id), None);
    });
}

#[test]
fn a_close_lets_everyone_go_and_after_it_nobody_is_woken() {
    for completes in [false, true] {
        model(move || {
            let event_loop = Loop::new();
            let hub = event_loop.hub();
            let running = carry(&hub, completes);
            hub.close();
            event_loop.is_gone.store(true, Ordering::SeqCst);
            let late = carry(&hub, false);
            for Carried { is_open, thread, .. } in [running, late] {
                thread.join().unwrap();
                assert!(!is_open.load(Ordering::Relaxed));
            }
        });
    }
}
