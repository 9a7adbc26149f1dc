//! Status codes: what every function answers.

use crate::{Error, NONE};

/// It worked.
pub const WHIMBREL_OK: i32 = 0;
/// An argument is NULL or makes no sense.
pub const WHIMBREL_ERR_ARGUMENT: i32 = Error::Argument as i32;
/// A deadline that never comes.
pub const WHIMBREL_NEVER: u64 = u64::MAX;
/// May be read.
pub const WHIMBREL_READ: u8 = 1;

/// Not for C: a constant that the crate keeps to itself.
pub(crate) const INTERNAL: usize = 4;
/// No number: a constant that the crate has under another name.
pub const WHIMBREL_NONE: u16 = NONE;
