//! Every operation against its oracle, on random input that is near to what it
//! decides about.

use proptest::collection::vec;
use proptest::prelude::*;

use super::base64::{self, Alphabet};
use super::finder::Finder;
use super::search::{Needle, Step};
use super::transcode::{self, Encoding};
use super::{ascii, bytes, hex, oracle, utf8, utf16};

const ENCODINGS: [Encoding; 4] =
    [Encoding::Utf8, Encoding::Utf16, Encoding::Latin1, Encoding::Ascii];

/// Bytes of one kind, with some of others in between.
fn mixed(alphabet: &'static [u8]) -> impl Strategy<Value = Vec<u8>> {
    let byte = prop_oneof![20 => prop::sample::select(alphabet), 1 => any::<u8>()];
    prop_oneof![3 => vec(byte.clone(), 0..80), 1 => vec(byte, 0..3000)]
}

/// Text in UTF-8 with whole characters, cut ones, and bytes that belong to none.
fn utf8_like() -> impl Strategy<Value = Vec<u8>> {
    let pieces: [&[u8]; 16] = [
        b"a",
        b"hello world, hello world, hello world, hello world, hello world.",
        "é".as_bytes(),
        "ÿ".as_bytes(),
        "€".as_bytes(),
        "😀".as_bytes(),
        "\u{ad}".as_bytes(),
        "\u{200b}".as_bytes(),
        "\u{e0001}".as_bytes(),
        "مرحبا بالعالم".as_bytes(),
        "你好世界，你好世界".as_bytes(),
        b"\xff",
        b"\xe2\x82",
        b"\xed\xa0\x80",
        b"\xf0\x9f\x98",
        b"\x80",
    ];
    let piece = prop_oneof![9 => 0..11_usize, 1 => 11..16_usize]
        .prop_map(move |index| pieces[index].to_vec());
    prop_oneof![
        vec(piece, 0..300).prop_map(|pieces| pieces.concat()),
        vec(any::<u8>(), 0..600),
        ".{0,300}".prop_map(String::into_bytes),
    ]
}

fn utf16_like() -> impl Strategy<Value = Vec<u16>> {
    let unit = prop_oneof![
        20 => 0..0x80_u16, 5 => 0x80..0x900_u16, 5 => any::<u16>(), 1 => 0xd800..0xe000_u16,
    ];
    prop_oneof![vec(unit.clone(), 0..100), vec(unit, 4000..5000)]
}

fn decode(source: &[u8]) -> Vec<u16> {
    let mut units = vec![0; utf8::decoded_room(source.len()).unwrap()];
    let length = utf8::decode(source, &mut units);
    units[..length].to_vec()
}

#[test]
fn utf8_is_decoded_at_every_place_of_a_block() {
    let pieces: [&[u8]; 12] = [
        b"\xf0\x9f\x98\x80",
        b"\xf0\x9f\x98",
        b"\xf0\x9f",
        b"\xf4\x90\x80\x80",
        b"\xf0\x80\x80\x80",
        b"\xe2\x82\xac",
        b"\xe2\x82",
        b"\xe0\x80\x80",
        b"\xed\xa0\x80",
        b"\xc3\xa9",
        b"\xc3",
        b"\x80\x80\x80\x80",
    ];
    for filler in ["a", "é", "😀", "\u{fffd}"] {
        for (first, second) in
            pieces.iter().flat_map(|one| pieces.iter().map(move |two| (one, two)))
        {
            for before in 0..70 {
                // An error at the beginning, so that blocks are what follows.
                let mut source = b"\xff".to_vec();
                source.extend(filler.bytes().cycle().take(before));
                source.extend_from_slice(first);
                source.extend_from_slice(second);
                source.extend("a".repeat(80).bytes());
                let expected: Vec<_> = String::from_utf8_lossy(&source).encode_utf16().collect();
                assert_eq!(decode(&source), expected, "{source:x?}");
            }
        }
    }
}

fn encode(source: &[u16]) -> Vec<u8> {
    let mut bytes = vec![0; utf8::encoded_room(source.len()).unwrap()];
    let length = utf8::encode(source, &mut bytes);
    bytes[..length].to_vec()
}

fn transcoded(source: &[u8], from: Encoding, to: Encoding) -> Option<Vec<u8>> {
    let room = transcode::room(source.len(), to).unwrap();
    let mut target = vec![0_u16; room.div_ceil(2)];
    let target: &mut [u8] = bytemuck::cast_slice_mut(&mut target);
    let mut spare = vec![0; transcode::spare_room(source.len()).unwrap()];
    let length = transcode::transcode(source, from, to, &mut target[..room], &mut spare)?;
    Some(target[..length].to_vec())
}

/// The same few bytes again and again, one of them changed: what searches begin with is
/// everywhere, and what they look for is not.
fn repetitive() -> impl Strategy<Value = Vec<u8>> {
    (vec(0..2_u8, 1..6), 1..1500_usize, any::<prop::sample::Index>()).prop_map(
        |(part, times, at)| {
            let mut bytes = part.repeat(times);
            let at = at.index(bytes.len());
            bytes[at] ^= 1;
            bytes
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(150))]

    #[test]
    fn hex_text_is_decoded_up_to_the_first_mistake(text in mixed(b"0123456789abcdefABCDEF"), room in 0..4000_usize) {
        let expected = oracle::hex_decode(&text);
        let mut target = vec![0; room];
        let written = hex::decode(&text, &mut target);
        prop_assert_eq!(&target[..written], &expected[..expected.len().min(room)]);
        prop_assert!(target[written..].iter().take_while(|byte| **byte == 0).count() + 32 >= target.len() - written);
    }

    #[test]
    fn bytes_become_hex_text(source in vec(any::<u8>(), 0..600)) {
        let mut target = vec![0; source.len() * 2];
        prop_assert_eq!(hex::encode(&source, &mut target), Some(target.len()));
        prop_assert_eq!(&target, &oracle::hex_encode(&source));
        if let Some((_, short)) = target.split_last_mut() {
            prop_assert_eq!(hex::encode(&source, short), None);
        }
    }

    #[test]
    fn base64_text_is_decoded_whatever_is_in_it(text in mixed(b"ABCDwxyz019+/-_ \n"), room in 0..5000_usize) {
        let expected = oracle::base64_decode(&text);
        let mut target = vec![0; room];
        let written = base64::decode(&text, &mut target);
        prop_assert_eq!(&target[..written], &expected[..expected.len().min(room)]);
    }

    #[test]
    fn bytes_become_base64_text(source in vec(any::<u8>(), 0..600)) {
        for alphabet in [Alphabet::Standard, Alphabet::Url] {
            let mut target = vec![0; base64::encoded_length(source.len(), alphabet).unwrap()];
            prop_assert_eq!(base64::encode(&source, &mut target, alphabet), Some(target.len()));
            prop_assert_eq!(&target, &oracle::base64_encode(&source, alphabet == Alphabet::Url));
        }
    }

    #[test]
    fn utf8_is_decoded_with_replacements(source in utf8_like()) {
        let expected = oracle::utf8_to_utf16(&source);
        prop_assert_eq!(decode(&source), &expected[..]);
        prop_assert_eq!(utf8::is_valid(&source), std::str::from_utf8(&source).is_ok());
        prop_assert_eq!(ascii::is_ascii(&source), source.is_ascii());
        let mut latin1 = vec![0; utf8::decoded_room(source.len()).unwrap()];
        let narrow: Option<Vec<u8>> = std::str::from_utf8(&source).ok()
            .and_then(|text| text.chars().map(|each| u8::try_from(each).ok()).collect());
        let length = utf8::to_latin1(&source, &mut latin1);
        prop_assert_eq!(length.map(|length| latin1[..length].to_vec()), narrow.clone());
        match utf8::widest(&source) {
            utf8::Widest::Ascii => prop_assert!(source.is_ascii()),
            utf8::Widest::Latin1 => prop_assert!(!source.is_ascii()),
            utf8::Widest::Other => prop_assert_eq!(narrow, None),
        }
    }

    #[test]
    fn utf16_becomes_utf8_with_replacements(source in utf16_like(), room in 0..400_usize) {
        let expected = String::from_utf16_lossy(&source);
        prop_assert_eq!(utf16::utf8_length(&source), expected.len());
        prop_assert_eq!(&encode(&source), expected.as_bytes());
        let mut target = vec![0; room];
        let whole = utf8::copy_whole(expected.as_bytes(), &mut target);
        prop_assert_eq!(Some(whole), (0..=room.min(expected.len())).rfind(|at| expected.is_char_boundary(*at)));
        prop_assert_eq!(&target[..whole], &expected.as_bytes()[..whole]);
    }

    #[test]
    fn text_is_transcoded_as_icu_does(source in prop_oneof![
        utf8_like(), utf16_like().prop_map(|units| units.iter().flat_map(|unit| unit.to_le_bytes()).collect()),
    ]) {
        for from in ENCODINGS {
            for to in ENCODINGS {
                prop_assert_eq!(transcoded(&source, from, to), oracle::transcode(&source, from, to), "{:?} {:?}", from, to);
            }
        }
    }

    #[test]
    fn needles_are_found(
        haystack in prop_oneof![
            vec(0..2_u8, 0..300), vec(0..2_u8, 4000..6000), vec(any::<u8>(), 0..300), repetitive(),
        ],
        start in any::<prop::sample::Index>(),
        length in prop_oneof![1..12_usize, 30..100_usize],
        last in any::<prop::sample::Index>(),
        change in prop::option::of(any::<u8>()),
    ) {
        let at = start.index(haystack.len() + 1);
        let mut needle = haystack[at..(at + length).min(haystack.len())].to_vec();
        if let Some(byte) = change { needle.push(byte) }
        let last = last.index(haystack.len() + 1);
        for (step, size) in [(Step::Byte, 1), (Step::Unit, 2)] {
            let even = if size == 2 { haystack.len() & !1 } else { haystack.len() };
            let whole = &needle[..needle.len() / size * size];
            let all = oracle::find(&haystack[..even], whole, size);
            for prepared in [Needle::new(&needle, step), Needle::within(&needle, step, &haystack)] {
                prop_assert_eq!(prepared.find(&haystack), all.first().copied());
                prop_assert_eq!(prepared.find_behind(&haystack, last), all.iter().copied().find(|at| *at >= last / size * size));
                prop_assert_eq!(prepared.find_last(&haystack[..even], last), all.iter().copied().rfind(|at| *at <= last));
            }
        }
        if needle.is_empty() { return Ok(()) }
        let mut apart = Vec::new();
        for at in oracle::find(&haystack, &needle, 1) {
            if apart.last().is_none_or(|last| last + needle.len() <= at) { apart.push(at) }
        }
        for prepared in [
            Needle::new(&needle, Step::Byte), Needle::within(&needle, Step::Byte, &haystack),
            Needle::within(&needle, Step::Byte, &haystack).into_owned(),
        ] {
            prop_assert_eq!(prepared.count(&haystack), apart.len());
            let mut found = Vec::new();
            prepared.for_each(&haystack, |at| { found.push(at); found.len() < 3 });
            prop_assert_eq!(&found[..], &apart[..apart.len().min(3)]);
        }
    }

    #[test]
    fn the_leftmost_of_several_needles_is_found(
        haystack in vec(0..4_u8, 0..400), needles in vec(vec(0..4_u8, 1..4), 1..6), from in 0..400_usize,
    ) {
        let slices: Vec<&[u8]> = needles.iter().map(Vec::as_slice).collect();
        let finder = Finder::new(&slices).unwrap();
        let first = |from: usize| (from..haystack.len()).find_map(|at| {
            let needle = needles.iter().position(|needle| haystack[at..].starts_with(needle))?;
            Some((at, needle))
        });
        let found = |each: super::finder::Match| (each.position, each.needle);
        prop_assert_eq!(finder.find(&haystack, from).map(found), first(from));
        let mut expected = Vec::new();
        let mut at = 0;
        while let Some((position, needle)) = first(at) {
            expected.push((position, needle));
            at = position + needles[needle].len();
        }
        let mut all = Vec::new();
        finder.for_each(&haystack, |each| { all.push(found(each)); true });
        prop_assert_eq!(finder.count(&haystack), expected.len());
        prop_assert_eq!(all, expected);
    }

    #[test]
    fn memory_is_filled_and_turned_around(source in vec(any::<u8>(), 0..600), pattern in vec(any::<u8>(), 1..40), length in 0..40000_usize) {
        let mut target = vec![0; length];
        bytes::fill(&mut target, &pattern);
        prop_assert!(target.iter().eq(pattern.iter().cycle().take(length)));
        for width in [2, 4, 8] {
            let whole = &source[..source.len() / width * width];
            let expected: Vec<u8> = whole.chunks(width).flat_map(|each| each.iter().rev().copied()).collect();
            let mut swapped = whole.to_vec();
            prop_assert!(bytes::swap(&mut swapped, width));
            prop_assert_eq!(&swapped, &expected);
            let mut copied = vec![0; whole.len()];
            prop_assert!(bytes::copy_swapped(whole, &mut copied, width));
            prop_assert_eq!(&copied, &expected);
        }
        prop_assert!(!bytes::swap(&mut [0; 3], 2) && !bytes::swap(&mut [0; 6], 3));
    }
}

#[test]
fn a_long_needle_that_begins_everywhere_costs_no_more_than_the_haystack() {
    let haystack = vec![0; 1 << 20];
    let mut needle = vec![0; 1 << 12];
    needle.push(1);
    let needle = Needle::within(&needle, Step::Byte, &haystack);
    assert_eq!(needle.find(&haystack), None);
    assert_eq!(needle.find_last(&haystack, usize::MAX), None);
    assert_eq!(needle.count(&haystack), 0);
}

#[test]
fn a_needle_at_odd_positions_everywhere_costs_no_more_than_the_haystack() {
    let haystack = [0, 1].repeat(200_000);
    let needle = Needle::new(&[1, 0, 1, 0], Step::Unit);
    assert_eq!(needle.find(&haystack), None);
    assert_eq!(needle.find_last(&haystack, usize::MAX), None);
}

#[test]
fn every_character_is_narrowed_as_icu_does() {
    for character in '\0'..=char::MAX {
        let source = format!("a{character}b").into_bytes();
        for to in [Encoding::Latin1, Encoding::Ascii] {
            let expected = oracle::transcode(&source, Encoding::Utf8, to);
            assert_eq!(transcoded(&source, Encoding::Utf8, to), expected);
        }
    }
}
