//! The Block options (RFC 7959 section 2.2). The transfers that they make up are in `body`.

use super::option;
use crate::error::Error;

/// The largest SZX over datagrams: 1,024 bytes (RFC 7959 section 2.2).
pub const MAX_EXPONENT: u8 = 6;
/// The largest block number: 20 bits (RFC 7959 section 2.2).
pub const MAX_NUMBER: u32 = 0x000f_ffff;

/// A Block1 or Block2 option (RFC 7959 section 2.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Block {
    /// NUM, 20 bits.
    pub number: u32,
    /// M: more blocks follow.
    pub more: bool,
    /// SZX, 0 to 6: a block has `16 << exponent` bytes.
    pub exponent: u8,
}

impl Block {
    /// From the option's value. `BadOption`: longer than 3 bytes, treat it as unrecognised (RFC 7252 section
    /// 5.4.3); `Malformed`: SZX 7, which a request is told as 4.00 (RFC 7959 section 2.2).
    pub fn decode(value: &[u8]) -> Result<Self, Error> {
        if value.len() > 3 {
            return Err(Error::BadOption);
        }
        let value = option::uint(value)?;
        let exponent = (value & 7) as u8;
        if exponent > MAX_EXPONENT {
            return Err(Error::Malformed);
        }
        Ok(Self { number: value >> 4, more: value & 8 != 0, exponent })
    }

    /// The block that begins at byte `offset`, rounded down to a block boundary. `TooLarge`: its number has
    /// more than 20 bits.
    pub const fn at(offset: u32, more: bool, exponent: u8) -> Result<Self, Error> {
        let number = offset >> shift(exponent);
        if number > MAX_NUMBER { Err(Error::TooLarge) } else { Ok(Self { number, more, exponent }) }
    }

    /// The option's value, for `Writer::option_uint`.
    pub const fn to_uint(self) -> u32 {
        ((self.number & MAX_NUMBER) << 4) | ((self.more as u32) << 3) | (self.exponent & 7) as u32
    }

    /// How many bytes a block has that is not the last one.
    pub const fn size(self) -> usize {
        1 << shift(self.exponent)
    }

    /// Where the block begins in the body, in bytes.
    pub const fn offset(self) -> u32 {
        (self.number & MAX_NUMBER) << shift(self.exponent)
    }

    /// The same place in smaller blocks, when the peer asks for them (RFC 7959 sections 2.3 and 2.4); the
    /// same block if `exponent` is not smaller. `TooLarge`: the number would have more than 20 bits.
    pub const fn reduced_to(self, exponent: u8) -> Result<Self, Error> {
        if exponent < self.exponent { Self::at(self.offset(), self.more, exponent) } else { Ok(self) }
    }

    /// The Block1 option that acknowledges this one (RFC 7959 section 2.3): the same number and M bit; a
    /// first block may be told that blocks of at most `exponent` are preferred from now on.
    pub const fn acknowledged(self, exponent: u8) -> Self {
        if self.number == 0 && exponent < self.exponent { Self { exponent, ..self } } else { self }
    }

    /// Whether a payload of `length` bytes suits the block: a full one if more follow, at most that otherwise
    /// (RFC 7959 section 2.2).
    pub const fn suits(self, length: usize) -> bool {
        if self.more { length == self.size() } else { length <= self.size() }
    }
}

/// The largest exponent whose blocks fit into `room` bytes, `None` if not even 16 bytes fit.
pub const fn largest_exponent(room: usize) -> Option<u8> {
    let mut exponent = MAX_EXPONENT;
    while 1 << shift(exponent) > room {
        match exponent.checked_sub(1) {
            Some(smaller) => exponent = smaller,
            None => return None,
        }
    }
    Some(exponent)
}

/// log2 of the block size; bounded, so that no shift can overflow.
const fn shift(exponent: u8) -> u32 {
    (exponent & 7) as u32 + 4
}

#[cfg(test)]
#[path = "block_tests.rs"]
mod tests;
