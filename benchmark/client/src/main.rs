//! An HTTP client that costs next to nothing, so that what is measured is the
//! server: keep-alive connections in one thread, bodies thrown away inside
//! the kernel (`MSG_TRUNC`).
//!
//! `benchmark-client PORT PATH CONNECTIONS REQUESTS` prints
//! `{"requests":N,"bytes":B,"seconds":S}`.
//!
//! The first response is read whole and its framing decoded; every later one
//! must be as long on the wire, and begin with the same status line.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::os::fd::AsRawFd;
use std::time::Instant;

type Fallible<T> = Result<T, Box<dyn std::error::Error>>;

/// Length on the wire of one response, found by decoding it.
fn measure(port: u16, request: &[u8]) -> Fallible<usize> {
    let mut stream = TcpStream::connect(("127.0.0.1", port))?;
    stream.write_all(request)?;
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

struct Connection {
    stream: TcpStream,
    left: usize,
}

impl Connection {
    fn ask(&mut self, request: &[u8], length: usize) -> Fallible<()> {
        self.stream.write_all(request)?;
        self.left = length;
        Ok(())
    }

    /// Drops what has arrived. True when the response is complete.
    fn discard(&mut self, length: usize) -> Fallible<bool> {
        let fd = self.stream.as_raw_fd();
        if self.left == length {
            let mut start = [0_u8; 12];
            self.stream.read_exact(&mut start)?;
            if &start != b"HTTP/1.1 200" {
                return Err("a response that is not a 200".into());
            }
            self.left -= start.len();
        }
        // SAFETY: with MSG_TRUNC a TCP socket drops the bytes and never
        // writes to the buffer (tcp(7)).
        let count = unsafe {
            libc::recv(fd, std::ptr::null_mut(), self.left, libc::MSG_TRUNC | libc::MSG_DONTWAIT)
        };
        match usize::try_from(count) {
            Ok(0) if self.left > 0 => Err("the connection closed within a response".into()),
            Ok(count) => {
                self.left -= count;
                Ok(self.left == 0)
            }
            Err(_) => {
                let error = std::io::Error::last_os_error();
                if error.kind() == std::io::ErrorKind::WouldBlock { Ok(false) } else { Err(error.into()) }
            }
        }
    }
}

fn main() -> Fallible<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [port, path, connections, requests] = arguments.as_slice() else {
        return Err("usage: benchmark-client PORT PATH CONNECTIONS REQUESTS".into());
    };
    let (port, connections, requests) =
        (port.parse()?, connections.parse::<usize>()?, requests.parse::<usize>()?);
    let request = format!("GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n").into_bytes();
    let length = measure(port, &request)?;

    let mut open = Vec::new();
    for _ in 0..connections {
        let stream = TcpStream::connect(("127.0.0.1", port))?;
        stream.set_nodelay(true)?;
        open.push(Connection { stream, left: 0 });
    }
    let mut polls: Vec<libc::pollfd> = open
        .iter()
        .map(|c| libc::pollfd { fd: c.stream.as_raw_fd(), events: libc::POLLIN, revents: 0 })
        .collect();

    let begin = Instant::now();
    let (mut asked, mut answered) = (0, 0);
    for connection in open.iter_mut().take(requests) {
        connection.ask(&request, length)?;
        asked += 1;
    }
    while answered < requests {
        // SAFETY: `polls` is a live array of that many pollfd structures.
        let ready = unsafe { libc::poll(polls.as_mut_ptr(), polls.len() as libc::nfds_t, 10_000) };
        if ready == 0 {
            return Err("no byte for ten seconds".into());
        }
        for (connection, poll) in open.iter_mut().zip(&polls) {
            if poll.revents == 0 || connection.left == 0 || !connection.discard(length)? {
                continue;
            }
            answered += 1;
            if asked < requests {
                connection.ask(&request, length)?;
                asked += 1;
            }
        }
    }
    let seconds = begin.elapsed().as_secs_f64();
    println!(r#"{{"requests":{requests},"bytes":{},"seconds":{seconds}}}"#, requests * length);
    Ok(())
}
