//! What a transfer sends next. Pure: no I/O.
//!
//! In chunked framing (RFC 9112 section 7.1) a chunk is the unit that can't
//! be broken: once its size line is out, its data and the closing CRLF are
//! owed. A transfer that is asked to stop therefore stops at once in raw
//! framing, and at the end of the current chunk in chunked framing. The last
//! chunk (`0 CRLF`) and the trailers are never sent here: they are
//! `response.end()`'s.

use std::num::NonZeroU32;

/// How body bytes appear on the wire.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Framing {
    /// As they are: Content-Length, close-delimited, or a plain socket.
    Raw,
    /// In chunks of this many bytes, the last one shorter.
    Chunked(NonZeroU32),
}

/// The next thing to put on the wire.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Piece<'a> {
    /// Bytes of the framing.
    Text(&'a [u8]),
    /// Bytes of the file.
    Body { offset: u64, count: u64 },
    /// Nothing more, because all is sent or because of the wish to stop.
    End,
}

/// Position and framing state of one transfer.
#[derive(Clone, Debug)]
pub(crate) struct Cursor {
    framing: Framing,
    offset: u64,
    end: u64,
    /// Framing bytes that go out before anything else, from `text_start`.
    text: Vec<u8>,
    text_start: usize,
    /// Body bytes owed to the chunk whose size line has been composed.
    chunk: u64,
    /// A chunk's data is out and its CRLF is not composed yet.
    owes_crlf: bool,
    sent: u64,
    wire: u64,
}

impl Cursor {
    /// A transfer of `length` bytes of the file from `offset`, behind
    /// `header`.
    pub(crate) fn new(framing: Framing, header: Vec<u8>, offset: u64, length: u64) -> Self {
        Self {
            framing,
            offset,
            end: offset.saturating_add(length),
            text: header,
            text_start: 0,
            chunk: 0,
            owes_crlf: false,
            sent: 0,
            wire: 0,
        }
    }

    /// Body bytes sent so far.
    pub(crate) fn sent(&self) -> u64 {
        self.sent
    }

    /// Bytes sent so far, header and framing included.
    pub(crate) fn wire(&self) -> u64 {
        self.wire
    }

    /// The file offset of the next body byte.
    pub(crate) fn offset(&self) -> u64 {
        self.offset
    }

    /// Body bytes not sent yet.
    pub(crate) fn remaining(&self) -> u64 {
        self.end - self.offset
    }

    /// True for a header that nothing follows: neither a body nor, in chunks,
    /// what the response ends with.
    pub(crate) fn is_alone(&self) -> bool {
        self.framing == Framing::Raw && self.remaining() == 0
    }

    /// True where nothing is owed of a chunk: a wish to end early needs no more of
    /// the file.
    pub(crate) fn may_end(&self) -> bool {
        self.framing == Framing::Raw || self.chunk == 0
    }

    /// What goes out next; `stopping` is the wish to end early. A wish is
    /// not taken back.
    pub(crate) fn piece(&mut self, stopping: bool) -> Piece<'_> {
        if let Framing::Chunked(size) = self.framing
            && self.chunk == 0
        {
            self.compose(u64::from(size.get()), stopping);
        }
        if self.text_start < self.text.len() {
            return Piece::Text(self.text.get(self.text_start..).unwrap_or(&[]));
        }
        let count = match self.framing {
            Framing::Raw if stopping => 0,
            Framing::Raw => self.remaining(),
            Framing::Chunked(_) => self.chunk,
        };
        if count == 0 { Piece::End } else { Piece::Body { offset: self.offset, count } }
    }

    /// Between two chunks: the CRLF of the last, the size line of the next.
    fn compose(&mut self, size: u64, stopping: bool) {
        if std::mem::take(&mut self.owes_crlf) {
            self.text.extend_from_slice(b"\r\n");
        }
        self.chunk = if stopping { 0 } else { self.remaining().min(size) };
        if self.chunk > 0 {
            // Node writes the size as Number.prototype.toString(16) does.
            self.text.extend_from_slice(format!("{:x}\r\n", self.chunk).as_bytes());
        }
    }

    /// So many bytes of the last piece, and no more, are out.
    pub(crate) fn advance(&mut self, count: u64) {
        self.wire += count;
        if self.text_start < self.text.len() {
            let pending = self.text.len() - self.text_start;
            self.text_start += usize::try_from(count).unwrap_or(pending).min(pending);
            if self.text_start == self.text.len() {
                // A header's room is not needed again.
                self.text = Vec::new();
                self.text_start = 0;
            }
            return;
        }
        let count = count.min(self.remaining());
        self.offset += count;
        self.sent += count;
        if let Framing::Chunked(_) = self.framing {
            self.chunk = self.chunk.saturating_sub(count);
            self.owes_crlf = self.chunk == 0;
        }
    }
}

#[cfg(test)]
#[path = "cursor_tests.rs"]
mod tests;
