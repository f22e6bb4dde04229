//! Operations over slices. Pure: no Node-API, no I/O, and, but for the codecs of
//! streams, nothing that is kept between calls.
//!
//! Everything here does what Node does with the same bytes, malformed input
//! included. Sizes are `usize`, so that they are right above 2 GiB.
//!
//! `unsafe` is in two places: `converter`, which calls simdutf, and `simd`, which
//! calls what is compiled for a newer processor.

pub(crate) mod ascii;
pub(crate) mod base64;
pub(crate) mod bytes;
mod converter;
pub(crate) mod finder;
pub(crate) mod hex;
mod malformed;
pub(crate) mod search;
mod simd;
pub(crate) mod stream;
pub(crate) mod transcode;
pub(crate) mod utf16;
pub(crate) mod utf8;

#[cfg(test)]
mod boundary_tests;
#[cfg(test)]
mod oracle;
#[cfg(test)]
mod property_tests;
