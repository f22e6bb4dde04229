//! Carries transfers on tokio, away from the JavaScript thread.
//!
//! One task a transfer. It owns duplicates of both descriptors, waits for
//! the socket by readiness (edge-triggered epoll) and for the disk on the
//! blocking pool, so that neither another transfer nor the event loop of
//! Node waits with it. The duplicates are closed before the end is told, but for
//! the file's while a read of the pool waits for a disk that stands still.

use std::os::fd::{AsFd, OwnedFd};
use std::sync::{Arc, LazyLock};
use std::time::Duration;

use rustix::io::Errno;
use tokio::time::{Instant, sleep_until};

use crate::error::Error;
use crate::sys::{file, readiness, socket};
use crate::threads::{self, Thread};
use crate::transfer::carrier::{Carrier, Pause};
use crate::transfer::cursor::Piece;
use crate::transfer::hub::{Completion, Control, Hub, Outcome};
use crate::transfer::mover::SLICE;
use crate::transfer::pace::Pace;
use crate::transfer::read_ahead::ReadAhead;

/// How often a thread wakes up for paced transfers, at most. In nanoseconds.
const TICK: u64 = 8_000_000;

/// One transfer, ready to be carried on.
#[derive(Debug)]
pub(crate) struct Job {
    pub(crate) carrier: Carrier,
    pub(crate) pace: Option<Pace>,
    pub(crate) socket: OwnedFd,
    pub(crate) file: OwnedFd,
    /// The file's own offset follows the transfer, as read(2) would move it.
    pub(crate) moves_offset: bool,
    /// Framing and data are to share packets: the socket is corked meanwhile.
    pub(crate) is_chunked: bool,
}

/// Carries `job` on `thread` until it ends, and tells `hub`. Returns the
/// transfer's number.
pub(crate) fn carry(job: Job, thread: &Thread, hub: &Arc<Hub>) -> u32 {
    let (id, control) = hub.enter();
    control.report(job.carrier.cursor.sent(), job.carrier.cursor.wire());
    let teller = Teller {
        hub: Arc::clone(hub),
        completion: Completion {
            id,
            outcome: Outcome::Failed(Error::new(Errno::IO, "transfer")),
            sent: job.carrier.cursor.sent(),
            wire: job.carrier.cursor.wire(),
            engine: job.carrier.mover.engine(),
        },
    };
    thread.spawn(run(job, control, teller));
    id
}

/// Tells the hub when it is dropped, so that a transfer whose task panics
/// still ends.
pub(super) struct Teller {
    pub(super) hub: Arc<Hub>,
    pub(super) completion: Completion,
}

impl Drop for Teller {
    fn drop(&mut self) {
        self.hub.end(self.completion);
    }
}

async fn run(mut job: Job, control: Arc<Control>, mut teller: Teller) {
    let file = Arc::new(job.file);
    // A paced transfer's portions are to leave when they are due.
    let is_corked = job.is_chunked && job.pace.is_none();
    if is_corked {
        socket::set_cork(job.socket.as_fd(), true);
    }
    let end = job.carrier.cursor.offset() + job.carrier.cursor.remaining();
    let mut ahead = ReadAhead::new(Arc::clone(&file), end);
    let (outcome, socket) =
        pump(&mut job.carrier, job.pace, job.socket, &file, &mut ahead, &control).await;
    if outcome != Outcome::Abandoned {
        ahead.leave().await;
    }
    if job.moves_offset {
        // Fails only for a file that cannot seek, which is not regular.
        let _ = file::set_offset(file.as_fd(), job.carrier.cursor.offset());
    }
    if let (true, Some(socket)) = (is_corked, socket) {
        socket::set_cork(socket.as_fd(), false);
    }
    drop(file);
    let completion = &mut teller.completion;
    completion.outcome = outcome;
    completion.sent = job.carrier.cursor.sent();
    completion.wire = job.carrier.cursor.wire();
    completion.engine = job.carrier.mover.engine();
}

/// Drives the carrier to its end. Gives the socket back, still open, unless
/// it could not be watched.
async fn pump(
    carrier: &mut Carrier,
    mut pace: Option<Pace>,
    socket: OwnedFd,
    file: &OwnedFd,
    ahead: &mut ReadAhead,
    control: &Control,
) -> (Outcome, Option<OwnedFd>) {
    let socket = match readiness::watch(socket) {
        Ok(socket) => socket,
        Err(error) => return (Outcome::Failed(error), None),
    };
    loop {
        if control.abandoned() {
            return (Outcome::Abandoned, Some(socket.into_inner()));
        }
        if control.stopping() && carrier.cursor.piece(true) == Piece::End {
            return (ended(carrier), Some(socket.into_inner()));
        }
        let budget = match pace.as_mut().map(|pace| pace.allowance(Instant::now().into_std())) {
            None => SLICE,
            Some(Ok(count)) => count,
            Some(Err(due)) => {
                tokio::select! {
                    () = control.changed() => {}
                    () = sleep_until(shared_tick(due)) => {}
                }
                continue;
            }
        };
        // The guard is taken before the attempt to send: readiness that
        // arrives in between is not cleared with it.
        let mut guard = tokio::select! {
            biased;
            () = control.changed() => continue,
            guard = socket.writable() => match guard {
                Ok(guard) => guard,
                // The runtime is going down, and the process with it.
                Err(_) => return (Outcome::Abandoned, None),
            },
        };
        let sent = carrier.cursor.sent();
        let pause = carrier.drive(socket.as_fd(), file.as_fd(), budget, || control.stopping());
        let sent = carrier.cursor.sent() - sent;
        if let Some(pace) = &mut pace {
            pace.spend(sent);
        }
        control.report(carrier.cursor.sent(), carrier.cursor.wire());
        if !control.stopping() {
            ahead.follow(carrier.cursor.offset());
        }
        threads::take_turns(sent);
        let outcome = match pause {
            Pause::Blocked => {
                guard.clear_ready();
                continue;
            }
            Pause::Budget => {
                drop(guard);
                tokio::task::yield_now().await;
                continue;
            }
            Pause::Cold { offset, length } => {
                drop(guard);
                tokio::select! {
                    biased;
                    () = given_up(control, carrier.cursor.may_end()) => continue,
                    until = ahead.bring(offset..offset + length) => {
                        carrier.mover.be_patient_until(until);
                        continue;
                    }
                }
            }
            Pause::Ended => ended(carrier),
            Pause::Truncated => Outcome::Truncated,
            Pause::Failed(error) => Outcome::Failed(error),
        };
        return (outcome, Some(socket.into_inner()));
    }
}

/// The next tick of a clock that is common to all transfers, so that one
/// wake-up of a thread serves many. What a transfer loses it makes up for.
fn shared_tick(due: std::time::Instant) -> Instant {
    static START: LazyLock<std::time::Instant> = LazyLock::new(std::time::Instant::now);
    let past = due.saturating_duration_since(*START).as_nanos() % u128::from(TICK);
    // A remainder of the tick: it fits.
    let past = u64::try_from(past).unwrap_or(0);
    Instant::from_std(due + Duration::from_nanos(TICK - past))
}

fn ended(carrier: &Carrier) -> Outcome {
    if carrier.cursor.remaining() == 0 { Outcome::Complete } else { Outcome::Stopped }
}

/// Waits until nobody wants more of the file; `may_end` if a wish to stop is
/// enough for that.
async fn given_up(control: &Control, may_end: bool) {
    while !(control.abandoned() || (may_end && control.stopping())) {
        control.changed().await;
    }
}
