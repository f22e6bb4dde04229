//! An HTTP client that costs next to nothing, so that what is measured is the
//! server: keep-alive connections in one thread, bodies thrown away inside
//! the kernel (`MSG_TRUNC`).
//!
//! `benchmark-client PORT PATH CONNECTIONS REQUESTS [paced]` prints
//! `{"requests":N,"bytes":B,"seconds":S}`. What it does as
//! `flood`, `probe` and `stall` is told in these modules.
//!
//! The first response is read whole and its framing decoded; every later one
//! must be as long on the wire, and begin with the same status line. Every
//! connection makes one request that does not count.
//!
//! `paced` lets the caller look at the server between the steps: the client
//! prints `ready` and waits for a line before the requests that count, and
//! keeps its connections after them until its input ends.

mod flood;
mod http;
mod probe;
mod stall;

use std::io::{Read, stdin};
use std::time::Instant;

use http::{Connection, Fallible, measure, poll, request_for};

/// Makes so many requests, one at a time on each connection.
fn run(open: &mut [Connection], request: &[u8], length: usize, requests: usize) -> Fallible<()> {
    let (mut asked, mut answered) = (0, 0);
    for connection in open.iter_mut().take(requests) {
        connection.ask(request, length)?;
        asked += 1;
    }
    while answered < requests {
        for index in poll(open)? {
            let connection = &mut open[index];
            if !connection.discard(length, usize::MAX)? {
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
