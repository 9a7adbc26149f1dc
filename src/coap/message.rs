//! A message lying in a datagram (RFC 7252 section 3): the header is checked once, the options are walked once.
//!
//! `Message::parse` → `options()` → `next()` until `None` → `payload()`. What does not parse is answered as
//! [`reset_for`] says.

use super::Code;
use crate::error::Error;

/// The version that goes into the upper two bits of every message.
const VERSION_1: u8 = 0x40;
/// What stands between options and payload; no option can begin with it.
pub(super) const PAYLOAD_MARKER: u8 = 0xff;
/// The longest token (RFC 7252 section 3).
pub const MAX_TOKEN: usize = 8;

/// The type of a message (RFC 7252 section 3).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Kind {
    /// Wants an Acknowledgement or a Reset.
    Confirmable = 0,
    /// Wants nothing.
    NonConfirmable = 1,
    /// Answers a Confirmable message, perhaps with the response inside.
    Acknowledgement = 2,
    /// Says that a message could not be processed.
    Reset = 3,
}

impl Kind {
    /// From the first byte of a message of any version.
    const fn of(first: u8) -> Self {
        match (first >> 4) & 3 {
            0 => Self::Confirmable,
            1 => Self::NonConfirmable,
            2 => Self::Acknowledgement,
            _ => Self::Reset,
        }
    }

    /// Whether such a message may carry `code` (RFC 7252 table 1 and section 4.2). A Confirmable Empty
    /// message is a ping.
    const fn may_carry(self, code: Code) -> bool {
        let empty = code.0 == Code::EMPTY.0;
        match self {
            Self::Confirmable => empty || code.is_request() || code.is_response(),
            Self::NonConfirmable => code.is_request() || code.is_response(),
            Self::Acknowledgement => empty || code.is_response(),
            Self::Reset => empty,
        }
    }

    /// The first byte of a message with a token of `token_length` bytes.
    pub(super) const fn first_byte(self, token_length: u8) -> u8 {
        VERSION_1 | ((self as u8) << 4) | (token_length & 0x0f)
    }
}

/// A message whose header is sound (RFC 7252 section 3). Its options may still turn out malformed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Message<'a> {
    /// The type.
    pub kind: Kind,
    /// The method or the response code; 0.00 in an Empty message.
    pub code: Code,
    /// The Message ID.
    pub id: u16,
    /// 0 to 8 bytes.
    pub token: &'a [u8],
    rest: &'a [u8],
}

impl<'a> Message<'a> {
    /// Takes the header apart.
    ///
    /// `Malformed` if the datagram is short, of another version, has a token length of 9 to 15, is Empty with
    /// bytes behind the Message ID, or has a code that its type cannot carry (a request in an
    /// Acknowledgement, anything in a Reset, an Empty Non-confirmable message, a reserved class).
    /// [`reset_for`] knows what to answer.
    pub fn parse(datagram: &'a [u8]) -> Result<Self, Error> {
        let (&[first, code, high, low], rest) = datagram.split_first_chunk::<4>().ok_or(Error::Malformed)?;
        let (kind, code, length) = (Kind::of(first), Code(code), usize::from(first & 0x0f));
        let (token, rest) = rest.split_at_checked(length).ok_or(Error::Malformed)?;
        let sound = first & 0xc0 == VERSION_1
            && length <= MAX_TOKEN
            && kind.may_carry(code)
            && (code.0 != Code::EMPTY.0 || datagram.len() == 4);
        if sound {
            Ok(Self { kind, code, id: u16::from_be_bytes([high, low]), token, rest })
        } else {
            Err(Error::Malformed)
        }
    }

    /// The options, to be walked once; they end in front of the payload.
    pub const fn options(&self) -> OptionReader<'a> {
        OptionReader { rest: self.rest, number: 0 }
    }
}

/// The Reset that rejects a datagram that cannot be processed: to a Confirmable message whose header can be read.
///
/// `None`: say nothing (RFC 7252 section 3: another version; sections 4.2 and 4.3: everything else). The
/// engine calls it when [`Message::parse`] or the option walk fails, and for a ping.
pub fn reset_for(datagram: &[u8]) -> Option<[u8; 4]> {
    let &[first, _, high, low] = datagram.first_chunk::<4>()?;
    let confirmable = first & 0xf0 == Kind::Confirmable.first_byte(0);
    confirmable.then_some([Kind::Reset.first_byte(0), 0, high, low])
}

/// The options of a message, in the order in which they lie there (RFC 7252 section 3.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OptionReader<'a> {
    rest: &'a [u8],
    number: u16,
}

impl<'a> OptionReader<'a> {
    /// The next option's number and value, `None` at the end.
    ///
    /// `Malformed`, from then on each time: an option reaches beyond the datagram, uses the reserved nibble
    /// 15, has a number above 65535, or nothing follows the payload marker.
    #[expect(clippy::should_implement_trait, reason = "an iterator of results would go on behind an error")]
    pub fn next(&mut self) -> Result<Option<(u16, &'a [u8])>, Error> {
        let Some((&first, rest)) = self.rest.split_first() else { return Ok(None) };
        if first == PAYLOAD_MARKER {
            return if rest.is_empty() { Err(Error::Malformed) } else { Ok(None) };
        }
        let (mut delta, mut length, mut rest) = (u32::from(first >> 4), u32::from(first & 0x0f), rest);
        if delta > 12 {
            (delta, rest) = extended(delta, rest)?;
        }
        if length > 12 {
            (length, rest) = extended(length, rest)?;
        }
        let (value, rest) = rest.split_at_checked(length as usize).ok_or(Error::Malformed)?;
        let number =
            u16::try_from(delta.wrapping_add(u32::from(self.number))).map_err(|_| Error::Malformed)?;
        *self = Self { rest, number };
        Ok(Some((number, value)))
    }

    /// The payload, once [`OptionReader::next`] has answered `None`; empty before.
    pub const fn payload(&self) -> &'a [u8] {
        match self.rest.split_first() {
            Some((&PAYLOAD_MARKER, payload)) => payload,
            _ => &[],
        }
    }
}

/// The delta or length that a nibble above 12 and the bytes behind it mean; at most 65804.
fn extended(nibble: u32, rest: &[u8]) -> Result<(u32, &[u8]), Error> {
    match nibble {
        13 => {
            let (&byte, rest) = rest.split_first().ok_or(Error::Malformed)?;
            Ok((u32::from(byte) + 13, rest))
        }
        14 => {
            let (&bytes, rest) = rest.split_first_chunk::<2>().ok_or(Error::Malformed)?;
            Ok((u32::from(u16::from_be_bytes(bytes)) + 269, rest))
        }
        _ => Err(Error::Malformed),
    }
}

#[cfg(test)]
#[path = "message_tests.rs"]
mod tests;
