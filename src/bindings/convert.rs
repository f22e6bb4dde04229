//! Numbers and functions, from JavaScript and back.

use napi::Result;
use napi::bindgen_prelude::Function;
use napi::threadsafe_function::ThreadsafeFunctionCallMode;

/// `function` as something that any thread may call, with nothing, and that
/// does not keep the process alive.
pub(super) fn wake_of(function: Function<'_, (), ()>) -> Result<Box<dyn Fn() + Send + Sync>> {
    let function = function
        .build_threadsafe_function::<()>()
        .weak::<true>()
        .callee_handled::<false>()
        .build()?;
    Ok(Box::new(move || {
        // Refused only when the environment is going away.
        let _ = function.call((), ThreadsafeFunctionCallMode::NonBlocking);
    }))
}

/// A position from JavaScript; a negative one stands for none.
pub(super) fn offset(position: f64) -> Option<u64> {
    (position >= 0.0).then(|| whole(position))
}

/// A JavaScript number as an unsigned one; Infinity is the largest.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "saturates")]
pub(super) fn whole(number: f64) -> u64 {
    number as u64
}

#[expect(clippy::cast_precision_loss, reason = "no file is larger than 2^53 bytes")]
pub(super) fn to_number(count: u64) -> f64 {
    count as f64
}
