//! The native half of millrace.
//!
//! Files go to sockets here: by sendfile(2), or by a copy where there is no
//! sendfile, begun on the JavaScript thread and carried on by tokio. What
//! JavaScript wants to read it gets from the page cache, or from tokio's
//! blocking pool.
//!
//! Layers, each of which may use those to its right:
//!
//! ```text
//! bindings -> transfer, file -> threads, mailbox -> sync, sys -> error
//!          -> codec
//! ```
//!
//! `bindings` is the only module that knows Node-API, `sys` the only one
//! with system calls. `unsafe` is in `sys`, and in five files that
//! `docs/safety.md` names. A test holds them to it.

mod bindings;
mod codec;
mod error;
mod file;
mod mailbox;
mod sync;
mod sys;
mod threads;
mod transfer;
