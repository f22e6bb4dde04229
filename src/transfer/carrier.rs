//! A cursor and a mover, driven until something stands in the way.

use std::os::fd::BorrowedFd;

use crate::error::Error;
use crate::sys::socket::{Sent, send};
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

#[derive(Debug)]
pub(crate) struct Carrier {
    pub(crate) cursor: Cursor,
    pub(crate) mover: Mover,
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
        let start = self.cursor.wire();
        loop {
            if self.cursor.wire() - start >= budget {
                return if self.cursor.piece(stopping()) == Piece::End {
                    Pause::Ended
                } else {
                    Pause::Budget
                };
            }
            let count = match self.cursor.piece(stopping()) {
                Piece::End => return Pause::Ended,
                Piece::Text(text) => match send(socket, text) {
                    Ok(Sent::Bytes(count)) => count as u64,
                    Ok(_) => return Pause::Blocked,
                    Err(error) => return Pause::Failed(error),
                },
                Piece::Body { offset, count } => {
                    match self.mover.advance(socket, file, offset, count) {
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
}
