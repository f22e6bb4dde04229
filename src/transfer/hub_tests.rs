use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use super::{Completion, Hub, Outcome};
use crate::transfer::mover::Engine;

fn counted() -> (Hub, Arc<AtomicU32>) {
    let wakes = Arc::new(AtomicU32::new(0));
    let count = Arc::clone(&wakes);
    let hub = Hub::new(Box::new(move || {
        count.fetch_add(1, Ordering::SeqCst);
    }));
    (hub, wakes)
}

fn completion(id: u32) -> Completion {
    Completion { id, outcome: Outcome::Complete, sent: 1, wire: 1, engine: Engine::Copy }
}

#[test]
fn one_wake_up_carries_all_ends_until_they_are_taken() {
    let (hub, wakes) = counted();
    let ids: Vec<u32> = (0..3).map(|_| hub.enter().0).collect();
    for id in &ids {
        hub.end(completion(*id));
    }
    assert_eq!(wakes.load(Ordering::SeqCst), 1);
    assert_eq!(std::iter::from_fn(|| hub.next()).map(|c| c.id).collect::<Vec<_>>(), ids);
    assert!(hub.next().is_none());
    hub.end(completion(hub.enter().0));
    assert_eq!(wakes.load(Ordering::SeqCst), 2);
}

#[test]
fn a_number_in_use_is_not_given_twice() {
    let (hub, _) = counted();
    let (first, _control) = hub.enter();
    hub.state().last_id = first.wrapping_sub(1);
    assert_ne!(hub.enter().0, first);
    hub.state().last_id = 0x7fff_ffff;
    assert_ne!(hub.enter().0, 0);
}

#[test]
fn a_wish_is_only_strengthened() {
    let (hub, _) = counted();
    let (id, control) = hub.enter();
    assert!(!control.stopping());
    hub.abandon(id);
    hub.stop(id);
    assert!(control.stopping() && control.abandoned());
}

#[test]
fn a_closed_hub_wakes_nobody_and_lets_everyone_go() {
    let (hub, wakes) = counted();
    let (id, running) = hub.enter();
    hub.close();
    assert!(running.abandoned());
    assert!(hub.enter().1.abandoned());
    hub.end(completion(id));
    assert_eq!(wakes.load(Ordering::SeqCst), 0);
}

#[test]
fn progress_is_known_until_the_end_is_taken() {
    let (hub, _) = counted();
    let (id, control) = hub.enter();
    control.report(5, 9);
    assert_eq!(hub.progress(id), Some((5, 9)));
    hub.end(Completion { sent: 6, wire: 10, ..completion(id) });
    assert_eq!(hub.progress(id), Some((6, 10)));
    hub.next();
    assert_eq!(hub.progress(id), None);
}
