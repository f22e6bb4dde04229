//! Base64, in both alphabets.

use simdutf::Base64Options;

use super::converter;

/// Which characters stand for 62 and 63, and whether the text is padded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Alphabet {
    /// `+` and `/`, padded.
    Standard,
    /// `-` and `_`, not padded.
    Url,
}

impl Alphabet {
    fn options(self) -> Base64Options {
        match self {
            Self::Standard => Base64Options::Default,
            Self::Url => Base64Options::Url,
        }
    }
}

/// The length of the text of so many bytes.
pub(crate) fn encoded_length(length: usize, alphabet: Alphabet) -> Option<usize> {
    // It is computed by simdutf without a check: more would overflow.
    (length <= usize::MAX / 2)
        .then(|| simdutf::base64_length_from_binary(length, alphabet.options()))
}

/// The text of `source`, in `target`. Returns its length, or nothing when
/// `target` has no room for it.
pub(crate) fn encode(source: &[u8], target: &mut [u8], alphabet: Alphabet) -> Option<usize> {
    let length = encoded_length(source.len(), alphabet)?;
    Some(converter::base64_encode(source, target.get_mut(..length)?, alphabet.options()))
}

/// The most that `decode` can write for text of `length` characters.
pub(crate) fn longest(length: usize) -> usize {
    converter::longest_base64(length)
}

/// The bytes that `text` stands for, as many as fit into `target`.
///
/// Takes both alphabets, mixed as well; leaves out every other character; ends at
/// the first `=`. Two or three characters at the end stand for one or two bytes,
/// one for none. Returns how many bytes were written.
pub(crate) fn decode(text: &[u8], target: &mut [u8]) -> usize {
    let text = memchr::memchr(b'=', text).and_then(|end| text.get(..end)).unwrap_or(text);
    let longest = longest(text.len());
    if longest <= target.len() {
        return converter::base64_decode(text, target).unwrap_or_default();
    }
    let mut all = vec![0; longest];
    let length = converter::base64_decode(text, &mut all).unwrap_or_default();
    super::bytes::copy(all.get(..length).unwrap_or_default(), target)
}

/// The bytes that `text` of one alphabet stands for, whose white space is left
/// out; nothing when there is anything else in it. `target` has room for
/// `longest()`.
pub(crate) fn decode_strict(text: &[u8], target: &mut [u8], alphabet: Alphabet) -> Option<usize> {
    converter::base64_decode_strict(text, target, alphabet.options()).ok()
}

/// What `atob()` makes of `text`: whitespace is left out, anything else that does
/// not belong there is refused. `target` has room for `longest()`.
pub(crate) fn decode_forgiving(text: &[u16], target: &mut [u8]) -> Option<usize> {
    converter::base64_decode_forgiving(text, target).ok()
}
