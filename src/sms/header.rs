//! The user data header of a short message (TS 23.040 section 9.2.3.24): which part of what a message is, for which
//! port, and whether a secured packet follows (TS 31.115 section 4).
//!
//! Of an element that comes twice, and of elements that exclude each other (8 and 16 bit), the last one counts, as that
//! section says. Elements that are not known are skipped. Where it lets a receiver ignore an element with
//! impossible values, the message is refused here: without the element, a part would pass for a whole message.

use crate::error::Error;

/// IE: concatenated messages, 8-bit reference.
pub const CONCAT_8: u8 = 0x00;
/// IE: 8-bit ports.
const PORTS_8: u8 = 0x04;
/// IE: 16-bit ports.
const PORTS_16: u8 = 0x05;
/// IE: concatenated messages, 16-bit reference.
const CONCAT_16: u8 = 0x08;
/// IE: a Command Packet follows.
pub const COMMAND_PACKET: u8 = 0x70;
/// IE: a Response Packet follows.
pub const RESPONSE_PACKET: u8 = 0x71;

/// Which part of which long message (TS 23.040 sections 9.2.3.24.1 and 9.2.3.24.8).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Concat {
    /// Whether the reference has 16 bits. Those of 8 bits are counted by themselves.
    pub wide: bool,
    /// What all parts have in common.
    pub reference: u16,
    /// How many parts there are, from 1.
    pub total: u8,
    /// Which part this is, from 1 to `total`.
    pub sequence: u8,
}

impl Concat {
    fn new(wide: bool, reference: u16, total: u8, sequence: u8) -> Result<Self, Error> {
        if sequence == 0 || sequence > total {
            return Err(Error::Malformed);
        }
        Ok(Self { wide, reference, total, sequence })
    }
}

/// What the information elements say.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Header {
    /// The message is a part of a longer one.
    pub concat: Option<Concat>,
    /// Application ports, destination first.
    pub ports: Option<(u16, u16)>,
    /// The data is a Command Packet, or the first part of one.
    pub command_packet: bool,
    /// The data is a Response Packet, or the first part of one.
    pub response_packet: bool,
}

impl Header {
    /// Reads the information elements, without the octet that says their length.
    ///
    /// [`Error::Malformed`] if one runs over the end, or a known one has another length than it must or impossible values.
    pub fn parse(mut ies: &[u8]) -> Result<Self, Error> {
        let mut header = Self::default();
        while let Some((id, rest)) = ies.split_first() {
            let (length, rest) = rest.split_first().ok_or(Error::Malformed)?;
            let (value, rest) = rest.split_at_checked(usize::from(*length)).ok_or(Error::Malformed)?;
            header.element(*id, value)?;
            ies = rest;
        }
        Ok(header)
    }

    fn element(&mut self, id: u8, value: &[u8]) -> Result<(), Error> {
        match (id, value) {
            (CONCAT_8, &[reference, total, sequence]) => {
                self.concat = Some(Concat::new(false, reference.into(), total, sequence)?)
            }
            (CONCAT_16, &[high, low, total, sequence]) => {
                self.concat = Some(Concat::new(true, u16::from_be_bytes([high, low]), total, sequence)?)
            }
            (PORTS_8, &[to, from]) => self.ports = Some((to.into(), from.into())),
            (PORTS_16, &[a, b, c, d]) => {
                self.ports = Some((u16::from_be_bytes([a, b]), u16::from_be_bytes([c, d])))
            }
            (COMMAND_PACKET | RESPONSE_PACKET, &[]) => {
                self.command_packet = id == COMMAND_PACKET;
                self.response_packet = id == RESPONSE_PACKET;
            }
            (CONCAT_8 | CONCAT_16 | PORTS_8 | PORTS_16 | COMMAND_PACKET | RESPONSE_PACKET, _) => {
                return Err(Error::Malformed);
            }
            _ => {}
        }
        Ok(())
    }
}

#[cfg(test)]
#[path = "header_tests.rs"]
mod tests;
