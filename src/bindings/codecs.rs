//! Codecs of streams, for `lib/transforms`.

use napi::bindgen_prelude::BufferSlice;
use napi::{Error, Result, Status};
use napi_derive::napi;

use crate::bindings::convert::to_number;
use crate::codec::base64::Alphabet;
use crate::codec::stream::base64;
use crate::codec::stream::separator::{self, Found};
use crate::codec::stream::{Codec, Invalid, Mode, hex};

/// A separator of records.
#[derive(Debug)]
#[napi]
pub struct Separator {
    separator: separator::Separator,
}

#[napi]
impl Separator {
    /// `bytes` are more than none.
    #[napi(constructor)]
    pub fn new(bytes: BufferSlice<'_>) -> Self {
        Self { separator: separator::Separator::new(&bytes) }
    }

    /// Writes down where separators begin in `piece` (of less than 2 GiB),
    /// from `from` on, as the elements of a `Uint32Array`. How many they are:
    /// as many as there is room for when there may be more. Below zero, -1
    /// minus their number: not all of the piece is ASCII.
    #[napi(catch_unwind)]
    pub fn find(&self, piece: BufferSlice<'_>, from: u32, mut places: BufferSlice<'_>) -> i32 {
        let (room, _) = places.as_chunks_mut();
        let Found { count, is_ascii } = self.separator.find(&piece, from as usize, room);
        let count = i32::try_from(count).unwrap_or(i32::MAX);
        if is_ascii { count } else { -1 - count }
    }
}

/// A codec of one stream.
#[derive(Debug)]
#[napi]
pub struct StreamCodec {
    codec: Box<dyn Codec>,
}

#[napi]
impl StreamCodec {
    #[napi(constructor)]
    pub fn new(
        #[napi(ts_arg_type = "'hex' | 'base64' | 'base64url'")] encoding: String,
        decodes: bool,
        is_strict: bool,
    ) -> Result<Self> {
        let mode = if is_strict { Mode::Strict } else { Mode::Lenient };
        let codec: Box<dyn Codec> = match (encoding.as_str(), decodes) {
            ("hex", true) => Box::new(hex::Decoder::new(mode)),
            ("hex", false) => Box::new(hex::Encoder),
            ("base64", true) => Box::new(base64::Decoder::new(Alphabet::Standard, mode)),
            ("base64", false) => Box::new(base64::Encoder::new(Alphabet::Standard)),
            ("base64url", true) => Box::new(base64::Decoder::new(Alphabet::Url, mode)),
            ("base64url", false) => Box::new(base64::Encoder::new(Alphabet::Url)),
            _ => return Err(Error::new(Status::InvalidArg, "no such encoding")),
        };
        Ok(Self { codec })
    }

    /// The most bytes that so many more, or the end, can bring.
    #[napi(catch_unwind)]
    pub fn bound(&self, length: u32) -> f64 {
        to_number(self.codec.bound(length as usize) as u64)
    }

    /// Writes what `input` brings to `output`, which has room for `bound()`
    /// and is no part of it. The number of bytes; or, below zero, -1 minus
    /// the place of the first byte of the stream that is wrong.
    #[napi(catch_unwind)]
    pub fn push(&mut self, input: BufferSlice<'_>, mut output: BufferSlice<'_>) -> f64 {
        answer(self.codec.push(&input, &mut output))
    }

    /// The same at the end of the stream.
    #[napi(catch_unwind)]
    pub fn finish(&mut self, mut output: BufferSlice<'_>) -> f64 {
        answer(self.codec.finish(&mut output))
    }
}

fn answer(result: std::result::Result<usize, Invalid>) -> f64 {
    match result {
        Ok(count) => to_number(count as u64),
        Err(Invalid { offset }) => -1.0 - to_number(offset),
    }
}
