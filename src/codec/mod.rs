//! What is done to bytes and text. Pure: no Node-API, no input or output.

pub(crate) mod stream;
