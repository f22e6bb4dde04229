//! Transfers, for `lib/transfer`.

use std::num::NonZeroU32;
use std::sync::Arc;
use std::time::Instant;

use napi::JsString;
use napi::bindgen_prelude::{Buffer, Either, Function};
use napi::{Env, Error, Result, Status};
use napi_derive::napi;

use crate::bindings::convert::{offset, to_number, wake_of, whole};
use crate::sys::{fd, file, socket};
use crate::transfer::attempt::{self, Begun, OffsetUse, Request, Survey};
use crate::transfer::copy;
use crate::transfer::cursor::Framing;
use crate::transfer::hub::{self, Hub, Outcome};
use crate::transfer::mover;
use crate::transfer::share::Share;

/// A transfer that did not end within the call that began it.
#[napi(object, object_from_js = false)]
#[expect(missing_debug_implementations, reason = "a Buffer has none")]
pub struct Started {
    /// The pump's number for it, or 0 when it cannot be carried on.
    pub id: u32,
    /// Why it cannot be carried on, or 0.
    pub errno: i32,
    /// The call that failed, or nothing.
    pub syscall: &'static str,
    /// Body bytes sent by the call.
    pub sent: f64,
    /// Bytes sent by the call, framing included.
    pub wire: f64,
    /// When it cannot be carried on: all that is left to send, in its
    /// framing; nothing when nothing was sent, or it cannot be read.
    pub rest: Option<Buffer>,
}

/// The end of a transfer that the pump carried.
#[derive(Debug)]
#[napi(object, object_from_js = false)]
pub struct Completion {
    pub id: u32,
    #[napi(ts_type = "'complete' | 'stopped' | 'abandoned' | 'truncated' | 'failed'")]
    pub outcome: &'static str,
    pub errno: i32,
    pub syscall: &'static str,
    /// Body bytes sent.
    pub sent: f64,
    /// Bytes sent, framing included.
    pub wire: f64,
    pub engine: &'static str,
}

/// What [`Engine::survey`] answers below zero.
const NOT_A_REGULAR_FILE: f64 = -1.0;
const FAILED: f64 = -2.0;
/// So many bytes, but not in memory, are `COLD` minus their number.
const COLD: f64 = -3.0;

/// What a survey found, for the `begin()` that follows it.
#[derive(Debug, Default)]
struct Found {
    survey: u32,
    offset: u64,
    cached_until: u64,
    data: Vec<u8>,
}

/// The transfers of one JavaScript environment.
#[derive(Debug)]
#[napi]
pub struct Engine {
    hub: Arc<Hub>,
    mover: mover::Engine,
    found: Found,
    share: Share,
}

#[napi]
impl Engine {
    /// `name` is the engine to use; `wake` is called, with nothing, when
    /// `next()` has something to give.
    #[napi(constructor)]
    pub fn new(
        env: Env,
        #[napi(ts_arg_type = "'sendfile' | 'copy'")] name: String,
        wake: Function<'_, (), ()>,
    ) -> Result<Self> {
        let mover = match name.as_str() {
            "sendfile" => mover::Engine::Sendfile,
            "copy" => mover::Engine::Copy,
            _ => return Err(Error::new(Status::InvalidArg, "no such engine")),
        };
        let hub = Arc::new(Hub::new(wake_of(wake)?));
        env.add_env_cleanup_hook(Arc::clone(&hub), |hub| hub.close())?;
        Ok(Self { hub, mover, found: Found::default(), share: Share::new(Instant::now()) })
    }

    /// How many bytes a transfer would send now: at most `limit`, from
    /// `position` or, when that is negative, from the file's own offset. A
    /// negative answer: why none can be sent (-1 not a regular file, -2 a
    /// failed system call), or, from -4 down, -3 minus the number of bytes,
    /// when the first of them are not in memory. `survey` numbers the call.
    #[napi(catch_unwind)]
    pub fn survey(&mut self, survey: u32, file: i32, position: f64, limit: f64) -> f64 {
        let answer =
            fd::borrow(file).and_then(|file| attempt::survey(file, offset(position), whole(limit)));
        match answer {
            Ok(Survey::Ready { offset, length, cached_until, data }) => {
                self.found = Found { survey, offset, cached_until, data };
                let is_cold = length > 0 && cached_until <= offset;
                if is_cold { COLD - to_number(length) } else { to_number(length) }
            }
            Ok(Survey::NotARegularFile) => NOT_A_REGULAR_FILE,
            Err(_) => FAILED,
        }
    }

    /// Begins the transfer that call number `survey` of `survey()` found, of
    /// `length` bytes, behind `header` (a string of bytes). `chunk` is the
    /// size of HTTP chunks, or 0 for none. A negative `position` moves the
    /// file's own offset along; -2 says that nobody looks at it once all is
    /// sent. `bytes_per_second` limits the body; 0 does not.
    ///
    /// A number: all is sent, in so many bytes, header and framing included.
    /// The last packet of a chunked body waits for the last chunk or for
    /// `push()`; below zero, the socket is corked, and `push()` must come in
    /// any case. Not a number: it runs, or it cannot go on.
    #[napi(catch_unwind)]
    #[allow(clippy::too_many_arguments, reason = "to read an object costs a call a field")]
    pub fn begin(
        &mut self,
        survey: u32,
        socket: i32,
        file: i32,
        position: f64,
        length: f64,
        chunk: u32,
        header: JsString<'_>,
        bytes_per_second: u32,
    ) -> Result<Either<f64, Started>> {
        let header = header.into_latin1()?.take();
        let offset_use = match position {
            -2.0 => OffsetUse::Unseen,
            _ if position < 0.0 => OffsetUse::Own,
            _ => OffsetUse::None,
        };
        let position = offset(position);
        // JavaScript ran since the survey; another one may have come between.
        let found = Some(std::mem::take(&mut self.found)).filter(|found| found.survey == survey);
        let begun = pair(socket, file).and_then(|(socket, file)| {
            let found = match found {
                Some(found) => found,
                None => Found {
                    offset: position.map_or_else(|| file::offset(file), Ok)?,
                    ..Found::default()
                },
            };
            let request = Request {
                engine: self.mover,
                framing: NonZeroU32::new(chunk).map_or(Framing::Raw, Framing::Chunked),
                header,
                offset: found.offset,
                length: whole(length),
                cached_until: found.cached_until,
                data: found.data,
                offset_use,
                bytes_per_second: NonZeroU32::new(bytes_per_second),
            };
            Ok(attempt::begin(socket, file, request, &self.hub, &mut self.share))
        });
        Ok(match begun {
            Ok(Begun::Complete { wire, is_corked: false }) => Either::A(to_number(wire)),
            Ok(Begun::Complete { wire, is_corked: true }) => Either::A(-to_number(wire)),
            Ok(Begun::Running(id)) => Either::B(started(id, None, 0, 0, Vec::new())),
            Ok(Begun::Stuck { error, sent, wire, rest }) => {
                Either::B(started(0, Some(error), sent, wire, rest))
            }
            Err(error) => Either::B(started(0, Some(error), 0, 0, Vec::new())),
        })
    }

    /// Copies `length` bytes of `file`, from `position` on or, when that is
    /// negative, from the file's own offset, which moves along, into `target`,
    /// at `to` or, when that is negative, at its own offset.
    ///
    /// The number of the transfer; 0 when there is no descriptor or no thread.
    #[napi(catch_unwind)]
    pub fn copy(&self, file: i32, position: f64, length: f64, target: i32, to: f64) -> u32 {
        let engine = match self.mover {
            mover::Engine::Copy => mover::Engine::Copy,
            _ => mover::Engine::CopyFileRange,
        };
        let range =
            copy::Range { position: offset(position), length: whole(length), to: offset(to) };
        pair(target, file)
            .and_then(|(target, file)| copy::begin(engine, file, target, range, &self.hub))
            .unwrap_or(0)
    }

    /// Asks a transfer to stop where a writer may go on.
    #[napi(catch_unwind)]
    pub fn stop(&self, id: u32) {
        self.hub.stop(id);
    }

    /// Makes a transfer let go of its descriptors, wherever it is.
    #[napi(catch_unwind)]
    pub fn abandon(&self, id: u32) {
        self.hub.abandon(id);
    }

    /// Body bytes and wire bytes of a running transfer so far.
    #[napi(catch_unwind)]
    pub fn progress(&self, id: u32) -> Option<Vec<f64>> {
        self.hub.progress(id).map(|(sent, wire)| vec![to_number(sent), to_number(wire)])
    }

    /// The end of a transfer that is not told yet, the earliest first. Until it
    /// says that there is none, nobody is woken again.
    #[napi(catch_unwind)]
    pub fn next(&self) -> Option<Completion> {
        self.hub.next().map(completion)
    }
}

/// Sends what a TCP socket holds back for bytes to come.
#[napi(catch_unwind)]
pub fn push(socket: i32) {
    if let Ok(socket) = fd::borrow(socket) {
        socket::set_cork(socket, false);
    }
}

/// Bytes that the kernel took and the peer has not acknowledged; 0 where
/// nobody can tell.
#[napi(catch_unwind)]
pub fn unacknowledged(socket: i32) -> u32 {
    fd::borrow(socket).ok().and_then(socket::unacknowledged).unwrap_or(0)
}

/// True for a stream socket of TCP or of the Unix domain.
#[napi(catch_unwind)]
pub fn is_stream_socket(socket: i32) -> bool {
    fd::borrow(socket).is_ok_and(socket::is_stream_socket)
}

fn started(
    id: u32,
    error: Option<crate::error::Error>,
    sent: u64,
    wire: u64,
    rest: Vec<u8>,
) -> Started {
    Started {
        id,
        errno: error.map_or(0, |error| error.errno),
        syscall: error.map_or("", |error| error.syscall),
        sent: to_number(sent),
        wire: to_number(wire),
        rest: (!rest.is_empty()).then(|| rest.into()),
    }
}

fn completion(end: hub::Completion) -> Completion {
    let (outcome, error) = match end.outcome {
        Outcome::Complete => ("complete", None),
        Outcome::Stopped => ("stopped", None),
        Outcome::Abandoned => ("abandoned", None),
        Outcome::Truncated => ("truncated", None),
        Outcome::Failed(error) => ("failed", Some(error)),
    };
    Completion {
        id: end.id,
        outcome,
        errno: error.map_or(0, |error| error.errno),
        syscall: error.map_or("", |error| error.syscall),
        sent: to_number(end.sent),
        wire: to_number(end.wire),
        engine: match end.engine {
            mover::Engine::Sendfile => "sendfile",
            mover::Engine::CopyFileRange => "copy_file_range",
            mover::Engine::Copy => "copy",
        },
    }
}

type Pair<'call> = (std::os::fd::BorrowedFd<'call>, std::os::fd::BorrowedFd<'call>);

fn pair<'call>(socket: i32, file: i32) -> crate::error::Result<Pair<'call>> {
    Ok((fd::borrow(socket)?, fd::borrow(file)?))
}
