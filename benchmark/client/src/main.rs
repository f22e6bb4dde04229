//! An HTTP client that costs next to nothing, so that what is measured is the
//! server: keep-alive connections in one thread, bodies thrown away inside
//! the kernel (`MSG_TRUNC`).
//!
//! `benchmark-client PORT PATH CONNECTIONS REQUESTS [paced]` prints
//! `{"requests":N,"bytes":B,"seconds":S}`. What it does as
//! `flood`, `probe` and `stall` is told in these modules.
//!
//! The first response is read whole; the header of every later one must be as
//! long and say 200, too. Every connection makes one request that does not
//! count.
//!
//! `paced` lets the caller look at the server between the steps: the client
//! prints `ready` and waits for a line before the requests that count, and
//! keeps its connections after them until its input ends.

mod flood;
mod framing;
mod http;
mod probe;
mod stall;

use std::io::{Read, stdin};
use std::time::Instant;

use http::{Connection, Fallible, Shape, poll, request_for, survey};

/// Makes so many requests, one at a time on each connection.
/// Returns how many bytes came.
fn run(open: &mut [Connection], request: &[u8], shape: Shape, requests: usize) -> Fallible<usize> {
    let (mut asked, mut answered, mut bytes) = (0, 0, 0);
    for connection in open.iter_mut().take(requests) {
        connection.ask(request, shape)?;
        asked += 1;
    }
    while answered < requests {
        for index in poll(open)? {
            let connection = &mut open[index];
            bytes += connection.discard(usize::MAX)?;
            if !connection.is_idle() {
                continue;
            }
            answered += 1;
            if asked < requests {
                connection.ask(request, shape)?;
                asked += 1;
            }
        }
    }
    Ok(bytes)
}

fn main() -> Fallible<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match arguments.split_first() {
        Some((word, rest)) if word == "flood" => return flood::main(rest),
        Some((word, rest)) if word == "probe" => return probe::main(rest),
        Some((word, rest)) if word == "stall" => return stall::main(rest),
        _ => {}
    }
    let [port, path, connections, requests, pace @ ..] = arguments.as_slice() else {
        return Err("usage: benchmark-client PORT PATH CONNECTIONS REQUESTS [paced]".into());
    };
    let (port, connections, requests) =
        (port.parse()?, connections.parse::<usize>()?, requests.parse::<usize>()?);
    let is_paced = pace.first().is_some_and(|word| word == "paced");
    let request = request_for(path);
    let shape = survey(port, &request)?;
    let mut open =
        (0..connections).map(|_| Connection::open(port)).collect::<Fallible<Vec<_>>>()?;
    run(&mut open, &request, shape, connections)?;

    if is_paced {
        println!("ready");
        stdin().read_line(&mut String::new())?;
    }
    let begin = Instant::now();
    let bytes = run(&mut open, &request, shape, requests)?;
    let seconds = begin.elapsed().as_secs_f64();
    println!(r#"{{"requests":{requests},"bytes":{bytes},"seconds":{seconds}}}"#);
    if is_paced {
        stdin().read_to_end(&mut Vec::new())?;
    }
    Ok(())
}
