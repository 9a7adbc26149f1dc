//! Arguments of Execute (TS 1.0 section 5.4.5):
//!
//! ```text
//! arglist = arg *( "," arg )
//! arg     = DIGIT / DIGIT "=" "'" *CHAR "'"
//! CHAR    = "!" / %x23-26 / %x28-5B / %x5D-7E
//! ```
//!
//! Tolerated, because the specification's own example has both: spaces behind a comma and inside a value.
//! A digit may come once (TS 1.2.1).

use crate::error::Error;
use crate::format::number::{digit, find};

/// The arguments of one Execute, checked as a whole: what comes out is well-formed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Arguments<'a> {
    text: &'a [u8],
}

/// One argument: its digit, and its value if it has one.
pub type Argument<'a> = (u8, Option<&'a [u8]>);

impl<'a> Arguments<'a> {
    /// No arguments.
    pub const NONE: Self = Self { text: &[] };

    /// Checks a payload. An empty one has no arguments.
    pub fn parse(payload: &'a [u8]) -> Result<Self, Error> {
        let (mut rest, mut seen) = (payload, 0u16);
        while !rest.is_empty() {
            let ((digit, _), tail) = argument(rest).ok_or(Error::Malformed)?;
            let bit = 1u16.wrapping_shl(digit.into());
            // a digit twice, or a comma with nothing behind it
            if seen & bit != 0 || tail == Some(&[]) {
                return Err(Error::Malformed);
            }
            seen |= bit;
            rest = tail.unwrap_or(&[]);
        }
        Ok(Self { text: payload })
    }

    /// The arguments in the order in which they came.
    pub fn iter(&self) -> Iter<'a> {
        Iter { rest: self.text }
    }

    /// The argument of that digit: `Some(None)` where it came without a value.
    pub fn get(&self, digit: u8) -> Option<Option<&'a [u8]>> {
        self.iter().find(|argument| argument.0 == digit).map(|argument| argument.1)
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.text.is_empty()
    }
}

impl<'a> IntoIterator for &Arguments<'a> {
    type Item = Argument<'a>;
    type IntoIter = Iter<'a>;

    fn into_iter(self) -> Iter<'a> {
        self.iter()
    }
}

/// Arguments in the order in which they came.
#[derive(Clone)]
pub struct Iter<'a> {
    rest: &'a [u8],
}

impl<'a> Iterator for Iter<'a> {
    type Item = Argument<'a>;

    fn next(&mut self) -> Option<Argument<'a>> {
        let (argument, tail) = argument(self.rest)?;
        self.rest = tail.unwrap_or(&[]);
        Some(argument)
    }
}

/// The first argument, and what follows its comma; `None` there if it is the last.
fn argument(text: &[u8]) -> Option<(Argument<'_>, Option<&[u8]>)> {
    let (first, rest) = text.trim_ascii_start().split_first()?;
    let digit = digit(*first)?;
    let (value, rest) = match rest.strip_prefix(b"='") {
        Some(rest) => {
            let end = find(rest, |byte| !is_char(byte))?;
            let (value, rest) = rest.split_at_checked(end)?;
            (Some(value), rest.strip_prefix(b"'")?)
        }
        None => (None, rest),
    };
    let rest = rest.trim_ascii_start();
    match rest.split_first() {
        None => Some(((digit, value), None)),
        Some((b',', rest)) => Some(((digit, value), Some(rest))),
        Some(_) => None,
    }
}

/// CHAR of the grammar, and a space.
fn is_char(byte: u8) -> bool {
    matches!(byte, b' ' | b'!' | 0x23..=0x26 | 0x28..=0x5b | 0x5d..=0x7e)
}
