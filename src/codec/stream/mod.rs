//! Codecs that get their input in pieces: what the end of a piece leaves open
//! is carried over, so that any cut gives the same result as none.
//!
//! ```text
//!   separator   where records end
//!   hex         digits to bytes and back
//!   base64      both alphabets, to bytes and back
//!   count       how many characters of a piece count
//! ```
//!
//! Whole groups are decoded as by `codec::hex` and `codec::base64`; what is here
//! is what pieces leave open, and where an error is.

pub(crate) mod base64;
mod count;
pub(crate) mod hex;
pub(crate) mod separator;

/// Blocks that are looked at one byte at a time when one of them cannot be
/// decoded at once. In bytes, and a multiple of four.
const BLOCK: usize = 16_384;

/// Text that is not in its encoding.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Invalid {
    /// The byte that is wrong, counted from the beginning of the stream; the
    /// length of the stream where its end is.
    pub(crate) offset: u64,
}

/// What goes with text that is not of the alphabet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Mode {
    /// Whitespace is skipped, anything else is an error.
    Strict,
    /// It is skipped.
    Lenient,
}

/// White space that text may be broken by, as in the Encoding standard.
fn is_space(byte: u8) -> bool {
    matches!(byte, b'\t' | b'\n' | 0x0c | b'\r' | b' ')
}

/// A codec of a stream. What it writes goes to the beginning of `output`,
/// which has room for [`Codec::bound`] bytes; both calls return their number.
pub(crate) trait Codec: std::fmt::Debug + Send {
    /// The most bytes that `length` more of input, or the end, can bring.
    fn bound(&self, length: usize) -> usize;

    /// # Errors
    /// The first byte that is wrong; the stream has ended with it.
    fn push(&mut self, input: &[u8], output: &mut [u8]) -> Result<usize, Invalid>;

    /// # Errors
    /// When the input cannot end here.
    fn finish(&mut self, output: &mut [u8]) -> Result<usize, Invalid>;
}

/// Puts one byte at `at`, and moves that on. Bytes without room are dropped:
/// there are none, as `bound` has it.
fn put(output: &mut [u8], at: &mut usize, byte: u8) {
    if let Some(place) = output.get_mut(*at) {
        *place = byte;
        *at += 1;
    }
}

#[cfg(test)]
mod testing {
    use super::{Codec, Invalid};

    /// All that a codec makes of `input`, cut at `cuts` (lengths, cyclic).
    pub(crate) fn run(
        mut codec: impl Codec,
        input: &[u8],
        cuts: &[usize],
    ) -> (Vec<u8>, Option<Invalid>) {
        let mut all = Vec::new();
        let mut rest = input;
        let mut cuts = cuts.iter().cycle();
        while !rest.is_empty() {
            let (piece, later) = rest.split_at(rest.len().min(*cuts.next().unwrap_or(&usize::MAX)));
            rest = later;
            let mut output = vec![0; codec.bound(piece.len())];
            match codec.push(piece, &mut output) {
                Ok(count) => all.extend_from_slice(&output[..count]),
                Err(invalid) => return (all, Some(invalid)),
            }
        }
        let mut output = vec![0; codec.bound(0)];
        match codec.finish(&mut output) {
            Ok(count) => all.extend_from_slice(&output[..count]),
            Err(invalid) => return (all, Some(invalid)),
        }
        (all, None)
    }
}
