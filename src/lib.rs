//! The native half of millrace.
//!
//! Files go to sockets here: by sendfile(2), or by a copy where there is no
//! sendfile, begun on the JavaScript thread and carried on by tokio.
//!
//! Layers, each of which may use those to its right:
//!
//! ```text
//! bindings -> transfer -> sys -> error
//! ```
//!
//! `bindings` is the only module that knows Node-API, `sys` the only one
//! with system calls and with `unsafe`. A test holds them to it.

mod bindings;
mod error;
mod sys;
mod transfer;
