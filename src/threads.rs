//! The threads of the addon: a few, started as they are needed and kept until
//! the process ends, each with a tokio runtime of its own, and threads beside
//! it that wait for disks.
//!
//! tokio's multi-threaded runtime starts all of its threads at once and
//! panics when the system refuses one. Here a refusal is an error, or means
//! fewer threads, and is not remembered.

use std::cell::Cell;
use std::future::Future;
use std::panic::AssertUnwindSafe;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use rustix::io::Errno;
use tokio::runtime::{Builder, Handle};

use crate::error::{Error, Result};

/// More would only take cores from JavaScript.
const MOST: usize = 4;

/// Threads of each that wait for a disk.
const MOST_READERS: usize = 16;

/// Bytes after which a thread that sends lets others run: what takes a tenth of
/// a millisecond, and much longer than to ask.
const STINT: u64 = 256 << 10;

/// A thread that moves bytes.
#[derive(Clone, Debug)]
pub(crate) struct Thread {
    handle: Handle,
    /// Transfers that it carries.
    load: Arc<AtomicUsize>,
    is_awake: Arc<AtomicBool>,
}

impl Thread {
    /// True while it is at work: what it is given now costs no wake-up.
    pub(crate) fn is_awake(&self) -> bool {
        self.is_awake.load(Ordering::Relaxed)
    }

    /// Runs `task` on this thread.
    pub(crate) fn spawn(&self, task: impl Future<Output = ()> + Send + 'static) {
        let busy = Busy::new(&self.load);
        // A task that waits by value is held twice: as what it was and as
        // what is waited for.
        let mut task = Box::pin(task);
        self.handle.spawn(async move {
            let _busy = busy;
            task.as_mut().await;
        });
    }

    /// Runs `work`, which may wait for a disk, on a thread beside this one.
    pub(crate) fn spawn_blocking(&self, work: impl FnOnce() + Send + 'static) -> Result<()> {
        // tokio panics when there is no thread for it yet and it gets none.
        let spawn = AssertUnwindSafe(|| drop(self.handle.spawn_blocking(work)));
        std::panic::catch_unwind(spawn).map_err(|_| Error::new(Errno::AGAIN, "pthread_create"))
    }

    fn start() -> Result<Self> {
        let is_awake = Arc::new(AtomicBool::new(false));
        let set = |value| {
            let is_awake = Arc::clone(&is_awake);
            move || is_awake.store(value, Ordering::Relaxed)
        };
        let runtime = Builder::new_current_thread()
            .on_thread_park(set(false))
            .on_thread_unpark(set(true))
            .enable_io()
            .enable_time()
            .max_blocking_threads(MOST_READERS)
            .build()
            .map_err(|error| failure(&error, "epoll_create"))?;
        let handle = runtime.handle().clone();
        std::thread::Builder::new()
            .name("millrace".to_owned())
            .spawn(move || runtime.block_on(std::future::pending::<()>()))
            .map_err(|error| failure(&error, "pthread_create"))?;
        Ok(Self { handle, load: Arc::default(), is_awake })
    }
}

fn failure(error: &std::io::Error, syscall: &'static str) -> Error {
    Error::new(Errno::from_io_error(error).unwrap_or(Errno::AGAIN), syscall)
}

/// Said by a thread that has sent `bytes`: every now and then it lets others run.
///
/// Where JavaScript wants the same core, Linux lets a thread that sends run on
/// until the next tick of its clock, 4 ms at 250 Hz, and whoever waits for the
/// event loop waits with it. Where nobody wants the core, it costs a system call.
pub(crate) fn take_turns(bytes: u64) {
    thread_local! {
        static SENT: Cell<u64> = const { Cell::new(0) };
    }
    let (sent, is_turn) = after(SENT.get(), bytes);
    SENT.set(sent);
    if is_turn {
        std::thread::yield_now();
    }
}

/// What is counted after `bytes` more, and whether it is the turn of others.
fn after(sent: u64, bytes: u64) -> (u64, bool) {
    let sent = sent + bytes;
    if sent < STINT { (sent, false) } else { (0, true) }
}

/// Counts a transfer for as long as it lives, however it ends.
struct Busy(Arc<AtomicUsize>);

impl Busy {
    fn new(load: &Arc<AtomicUsize>) -> Self {
        load.fetch_add(1, Ordering::Relaxed);
        Self(Arc::clone(load))
    }
}

impl Drop for Busy {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

/// The thread with the least to do. A new one is started while all are busy
/// and there are fewer than cores.
pub(crate) fn pick() -> Result<Thread> {
    static THREADS: Mutex<Vec<Thread>> = Mutex::new(Vec::new());
    let mut threads = THREADS.lock().unwrap_or_else(PoisonError::into_inner);
    let idlest = threads.iter().min_by_key(|thread| thread.load.load(Ordering::Relaxed)).cloned();
    let is_busy = |thread: &Thread| thread.load.load(Ordering::Relaxed) > 0;
    if let Some(thread) = idlest.as_ref().filter(|thread| !is_busy(thread)) {
        return Ok(thread.clone());
    }
    let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    match idlest {
        Some(thread) if threads.len() >= cores.min(MOST) => Ok(thread),
        idlest => match Thread::start() {
            Ok(thread) => {
                threads.push(thread.clone());
                Ok(thread)
            }
            Err(error) => idlest.ok_or(error),
        },
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;

    use super::{MOST, STINT, after, pick};

    #[test]
    fn others_have_a_turn_after_so_many_bytes_however_they_are_sent() {
        for step in [1, 4096, 65_000, STINT, 1 << 20] {
            let (mut sent, mut since, mut turns) = (0, 0, 0);
            for _ in 0..(4 * STINT / step).max(4) {
                let is_turn;
                (sent, is_turn) = after(sent, step);
                since += step;
                assert_eq!(is_turn, since >= STINT);
                if is_turn {
                    (since, turns) = (0, turns + 1);
                }
            }
            assert!(turns >= 3, "{turns} turns in steps of {step}");
        }
        assert_eq!(after(STINT - 1, 0), (STINT - 1, false));
    }

    #[test]
    fn threads_run_tasks_and_stay_few() {
        let (sender, receiver) = mpsc::channel();
        for i in 0..100 {
            let sender = sender.clone();
            pick().unwrap().spawn(async move {
                tokio::task::yield_now().await;
                sender.send((i, std::thread::current().id())).unwrap();
            });
        }
        drop(sender);
        let mut done: Vec<_> = receiver.iter().collect();
        assert_eq!(done.len(), 100);
        done.sort_by_key(|(i, _)| *i);
        assert!(done.iter().enumerate().all(|(at, (i, _))| at == *i));
        let ids: std::collections::HashSet<_> = done.iter().map(|(_, id)| *id).collect();
        assert!(ids.len() <= MOST);
    }
}
