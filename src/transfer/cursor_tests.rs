//! The cursor against the obvious way to frame a body.

use std::num::NonZeroU32;

use proptest::prelude::*;

use super::{Cursor, Framing, Piece};

/// What the wire holds, when at most `step` bytes fit at a time and the wish
/// to stop comes once `stop_after` wire bytes are out.
fn send(cursor: &mut Cursor, file: &[u8], step: usize, stop_after: u64) -> Vec<u8> {
    let mut wire = Vec::new();
    loop {
        let stopping = cursor.wire() >= stop_after;
        let part: Vec<u8> = match cursor.piece(stopping) {
            Piece::End => return wire,
            Piece::Text(text) => text.iter().take(step).copied().collect(),
            Piece::Body { offset, count } => file
                .iter()
                .skip(usize::try_from(offset).unwrap_or(usize::MAX))
                .take(step.min(usize::try_from(count).unwrap_or(usize::MAX)))
                .copied()
                .collect(),
        };
        assert!(!part.is_empty(), "a piece without bytes");
        cursor.advance(part.len() as u64);
        wire.extend(part);
    }
}

fn chunked(body: &[u8], size: usize) -> Vec<u8> {
    let mut wire = Vec::new();
    for chunk in body.chunks(size) {
        wire.extend(format!("{:x}\r\n", chunk.len()).into_bytes());
        wire.extend(chunk);
        wire.extend(b"\r\n");
    }
    wire
}

proptest! {
    #[test]
    fn what_may_end_wants_no_more_of_the_file_once_it_is_to_stop(
        length in 1_u64..300, size in 0_u32..70, steps in 0_usize..40, step in 1_u64..40,
    ) {
        let framing = NonZeroU32::new(size).map_or(Framing::Raw, Framing::Chunked);
        let mut cursor = Cursor::new(framing, b"header".to_vec(), 0, length);
        for _ in 0..steps {
            let count = match cursor.piece(false) {
                Piece::End => break,
                Piece::Text(text) => text.len() as u64,
                Piece::Body { count, .. } => count,
            };
            cursor.advance(step.min(count));
        }
        let may_end = cursor.may_end();
        let before = cursor.sent();
        send(&mut cursor, &[0; 300], 40, 0);
        prop_assert_eq!(may_end, cursor.sent() == before);
    }

    #[test]
    fn raw_framing_is_the_range_itself(
        file in proptest::collection::vec(any::<u8>(), 0..300),
        from in 0_usize..300, step in 1_usize..40,
    ) {
        let from = from.min(file.len());
        let body = &file[from..];
        let mut cursor = Cursor::new(Framing::Raw, Vec::new(), from as u64, body.len() as u64);
        prop_assert_eq!(send(&mut cursor, &file, step, u64::MAX), body);
        prop_assert_eq!(cursor.sent(), body.len() as u64);
        prop_assert_eq!(cursor.remaining(), 0);
    }

    #[test]
    fn chunked_framing_is_what_a_chunking_writer_writes(
        file in proptest::collection::vec(any::<u8>(), 0..300),
        size in 1_u32..70, step in 1_usize..40,
    ) {
        let framing = Framing::Chunked(NonZeroU32::new(size).unwrap());
        let mut cursor = Cursor::new(framing, Vec::new(), 0, file.len() as u64);
        let wire = send(&mut cursor, &file, step, u64::MAX);
        prop_assert_eq!(&wire, &chunked(&file, size as usize));
        prop_assert_eq!(cursor.wire(), wire.len() as u64);
    }

    #[test]
    fn a_header_goes_first_and_whole_even_when_stopped(
        header in proptest::collection::vec(any::<u8>(), 0..100),
        file in proptest::collection::vec(any::<u8>(), 0..100),
        size in 0_u32..70, step in 1_usize..40, stop in 0_u64..300,
    ) {
        let framing = NonZeroU32::new(size).map_or(Framing::Raw, Framing::Chunked);
        let mut cursor = Cursor::new(framing, header.clone(), 0, file.len() as u64);
        let wire = send(&mut cursor, &file, step, stop);
        prop_assert!(wire.starts_with(&header));
        let sent = usize::try_from(cursor.sent()).unwrap();
        let body = &wire[header.len()..];
        if size == 0 {
            prop_assert_eq!(body, &file[..sent]);
        } else {
            prop_assert_eq!(body, chunked(&file[..sent], size as usize));
        }
    }

    #[test]
    fn a_stop_leaves_whole_chunks_and_a_known_offset(
        file in proptest::collection::vec(any::<u8>(), 0..300),
        size in 1_u32..70, step in 1_usize..40, stop in 0_u64..400,
    ) {
        let framing = Framing::Chunked(NonZeroU32::new(size).unwrap());
        let mut cursor = Cursor::new(framing, Vec::new(), 0, file.len() as u64);
        let wire = send(&mut cursor, &file, step, stop);
        let sent = usize::try_from(cursor.sent()).unwrap();
        prop_assert!(sent % size as usize == 0 || sent == file.len());
        prop_assert_eq!(wire, chunked(&file[..sent], size as usize));
        prop_assert_eq!(cursor.offset(), cursor.sent());
    }

    #[test]
    fn a_stop_in_raw_framing_is_immediate(
        file in proptest::collection::vec(any::<u8>(), 1..300),
        step in 1_usize..40, stop in 0_u64..300,
    ) {
        let mut cursor = Cursor::new(Framing::Raw, Vec::new(), 0, file.len() as u64);
        let wire = send(&mut cursor, &file, step, stop);
        prop_assert_eq!(&wire[..], &file[..wire.len()]);
        prop_assert!((wire.len() as u64) < stop + step as u64);
    }
}

#[test]
fn the_largest_chunk_size_fits_its_line() {
    let framing = Framing::Chunked(NonZeroU32::MAX);
    let mut cursor = Cursor::new(framing, Vec::new(), 0, u64::from(u32::MAX) * 2);
    assert_eq!(cursor.piece(false), Piece::Text(b"ffffffff\r\n"));
    cursor.advance(10);
    cursor.advance(u64::from(u32::MAX));
    assert_eq!(cursor.piece(false), Piece::Text(b"\r\nffffffff\r\n"));
}

#[test]
fn a_range_that_ends_beyond_any_offset_is_cut_there() {
    let cursor = Cursor::new(Framing::Raw, Vec::new(), u64::MAX - 1, 10);
    assert_eq!(cursor.remaining(), 1);
}
