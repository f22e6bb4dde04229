//! Bytes to strings and back, and to other bytes.

use super::call::{Answer, Call};
use super::range;
use super::scratch;
use crate::codec::base64::{self, Alphabet};
use crate::codec::transcode::{self, Encoding};
use crate::codec::{ascii, bytes, hex, utf8, utf16};

const UTF8: usize = 0;
const UTF16: usize = 1;
const LATIN1: usize = 2;
const ASCII: usize = 3;
const HEX: usize = 4;
const BASE64: usize = 5;
const BASE64URL: usize = 6;

fn alphabet(encoding: usize) -> Option<Alphabet> {
    match encoding {
        BASE64 => Some(Alphabet::Standard),
        BASE64URL => Some(Alphabet::Url),
        _ => None,
    }
}

pub(super) fn to_string(call: &mut Call) -> Answer {
    let (encoding, start, end) = (call.size(1)?, call.size(2)?, call.size(3)?);
    let source = range(call.bytes(0)?, start, end);
    match encoding {
        LATIN1 => call.latin1(source),
        UTF8 => utf8_string(call, source),
        UTF16 => call.utf16(&utf16::units(source)),
        ASCII if ascii::is_ascii(source) => call.latin1(source),
        ASCII => scratch::with(|text, _| {
            let text = text.bytes(source.len())?;
            ascii::mask(source, text);
            call.latin1(text)
        }),
        HEX => scratch::with(|text, _| {
            let text = text.bytes(source.len().checked_mul(2)?)?;
            hex::encode(source, text)?;
            call.latin1(text)
        }),
        _ => scratch::with(|text, _| {
            let alphabet = alphabet(encoding)?;
            let text = text.bytes(base64::encoded_length(source.len(), alphabet)?)?;
            base64::encode(source, text, alphabet)?;
            call.latin1(text)
        }),
    }
}

fn utf8_string(call: &Call, source: &[u8]) -> Answer {
    let widest = utf8::widest(source);
    if widest == utf8::Widest::Ascii {
        return call.latin1(source);
    }
    scratch::with(|text, _| {
        let room = utf8::decoded_room(source.len())?;
        if widest == utf8::Widest::Latin1 {
            let text = text.bytes(room)?;
            if let Some(length) = utf8::to_latin1(source, text) {
                return call.latin1(text.get(..length)?);
            }
        }
        let text = text.units(room)?;
        let length = utf8::decode(source, text);
        call.utf16(text.get(..length)?)
    })
}

pub(super) fn write(call: &mut Call) -> Answer {
    let (encoding, offset, length) = (call.size(2)?, call.size(3)?, call.size(4)?);
    let written = scratch::with(|text, other| {
        let end = offset.saturating_add(length);
        match encoding {
            UTF8 => {
                let units = call.utf16_into(1, text)?;
                let target = range_mut(call.target(0)?, offset, end);
                let room = utf8::encoded_room(units.len())?;
                if target.len() >= room {
                    return Some(utf8::encode(units, target));
                }
                let all = other.bytes(room)?;
                let length = utf8::encode(units, all);
                Some(utf8::copy_whole(all.get(..length)?, target))
            }
            UTF16 => {
                let units = call.utf16_into(1, text)?;
                Some(utf16::to_bytes(units, range_mut(call.target(0)?, offset, end)))
            }
            _ => {
                let characters = call.latin1_into(1, text)?;
                let target = range_mut(call.target(0)?, offset, end);
                match encoding {
                    LATIN1 | ASCII => Some(bytes::copy(characters, target)),
                    HEX => Some(hex::decode(characters, target)),
                    BASE64 | BASE64URL => Some(base64::decode(characters, target)),
                    _ => None,
                }
            }
        }
    })?;
    call.count(written)
}

pub(super) fn byte_length(call: &mut Call) -> Answer {
    let encoding = call.size(1)?;
    let length = scratch::with(|text, _| {
        let units = call.utf16_into(0, text)?;
        Some(match encoding {
            UTF8 => utf16::utf8_length(units),
            UTF16 => units.len() * 2,
            LATIN1 | ASCII => units.len(),
            HEX => units.len() / 2,
            BASE64 | BASE64URL => longest_base64(units),
            _ => return None,
        })
    })?;
    call.count(length)
}

pub(super) fn decoded_length(call: &mut Call) -> Answer {
    let (text, encoding) = (call.bytes(0)?, call.size(1)?);
    call.count(match encoding {
        HEX => text.len() / 2,
        BASE64 | BASE64URL => longest_base64(text),
        _ => return None,
    })
}

/// What Node reckons that base64 stands for: only padding at the end is none of it.
fn longest_base64<T: Copy + Into<u16>>(text: &[T]) -> usize {
    let is_padding = |&&character: &&T| character.into() == u16::from(b'=');
    let padding = text.iter().rev().take(2).take_while(is_padding).count();
    base64::longest(text.len() - padding)
}

pub(super) fn atob(call: &mut Call) -> Answer {
    scratch::with(|text, other| {
        let text = call.utf16_into(0, text)?;
        let bytes = other.bytes(base64::longest(text.len()))?;
        let length = base64::decode_forgiving(text, bytes)?;
        call.latin1(bytes.get(..length)?)
    })
}

pub(super) fn btoa(call: &mut Call) -> Answer {
    scratch::with(|text, other| {
        let units = call.utf16_into(0, text)?;
        if utf16::bits(units) > 0xff {
            return None;
        }
        let length = base64::encoded_length(units.len(), Alphabet::Standard)?;
        let (bytes, characters) = other.bytes(units.len() + length)?.split_at_mut(units.len());
        utf16::low_bytes(units, bytes);
        base64::encode(bytes, characters, Alphabet::Standard)?;
        call.latin1(characters)
    })
}

pub(super) fn encode(call: &mut Call) -> Answer {
    let encoding = call.size(2)?;
    let (source, target) = call.source_and_target(0, 1)?;
    let written = match encoding {
        HEX => hex::encode(&source, target)?,
        _ => base64::encode(&source, target, alphabet(encoding)?)?,
    };
    call.count(written)
}

pub(super) fn decode(call: &mut Call) -> Answer {
    let encoding = call.size(2)?;
    let (source, target) = call.source_and_target(0, 1)?;
    let written = match encoding {
        HEX => hex::decode(&source, target),
        BASE64 | BASE64URL => base64::decode(&source, target),
        _ => return None,
    };
    call.count(written)
}

pub(super) fn transcode(call: &mut Call) -> Answer {
    let (from, to) = (encoding_of(call.size(1)?)?, encoding_of(call.size(2)?)?);
    let source = call.bytes(0)?;
    scratch::with(|target, spare| {
        let target = target.bytes(transcode::room(source.len(), to)?)?;
        let spare = spare.units(transcode::spare_room(source.len())?)?;
        let length = transcode::transcode(source, from, to, target, spare)?;
        call.buffer(target.get(..length)?)
    })
}

fn encoding_of(encoding: usize) -> Option<Encoding> {
    Some(match encoding {
        UTF8 => Encoding::Utf8,
        UTF16 => Encoding::Utf16,
        LATIN1 => Encoding::Latin1,
        ASCII => Encoding::Ascii,
        _ => return None,
    })
}

fn range_mut(bytes: &mut [u8], start: usize, end: usize) -> &mut [u8] {
    let end = end.min(bytes.len());
    bytes.get_mut(start.min(end)..end).unwrap_or_default()
}
