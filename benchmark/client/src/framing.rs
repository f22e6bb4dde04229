//! Where a response ends: by its Content-Length or by its chunks (RFC 9112,
//! section 7.1), which need not be the same ones each time.

/// A line of a chunk's size, or of nothing but zeros, is not longer.
const MOST_DIGITS: u32 = 8;

#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Framing {
    Length(usize),
    Chunked,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Place {
    /// In the line before a chunk.
    Size {
        value: usize,
        digits: u32,
    },
    /// So many bytes before the end of a chunk, its line end included.
    Data {
        left: usize,
        is_last: bool,
    },
    Done,
}

/// How far a body has come.
#[derive(Debug)]
pub(crate) struct Body(Place);

impl Body {
    pub(crate) fn new(framing: Framing) -> Self {
        Self(match framing {
            Framing::Length(0) => Place::Done,
            Framing::Length(left) => Place::Data { left, is_last: true },
            Framing::Chunked => Place::Size { value: 0, digits: 0 },
        })
    }

    pub(crate) fn done() -> Self {
        Self(Place::Done)
    }

    pub(crate) fn is_done(&self) -> bool {
        self.0 == Place::Done
    }

    /// How many bytes come next whatever they are. 0 before a chunk.
    pub(crate) fn skippable(&self) -> usize {
        match self.0 {
            Place::Data { left, .. } => left,
            Place::Size { .. } | Place::Done => 0,
        }
    }

    /// Goes past so many of the skippable bytes.
    pub(crate) fn skip(&mut self, count: usize) {
        if let Place::Data { left, is_last } = self.0 {
            self.0 = match (left - count, is_last) {
                (0, true) => Place::Done,
                (0, false) => Place::Size { value: 0, digits: 0 },
                (left, is_last) => Place::Data { left, is_last },
            };
        }
    }

    /// Goes past these bytes, or says what is wrong with them.
    pub(crate) fn read(&mut self, mut bytes: &[u8]) -> Result<(), &'static str> {
        while let Some((first, rest)) = bytes.split_first() {
            match self.0 {
                Place::Data { left, .. } => {
                    let count = left.min(bytes.len());
                    self.skip(count);
                    bytes = &bytes[count..];
                    continue;
                }
                Place::Size { value, digits } => self.0 = size_with(value, digits, *first)?,
                Place::Done => return Err("bytes behind a response"),
            }
            bytes = rest;
        }
        Ok(())
    }
}

fn size_with(value: usize, digits: u32, byte: u8) -> Result<Place, &'static str> {
    match (byte, (byte as char).to_digit(16)) {
        (_, Some(digit)) if digits < MOST_DIGITS => {
            Ok(Place::Size { value: value << 4 | digit as usize, digits: digits + 1 })
        }
        (b'\r', _) if digits > 0 => Ok(Place::Size { value, digits: MOST_DIGITS }),
        (b'\n', _) if digits == MOST_DIGITS => {
            Ok(Place::Data { left: value + 2, is_last: value == 0 })
        }
        _ => Err("a chunk without a size"),
    }
}

#[cfg(test)]
mod tests {
    use super::{Body, Framing};

    const CHUNKS: &[u8] = b"3\r\nabc\r\n1A\r\nabcdefghijklmnopqrstuvwxyz\r\n0\r\n\r\n";

    #[test]
    fn a_chunked_body_ends_behind_its_last_chunk_however_it_is_split() {
        for step in 1..=CHUNKS.len() {
            let mut body = Body::new(Framing::Chunked);
            for part in CHUNKS.chunks(step) {
                assert!(!body.is_done());
                assert_eq!(body.read(part), Ok(()));
            }
            assert!(body.is_done());
        }
    }

    #[test]
    fn data_can_be_skipped() {
        let mut body = Body::new(Framing::Chunked);
        assert_eq!((body.skippable(), body.read(b"1000\r\n1")), (0, Ok(())));
        assert_eq!(body.skippable(), 0x1001);
        body.skip(0x1000);
        assert_eq!((body.skippable(), body.read(b"\n0\r\n\r\n")), (1, Ok(())));
        assert!(body.is_done());
    }

    #[test]
    fn a_body_of_known_length_ends_behind_it() {
        assert!(Body::new(Framing::Length(0)).is_done());
        let mut body = Body::new(Framing::Length(5));
        body.skip(2);
        assert_eq!((body.is_done(), body.read(b"abc")), (false, Ok(())));
        assert!(body.is_done());
    }

    #[test]
    fn what_is_no_chunk_is_refused() {
        for wrong in [&b"\r\n"[..], b"x", b"-1\r\n", b"123456789\r\n", b"1 \r\n", b"0\r\n\r\n0"] {
            assert!(Body::new(Framing::Chunked).read(wrong).is_err(), "{wrong:?}");
        }
        assert!(Body::done().read(b"0").is_err());
    }
}
