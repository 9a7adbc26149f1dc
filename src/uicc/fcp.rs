//! What a card says of a selected file: file control parameters (ETSI TS 102 221 section 11.1.1.3).

use super::ber;
use crate::error::Error;

/// The references of PINs that are remembered.
pub const PINS: usize = 4;

const TEMPLATE: u16 = 0x62;
const SIZE: u16 = 0x80;
const DESCRIPTOR: u16 = 0x82;
const LIFE_CYCLE: u16 = 0x8a;
const PIN_STATUS: u16 = 0xc6;
const PIN_ENABLED: u16 = 0x90;
const PIN_REFERENCE: u16 = 0x83;

/// How a file is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A directory or an application.
    Directory,
    /// Bytes, by READ BINARY.
    Transparent,
    /// Records of `length` bytes, `count` of them, by READ RECORD.
    Records {
        /// Bytes of each.
        length: u8,
        /// How many.
        count: u8,
    },
}

/// A PIN that a directory names (tag C6).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PinRef {
    /// The reference for VERIFY PIN.
    pub reference: u8,
    /// Whether it is wanted: a disabled one is not.
    pub enabled: bool,
}

/// File control parameters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fcp {
    /// How it is read.
    pub kind: Kind,
    /// Size of the file's content, where it is told.
    pub size: Option<u16>,
    /// It is activated, or nothing says that it is not.
    pub active: bool,
    /// The PINs of a directory, the first ones.
    pub pins: [Option<PinRef>; PINS],
}

impl Fcp {
    /// Reads the answer to SELECT, without its status word.
    pub fn parse(response: &[u8]) -> Result<Self, Error> {
        let template = ber::first(response)?.filter(|element| element.tag == TEMPLATE);
        let body = template.ok_or(Error::Malformed)?.value;
        Ok(Self {
            kind: kind(ber::find(body, DESCRIPTOR)?.ok_or(Error::Malformed)?)?,
            size: ber::find(body, SIZE)?.map(size).transpose()?,
            active: is_active(ber::find(body, LIFE_CYCLE)?),
            pins: match ber::find(body, PIN_STATUS)? {
                Some(status) => pins(status)?,
                None => [None; PINS],
            },
        })
    }
}

fn kind(descriptor: &[u8]) -> Result<Kind, Error> {
    let (first, rest) = descriptor.split_first().ok_or(Error::Malformed)?;
    if first & 0x38 == 0x38 {
        return Ok(Kind::Directory);
    }
    match (first & 7, rest) {
        (1, _) => Ok(Kind::Transparent),
        // linear fixed and cyclic: coding, length of a record in two octets, count
        (2 | 6, [_, high, low, count]) if *high == 0 && *low != 0 => {
            Ok(Kind::Records { length: *low, count: *count })
        }
        _ => Err(Error::NotSupported),
    }
}

/// A size in two octets or more, of which a file that is read by offset fills 15 bits.
fn size(octets: &[u8]) -> Result<u16, Error> {
    if octets.is_empty() {
        return Err(Error::Malformed);
    }
    let size =
        octets.iter().fold(0u32, |size, octet| size.saturating_mul(256).saturating_add((*octet).into()));
    Ok(u16::try_from(size).unwrap_or(u16::MAX))
}

/// Activated, or in a state before that is not told more exactly.
fn is_active(life_cycle: Option<&[u8]>) -> bool {
    // 0000 01x0: deactivated; 0000 11xx: terminated
    !matches!(life_cycle, Some([state, ..]) if state & 0xfd == 4 || state & 0xfc == 0x0c)
}

/// The bits of the first octet belong to the references in their order, the highest to the first.
fn pins(status: &[u8]) -> Result<[Option<PinRef>; PINS], Error> {
    let mut pins = [None; PINS];
    // cards that do not say which are enabled want them all
    let mut enabled = ber::find(status, PIN_ENABLED)?.and_then(<[u8]>::first).copied().unwrap_or(0xff);
    let (mut rest, mut at) = (status, 0usize);
    while let Some(element) = ber::first(rest)? {
        rest = rest.get(element.size..).unwrap_or(&[]);
        if let (PIN_REFERENCE, [reference]) = (element.tag, element.value) {
            if let Some(place) = pins.get_mut(at) {
                *place = Some(PinRef { reference: *reference, enabled: enabled & 0x80 != 0 });
            }
            enabled = enabled.wrapping_shl(1);
            at = at.wrapping_add(1);
        }
    }
    Ok(pins)
}
