//! What JavaScript sees: convert, call, convert. The only place that names
//! Node-API. Nothing is decided here.

#![expect(unreachable_pub, reason = "Node-API exports are public to JavaScript, not to Rust")]
#![expect(clippy::needless_pass_by_value, reason = "Node-API hands strings over by value")]
#![cfg_attr(test, allow(dead_code, reason = "unit tests have no JavaScript to call exports"))]

mod buffer;
mod codecs;
mod convert;
mod engine;
mod errands;
mod file;
