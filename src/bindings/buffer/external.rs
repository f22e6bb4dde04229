//! Strings outside of V8's heap, which long ones would fill up: what Node makes of
//! the same bytes is outside, too.
//!
//! Every supported Node has the two functions, but Node-API 8 does not name them.

use std::ffi::{CStr, c_void};
use std::ptr;
use std::sync::OnceLock;

use napi::sys::{self, Status, napi_env, napi_status, napi_value};

use super::call::Value;
use crate::sys::symbol;

/// From so many units on, as in Node (`EXTERN_APEX`). Shorter ones gain nothing from
/// it: fresh memory costs as much as a copy, and in Node 26 much more.
pub(super) const FROM: usize = 0xf_bee9;

type Create<T> = unsafe extern "C" fn(
    napi_env,
    *const T,
    isize,
    sys::napi_finalize,
    *mut c_void,
    *mut napi_value,
    *mut bool,
) -> napi_status;

/// What a string is made of.
pub(super) trait Unit: Copy + Sized + 'static {
    fn create() -> Option<Create<Self>>;
}

impl Unit for u8 {
    fn create() -> Option<Create<Self>> {
        static FOUND: OnceLock<Option<Create<u8>>> = OnceLock::new();
        *FOUND.get_or_init(|| find(c"node_api_create_external_string_latin1"))
    }
}

impl Unit for u16 {
    fn create() -> Option<Create<Self>> {
        static FOUND: OnceLock<Option<Create<u16>>> = OnceLock::new();
        *FOUND.get_or_init(|| find(c"node_api_create_external_string_utf16"))
    }
}

/// `name` is one of the two functions, that of units of `T`.
fn find<T>(name: &CStr) -> Option<Create<T>> {
    let function = symbol::find(name)?.as_ptr();
    // SAFETY: Node-API 10 declares the two functions so.
    Some(unsafe { std::mem::transmute::<*mut c_void, Create<T>>(function) })
}

/// A string of a copy of `text`, or nothing where there are none such.
pub(super) fn string<T: Unit>(env: napi_env, text: &[T]) -> Option<Value> {
    let create = T::create()?;
    let length = text.len();
    let start = Box::into_raw(Box::<[T]>::from(text)).cast::<T>();
    let hint = ptr::without_provenance_mut(length);
    let (mut value, mut is_copied) = (ptr::null_mut(), false);
    // Before, for `free` may be called at once.
    account(env, size_of_val(text).cast_signed());
    // SAFETY: the memory is of that length, and nobody's but the string's until `free`.
    let status = unsafe {
        create(
            env,
            start,
            length.cast_signed(),
            Some(free::<T>),
            hint,
            &raw mut value,
            &raw mut is_copied,
        )
    };
    if status == Status::napi_ok {
        return Some(Value(value));
    }
    free::<T>(env, start.cast(), hint);
    None
}

/// Tells V8 about memory that it does not see, and without which it would not
/// collect garbage before the machine has no more.
fn account(env: napi_env, change: isize) {
    let mut all = 0;
    // SAFETY: it adds to a number of the environment, in a collection of garbage too.
    // Refused where the environment is gone, and its numbers with it.
    let _ = unsafe { sys::napi_adjust_external_memory(env, change as i64, &raw mut all) };
}

/// Where Node-API says that a string is gone, in a collection of garbage even: it
/// may do nothing of JavaScript's.
extern "C" fn free<T>(env: napi_env, data: *mut c_void, length: *mut c_void) {
    let text = ptr::slice_from_raw_parts_mut(data.cast::<T>(), length.addr());
    // SAFETY: `string` made it of a box of that length, and this is its only end.
    let text = unsafe { Box::from_raw(text) };
    account(env, -size_of_val(&*text).cast_signed());
}
