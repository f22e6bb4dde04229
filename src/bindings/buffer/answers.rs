//! What a call answers, made through Node-API itself as its arguments are taken.

use std::ffi::c_void;
use std::panic::catch_unwind;
use std::ptr;

use napi::sys::{self, Status};

use super::call::{Answer, Call, Value};
use super::external;

/// The longest string of every supported V8, in units.
const LONGEST_STRING: usize = 0x1fff_ffe8;

impl Call {
    /// An opaque value that stands for `number`, which `forget` is told when nobody
    /// can reach it any more.
    pub(super) fn create_external(&self, number: usize, forget: &'static fn(usize)) -> Answer {
        let data = ptr::without_provenance_mut(number);
        let hint = ptr::from_ref(forget).cast_mut().cast();
        let mut value = ptr::null_mut();
        // SAFETY: nobody reads through `data`; the hint lives for ever.
        let status =
            unsafe { sys::napi_create_external(self.env, data, Some(leave), hint, &raw mut value) };
        (status == Status::napi_ok).then_some(Value(value))
    }

    /// A string of one byte a character.
    pub(super) fn latin1(&self, text: &[u8]) -> Answer {
        if text.len() > LONGEST_STRING {
            return None;
        }
        if text.len() >= external::FROM
            && let Some(string) = external::string(self.env, text)
        {
            return Some(string);
        }
        let (start, length) = (text.as_ptr().cast(), text.len().cast_signed());
        let mut value = ptr::null_mut();
        // SAFETY: it copies so many bytes.
        let status =
            unsafe { sys::napi_create_string_latin1(self.env, start, length, &raw mut value) };
        (status == Status::napi_ok).then_some(Value(value))
    }

    /// A string of two bytes a character.
    pub(super) fn utf16(&self, text: &[u16]) -> Answer {
        if text.len() > LONGEST_STRING {
            return None;
        }
        if text.len() >= external::FROM
            && let Some(string) = external::string(self.env, text)
        {
            return Some(string);
        }
        let (start, length) = (text.as_ptr(), text.len().cast_signed());
        let mut value = ptr::null_mut();
        // SAFETY: it copies so many units.
        let status =
            unsafe { sys::napi_create_string_utf16(self.env, start, length, &raw mut value) };
        (status == Status::napi_ok).then_some(Value(value))
    }

    /// A Buffer of its own with a copy of `bytes`.
    pub(super) fn buffer(&self, bytes: &[u8]) -> Answer {
        let (start, length) = (bytes.as_ptr().cast(), bytes.len());
        let (mut value, mut copy) = (ptr::null_mut(), ptr::null_mut());
        // SAFETY: it copies so many bytes.
        let status = unsafe {
            sys::napi_create_buffer_copy(self.env, length, start, &raw mut copy, &raw mut value)
        };
        (status == Status::napi_ok).then_some(Value(value))
    }

    #[expect(clippy::cast_precision_loss, reason = "no array is longer than 2^53 bytes")]
    pub(super) fn count(&self, count: usize) -> Answer {
        self.number(count as f64)
    }

    /// A position, or -1.
    pub(super) fn position(&self, position: Option<usize>) -> Answer {
        position.map_or_else(|| self.number(-1.0), |position| self.count(position))
    }

    pub(super) fn number(&self, number: f64) -> Answer {
        let mut value = ptr::null_mut();
        // SAFETY: it makes a number in the environment of the call.
        let status = unsafe { sys::napi_create_double(self.env, number, &raw mut value) };
        (status == Status::napi_ok).then_some(Value(value))
    }

    pub(super) fn flag(&self, flag: bool) -> Answer {
        let mut value = ptr::null_mut();
        // SAFETY: it gives one of two values of the environment of the call.
        let status = unsafe { sys::napi_get_boolean(self.env, flag, &raw mut value) };
        (status == Status::napi_ok).then_some(Value(value))
    }
}

/// Where Node-API says that an external is gone.
extern "C" fn leave(_: sys::napi_env, data: *mut c_void, hint: *mut c_void) {
    // SAFETY: `create_external`, the only one to name this function, gave it the hint.
    let forget = unsafe { &*hint.cast::<fn(usize)>() };
    // Nothing is left to do where even this panics.
    let _ = catch_unwind(|| forget(data.addr()));
}
