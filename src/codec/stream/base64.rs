//! Base64 of both alphabets: four characters for three bytes.

use super::{Codec, Invalid, Mode, is_space, put, simd};

/// Blocks that are looked at one byte at a time when one of them is not all
/// of the alphabet. In bytes, and a multiple of four.
const BLOCK: usize = 16_384;

/// The two alphabets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Alphabet {
    Standard,
    Url,
}

/// Characters to bytes. A strict one takes its own alphabet, and padding that
/// is right; the standard alphabet's is due. A lenient one takes both, skips
/// what is in neither, and ends with the first `=`, as Node does.
#[derive(Debug)]
pub(crate) struct Decoder {
    alphabet: Alphabet,
    mode: Mode,
    /// The bits of a group that is not whole.
    bits: u32,
    /// Characters of the group.
    filled: u8,
    /// How much padding came; none can be followed by characters.
    padding: u8,
    /// Bytes of input that are done.
    offset: u64,
}

/// What a character says.
enum Meaning {
    Bits(u8),
    Padding,
    Foreign,
}

impl Decoder {
    pub(crate) fn new(alphabet: Alphabet, mode: Mode) -> Self {
        Self { alphabet, mode, bits: 0, filled: 0, padding: 0, offset: 0 }
    }

    fn meaning(&self, byte: u8) -> Meaning {
        let is_taken = |alphabet| self.mode == Mode::Lenient || self.alphabet == alphabet;
        match byte {
            b'A'..=b'Z' => Meaning::Bits(byte - b'A'),
            b'a'..=b'z' => Meaning::Bits(byte - b'a' + 26),
            b'0'..=b'9' => Meaning::Bits(byte - b'0' + 52),
            b'+' if is_taken(Alphabet::Standard) => Meaning::Bits(62),
            b'/' if is_taken(Alphabet::Standard) => Meaning::Bits(63),
            b'-' if is_taken(Alphabet::Url) => Meaning::Bits(62),
            b'_' if is_taken(Alphabet::Url) => Meaning::Bits(63),
            b'=' => Meaning::Padding,
            _ => Meaning::Foreign,
        }
    }

    fn has_ended(&self) -> bool {
        self.mode == Mode::Lenient && self.padding > 0
    }

    /// True when all of an aligned block could be decoded at once.
    fn at_once(&self, block: &[u8], output: &mut [u8], at: &mut usize) -> bool {
        if self.filled > 0 || self.padding > 0 || !block.len().is_multiple_of(4) {
            return false;
        }
        let length = block.len() / 4 * 3;
        let Some(place) = output.get_mut(*at..*at + length) else { return false };
        let other = match self.alphabet {
            Alphabet::Standard => Alphabet::Url,
            Alphabet::Url => Alphabet::Standard,
        };
        let is_done = simd::decode_groups(self.alphabet, block, place)
            || (self.mode == Mode::Lenient && simd::decode_groups(other, block, place));
        if is_done {
            *at += length;
        }
        is_done
    }

    fn slowly(&mut self, block: &[u8], output: &mut [u8], at: &mut usize) -> Result<(), Invalid> {
        for (index, byte) in block.iter().enumerate() {
            let invalid = Invalid { offset: self.offset + index as u64 };
            match self.meaning(*byte) {
                Meaning::Bits(_) if self.padding > 0 => return Err(invalid),
                Meaning::Bits(bits) => self.take(bits, output, at),
                Meaning::Padding if self.mode == Mode::Lenient => {
                    self.padding = 1;
                    return Ok(());
                }
                Meaning::Padding if self.filled + self.padding < 4 && self.filled >= 2 => {
                    self.padding += 1;
                }
                Meaning::Foreign if self.mode == Mode::Lenient || is_space(*byte) => {}
                Meaning::Padding | Meaning::Foreign => return Err(invalid),
            }
        }
        Ok(())
    }

    fn take(&mut self, bits: u8, output: &mut [u8], at: &mut usize) {
        self.bits = (self.bits << 6) | u32::from(bits);
        self.filled += 1;
        if self.filled == 4 {
            let [_, first, second, third] = self.bits.to_be_bytes();
            for byte in [first, second, third] {
                put(output, at, byte);
            }
            self.bits = 0;
            self.filled = 0;
        }
    }
}

impl Codec for Decoder {
    fn bound(&self, length: usize) -> usize {
        length / 4 * 3 + 6
    }

    fn push(&mut self, input: &[u8], output: &mut [u8]) -> Result<usize, Invalid> {
        let mut at = 0;
        let mut rest = input;
        while !rest.is_empty() && !self.has_ended() {
            // A group that is begun is completed first, so that what follows
            // is whole groups again.
            let missing = usize::from(4 - self.filled);
            let length = if self.filled > 0 { missing } else { BLOCK };
            let (mut block, mut later) = rest.split_at(rest.len().min(length));
            if self.filled == 0 && block.len() > 4 && !block.len().is_multiple_of(4) {
                (block, later) = rest.split_at(block.len() & !3);
            }
            if !self.at_once(block, output, &mut at) {
                self.slowly(block, output, &mut at)?;
            }
            self.offset += block.len() as u64;
            rest = later;
        }
        self.offset += rest.len() as u64;
        Ok(at)
    }

    fn finish(&mut self, output: &mut [u8]) -> Result<usize, Invalid> {
        if self.mode == Mode::Strict {
            let is_right = match self.filled {
                0 => true,
                1 => false,
                _ if self.padding == 0 => self.alphabet == Alphabet::Url,
                filled => filled + self.padding == 4,
            };
            if !is_right {
                return Err(Invalid { offset: self.offset });
            }
        }
        let mut at = 0;
        // Of two characters, eight bits count; of three, sixteen.
        let [_, _, high, low] = match self.filled {
            2 => (self.bits >> 4).to_be_bytes(),
            3 => (self.bits >> 2).to_be_bytes(),
            _ => [0; 4],
        };
        match self.filled {
            2 => put(output, &mut at, low),
            3 => {
                put(output, &mut at, high);
                put(output, &mut at, low);
            }
            _ => {}
        }
        self.filled = 0;
        Ok(at)
    }
}

/// Bytes to characters; the standard alphabet is padded.
#[derive(Debug)]
pub(crate) struct Encoder {
    alphabet: Alphabet,
    /// Bytes of a group that is not whole: at most two.
    pending: Vec<u8>,
}

impl Encoder {
    pub(crate) fn new(alphabet: Alphabet) -> Self {
        Self { alphabet, pending: Vec::with_capacity(3) }
    }
}

impl Codec for Encoder {
    fn bound(&self, length: usize) -> usize {
        (length + self.pending.len()).div_ceil(3) * 4
    }

    fn push(&mut self, input: &[u8], output: &mut [u8]) -> Result<usize, Invalid> {
        let mut rest = input;
        let mut at = 0;
        while !self.pending.is_empty() && self.pending.len() < 3 {
            let Some((byte, later)) = rest.split_first() else { return Ok(0) };
            self.pending.push(*byte);
            rest = later;
        }
        if self.pending.len() == 3 {
            at = simd::encode(self.alphabet, &self.pending, output);
            self.pending.clear();
        }
        let (whole, later) = rest.split_at(rest.len() / 3 * 3);
        at += simd::encode(self.alphabet, whole, output.get_mut(at..).unwrap_or_default());
        self.pending.extend_from_slice(later);
        Ok(at)
    }

    fn finish(&mut self, output: &mut [u8]) -> Result<usize, Invalid> {
        let count = simd::encode(self.alphabet, &self.pending, output);
        self.pending.clear();
        Ok(count)
    }
}

#[cfg(test)]
mod tests {
    use base64_simd::{STANDARD, URL_SAFE, URL_SAFE_NO_PAD};
    use proptest::prelude::*;

    use super::super::testing::run;
    use super::super::{Invalid, Mode};
    use super::{Alphabet, Decoder, Encoder};

    proptest! {
        #[test]
        fn any_cut_brings_back_what_was_encoded(
            bytes in proptest::collection::vec(any::<u8>(), 0..30_000),
            cuts in proptest::collection::vec(1_usize..40_000, 1..9),
            spaces in any::<bool>(),
        ) {
            for alphabet in [Alphabet::Standard, Alphabet::Url] {
                let (mut text, error) = run(Encoder::new(alphabet), &bytes, &cuts);
                prop_assert_eq!(error, None);
                let expected = match alphabet {
                    Alphabet::Standard => STANDARD.encode_to_string(&bytes),
                    Alphabet::Url => URL_SAFE_NO_PAD.encode_to_string(&bytes),
                };
                prop_assert_eq!(std::str::from_utf8(&text).unwrap(), expected.as_str());
                if spaces {
                    text = text.chunks(76).flat_map(|line| [line, b"\r\n"].concat()).collect();
                }
                for mode in [Mode::Strict, Mode::Lenient] {
                    let (again, error) = run(Decoder::new(alphabet, mode), &text, &cuts);
                    prop_assert_eq!(error, None);
                    prop_assert_eq!(&again, &bytes);
                }
            }
        }

        #[test]
        fn any_text_means_the_same_however_it_is_cut(
            text in "[A-Za-z0-9+/=_ \n!-]{0,60}[=]{0,3}",
            cuts in proptest::collection::vec(1_usize..9, 1..9),
        ) {
            for alphabet in [Alphabet::Standard, Alphabet::Url] {
                let lenient = || Decoder::new(alphabet, Mode::Lenient);
                let known: Vec<u8> = text
                    .bytes()
                    .take_while(|byte| *byte != b'=')
                    .filter(|byte| byte.is_ascii_alphanumeric() || b"+/-_".contains(byte))
                    .map(|byte| match byte { b'+' => b'-', b'/' => b'_', byte => byte })
                    .collect();
                // A character that is alone says nothing; bits too many, neither.
                let mut padded = known;
                if padded.len() % 4 == 1 {
                    padded.pop();
                }
                let odd = padded.len() % 4;
                if odd > 0 {
                    let last = padded.pop().unwrap();
                    let mask = if odd == 2 { 0b11_0000 } else { 0b11_1100 };
                    let digits = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
                    let value = digits.iter().position(|digit| *digit == last).unwrap();
                    padded.push(digits[value & mask]);
                    padded.resize(padded.len().div_ceil(4) * 4, b'=');
                }
                let expected = URL_SAFE.decode_to_vec(&padded).unwrap();
                prop_assert_eq!(run(lenient(), text.as_bytes(), &cuts), (expected, None));
                let strict = |cuts: &[usize]| {
                    run(Decoder::new(alphabet, Mode::Strict), text.as_bytes(), cuts)
                };
                let (whole, error) = strict(&[usize::MAX]);
                let (cut, same) = strict(&cuts);
                prop_assert_eq!(error, same);
                if error.is_none() {
                    prop_assert_eq!(whole, cut);
                }
            }
        }
    }

    #[test]
    fn strict_padding_is_what_the_alphabet_says() {
        let strict = |alphabet, text: &str| {
            let (bytes, error) = run(Decoder::new(alphabet, Mode::Strict), text.as_bytes(), &[3]);
            error.map_or(Ok(bytes), |Invalid { offset }| Err(offset))
        };
        let standard = |text| strict(Alphabet::Standard, text);
        let url = |text| strict(Alphabet::Url, text);
        assert_eq!(standard("QUI="), Ok(b"AB".to_vec()));
        assert_eq!(standard("QUI"), Err(3));
        assert_eq!(url("QUI"), Ok(b"AB".to_vec()));
        assert_eq!(url("QUI="), Ok(b"AB".to_vec()));
        assert_eq!(url("QQ="), Err(3));
        assert_eq!(standard("QQ= =\n"), Ok(b"A".to_vec()));
        assert_eq!(standard("QQ==="), Err(4));
        assert_eq!(standard("QQ==QQ=="), Err(4));
        assert_eq!(standard("Q==="), Err(1));
        assert_eq!(standard("===="), Err(0));
        assert_eq!(standard("QUJD="), Err(4));
        assert_eq!(standard("A-__"), Err(1));
        assert_eq!(url("A+//"), Err(1));
        assert_eq!(standard("A"), Err(1));
    }
}
