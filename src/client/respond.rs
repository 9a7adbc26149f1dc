//! Responses: the payload lies in place, the header is put in front of it.

use crate::bytes;
use crate::coap::{Block, Code, Kind, Writer, option};
use crate::error::Error;
use crate::format::number;

/// Where in the send buffer a payload begins: header, token, options and marker have room before it.
pub const GAP: usize = 60;

/// The options of a response, in the order in which they go out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Slot {
    /// Four bytes that tell one representation from another.
    ETag,
    /// Sequence number.
    Observe,
    /// Object ID in the upper half, Object Instance ID in the lower.
    Location,
    /// Content-Format of the payload.
    ContentFormat,
    /// Block2.
    Block2,
    /// Block1.
    Block1,
    /// How long the whole representation is.
    Size2,
    /// How much can be taken.
    Size1,
}

/// The option numbers, by [`Slot`].
const NUMBERS: [u16; 8] = [
    option::ETAG,
    option::OBSERVE,
    option::LOCATION_PATH,
    option::CONTENT_FORMAT,
    option::BLOCK2,
    option::BLOCK1,
    option::SIZE2,
    option::SIZE1,
];

/// No option of a response has this value.
const ABSENT: u32 = u32::MAX;

/// What is answered.
#[derive(Clone, Copy, Debug)]
pub struct Reply {
    /// The response code.
    pub code: Code,
    /// How many payload bytes lie behind [`GAP`].
    pub length: u16,
    options: [u32; NUMBERS.len()],
}

impl Reply {
    /// A code and nothing else.
    pub const fn code(code: Code) -> Self {
        Self { code, length: 0, options: [ABSENT; NUMBERS.len()] }
    }

    /// What a server is told of an error.
    pub const fn error(error: Error) -> Self {
        Self::code(error.to_wire())
    }

    /// Sets an option.
    pub fn set(&mut self, slot: Slot, value: u32) {
        if let Some(place) = self.options.get_mut(slot as usize) {
            *place = value;
        }
    }

    /// The same with an option.
    pub fn with(mut self, slot: Slot, value: u32) -> Self {
        self.set(slot, value);
        self
    }

    /// The same with a Block option.
    pub fn with_block(self, slot: Slot, block: Block) -> Self {
        self.with(slot, block.to_uint())
    }

    /// The same without an option.
    pub fn without(self, slot: Slot) -> Self {
        self.with(slot, ABSENT)
    }

    /// Puts header and options in front of the payload in `buffer`; the message as it is to be sent. `None` where the
    /// buffer is too small for any message.
    pub fn place<'b>(&self, kind: Kind, id: u16, token: &[u8], buffer: &'b mut [u8]) -> Option<&'b [u8]> {
        let mut head = [0u8; GAP];
        let length = self.write(kind, id, token, &mut head).ok()?;
        let start = GAP - length.min(GAP);
        bytes::put(buffer, start, head.get(..length)?).ok()?;
        buffer.get(start..GAP.wrapping_add(self.length.into()))
    }

    fn write(&self, kind: Kind, id: u16, token: &[u8], head: &mut [u8; GAP]) -> Result<usize, Error> {
        let mut writer = Writer::new(head, kind, self.code, id, token)?;
        for (number, value) in NUMBERS.iter().zip(&self.options) {
            match (*number, *value) {
                (_, ABSENT) => {}
                (option::ETAG, value) => writer.option(option::ETAG, &value.to_be_bytes())?,
                (option::LOCATION_PATH, value) => {
                    for id in [value >> 16, value & 0xffff] {
                        writer.option(option::LOCATION_PATH, number::digits(id.into(), &mut [0; 20]))?;
                    }
                }
                (number, value) => writer.option_uint(number, value)?,
            }
        }
        if self.length == 0 { Ok(writer.finish()) } else { writer.mark() }
    }
}
