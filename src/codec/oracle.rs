//! The same operations for tests, as slow and plain as they can be.

use super::transcode::Encoding;

pub(super) fn hex_decode(text: &[u8]) -> Vec<u8> {
    let digit = |byte: u8| char::from(byte).to_digit(16);
    let mut bytes = Vec::new();
    for pair in text.chunks_exact(2) {
        let (Some(high), Some(low)) = (digit(pair[0]), digit(pair[1])) else { break };
        bytes.push(u8::try_from(high * 16 + low).unwrap());
    }
    bytes
}

pub(super) fn hex_encode(bytes: &[u8]) -> Vec<u8> {
    bytes.iter().flat_map(|byte| format!("{byte:02x}").into_bytes()).collect()
}

const BASE64: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";

pub(super) fn base64_decode(text: &[u8]) -> Vec<u8> {
    let value = |byte: &u8| match byte {
        b'+' | b'-' => Some(62),
        b'/' | b'_' => Some(63),
        _ => BASE64.iter().position(|character| character == byte),
    };
    let values: Vec<usize> =
        text.iter().take_while(|byte| **byte != b'=').filter_map(value).collect();
    let mut bytes = Vec::new();
    for group in values.chunks(4) {
        let sum = (0..4).fold(0, |sum, at| sum << 6 | group.get(at).unwrap_or(&0));
        let sum = u32::try_from(sum).unwrap().to_be_bytes();
        bytes.extend_from_slice(&sum[1..group.len()]);
    }
    bytes
}

pub(super) fn base64_encode(bytes: &[u8], url: bool) -> Vec<u8> {
    let last: &[u8] = if url { b"-_" } else { b"+/" };
    let alphabet = [BASE64, last].concat();
    let mut text = Vec::new();
    for group in bytes.chunks(3) {
        let sum = (0..3).fold(0, |sum, at| sum << 8 | usize::from(*group.get(at).unwrap_or(&0)));
        for at in 0..4 {
            if at <= group.len() {
                text.push(alphabet[sum >> (18 - 6 * at) & 63]);
            } else if !url {
                text.push(b'=');
            }
        }
    }
    text
}

pub(super) fn units(bytes: &[u8]) -> Vec<u16> {
    bytes.chunks_exact(2).map(|pair| u16::from_le_bytes([pair[0], pair[1]])).collect()
}

pub(super) fn utf8_to_utf16(bytes: &[u8]) -> Vec<u16> {
    String::from_utf8_lossy(bytes).encode_utf16().collect()
}

pub(super) fn find(haystack: &[u8], needle: &[u8], step: usize) -> Vec<usize> {
    (0..=haystack.len()).step_by(step).filter(|&at| haystack[at..].starts_with(needle)).collect()
}

pub(super) fn transcode(source: &[u8], from: Encoding, to: Encoding) -> Option<Vec<u8>> {
    let is_utf16 = from == Encoding::Utf16;
    // What is malformed is `None`.
    let mut characters: Vec<Option<char>> = match from {
        Encoding::Utf8 => {
            let pieces = source.utf8_chunks().flat_map(|chunk| {
                let malformed = (!chunk.invalid().is_empty()).then_some(None);
                chunk.valid().chars().map(Some).chain(malformed).collect::<Vec<_>>()
            });
            pieces.collect()
        }
        Encoding::Utf16 => char::decode_utf16(units(source)).map(Result::ok).collect(),
        Encoding::Latin1 => source.iter().map(|&byte| Some(char::from(byte))).collect(),
        Encoding::Ascii if to == Encoding::Utf16 => {
            source.iter().map(|&byte| Some(char::from(byte))).collect()
        }
        Encoding::Ascii => {
            source.iter().map(|&byte| byte.is_ascii().then_some(char::from(byte))).collect()
        }
    };
    let is_strict =
        matches!((from, to), (Encoding::Utf8, Encoding::Utf16) | (Encoding::Utf16, Encoding::Utf8));
    if is_strict && (characters.contains(&None) || is_utf16 && characters.is_empty()) {
        return None;
    }
    if is_utf16 && to == Encoding::Utf16 && source.len() % 2 == 1 {
        characters.push(None);
    }
    let text: String = characters.iter().map(|each| each.unwrap_or('\u{fffd}')).collect();
    let last = if to == Encoding::Ascii { 0x7f } else { 0xff };
    Some(match to {
        Encoding::Utf8 => text.into_bytes(),
        Encoding::Utf16 => text.encode_utf16().flat_map(u16::to_le_bytes).collect(),
        _ => text
            .chars()
            .filter(|&character| u32::from(character) <= last || !is_ignorable(character))
            .map(|character| u8::try_from(character).ok().filter(|byte| u32::from(*byte) <= last))
            .map(|byte| byte.unwrap_or(b'?'))
            .collect(),
    })
}

fn is_ignorable(character: char) -> bool {
    matches!(
        character,
        '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}'
            | '\u{180b}'..='\u{180f}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}' | '\u{3164}' | '\u{fe00}'..='\u{fe0f}' | '\u{feff}'
            | '\u{ffa0}' | '\u{fff0}'..='\u{fff8}' | '\u{1bca0}'..='\u{1bca3}'
            | '\u{1d173}'..='\u{1d17a}' | '\u{e0000}'..='\u{e0fff}'
    )
}
