//! Whose turn it is when there are more threads than cores.

use rustix::process::{getpriority_process, setpriority_process};

/// Weighs a tenth of a thread that gives no way.
const STEP: i32 = 10;
const LAST: i32 = 19;

/// From now on other threads of the process go before the calling one. In
/// Linux the nice value is a thread's own.
///
/// Where that is not permitted, all stays as it is.
pub(crate) fn give_way() {
    if let Ok(nice) = getpriority_process(None) {
        let _ = setpriority_process(None, (nice + STEP).min(LAST));
    }
}
