//! What JavaScript sees: convert, call, convert. The only place that names
//! Node-API. Nothing is decided here.

#![expect(unreachable_pub, reason = "Node-API exports are public to JavaScript, not to Rust")]

mod engine;
mod file;
