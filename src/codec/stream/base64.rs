//! Base64 of both alphabets: four characters for three bytes.

use super::{BLOCK, Codec, Invalid, Mode, count, is_space, put};
use crate::codec::base64::{self, Alphabet};

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
    /// Nothing had to be skipped in the last block.
    is_clean: bool,
}

/// What a character says.
enum Meaning {
    Bits(u8),
    Padding,
    Foreign,
}

impl Decoder {
    pub(crate) fn new(alphabet: Alphabet, mode: Mode) -> Self {
        Self { alphabet, mode, bits: 0, filled: 0, padding: 0, offset: 0, is_clean: true }
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

    /// True for what is not skipped; what it means is another question.
    fn counts(&self, byte: u8) -> bool {
        match self.mode {
            Mode::Strict => !is_space(byte),
            Mode::Lenient => is_character(byte),
        }
    }

    /// The longest beginning of `text` that is whole groups, and how many.
    fn groups(&self, text: &[u8]) -> (usize, usize) {
        let characters = match self.mode {
            Mode::Strict => text.len() - count::spaces(text),
            Mode::Lenient => count::characters(text),
        };
        let mut length = text.len();
        let mut surplus = characters % 4;
        for byte in text.iter().rev() {
            if surplus == 0 {
                break;
            }
            length -= 1;
            surplus -= usize::from(self.counts(*byte));
        }
        (length, characters / 4)
    }

    /// Decodes whole groups at the beginning of `block`, at once.
    /// Returns how long they are; 0 when that could not be done.
    fn at_once(&mut self, block: &[u8], output: &mut [u8], at: &mut usize) -> usize {
        if self.padding > 0 || self.filled > 0 {
            return 0;
        }
        let place = output.get_mut(*at..).unwrap_or_default();
        if place.len() < base64::longest(block.len()) {
            return 0;
        }
        let mut decode = |text: &[u8], mode| match mode {
            Mode::Strict => base64::decode_strict(text, place, self.alphabet),
            Mode::Lenient if memchr::memchr(b'=', text).is_some() => None,
            Mode::Lenient => Some(base64::decode(text, place)),
        };
        if self.is_clean {
            let text = block.get(..block.len() & !3).unwrap_or_default();
            if decode(text, Mode::Strict) == Some(text.len() / 4 * 3) {
                *at += text.len() / 4 * 3;
                return text.len();
            }
        }
        let (length, groups) = self.groups(block);
        self.is_clean = length == groups * 4;
        let text = block.get(..length).unwrap_or_default();
        // Of padding it would be less.
        if decode(text, self.mode) != Some(groups * 3) {
            return 0;
        }
        *at += groups * 3;
        length
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
            let most = if self.filled > 0 { usize::from(4 - self.filled) } else { BLOCK };
            let (mut block, mut later) = rest.split_at(rest.len().min(most));
            match self.at_once(block, output, &mut at) {
                0 => self.slowly(block, output, &mut at)?,
                length => (block, later) = rest.split_at(length),
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

/// True for the characters of either alphabet.
pub(super) fn is_character(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/' | b'-' | b'_')
}

/// How many characters were written. There is room, as `bound` has it.
fn encode(bytes: &[u8], output: &mut [u8], alphabet: Alphabet) -> usize {
    base64::encode(bytes, output, alphabet).unwrap_or_default()
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
            at = encode(&self.pending, output, self.alphabet);
            self.pending.clear();
        }
        let (whole, later) = rest.split_at(rest.len() / 3 * 3);
        at += encode(whole, output.get_mut(at..).unwrap_or_default(), self.alphabet);
        self.pending.extend_from_slice(later);
        Ok(at)
    }

    fn finish(&mut self, output: &mut [u8]) -> Result<usize, Invalid> {
        let count = encode(&self.pending, output, self.alphabet);
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
    use super::{Alphabet, Decoder, Encoder, base64};

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

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(40))]
        #[test]
        fn much_text_means_the_same_however_it_is_cut(
            text in proptest::collection::vec(any::<u8>(), 0..30_000),
            foreign in proptest::collection::vec((any::<u16>(), any::<u8>()), 0..12),
            width in 1_usize..200,
            cuts in proptest::collection::vec(1_usize..40_000, 1..9),
        ) {
            let mut text = STANDARD.encode_to_string(&text).into_bytes();
            text = text.chunks(width).flat_map(|line| [line, b" \n"].concat()).collect();
            for (at, byte) in foreign {
                let length = text.len();
                if let Some(place) = text.get_mut(usize::from(at) % length.max(1)) {
                    *place = byte;
                }
            }
            let mut expected = vec![0; base64::longest(text.len())];
            let length = base64::decode(&text, &mut expected);
            expected.truncate(length);
            let lenient = Decoder::new(Alphabet::Standard, Mode::Lenient);
            prop_assert_eq!(run(lenient, &text, &cuts), (expected.clone(), None));
            let strict = |cuts: &[usize]| run(Decoder::new(Alphabet::Standard, Mode::Strict), &text, cuts);
            let (whole, error) = strict(&[usize::MAX]);
            let (cut, same) = strict(&cuts);
            prop_assert_eq!(error, same);
            if error.is_none() {
                prop_assert_eq!(&whole, &expected);
                prop_assert_eq!(&cut, &expected);
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
