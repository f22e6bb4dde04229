//! `benchmark-client probe PORT PATH PERIOD`: asks for something every PERIOD
//! milliseconds, until a line comes in, and prints `{"latencies":[...]}`, in
//! milliseconds.
//!
//! Each request goes out when it is due, on a keep-alive connection that is
//! free, whether or not those before it are answered: a server that stands
//! still is not asked less often for it. Where all wait, it counts from when
//! it was due.

use std::os::fd::AsRawFd;
use std::time::{Duration, Instant};

use crate::http::{Connection, Fallible, poll, poll_with, request_for, survey};

/// More than wait at a time, unless the server stands still for long.
const CONNECTIONS: usize = 64;
const PATIENCE: i32 = 30_000;

pub(crate) fn main(arguments: &[String]) -> Fallible<()> {
    let [port, path, period] = arguments else {
        return Err("usage: benchmark-client probe PORT PATH PERIOD".into());
    };
    let port = port.parse()?;
    let period = Duration::from_secs_f64(period.parse::<f64>()? / 1e3);
    let request = request_for(path);
    let shape = survey(port, &request)?;
    let mut open =
        (0..CONNECTIONS).map(|_| Connection::open(port)).collect::<Fallible<Vec<_>>>()?;
    for index in 0..CONNECTIONS {
        open[index].ask(&request, shape)?;
        while !open[index].is_idle() {
            poll(&open)?;
            open[index].discard(usize::MAX)?;
        }
    }

    println!("ready");
    let input = std::io::stdin().as_raw_fd();
    let mut asked = vec![Instant::now(); CONNECTIONS];
    let mut latencies = Vec::new();
    let mut due = Instant::now() + period;
    let mut were_all_waiting = false;
    loop {
        let free = open.iter().position(Connection::is_idle);
        were_all_waiting |= free.is_none();
        let now = Instant::now();
        if let Some(index) = free
            && now >= due
        {
            // What this process itself is late by does not count.
            asked[index] = if were_all_waiting { due } else { now };
            open[index].ask(&request, shape)?;
            due += period;
            were_all_waiting &= now >= due;
            continue;
        }
        let wait = free.map_or(PATIENCE, |_| milliseconds_until(due));
        let ready = poll_with(&open, input, wait);
        if ready.is_empty() && free.is_none() {
            return Err("no answer for 30 seconds".into());
        }
        for index in ready {
            if index == CONNECTIONS {
                println!(r#"{{"latencies":[{}]}}"#, latencies.join(","));
                return Ok(());
            }
            open[index].discard(usize::MAX)?;
            if open[index].is_idle() {
                latencies.push(format!("{:.4}", asked[index].elapsed().as_secs_f64() * 1e3));
            }
        }
    }
}

fn milliseconds_until(due: Instant) -> i32 {
    let wait = due.saturating_duration_since(Instant::now());
    i32::try_from(wait.as_micros().div_ceil(1000)).unwrap_or(i32::MAX)
}
