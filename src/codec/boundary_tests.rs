//! Every operation at every length, at both ends of memory that nobody may leave.

use super::base64::{self, Alphabet};
use super::search::{Needle, Step};
use super::transcode::{self, Encoding};
use super::{ascii, bytes, hex, oracle, utf8, utf16};
use crate::sys::guarded::Guarded;

const LONGEST: usize = 300;

/// Room for what the longest source becomes.
const ROOM: usize = LONGEST * 3 + 256;

/// Calls `test` with `source` at both ends of its memory, and with memory for what
/// becomes of it.
fn at_both_ends(source: &[u8], test: &mut dyn FnMut(&[u8], &mut Guarded)) {
    let (mut from, mut to) = (Guarded::new(LONGEST), Guarded::new(ROOM));
    let end = from.at_end(source.len());
    end.copy_from_slice(source);
    test(end, &mut to);
    let start = from.at_start(source.len());
    start.copy_from_slice(source);
    test(start, &mut to);
}

/// Sources of each length: random, and of what each operation looks for.
fn sources(length: usize) -> Vec<Vec<u8>> {
    let mut state = u32::try_from(length).unwrap() + 1;
    let mut random = || {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        state.to_le_bytes()[3]
    };
    let repeated = |text: &str| text.bytes().cycle().take(length).collect::<Vec<_>>();
    let mut sources = vec![
        (0..length).map(|_| random()).collect(),
        repeated("0123456789abcdefABCDEF"),
        repeated("QUJD-_+/ abc\n*"),
        repeated("QUJD QU\r\nJD\n"),
        repeated("QUJDRUZHSElKS0xNTk9QUVJTVFVWV1hZWmFiY2RlZmdoaWprbG1ub3BxcnN0dXZ3eHl6MDEy\r\n"),
        repeated("plain text "),
        repeated("größe für café "),
        repeated("مرحبا بالعالم "),
        repeated("你好世界，"),
        repeated("a😀b"),
        vec![0xf0; length],
        vec![0x80; length],
    ];
    let mut malformed = repeated("你好 hello ");
    if let Some(last) = malformed.last_mut() {
        *last = 0xff;
    }
    sources.push(malformed);
    sources
}

fn check(source: &[u8], memory: &mut Guarded) {
    let length = source.len();

    let target = memory.at_end(length * 2);
    assert_eq!(hex::encode(source, target), Some(length * 2));
    assert_eq!(target, oracle::hex_encode(source));
    let expected = oracle::hex_decode(source);
    let target = memory.at_end(length / 2);
    assert_eq!(hex::decode(source, target), expected.len());
    assert_eq!(target[..expected.len()], expected);

    for alphabet in [Alphabet::Standard, Alphabet::Url] {
        let target = memory.at_end(base64::encoded_length(length, alphabet).unwrap());
        assert_eq!(base64::encode(source, target, alphabet), Some(target.len()));
        assert_eq!(target, oracle::base64_encode(source, alphabet == Alphabet::Url));
    }
    let expected = oracle::base64_decode(source);
    for alphabet in [Alphabet::Standard, Alphabet::Url] {
        let target = memory.at_end(base64::longest(length));
        if let Some(written) = base64::decode_strict(source, target, alphabet) {
            assert_eq!(target[..written], expected);
        }
    }
    for room in [base64::longest(length), expected.len(), expected.len() / 2] {
        let target = memory.at_end(room);
        let written = base64::decode(source, target);
        assert_eq!(target[..written], expected[..expected.len().min(room)]);
    }

    check_text(source, memory);
    check_transcoding(source, memory);

    let target = memory.at_end(length);
    ascii::mask(source, target);
    assert!(target.iter().zip(source).all(|(masked, byte)| *masked == byte & 0x7f));
    assert_eq!(ascii::is_ascii(source), source.is_ascii());
    assert_eq!(bytes::copy(source, target), length);
    assert_eq!(bytes::compare(target, source), 0);
    for width in [2, 4, 8] {
        let target = memory.at_end(length / width * width);
        assert!(bytes::copy_swapped(&source[..target.len()], target, width));
        assert!(bytes::swap(target, width));
        assert_eq!(target, &source[..target.len()]);
    }

    for (step, size) in [(Step::Byte, 1), (Step::Unit, 2)] {
        let haystack = &source[..length / size * size];
        for needle in [&source[length / 2..(length / 2 + 6).min(length)], b"absent"] {
            let all = oracle::find(haystack, &needle[..needle.len() / size * size], size);
            let prepared = Needle::new(needle, step);
            assert_eq!(prepared.find(haystack), all.first().copied());
            assert_eq!(prepared.find_last(haystack, usize::MAX), all.last().copied());
        }
    }
}

fn check_text(source: &[u8], memory: &mut Guarded) {
    let expected = oracle::utf8_to_utf16(source);
    let room = utf8::decoded_room(source.len()).unwrap();
    let target = bytemuck::cast_slice_mut(memory.at_end(room * 2));
    let length = utf8::decode(source, target);
    assert_eq!(target[..length], expected);
    assert_eq!(utf8::is_valid(source), std::str::from_utf8(source).is_ok());
    let target = memory.at_end(room);
    if let Some(length) = utf8::to_latin1(source, target) {
        assert!(target[..length].iter().copied().map(u16::from).eq(expected));
    }

    let units = utf16::units(source);
    let expected = String::from_utf16_lossy(&oracle::units(source));
    let target = memory.at_end(utf8::encoded_room(units.len()).unwrap());
    let length = utf8::encode(&units, target);
    assert_eq!(target[..length], *expected.as_bytes());
    assert_eq!(utf16::utf8_length(&units), expected.len());
    let target = memory.at_end(units.len() * 2);
    assert_eq!(utf16::to_bytes(&units, target), target.len());
    assert_eq!(target, &source[..target.len()]);
}

fn check_transcoding(source: &[u8], memory: &mut Guarded) {
    let all = [Encoding::Utf8, Encoding::Utf16, Encoding::Latin1, Encoding::Ascii];
    for (from, to) in all.iter().flat_map(|from| all.map(|to| (*from, to))) {
        // Aligned for units, as it has to be, an odd byte further from the end.
        let room = transcode::room(source.len(), to).unwrap().next_multiple_of(2);
        let target = memory.at_end(room);
        let mut spare = vec![0; transcode::spare_room(source.len()).unwrap()];
        let length = transcode::transcode(source, from, to, target, &mut spare);
        let expected = oracle::transcode(source, from, to);
        assert_eq!(length.map(|length| target[..length].to_vec()), expected, "{from:?} {to:?}");
    }
}

#[test]
fn nothing_is_read_or_written_out_of_bounds() {
    for length in 0..=LONGEST {
        for source in sources(length) {
            at_both_ends(&source, &mut check);
        }
    }
}

#[test]
fn every_alignment_is_as_good() {
    let (mut from, mut to) = (Guarded::new(LONGEST + 64), Guarded::new(ROOM));
    for source in sources(150) {
        for shift in 0..64 {
            let place = &mut from.at_start(LONGEST)[shift..shift + source.len()];
            place.copy_from_slice(&source);
            check(place, &mut to);
        }
    }
}
