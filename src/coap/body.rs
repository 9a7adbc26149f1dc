//! Bodies in blocks (RFC 7959): one being received with Block1, one being sent with Block1, one being fetched
//! with Block2.
//!
//! Pure state: no peers, no paths, no bytes. All are `Copy`: to undo a step that the handler refused, keep
//! the value from before.

use super::{Block, Code};
use crate::bytes::copy;
use crate::error::Error;

/// How a block fits into the body being received.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Arrival {
    /// The first block of a body: deliver it at offset 0.
    First,
    /// The next block: deliver it at `offset`.
    Next {
        /// In bytes from the beginning of the body.
        offset: u32,
    },
    /// The latest block once more: acknowledge it again, deliver nothing.
    Repeat,
    /// The first block, although a body was under way: undo what that one did, then as `First`.
    Restart,
}

/// A body being received with Block1 (RFC 7959 sections 2.3 and 2.5).
///
/// `Idle` → first block → `Open` → last block → `Done`. A block that does not fit is refused and changes nothing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Incoming {
    state: State,
    /// The length of the latest block.
    length: u16,
    /// Where the next block must begin; the body's length in `Done`.
    offset: u32,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum State {
    #[default]
    Idle,
    Open,
    Done,
}

impl Incoming {
    /// Nothing received.
    pub const fn new() -> Self {
        Self { state: State::Idle, length: 0, offset: 0 }
    }

    /// Takes a block with a payload of `length` bytes. It is the last one if its M bit is clear.
    ///
    /// Block 0 always begins anew: its bytes may differ from those of the block 0 before. A size that changes
    /// on the way is fine as long as the block begins where the one before ended. `Malformed` (4.00): the
    /// payload does not suit the block; `Incomplete` (4.08): another block is missing (RFC 7959 section
    /// 2.9.2).
    pub fn take(&mut self, block: Block, length: usize) -> Result<Arrival, Error> {
        if !block.suits(length) {
            return Err(Error::Malformed);
        }
        let (offset, length) = (block.offset(), length as u16);
        let arrival = match self.state {
            State::Open if offset == 0 => Arrival::Restart,
            _ if offset == 0 => Arrival::First,
            State::Open if offset == self.offset => Arrival::Next { offset },
            State::Idle => return Err(Error::Incomplete),
            _ if self.ended_with(block, length) => return Ok(Arrival::Repeat),
            _ => return Err(Error::Incomplete),
        };
        let state = if block.more { State::Open } else { State::Done };
        *self = Self { state, length, offset: offset.wrapping_add(length.into()) };
        Ok(arrival)
    }

    /// Whether a body is under way.
    pub fn is_open(&self) -> bool {
        self.state == State::Open
    }

    /// How many bytes of the body have arrived.
    pub const fn received(&self) -> u32 {
        self.offset
    }

    fn ended_with(&self, block: Block, length: u16) -> bool {
        block.offset().wrapping_add(length.into()) == self.offset
            && length == self.length
            && block.more == (self.state == State::Open)
    }
}

/// What the answer to a block means for the body being sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Answer {
    /// Send the next block.
    Next,
    /// The body has arrived; the answer is the final one.
    Done,
    /// Send the body again from the beginning.
    Restart,
    /// The transfer is over; the answer's code says why.
    Failed,
}

/// A body being sent with Block1 (RFC 7959 sections 2.3 and 2.5): `offset`, write up to `size` bytes,
/// `block`, send, `answer`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Outgoing {
    offset: u32,
    exponent: u8,
    /// Whether the block under way has its M bit set.
    more: bool,
    restarted: bool,
}

impl Outgoing {
    /// A body whose blocks have `16 << exponent` bytes.
    pub const fn new(exponent: u8) -> Self {
        Self { offset: 0, exponent, more: false, restarted: false }
    }

    /// Where the block to be sent begins, in bytes.
    pub const fn offset(&self) -> u32 {
        self.offset
    }

    /// How many bytes the block to be sent has, unless it is the last one.
    pub const fn size(&self) -> usize {
        self.under_way().size()
    }

    /// The option of the block to be sent; `more`: it is not the last one. `TooLarge`: too many blocks.
    pub fn block(&mut self, more: bool) -> Result<Block, Error> {
        self.more = more;
        Block::at(self.offset, more, self.exponent)
    }

    /// Takes the answer to the latest block: its code and its Block1 option.
    ///
    /// A smaller size in the answer is adopted from the next block on. 4.13 with a smaller size begins anew
    /// with that one (section 2.9.3), 4.08 once with the same (section 2.9.2).
    pub fn answer(&mut self, code: Code, option: Option<Block>) -> Answer {
        let smaller = option.filter(|block| block.exponent < self.exponent);
        match code {
            Code::REQUEST_ENTITY_TOO_LARGE => match smaller {
                Some(block) => self.restart(block.exponent),
                None => Answer::Failed,
            },
            Code::REQUEST_ENTITY_INCOMPLETE if !self.restarted => {
                self.restarted = true;
                self.restart(self.exponent)
            }
            _ if !code.is_success() => Answer::Failed,
            _ if !self.more => {
                if code == Code::CONTINUE {
                    Answer::Failed
                } else {
                    Answer::Done
                }
            }
            _ => match option {
                Some(block) if block.number == self.under_way().number => {
                    self.offset = self.offset.wrapping_add(self.size() as u32);
                    self.exponent = self.exponent.min(block.exponent);
                    Answer::Next
                }
                _ => Answer::Failed,
            },
        }
    }

    fn restart(&mut self, exponent: u8) -> Answer {
        self.offset = 0;
        self.exponent = exponent;
        Answer::Restart
    }

    const fn under_way(&self) -> Block {
        match Block::at(self.offset, self.more, self.exponent) {
            Ok(block) => block,
            Err(_) => Block { number: super::block::MAX_NUMBER, more: self.more, exponent: self.exponent },
        }
    }
}

/// What an answer means for the body being fetched.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fetched {
    /// A part of the body that begins at `offset`; ask for the next one unless it is the `last`.
    Part {
        /// In bytes from the beginning of the body.
        offset: u32,
        /// The body is complete.
        last: bool,
    },
    /// The body has another ETag now: forget its parts and begin anew (RFC 7959 section 2.4).
    Changed,
}

/// A body being fetched with Block2 (RFC 7959 section 2.4): `request`, send, `answer`, until the last part.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fetch {
    offset: u32,
    exponent: u8,
    /// The length of `etag`, 0 if the body has none, `UNKNOWN` before the first part.
    etag_length: u8,
    etag: [u8; 8],
}

/// No part has come yet.
const UNKNOWN: u8 = 0xff;

impl Fetch {
    /// A body to be fetched in blocks of at most `16 << exponent` bytes.
    pub const fn new(exponent: u8) -> Self {
        Self { offset: 0, exponent, etag_length: UNKNOWN, etag: [0; 8] }
    }

    /// Goes on at `offset`, rounded down to a block boundary; if `etag` is not empty, the body must still have it.
    pub fn resume(offset: u32, exponent: u8, etag: &[u8]) -> Result<Self, Error> {
        let mut fetch = Self { offset: Block::at(offset, false, exponent)?.offset(), ..Self::new(exponent) };
        if !etag.is_empty() {
            fetch.remember(etag)?;
        }
        Ok(fetch)
    }

    /// The Block2 option of the next request. `TooLarge`: too many blocks.
    pub const fn request(&self) -> Result<Block, Error> {
        Block::at(self.offset, false, self.exponent)
    }

    /// How many bytes have arrived.
    pub const fn received(&self) -> u32 {
        self.offset
    }

    /// The body's ETag, empty if there is none or no part has come yet.
    pub fn etag(&self) -> &[u8] {
        self.etag.get(..self.etag_length.into()).unwrap_or_default()
    }

    /// Takes a 2.05: its Block2 option, its ETag (empty if there is none), the length of its payload.
    ///
    /// An answer without the option is the whole body. A smaller block size than asked for is adopted.
    /// Nothing changes on an error: `Malformed`, the payload does not suit the block; `Incomplete`, it is
    /// another part than asked for.
    pub fn answer(&mut self, option: Option<Block>, etag: &[u8], length: usize) -> Result<Fetched, Error> {
        let offset = option.map_or(0, Block::offset);
        if offset != self.offset {
            return Err(Error::Incomplete);
        }
        if option.is_some_and(|block| !block.suits(length)) {
            return Err(Error::Malformed);
        }
        if self.etag_length == UNKNOWN {
            self.remember(etag)?;
        } else if self.etag() != etag {
            return Ok(Fetched::Changed);
        }
        let last = match option {
            Some(block) => {
                self.exponent = self.exponent.min(block.exponent);
                !block.more
            }
            None => true,
        };
        self.offset = offset.wrapping_add(length as u32);
        Ok(Fetched::Part { offset, last })
    }

    fn remember(&mut self, etag: &[u8]) -> Result<(), Error> {
        copy(self.etag.get_mut(..etag.len()).ok_or(Error::BadOption)?, etag);
        self.etag_length = etag.len() as u8;
        Ok(())
    }
}

#[cfg(test)]
#[path = "body_tests.rs"]
mod tests;
