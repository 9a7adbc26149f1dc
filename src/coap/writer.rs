//! Puts a message together in the buffer from which it is sent (RFC 7252 section 3).
//!
//! `new` → options in ascending order → `finish`, `payload`, or `room` and `finish_with`. A step that fails
//! leaves the message as it was.

use super::message::{Kind, MAX_TOKEN, PAYLOAD_MARKER};
use super::{Block, Code};
use crate::bytes::copy;
use crate::error::Error;

/// A message being written.
pub struct Writer<'a> {
    buffer: &'a mut [u8],
    at: usize,
    number: u16,
}

impl<'a> Writer<'a> {
    /// Writes header and token. `Argument`: the token is longer than 8 bytes; `Full`: the buffer is too small.
    pub fn new(buffer: &'a mut [u8], kind: Kind, code: Code, id: u16, token: &[u8]) -> Result<Self, Error> {
        if token.len() > MAX_TOKEN {
            return Err(Error::Argument);
        }
        let [high, low] = id.to_be_bytes();
        let mut writer = Self { buffer, at: 0, number: 0 };
        writer.put(&[kind.first_byte(token.len() as u8), code.0, high, low])?;
        writer.put(token)?;
        Ok(writer)
    }

    /// Adds an option (RFC 7252 section 3.1). `Argument`: the number is lower than the one before; `Full`: no
    /// room.
    pub fn option(&mut self, number: u16, value: &[u8]) -> Result<(), Error> {
        let start = self.at;
        let written = self.try_option(number, value);
        if written.is_err() {
            self.at = start;
        }
        written
    }

    /// Adds an option of the `uint` format in as few bytes as possible (RFC 7252 section 3.2).
    pub fn option_uint(&mut self, number: u16, value: u32) -> Result<(), Error> {
        let bytes = value.to_be_bytes();
        let zeros = (value.leading_zeros() >> 3) as usize;
        self.option(number, bytes.get(zeros..).unwrap_or_default())
    }

    /// Adds a Block option whose M bit may have to be set once the payload is there; returns what
    /// [`Writer::set_more`] wants.
    ///
    /// One byte or more even where the value is 0: receivers accept leading zeros (RFC 7252 section 3.2).
    pub fn option_block(&mut self, number: u16, block: Block) -> Result<MoreBit, Error> {
        let value = block.to_uint();
        if value == 0 {
            self.option(number, &[0])?
        } else {
            self.option_uint(number, value)?
        }
        Ok(MoreBit(self.at.wrapping_sub(1)))
    }

    /// Sets the M bit of a Block option written before (RFC 7959 section 2.2).
    pub fn set_more(&mut self, bit: MoreBit) {
        if let Some(byte) = self.buffer.get_mut(bit.0) {
            *byte |= 0x08;
        }
    }

    /// Where a payload can be written in place: what remains behind a payload marker. Empty if nothing remains.
    pub fn room(&mut self) -> &mut [u8] {
        self.buffer.get_mut(self.at.wrapping_add(1)..).unwrap_or_default()
    }

    /// Ends a message whose payload of `length` bytes lies in [`Writer::room`]; returns the length of the message.
    /// Without a payload there is no marker. `Full`: the payload cannot have had room.
    pub fn finish_with(self, length: usize) -> Result<usize, Error> {
        if length == 0 {
            return Ok(self.at);
        }
        let end = self.at.wrapping_add(1).wrapping_add(length);
        match self.buffer.get_mut(self.at..end) {
            Some([marker, ..]) => *marker = PAYLOAD_MARKER,
            _ => return Err(Error::Full),
        }
        Ok(end)
    }

    /// Ends the message with a payload; returns the length of the message. No marker if `payload` is empty.
    pub fn payload(mut self, payload: &[u8]) -> Result<usize, Error> {
        match self.room().get_mut(..payload.len()) {
            Some(room) => copy(room, payload),
            None => return Err(Error::Full),
        }
        self.finish_with(payload.len())
    }

    /// Ends a message whose payload lies right behind it already: only the marker is written; returns the length with
    /// the marker. `Full`: no room for it.
    pub fn mark(mut self) -> Result<usize, Error> {
        self.put(&[PAYLOAD_MARKER])?;
        Ok(self.at)
    }

    /// Ends a message without payload; returns its length.
    pub const fn finish(self) -> usize {
        self.at
    }

    fn try_option(&mut self, number: u16, value: &[u8]) -> Result<(), Error> {
        let delta = usize::from(number.checked_sub(self.number).ok_or(Error::Argument)?);
        self.put(&[(nibble(delta) << 4) | nibble(value.len())])?;
        if delta > 12 {
            self.extend(delta)?;
        }
        if value.len() > 12 {
            self.extend(value.len())?;
        }
        self.put(value)?;
        self.number = number;
        Ok(())
    }

    /// The bytes that follow a nibble of 13 or 14: `value` is 13 or more.
    fn extend(&mut self, value: usize) -> Result<(), Error> {
        if value < 269 {
            return self.put(&[value.wrapping_sub(13) as u8]);
        }
        let extension = u16::try_from(value.wrapping_sub(269)).map_err(|_| Error::Full)?;
        self.put(&extension.to_be_bytes())
    }

    fn put(&mut self, bytes: &[u8]) -> Result<(), Error> {
        let end = self.at.wrapping_add(bytes.len());
        copy(self.buffer.get_mut(self.at..end).ok_or(Error::Full)?, bytes);
        self.at = end;
        Ok(())
    }
}

/// The place of an M bit in a message being written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MoreBit(usize);

/// The nibble that announces a delta or a length (RFC 7252 section 3.1).
const fn nibble(value: usize) -> u8 {
    match value {
        0..=12 => value as u8,
        13..=268 => 13,
        _ => 14,
    }
}

/// An Empty message: an Acknowledgement, a Reset, or (Confirmable) a ping (RFC 7252 sections 4.2 and 4.3).
pub const fn empty(kind: Kind, id: u16) -> [u8; 4] {
    let [high, low] = id.to_be_bytes();
    [kind.first_byte(0), 0, high, low]
}

#[cfg(test)]
#[path = "writer_tests.rs"]
mod tests;
