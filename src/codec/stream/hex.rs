//! Hexadecimal digits, two a byte.

use super::{BLOCK, Codec, Invalid, Mode, is_space, put};
use crate::codec::hex;

/// Digits to bytes.
#[derive(Debug)]
pub(crate) struct Decoder {
    mode: Mode,
    /// The first digit of a byte whose second is not there yet.
    pending: Option<u8>,
    /// Bytes of input that are done.
    offset: u64,
}

impl Decoder {
    pub(crate) fn new(mode: Mode) -> Self {
        Self { mode, pending: None, offset: 0 }
    }

    /// Decodes a block that is all digits, but for what is skipped: true when it
    /// was. Without a digit pending.
    fn at_once(&mut self, block: &[u8], output: &mut [u8], at: &mut usize) -> bool {
        if self.pending.is_some() {
            return false;
        }
        let place = output.get_mut(*at..).unwrap_or_default();
        if block.len().is_multiple_of(2) && hex::decode(block, place) == block.len() / 2 {
            *at += block.len() / 2;
            return true;
        }
        let mut digits = [0; BLOCK];
        let is_kept = |byte: u8| match self.mode {
            Mode::Strict => !is_space(byte),
            Mode::Lenient => byte.is_ascii_hexdigit(),
        };
        let mut length = 0;
        for byte in block {
            let Some(place) = digits.get_mut(length) else { return false };
            *place = *byte;
            length += usize::from(is_kept(*byte));
        }
        let digits = digits.get(..length).unwrap_or_default();
        let (pairs, odd) = digits.split_at(length & !1);
        let last = match odd {
            [] => None,
            [byte, ..] => match char::from(*byte).to_digit(16) {
                None => return false,
                // A digit fits.
                Some(digit) => Some(u8::try_from(digit).unwrap_or(0)),
            },
        };
        if hex::decode(pairs, place) < pairs.len() / 2 {
            return false;
        }
        *at += pairs.len() / 2;
        self.pending = last;
        true
    }

    fn slowly(&mut self, block: &[u8], output: &mut [u8], at: &mut usize) -> Result<(), Invalid> {
        for (index, byte) in block.iter().enumerate() {
            let digit = match char::from(*byte).to_digit(16) {
                // A digit fits.
                Some(digit) => u8::try_from(digit).unwrap_or(0),
                None if self.mode == Mode::Lenient || is_space(*byte) => continue,
                None => return Err(Invalid { offset: self.offset + index as u64 }),
            };
            match self.pending.take() {
                None => self.pending = Some(digit),
                Some(first) => put(output, at, (first << 4) | digit),
            }
        }
        Ok(())
    }
}

impl Codec for Decoder {
    fn bound(&self, length: usize) -> usize {
        length / 2 + 1
    }

    fn push(&mut self, input: &[u8], output: &mut [u8]) -> Result<usize, Invalid> {
        let mut at = 0;
        let mut rest = input;
        while !rest.is_empty() {
            // With a digit pending the next is taken alone, so that what
            // follows is whole bytes again.
            let length = if self.pending.is_some() { 1 } else { rest.len().min(BLOCK) };
            let (block, later) = rest.split_at(length);
            if !self.at_once(block, output, &mut at) {
                self.slowly(block, output, &mut at)?;
            }
            self.offset += block.len() as u64;
            rest = later;
        }
        Ok(at)
    }

    fn finish(&mut self, _output: &mut [u8]) -> Result<usize, Invalid> {
        match self.pending {
            Some(_) if self.mode == Mode::Strict => Err(Invalid { offset: self.offset }),
            _ => Ok(0),
        }
    }
}

/// Bytes to digits, in lower case.
#[derive(Debug)]
pub(crate) struct Encoder;

impl Codec for Encoder {
    fn bound(&self, length: usize) -> usize {
        2 * length
    }

    fn push(&mut self, input: &[u8], output: &mut [u8]) -> Result<usize, Invalid> {
        // There is room, as `bound` has it.
        Ok(hex::encode(input, output).unwrap_or_default())
    }

    fn finish(&mut self, _output: &mut [u8]) -> Result<usize, Invalid> {
        Ok(0)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::testing::run;
    use super::super::{Invalid, Mode};
    use super::{Decoder, Encoder};

    fn naive(text: &[u8]) -> Vec<u8> {
        let digits: Vec<u8> = text
            .iter()
            .filter_map(|byte| char::from(*byte).to_digit(16))
            .map(|digit| u8::try_from(digit).unwrap())
            .collect();
        digits.chunks_exact(2).map(|pair| pair[0] * 16 + pair[1]).collect()
    }

    proptest! {
        #[test]
        fn any_cut_brings_back_what_was_encoded(
            bytes in proptest::collection::vec(any::<u8>(), 0..30_000),
            cuts in proptest::collection::vec(1_usize..40_000, 1..9),
        ) {
            let (text, error) = run(Encoder, &bytes, &cuts);
            prop_assert_eq!(error, None);
            let digit = |value: u8| char::from_digit(u32::from(value), 16).unwrap();
            let expected: String =
                bytes.iter().flat_map(|byte| [digit(byte >> 4), digit(byte & 15)]).collect();
            prop_assert_eq!(std::str::from_utf8(&text).unwrap(), expected.as_str());
            for mode in [Mode::Strict, Mode::Lenient] {
                let (again, error) = run(Decoder::new(mode), &text, &cuts);
                prop_assert_eq!(error, None);
                prop_assert_eq!(&again, &bytes);
            }
        }

        #[test]
        fn what_is_foreign_is_skipped_or_the_same_error_however_it_is_cut(
            text in "[0-9a-fA-F]{0,9}([0-9a-fA-F]|[ \n]|[0xg\u{e9}]){0,60}",
            cuts in proptest::collection::vec(1_usize..9, 1..9),
        ) {
            let text = text.as_bytes();
            prop_assert_eq!(run(Decoder::new(Mode::Lenient), text, &cuts), (naive(text), None));
            let (whole, error) = run(Decoder::new(Mode::Strict), text, &[usize::MAX]);
            let (cut, same) = run(Decoder::new(Mode::Strict), text, &cuts);
            prop_assert_eq!(error, same);
            let foreign =
                |byte: &u8| !char::from(*byte).is_ascii_hexdigit() && !b"\t\n\x0c\r ".contains(byte);
            let digits = text.iter().filter(|byte| byte.is_ascii_hexdigit()).count();
            let expected = text.iter().position(foreign).or((digits % 2 == 1).then_some(text.len()));
            prop_assert_eq!(error, expected.map(|at| Invalid { offset: at as u64 }));
            if error.is_none() {
                prop_assert_eq!(&whole, &naive(text));
                prop_assert_eq!(&cut, &whole);
            }
        }
    }

    #[test]
    fn a_prefix_is_no_digit() {
        let strict = || Decoder::new(Mode::Strict);
        assert_eq!(run(strict(), b"0xab", &[9]).1, Some(Invalid { offset: 1 }));
        assert_eq!(run(strict(), b"", &[9]), (vec![], None));
    }
}
