//! A call of JavaScript's, through Node-API itself: napi-derive's conversions cost
//! more than most operations on a few kilobytes. All `unsafe` of the bindings is
//! here, in `answers` and in `external`.
//!
//! What is not of the kind that an operation wants is answered with `undefined`,
//! as a panic is; no operation throws.

use std::borrow::Cow;
use std::ffi::{c_char, c_void};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::ptr;

use napi::Result;
use napi::bindgen_prelude::ToNapiValue;
use napi::sys::{self, Status, TypedarrayType};

/// What an operation answers; `None` is `undefined`.
pub(super) type Answer = Option<Value>;

/// An operation as JavaScript calls it.
pub(super) type Operation = fn(&mut Call) -> Answer;

/// The most arguments that an operation has.
const ARGUMENTS: usize = 6;

/// Something of JavaScript's, which lives as long as the call.
#[derive(Clone, Copy, Debug)]
pub struct Value(pub(super) sys::napi_value);

/// A call in progress: its arguments, and where its answer is made.
#[derive(Debug)]
pub(super) struct Call {
    pub(super) env: sys::napi_env,
    arguments: [sys::napi_value; ARGUMENTS],
}

/// The memory of a typed array, during a call.
#[derive(Clone, Copy, Debug)]
struct Memory {
    start: *mut u8,
    length: usize,
}

/// Makes `operation` a function of JavaScript's.
pub(super) fn function_of(env: sys::napi_env, operation: &'static Operation) -> Option<Value> {
    let data = ptr::from_ref(operation).cast_mut().cast();
    let mut function = ptr::null_mut();
    // SAFETY: `env` is of the call that asks for the function; `data` lives for ever.
    let status = unsafe {
        sys::napi_create_function(env, ptr::null(), 0, Some(enter), data, &raw mut function)
    };
    (status == Status::napi_ok).then_some(Value(function))
}

/// Where Node-API calls every operation.
extern "C" fn enter(env: sys::napi_env, info: sys::napi_callback_info) -> sys::napi_value {
    let mut call = Call { env, arguments: [ptr::null_mut(); ARGUMENTS] };
    let (mut count, mut data) = (ARGUMENTS, ptr::null_mut());
    let arguments = call.arguments.as_mut_ptr();
    // SAFETY: it fills `count` arguments, of which there are as many, and the rest
    // with `undefined`.
    let status = unsafe {
        sys::napi_get_cb_info(env, info, &raw mut count, arguments, ptr::null_mut(), &raw mut data)
    };
    if status != Status::napi_ok {
        return ptr::null_mut();
    }
    // SAFETY: `function_of`, the only one to name this function, gave it the data.
    let operation = unsafe { &*data.cast::<Operation>() };
    let answer = catch_unwind(AssertUnwindSafe(|| operation(&mut call)));
    answer.ok().flatten().map_or(ptr::null_mut(), |Value(value)| value)
}

impl ToNapiValue for Value {
    unsafe fn to_napi_value(_: sys::napi_env, value: Self) -> Result<sys::napi_value> {
        Ok(value.0)
    }
}

impl Call {
    fn argument(&self, index: usize) -> sys::napi_value {
        self.arguments.get(index).copied().unwrap_or(ptr::null_mut())
    }

    /// A whole number, not negative; Infinity is the largest.
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "saturates")]
    pub(super) fn size(&self, index: usize) -> Option<usize> {
        let mut number = 0.0;
        // SAFETY: the value is an argument of this call, or null, which is refused.
        let status =
            unsafe { sys::napi_get_value_double(self.env, self.argument(index), &raw mut number) };
        let is_whole = number >= 0.0 && (number.is_infinite() || number.fract() == 0.0);
        (status == Status::napi_ok && is_whole).then_some(number as usize)
    }

    /// The bytes of a `Uint8Array`.
    pub(super) fn bytes(&self, index: usize) -> Option<&[u8]> {
        Some(self.memory(self.argument(index), Some(TypedarrayType::uint8_array))?.as_slice())
    }

    /// The bytes of a `Uint8Array`, to be changed.
    pub(super) fn target(&mut self, index: usize) -> Option<&mut [u8]> {
        let mut memory = self.memory(self.argument(index), Some(TypedarrayType::uint8_array))?;
        Some(memory.as_mut_slice())
    }

    /// The bytes of a `Uint8Array`, and the places of a `Float64Array`, elsewhere.
    pub(super) fn bytes_and_numbers(
        &mut self,
        bytes: usize,
        numbers: usize,
    ) -> Option<(&[u8], &mut [f64])> {
        let bytes = self.memory(self.argument(bytes), Some(TypedarrayType::uint8_array))?;
        let mut numbers =
            self.memory(self.argument(numbers), Some(TypedarrayType::float64_array))?;
        if bytes.overlaps(numbers) {
            return None;
        }
        Some((bytes.as_slice(), bytemuck::try_cast_slice_mut(numbers.as_mut_slice()).ok()?))
    }

    /// Both of two arrays: the first to be read, the second to be changed. What they
    /// share is read from a copy.
    pub(super) fn source_and_target(
        &mut self,
        source: usize,
        target: usize,
    ) -> Option<(Cow<'_, [u8]>, &mut [u8])> {
        self.pair(source, target, Some(TypedarrayType::uint8_array))
    }

    /// The same with the bytes of typed arrays of any kind.
    pub(super) fn any_source_and_target(
        &mut self,
        source: usize,
        target: usize,
    ) -> Option<(Cow<'_, [u8]>, &mut [u8])> {
        self.pair(source, target, None)
    }

    fn pair(
        &mut self,
        source: usize,
        target: usize,
        kind: Option<i32>,
    ) -> Option<(Cow<'_, [u8]>, &mut [u8])> {
        let source = self.memory(self.argument(source), kind)?;
        let mut target = self.memory(self.argument(target), kind)?;
        let bytes = source.beside(target);
        Some((bytes, target.as_mut_slice()))
    }

    /// The bytes of each `Uint8Array` of an Array.
    pub(super) fn list(&self, index: usize) -> Option<Vec<&[u8]>> {
        Some(self.memories(index)?.into_iter().map(Memory::as_slice).collect())
    }

    /// All of an Array of `Uint8Array`s, copied one behind the other into a target, as
    /// much as fits. Returns how much.
    pub(super) fn gather(&mut self, list: usize, target: usize) -> Option<usize> {
        let memories = self.memories(list)?;
        let mut target = self.memory(self.argument(target), Some(TypedarrayType::uint8_array))?;
        let sources: Vec<_> = memories.into_iter().map(|source| source.beside(target)).collect();
        let mut rest = target.as_mut_slice();
        let mut written = 0;
        for source in sources {
            let copied = crate::codec::bytes::copy(&source, rest);
            written += copied;
            rest = rest.get_mut(copied..)?;
        }
        Some(written)
    }

    fn memories(&self, index: usize) -> Option<Vec<Memory>> {
        let (mut length, list) = (0, self.argument(index));
        // SAFETY: the value is an argument of this call; what is no Array is refused.
        let status = unsafe { sys::napi_get_array_length(self.env, list, &raw mut length) };
        if status != Status::napi_ok {
            return None;
        }
        let mut memories = Vec::with_capacity(length as usize);
        for index in 0..length {
            let mut value = ptr::null_mut();
            // SAFETY: the value is an Array, as its length showed.
            let status = unsafe { sys::napi_get_element(self.env, list, index, &raw mut value) };
            if status != Status::napi_ok {
                return None;
            }
            memories.push(value);
        }
        // Elements may be getters, which may do anything to the arrays before them: all
        // are looked at when the last one has run.
        memories
            .into_iter()
            .map(|value| self.memory(value, Some(TypedarrayType::uint8_array)))
            .collect()
    }

    /// Nothing for another kind of array, and for memory that threads share.
    fn memory(&self, value: sys::napi_value, wanted: Option<i32>) -> Option<Memory> {
        let (mut kind, mut length, mut buffer) = (0, 0, ptr::null_mut());
        let mut start: *mut c_void = ptr::null_mut();
        // SAFETY: the value is one of this call, or null, which is refused; so is what
        // is no typed array.
        let status = unsafe {
            sys::napi_get_typedarray_info(
                self.env,
                value,
                &raw mut kind,
                &raw mut length,
                &raw mut start,
                &raw mut buffer,
                ptr::null_mut(),
            )
        };
        if status != Status::napi_ok || wanted.is_some_and(|wanted| wanted != kind) {
            return None;
        }
        let mut is_unshared = false;
        // SAFETY: the value is the buffer of the array above.
        let status = unsafe { sys::napi_is_arraybuffer(self.env, buffer, &raw mut is_unshared) };
        if status != Status::napi_ok || !is_unshared {
            return None;
        }
        let length = length.checked_mul(element_size(kind)?)?;
        Some(Memory { start: start.cast(), length })
    }

    /// The low byte of each unit of a string, in `scratch`.
    pub(super) fn latin1_into<'s>(
        &self,
        index: usize,
        scratch: &'s mut super::scratch::Scratch,
    ) -> Option<&'s [u8]> {
        let value = self.argument(index);
        let mut length = 0;
        // SAFETY: without a buffer it tells the length; what is no string is refused.
        let status = unsafe {
            sys::napi_get_value_string_latin1(self.env, value, ptr::null_mut(), 0, &raw mut length)
        };
        if status != Status::napi_ok {
            return None;
        }
        let room = scratch.bytes(length + 1)?;
        let start: *mut c_char = room.as_mut_ptr().cast();
        // SAFETY: it writes the string and a zero, for which there is room.
        let status = unsafe {
            sys::napi_get_value_string_latin1(self.env, value, start, length + 1, &raw mut length)
        };
        if status == Status::napi_ok { room.get(..length) } else { None }
    }

    /// The units of a string, in `scratch`.
    pub(super) fn utf16_into<'s>(
        &self,
        index: usize,
        scratch: &'s mut super::scratch::Scratch,
    ) -> Option<&'s [u16]> {
        let value = self.argument(index);
        let mut length = 0;
        // SAFETY: without a buffer it tells the length; what is no string is refused.
        let status = unsafe {
            sys::napi_get_value_string_utf16(self.env, value, ptr::null_mut(), 0, &raw mut length)
        };
        if status != Status::napi_ok {
            return None;
        }
        let room = scratch.units(length + 1)?;
        // SAFETY: it writes the string and a zero, for which there is room.
        let status = unsafe {
            sys::napi_get_value_string_utf16(
                self.env,
                value,
                room.as_mut_ptr(),
                length + 1,
                &raw mut length,
            )
        };
        if status == Status::napi_ok { room.get(..length) } else { None }
    }

    /// What is kept for `create_external`; a number of it.
    pub(super) fn external(&self, index: usize) -> Option<usize> {
        let mut data = ptr::null_mut();
        // SAFETY: the value is an argument of this call; what is no external is refused.
        let status =
            unsafe { sys::napi_get_value_external(self.env, self.argument(index), &raw mut data) };
        (status == Status::napi_ok).then_some(data.addr())
    }
}

impl Memory {
    fn as_slice<'a>(self) -> &'a [u8] {
        if self.length == 0 {
            return &[];
        }
        // SAFETY: JavaScript keeps the memory through the call, in which none of its
        // code runs; no thread but this has it, and `Call` lends no part of it to
        // be changed meanwhile.
        unsafe { std::slice::from_raw_parts(self.start, self.length) }
    }

    fn as_mut_slice<'a>(&mut self) -> &'a mut [u8] {
        if self.length == 0 {
            return &mut [];
        }
        // SAFETY: the same; what else `Call` lends meanwhile does not overlap with it.
        unsafe { std::slice::from_raw_parts_mut(self.start, self.length) }
    }

    /// The bytes while those of `target` change.
    fn beside<'a>(self, target: Self) -> Cow<'a, [u8]> {
        if self.overlaps(target) {
            Cow::Owned(self.as_slice().to_vec())
        } else {
            Cow::Borrowed(self.as_slice())
        }
    }

    fn overlaps(self, other: Self) -> bool {
        let (start, others) = (self.start.addr(), other.start.addr());
        start < others + other.length && others < start + self.length
    }
}

fn element_size(kind: i32) -> Option<usize> {
    Some(match kind {
        TypedarrayType::int8_array
        | TypedarrayType::uint8_array
        | TypedarrayType::uint8_clamped_array => 1,
        TypedarrayType::int16_array | TypedarrayType::uint16_array => 2,
        TypedarrayType::int32_array
        | TypedarrayType::uint32_array
        | TypedarrayType::float32_array => 4,
        TypedarrayType::float64_array
        | TypedarrayType::bigint64_array
        | TypedarrayType::biguint64_array => 8,
        _ => return None,
    })
}
