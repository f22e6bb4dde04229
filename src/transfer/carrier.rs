//! A cursor and a mover, driven until something stands in the way.

use std::os::fd::BorrowedFd;

use crate::error::Error;
use crate::sys::socket::{More, Sent, send};
use crate::transfer::cursor::{Cursor, Piece};
use crate::transfer::mover::{Moved, Mover};

/// Why a drive came back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Pause {
    /// All is sent, or as much as the wish to stop allows.
    Ended,
    /// The budget is spent.
    Budget,
    /// The socket's buffer is full.
    Blocked,
    /// These bytes of the file are not in memory.
    Cold { offset: u64, length: u64 },
    /// The file ended before the promised length.
    Truncated,
    /// A system call failed.
    Failed(Error),
}

/// A whole small transfer as one buffer, for one send(2).
///
/// `body` are all the bytes of the file that the cursor wants.
pub(crate) fn assemble(cursor: &Cursor, body: &[u8]) -> Vec<u8> {
    let mut cursor = cursor.clone();
    let mut image = Vec::with_capacity(body.len() + 512);
    let mut body = body;
    loop {
        let count = match cursor.piece(false) {
            Piece::End => return image,
            Piece::Text(text) => {
                image.extend_from_slice(text);
                text.len() as u64
            }
            Piece::Body { count, .. } => {
                let (now, later) = body.split_at(body.len().min(to_usize(count)));
                image.extend_from_slice(now);
                body = later;
                count
            }
        };
        cursor.advance(count);
    }
}

/// Moves a cursor over `count` wire bytes, across as many pieces as they span.
pub(crate) fn skip(cursor: &mut Cursor, mut count: u64) {
    while count > 0 {
        let length = match cursor.piece(false) {
            Piece::End => return,
            Piece::Text(text) => text.len() as u64,
            Piece::Body { count, .. } => count,
        };
        let step = length.min(count);
        cursor.advance(step);
        count -= step;
    }
}

fn to_usize(count: u64) -> usize {
    usize::try_from(count).unwrap_or(usize::MAX)
}

#[derive(Debug)]
pub(crate) struct Carrier {
    pub(crate) cursor: Cursor,
    pub(crate) mover: Mover,
    /// A budget is one of body bytes, and kept to the byte; otherwise of all
    /// bytes, and the last piece may exceed it.
    pub(crate) is_exact: bool,
}

impl Carrier {
    /// Sends until `budget` bytes are out or something is in the way.
    /// `stopping` is asked before every piece.
    pub(crate) fn drive(
        &mut self,
        socket: BorrowedFd<'_>,
        file: BorrowedFd<'_>,
        budget: u64,
        stopping: impl Fn() -> bool,
    ) -> Pause {
        let start = self.counted();
        loop {
            let spent = self.counted() - start;
            if spent >= budget {
                return if self.cursor.piece(stopping()) == Piece::End {
                    Pause::Ended
                } else {
                    Pause::Budget
                };
            }
            let more = if self.cursor.is_alone() { More::No } else { More::ToCome };
            let count = match self.cursor.piece(stopping()) {
                Piece::End => return Pause::Ended,
                Piece::Text(text) => match send(socket, text, more) {
                    Ok(Sent::Bytes(count)) => count as u64,
                    Ok(_) => return Pause::Blocked,
                    Err(error) => return Pause::Failed(error),
                },
                Piece::Body { offset, count } => {
                    let count = if self.is_exact { count.min(budget - spent) } else { count };
                    let ahead = self.cursor.remaining();
                    match self.mover.advance(socket, file, offset, count, ahead) {
                        Ok(Moved::Bytes(count)) => count,
                        Ok(Moved::WouldBlock) => return Pause::Blocked,
                        Ok(Moved::Cold { offset, length }) => {
                            return Pause::Cold { offset, length };
                        }
                        Ok(Moved::EndOfFile) => return Pause::Truncated,
                        Err(error) => return Pause::Failed(error),
                    }
                }
            };
            self.cursor.advance(count);
        }
    }

    fn counted(&self) -> u64 {
        if self.is_exact { self.cursor.sent() } else { self.cursor.wire() }
    }
}

#[cfg(test)]
mod tests {
    use std::num::NonZeroU32;

    use proptest::prelude::*;

    use super::{assemble, skip};
    use crate::transfer::cursor::{Cursor, Framing, Piece};

    proptest! {
        #[test]
        fn a_skipped_cursor_goes_on_where_the_assembled_bytes_were_cut(
            header in proptest::collection::vec(any::<u8>(), 0..50),
            body in proptest::collection::vec(any::<u8>(), 1..200),
            size in 0_u32..70, cut in 0_usize..400,
        ) {
            let framing = NonZeroU32::new(size).map_or(Framing::Raw, Framing::Chunked);
            let mut cursor = Cursor::new(framing, header, 0, body.len() as u64);
            let image = assemble(&cursor, &body);
            let cut = cut.min(image.len());
            skip(&mut cursor, cut as u64);
            prop_assert_eq!(cursor.wire(), cut as u64);
            let rest = body.get(usize::try_from(cursor.offset()).unwrap()..).unwrap();
            prop_assert_eq!(assemble(&cursor, rest), &image[cut..]);
            if cut == image.len() {
                prop_assert_eq!(cursor.piece(false), Piece::End);
            }
        }
    }
}
