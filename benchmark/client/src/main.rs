//! An HTTP client that costs next to nothing, so that what is measured is the
//! server: keep-alive connections in one thread, bodies thrown away inside
//! the kernel (`MSG_TRUNC`).
//!
//! `benchmark-client PORT PATH CONNECTIONS REQUESTS [paced]` prints
//! `{"requests":N,"bytes":B,"seconds":S}`.
//!
//! The first response is read whole and its framing decoded; every later one
//! must be as long on the wire, and begin with the same status line. Every
//! connection makes one request that does not count.
//!
//! `paced` lets the caller look at the server between the steps: the client
//! prints `ready` and waits for a line before the requests that count, and
//! keeps its connections after them until its input ends.

use std::io::{Read, Write, stdin};
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
    fn open(port: u16) -> Fallible<Self> {
        let stream = TcpStream::connect(("127.0.0.1", port))?;
        stream.set_nodelay(true)?;
        Ok(Self { stream, left: 0 })
    }

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
                return Err("a response that is not a 200, or not as long as the first".into());
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
                let is_early = error.kind() == std::io::ErrorKind::WouldBlock;
                if is_early { Ok(false) } else { Err(error.into()) }
            }
        }
    }
}

/// Makes so many requests, one at a time on each connection.
fn run(open: &mut [Connection], request: &[u8], length: usize, requests: usize) -> Fallible<()> {
    let mut polls: Vec<libc::pollfd> = open
        .iter()
        .map(|c| libc::pollfd { fd: c.stream.as_raw_fd(), events: libc::POLLIN, revents: 0 })
        .collect();
    let (mut asked, mut answered) = (0, 0);
    for connection in open.iter_mut().take(requests) {
        connection.ask(request, length)?;
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
                connection.ask(request, length)?;
                asked += 1;
            }
        }
    }
    Ok(())
}

fn main() -> Fallible<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [port, path, connections, requests, pace @ ..] = arguments.as_slice() else {
        return Err("usage: benchmark-client PORT PATH CONNECTIONS REQUESTS [paced]".into());
    };
    let (port, connections, requests) =
        (port.parse()?, connections.parse::<usize>()?, requests.parse::<usize>()?);
    let is_paced = pace.first().is_some_and(|word| word == "paced");
    let request = format!("GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n").into_bytes();
    let length = measure(port, &request)?;
    let mut open =
        (0..connections).map(|_| Connection::open(port)).collect::<Fallible<Vec<_>>>()?;
    run(&mut open, &request, length, connections)?;

    if is_paced {
        println!("ready");
        stdin().read_line(&mut String::new())?;
    }
    let begin = Instant::now();
    run(&mut open, &request, length, requests)?;
    let seconds = begin.elapsed().as_secs_f64();
    println!(r#"{{"requests":{requests},"bytes":{},"seconds":{seconds}}}"#, requests * length);
    if is_paced {
        stdin().read_to_end(&mut Vec::new())?;
    }
    Ok(())
}
