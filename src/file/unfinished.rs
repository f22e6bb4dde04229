//! Changes to files that are under way. A process that exits waits for them, as
//! Node waits for what its own threads have begun: what was handed over before
//! `process.exit()` is in the file.

use std::process;
use std::sync::{Condvar, Mutex, MutexGuard, OnceLock, PoisonError};

use crate::sys::exit::at_exit;

/// In the whole process, of all its environments.
static COUNT: Mutex<usize> = Mutex::new(0);
static NONE_LEFT: Condvar = Condvar::new();
/// The process that they are of.
static OWNER: OnceLock<u32> = OnceLock::new();

fn count() -> MutexGuard<'static, usize> {
    // Nothing that holds the lock can leave a number half changed.
    COUNT.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Counts a change for as long as it lives.
#[derive(Debug)]
pub(crate) struct Unfinished(());

impl Unfinished {
    pub(crate) fn new() -> Self {
        OWNER.get_or_init(|| {
            // Refused for want of memory: such a process has other troubles.
            let _ = at_exit(wait);
            process::id()
        });
        *count() += 1;
        Self(())
    }
}

impl Drop for Unfinished {
    fn drop(&mut self) {
        let mut count = count();
        *count -= 1;
        if *count == 0 {
            NONE_LEFT.notify_all();
        }
    }
}

extern "C" fn wait() {
    // A child that was forked off has none of the threads.
    if OWNER.get() != Some(&process::id()) {
        return;
    }
    let mut count = count();
    while *count > 0 {
        count = NONE_LEFT.wait(count).unwrap_or_else(PoisonError::into_inner);
    }
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, Instant};

    use super::{Unfinished, wait};

    #[test]
    fn an_end_waits_for_what_is_unfinished() {
        let unfinished = Unfinished::new();
        let begin = Instant::now();
        let thread = std::thread::spawn(move || {
            std::thread::sleep(Duration::from_millis(30));
            drop(unfinished);
        });
        wait();
        assert!(begin.elapsed() >= Duration::from_millis(30));
        thread.join().unwrap();
        wait();
    }
}
