//! `benchmark-client stall PORT IDLE_PATH PATH CONNECTIONS`: connects, asks
//! each connection for IDLE_PATH, reads the answer and prints `idle`. After a
//! line it asks each for PATH, reads as far as the status line, and prints
//! `stalled`. At the end of its input it goes away, as it happens: without a
//! word.

use std::io::{Read, Write, stdin};
use std::net::{Ipv4Addr, TcpStream};
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd};
use std::time::Duration;

use crate::http::{Fallible, read_response, request_for};

/// The kernel takes its least instead: a few KiB.
const RECEIVE_BUFFER: libc::c_int = 1;
const PATIENCE: Duration = Duration::from_secs(60);

pub(crate) fn main(arguments: &[String]) -> Fallible<()> {
    let [port, idle_path, path, connections] = arguments else {
        return Err("usage: benchmark-client stall PORT IDLE_PATH PATH CONNECTIONS".into());
    };
    let (port, connections) = (port.parse()?, connections.parse::<usize>()?);
    let idle = request_for(idle_path);
    let mut open = Vec::with_capacity(connections);
    for _ in 0..connections {
        let mut stream = connect(port)?;
        stream.write_all(&idle)?;
        read_response(&mut stream)?;
        open.push(stream);
    }
    println!("idle");
    stdin().read_line(&mut String::new())?;
    let request = request_for(path);
    for stream in &mut open {
        stream.write_all(&request)?;
    }
    for stream in &mut open {
        let mut start = [0_u8; 12];
        stream.read_exact(&mut start)?;
        if &start != b"HTTP/1.1 200" {
            return Err("a response that is not a 200".into());
        }
    }
    println!("stalled");
    stdin().read_to_end(&mut Vec::new())?;
    Ok(())
}

/// A connection that holds little of what it does not read. Its buffer has to
/// be small before it connects.
fn connect(port: u16) -> Fallible<TcpStream> {
    // SAFETY: creates a descriptor and touches no memory.
    let fd = unsafe { libc::socket(libc::AF_INET, libc::SOCK_STREAM | libc::SOCK_CLOEXEC, 0) };
    if fd < 0 {
        return Err(std::io::Error::last_os_error().into());
    }
    // SAFETY: it was just made, and is nobody else's.
    let socket = unsafe { OwnedFd::from_raw_fd(fd) };
    let size = size_of::<libc::c_int>() as libc::socklen_t;
    let value = std::ptr::from_ref(&RECEIVE_BUFFER).cast();
    // SAFETY: `value` points to an int, as the option wants, of that size.
    unsafe { libc::setsockopt(socket.as_raw_fd(), libc::SOL_SOCKET, libc::SO_RCVBUF, value, size) };
    let address = libc::sockaddr_in {
        sin_family: libc::AF_INET as libc::sa_family_t,
        sin_port: port.to_be(),
        sin_addr: libc::in_addr { s_addr: u32::from(Ipv4Addr::LOCALHOST).to_be() },
        sin_zero: [0; 8],
    };
    let size = size_of::<libc::sockaddr_in>() as libc::socklen_t;
    // SAFETY: `address` is a live sockaddr_in of that size.
    let result =
        unsafe { libc::connect(socket.as_raw_fd(), std::ptr::from_ref(&address).cast(), size) };
    if result < 0 {
        return Err(std::io::Error::last_os_error().into());
    }
    let stream = TcpStream::from(socket);
    stream.set_nodelay(true)?;
    stream.set_read_timeout(Some(PATIENCE))?;
    Ok(stream)
}
