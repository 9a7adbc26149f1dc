//! A sample of the C API.
//!
//! Two lines of introduction, which stand at the top of the header.

mod status;

mod object;

mod client;

pub use client::*;
pub use object::*;
pub use status::*;
