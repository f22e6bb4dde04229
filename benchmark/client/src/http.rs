//! As much of HTTP as the client needs.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::os::fd::{AsRawFd, RawFd};
use std::time::Duration;

use crate::framing::{Body, Framing};

/// For a header to arrive whole.
const PATIENCE: Duration = Duration::from_secs(10);

pub(crate) type Fallible<T> = Result<T, Box<dyn std::error::Error>>;

pub(crate) fn request_for(path: &str) -> Vec<u8> {
    format!("GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n").into_bytes()
}

/// What the responses to one request have in common.
#[derive(Clone, Copy)]
pub(crate) struct Shape {
    /// Length of the header, in bytes.
    header: usize,
    framing: Framing,
}

/// Makes the request once, and reads the response whole.
pub(crate) fn survey(port: u16, request: &[u8]) -> Fallible<Shape> {
    let mut stream = TcpStream::connect(("127.0.0.1", port))?;
    stream.write_all(request)?;
    read_response(&mut stream)
}

/// Reads one response.
pub(crate) fn read_response(stream: &mut TcpStream) -> Fallible<Shape> {
    let mut buffer = vec![0; 1 << 16];
    let mut read = |stream: &mut TcpStream, data: &mut Vec<u8>| -> Fallible<()> {
        let count = stream.read(&mut buffer)?;
        data.extend_from_slice(&buffer[..count]);
        if count == 0 { Err("the connection closed within a response".into()) } else { Ok(()) }
    };
    let mut data = Vec::new();
    let header = loop {
        if let Some(position) = data.windows(4).position(|four| four == b"\r\n\r\n") {
            break position + 4;
        }
        read(stream, &mut data)?;
    };
    let framing = framing_of(&data[..header])?;
    let mut body = Body::new(framing);
    body.read(&data[header..])?;
    while !body.is_done() {
        data.clear();
        read(stream, &mut data)?;
        body.read(&data)?;
    }
    Ok(Shape { header, framing })
}

fn framing_of(header: &[u8]) -> Fallible<Framing> {
    let text = std::str::from_utf8(header)?.to_ascii_lowercase();
    if !text.starts_with("http/1.1 200 ") {
        return Err(format!("not a 200: {text}").into());
    }
    match text.lines().find_map(|line| line.strip_prefix("content-length:")) {
        Some(length) => Ok(Framing::Length(length.trim().parse()?)),
        None => Ok(Framing::Chunked),
    }
}

/// A keep-alive connection, and how far its response has come.
pub(crate) struct Connection {
    stream: TcpStream,
    body: Body,
    /// That of the response to come, when nothing of it has.
    expected: Option<Shape>,
}

impl Connection {
    pub(crate) fn open(port: u16) -> Fallible<Self> {
        let stream = TcpStream::connect(("127.0.0.1", port))?;
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(PATIENCE))?;
        Ok(Self { stream, body: Body::done(), expected: None })
    }

    pub(crate) fn ask(&mut self, request: &[u8], shape: Shape) -> Fallible<()> {
        self.stream.write_all(request)?;
        self.expected = Some(shape);
        Ok(())
    }

    /// Whether there is no response to come.
    pub(crate) fn is_idle(&self) -> bool {
        self.expected.is_none() && self.body.is_done()
    }

    /// Drops what has arrived, up to `most` bytes and those around them.
    /// Returns how many.
    pub(crate) fn discard(&mut self, most: usize) -> Fallible<usize> {
        let mut dropped = 0;
        if let Some(shape) = self.expected.take() {
            let mut header = vec![0; shape.header];
            self.stream.read_exact(&mut header)?;
            if !header.starts_with(b"HTTP/1.1 200 ") || !header.ends_with(b"\r\n\r\n") {
                return Err("a response that is not a 200, or whose header is not as before".into());
            }
            self.body = Body::new(shape.framing);
            dropped += header.len();
        }
        while dropped < most && !self.body.is_done() {
            let (count, is_more) = self.step(most - dropped)?;
            dropped += count;
            if !is_more {
                break;
            }
        }
        Ok(dropped)
    }

    /// One recv(2). Returns how many bytes it was, and whether more may be there.
    fn step(&mut self, most: usize) -> Fallible<(usize, bool)> {
        let mut line = [0_u8; 16];
        let skippable = self.body.skippable().min(most);
        // With MSG_TRUNC a TCP socket drops the bytes and never writes to the
        // buffer (tcp(7)).
        let (buffer, length, flags) = match skippable {
            0 => (line.as_mut_ptr(), line.len(), 0),
            length => (std::ptr::null_mut(), length, libc::MSG_TRUNC),
        };
        let fd = self.stream.as_raw_fd();
        // SAFETY: `buffer` is `line`, of that length, or is not written to.
        let count = unsafe { libc::recv(fd, buffer.cast(), length, flags | libc::MSG_DONTWAIT) };
        match usize::try_from(count) {
            Ok(0) => Err("the connection closed within a response".into()),
            Ok(count) if skippable > 0 => {
                self.body.skip(count);
                Ok((count, count == length))
            }
            Ok(count) => {
                self.body.read(&line[..count])?;
                Ok((count, true))
            }
            Err(_) => {
                let error = std::io::Error::last_os_error();
                let is_early = error.kind() == std::io::ErrorKind::WouldBlock;
                if is_early { Ok((0, false)) } else { Err(error.into()) }
            }
        }
    }
}

/// Waits until something has arrived for those that expect it, and says for
/// which.
pub(crate) fn poll(open: &[Connection]) -> Fallible<Vec<usize>> {
    let ready = poll_with(open, -1, 10_000);
    if ready.is_empty() { Err("no byte for ten seconds".into()) } else { Ok(ready) }
}

/// The same, for so many milliseconds at the longest. `other` is watched, too,
/// and counted behind the connections.
pub(crate) fn poll_with(open: &[Connection], other: RawFd, milliseconds: i32) -> Vec<usize> {
    // poll(2) leaves out what is below zero.
    let expecting = |c: &Connection| if c.is_idle() { -1 } else { c.stream.as_raw_fd() };
    let mut polls: Vec<libc::pollfd> = open
        .iter()
        .map(expecting)
        .chain([other])
        .map(|fd| libc::pollfd { fd, events: libc::POLLIN, revents: 0 })
        .collect();
    // SAFETY: `polls` is a live array of that many pollfd structures.
    unsafe { libc::poll(polls.as_mut_ptr(), polls.len() as libc::nfds_t, milliseconds) };
    (0..polls.len()).filter(|index| polls[*index].revents != 0).collect()
}
