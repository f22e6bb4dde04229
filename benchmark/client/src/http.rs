//! As much of HTTP as the client needs.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::os::fd::{AsRawFd, RawFd};

pub(crate) type Fallible<T> = Result<T, Box<dyn std::error::Error>>;

pub(crate) fn request_for(path: &str) -> Vec<u8> {
    format!("GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n").into_bytes()
}

/// Length on the wire of one response, found by decoding it.
pub(crate) fn measure(port: u16, request: &[u8]) -> Fallible<usize> {
    let mut stream = TcpStream::connect(("127.0.0.1", port))?;
    stream.write_all(request)?;
    read_length(&mut stream)
}

/// Reads one response, and says how long it was on the wire.
pub(crate) fn read_length(stream: &mut TcpStream) -> Fallible<usize> {
    let mut data = Vec::new();
    let mut buffer = vec![0; 1 << 16];
    loop {
        let count = stream.read(&mut buffer)?;
        if count == 0 {
            return Err("the connection closed within the first response".into());
        }
        data.extend_from_slice(&buffer[..count]);
        if let Some(length) = response_length(&data)? {
            return if length == data.len() { Ok(length) } else { Err("extra bytes".into()) };
        }
    }
}

/// The length of the complete response at the start of `data`.
fn response_length(data: &[u8]) -> Fallible<Option<usize>> {
    let Some(header) = data.windows(4).position(|four| four == b"\r\n\r\n") else {
        return Ok(None);
    };
    let text = std::str::from_utf8(&data[..header])?.to_ascii_lowercase();
    if !text.starts_with("http/1.1 200 ") {
        return Err(format!("not a 200: {text}").into());
    }
    let mut at = header + 4;
    if let Some(line) = text.lines().find(|line| line.starts_with("content-length:")) {
        let length: usize = line["content-length:".len()..].trim().parse()?;
        return Ok((data.len() >= at + length).then_some(at + length));
    }
    loop {
        let Some(end) = data[at..].windows(2).position(|two| two == b"\r\n") else {
            return Ok(None);
        };
        let size = usize::from_str_radix(std::str::from_utf8(&data[at..at + end])?, 16)?;
        at += end + 2 + size + 2;
        if at > data.len() {
            return Ok(None);
        }
        if size == 0 {
            return Ok(Some(at));
        }
    }
}

/// A keep-alive connection, and how much of its response is yet to come.
pub(crate) struct Connection {
    stream: TcpStream,
    pub(crate) left: usize,
}

impl Connection {
    pub(crate) fn open(port: u16) -> Fallible<Self> {
        let stream = TcpStream::connect(("127.0.0.1", port))?;
        stream.set_nodelay(true)?;
        Ok(Self { stream, left: 0 })
    }

    pub(crate) fn ask(&mut self, request: &[u8], length: usize) -> Fallible<()> {
        self.stream.write_all(request)?;
        self.left = length;
        Ok(())
    }

    /// Drops what has arrived, up to `most` bytes. True when the response is complete.
    pub(crate) fn discard(&mut self, length: usize, most: usize) -> Fallible<bool> {
        let fd = self.stream.as_raw_fd();
        let most = most.min(self.left);
        if self.left == length {
            let mut start = [0_u8; 12];
            self.stream.read_exact(&mut start)?;
            if &start != b"HTTP/1.1 200" {
                return Err("a response that is not a 200, or not as long as the first".into());
            }
            self.left -= start.len();
        }
        // SAFETY: with MSG_TRUNC a TCP socket drops the bytes and never
        // writes to the buffer (tcp(7)).
        let count = unsafe {
            libc::recv(fd, std::ptr::null_mut(), most, libc::MSG_TRUNC | libc::MSG_DONTWAIT)
        };
        match usize::try_from(count) {
            Ok(0) if self.left > 0 => Err("the connection closed within a response".into()),
            Ok(count) => {
                self.left -= count;
                Ok(self.left == 0)
            }
            Err(_) => {
                let error = std::io::Error::last_os_error();
                let is_early = error.kind() == std::io::ErrorKind::WouldBlock;
                if is_early { Ok(false) } else { Err(error.into()) }
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
    let expecting = |c: &Connection| if c.left > 0 { c.stream.as_raw_fd() } else { -1 };
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
