//! What is to be written to the serial line: a command line or the body of a message, made byte by byte as it is pulled.

use super::text::hex_digit;
use crate::bytes::{put, zeroise};
use crate::error::Error;

/// The longest command line that the engine makes by itself: +CSCA with a number of 20 digits has 38.
const TEXT: usize = 48;
/// Ends the body of a message.
const CTRL_Z: u8 = 0x1a;
/// Cancels it.
const ESCAPE: u8 = 0x1b;

/// What follows the text.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Tail {
    Nothing,
    /// The message that is first in the queue, with an empty service centre address.
    Body,
    /// A command of the application, by its number.
    Extra(u8),
    /// Octets in hex, a quote and the end of the line.
    Octets,
}

/// A command line or a body, and how far it is written.
pub(super) struct Output {
    text: [u8; TEXT],
    length: usize,
    tail: Tail,
    at: usize,
    pending: bool,
}

impl Output {
    /// Nothing.
    pub const EMPTY: Self = Self { text: [0; TEXT], length: 0, tail: Tail::Nothing, at: 0, pending: false };

    /// Nothing is to be written any more.
    pub const fn clear(&mut self) {
        self.length = 0;
        self.at = 0;
        self.tail = Tail::Nothing;
        self.pending = false;
    }

    /// Overwrites the text, which held a PIN.
    pub fn wipe(&mut self) {
        self.clear();
        zeroise(&mut self.text);
    }

    /// Whether not all of it is written.
    pub const fn is_pending(&self) -> bool {
        self.pending
    }

    /// Cancels a message whose body the modem may be waiting for.
    pub fn escape(&mut self) {
        self.clear();
        let _ = self.text(&[ESCAPE]);
    }

    /// The first message of the queue.
    pub const fn body(&mut self) {
        self.clear();
        self.tail = Tail::Body;
        self.pending = true;
    }

    /// A command of the application.
    pub const fn extra(&mut self, number: u8) {
        self.clear();
        self.tail = Tail::Extra(number);
        self.pending = true;
    }

    /// Octets, with the end of the line behind them.
    pub const fn octets(&mut self) {
        self.tail = Tail::Octets;
        self.pending = true;
    }

    /// Adds to the text.
    pub fn text(&mut self, bytes: &[u8]) -> Result<(), Error> {
        put(&mut self.text, self.length, bytes)?;
        self.length = self.length.wrapping_add(bytes.len());
        self.pending = true;
        Ok(())
    }

    /// Adds a number.
    pub fn number(&mut self, value: u32) -> Result<(), Error> {
        let mut power = 1_000_000_000u32;
        let mut begun = false;
        while power > 0 {
            let digit = (value / power) % 10;
            begun |= digit > 0 || power == 1;
            if begun {
                self.text(&[b'0'.wrapping_add(digit as u8)])?;
            }
            power /= 10;
        }
        Ok(())
    }

    /// Whether the modem sends back what it was sent.
    pub fn is_echo(&self, line: &[u8]) -> bool {
        let Some(text) = self.text.get(..self.length) else { return false };
        if self.tail == Tail::Octets {
            return line.starts_with(text);
        }
        text.strip_suffix(b"\r").is_some_and(|sent| !sent.is_empty() && sent == line)
    }

    /// Whether octets of an APDU belong to it.
    pub const fn has_octets(&self) -> bool {
        matches!(self.tail, Tail::Octets)
    }

    /// Fills `buffer` with what comes next; how much that was. `body` is the message or the octets.
    pub fn pull<'e>(
        &mut self,
        buffer: &mut [u8],
        body: &[u8],
        extra: impl FnOnce(u8) -> Option<&'e [u8]>,
    ) -> usize {
        let extra = match self.tail {
            Tail::Extra(number) => extra(number),
            _ => None,
        };
        let mut pulled = 0usize;
        for place in buffer {
            let Some(byte) = self.byte(body, extra) else { break };
            *place = byte;
            self.at = self.at.wrapping_add(1);
            pulled = pulled.wrapping_add(1);
        }
        self.pending = self.byte(body, extra).is_some();
        pulled
    }

    /// The last `count` bytes of what was pulled just now are to be pulled again.
    pub const fn take_back(&mut self, count: usize) {
        self.at = self.at.wrapping_sub(count);
        self.pending |= count > 0;
    }

    /// The next byte.
    fn byte(&self, body: &[u8], extra: Option<&[u8]>) -> Option<u8> {
        let Some(at) = self.at.checked_sub(self.length) else { return self.text.get(self.at).copied() };
        match self.tail {
            Tail::Nothing => None,
            Tail::Extra(_) => {
                let line = extra?;
                line.get(at).copied().or((at == line.len()).then_some(b'\r'))
            }
            Tail::Octets => match body.get(at / 2) {
                Some(&octet) => Some(hex_digit(octet, at % 2 == 0)),
                None => b"\"\r".get(at.checked_sub(body.len().checked_mul(2)?)?).copied(),
            },
            // two digits for the empty address come first
            Tail::Body => match at.checked_sub(2) {
                None => Some(b'0'),
                Some(at) => match body.get(at / 2) {
                    Some(&octet) => Some(hex_digit(octet, at % 2 == 0)),
                    None => (at / 2 == body.len() && at % 2 == 0).then_some(CTRL_Z),
                },
            },
        }
    }
}
