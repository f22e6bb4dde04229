//! `benchmark-client flood PORT PATH CONNECTIONS SECONDS [RATE]`: every
//! connection downloads, over and over, for so long.
//!
//! With a RATE all of them together take so many bytes a second and no more.
//! Prints `ready` once every connection has had a response, waits for a line,
//! and prints `{"bytes":B,"seconds":S,"together":[...]}` at the end of the
//! time: what arrived within it, and the milliseconds that each of the first
//! downloads took, which all began at once, before the time. What is under way
//! at its end is read to its end before it prints.

use std::io::stdin;
use std::time::{Duration, Instant};

use crate::http::{Connection, Fallible, Shape, poll, request_for, survey};

/// At most so much is taken from one connection at a time when there is a
/// rate: all of them are to have their share of it.
const SHARE: usize = 64 << 10;
const NAP: Duration = Duration::from_millis(1);

struct Flood {
    open: Vec<Connection>,
    begun: Vec<Instant>,
    request: Vec<u8>,
    shape: Shape,
    /// How long each download took, in milliseconds.
    durations: Vec<f64>,
}

impl Flood {
    fn ask(&mut self, index: usize) -> Fallible<()> {
        self.begun[index] = Instant::now();
        self.open[index].ask(&self.request, self.shape)
    }

    /// Drops what has arrived, up to `most` bytes of each. Returns how many.
    fn discard(&mut self, most: usize, goes_on: bool) -> Fallible<usize> {
        let mut sum = 0;
        for index in poll(&self.open)? {
            let connection = &mut self.open[index];
            sum += connection.discard(most)?;
            if connection.is_idle() {
                self.durations.push(self.begun[index].elapsed().as_secs_f64() * 1e3);
                if goes_on {
                    self.ask(index)?;
                }
            }
        }
        Ok(sum)
    }

    fn is_done(&self) -> bool {
        self.open.iter().all(Connection::is_idle)
    }
}

pub(crate) fn main(arguments: &[String]) -> Fallible<()> {
    let [port, path, connections, seconds, rate @ ..] = arguments else {
        return Err("usage: benchmark-client flood PORT PATH CONNECTIONS SECONDS [RATE]".into());
    };
    let (port, connections) = (port.parse()?, connections.parse::<usize>()?);
    let time = Duration::from_secs_f64(seconds.parse()?);
    let rate = rate.first().map(|rate| rate.parse::<f64>()).transpose()?;
    let request = request_for(path);
    let shape = survey(port, &request)?;
    let open = (0..connections).map(|_| Connection::open(port)).collect::<Fallible<Vec<_>>>()?;
    let begun = vec![Instant::now(); connections];
    let mut flood = Flood { open, begun, request, shape, durations: Vec::new() };
    for index in 0..connections {
        flood.ask(index)?;
    }
    while !flood.is_done() {
        flood.discard(usize::MAX, false)?;
    }
    let together: Vec<String> = flood.durations.iter().map(|ms| format!("{ms:.3}")).collect();

    println!("ready");
    stdin().read_line(&mut String::new())?;
    let begin = Instant::now();
    for index in 0..connections {
        flood.ask(index)?;
    }
    let (mut bytes, most) = (0, if rate.is_some() { SHARE } else { usize::MAX });
    while begin.elapsed() < time {
        let allowed = rate.map_or(f64::INFINITY, |rate| rate * begin.elapsed().as_secs_f64());
        if bytes as f64 > allowed {
            std::thread::sleep(NAP);
        } else {
            bytes += flood.discard(most, true)?;
        }
    }
    let seconds = begin.elapsed().as_secs_f64();
    while !flood.is_done() {
        flood.discard(usize::MAX, false)?;
    }
    let together = together.join(",");
    println!(r#"{{"bytes":{bytes},"seconds":{seconds},"together":[{together}]}}"#);
    Ok(())
}
