//! Files for JavaScript: what it reads itself.

pub(crate) mod reading;
