//! What a card says of a selected file: file control parameters (ETSI TS 102 221 section 11.1.1.3).
//!
//! Of the template 62: the descriptor (82), the size (80), the life cycle (8A), and of a directory the status of its PINs
//! (C6, TS 102 221 section 9.5.2). Access rules (8B, 8C, AB) are the card's to apply.

use super::ber;
use crate::error::Error;

/// The references of PINs that are remembered.
pub const PINS: usize = 4;

const TEMPLATE: u16 = 0x62;
const FILE_SIZE: u16 = 0x80;
const DESCRIPTOR: u16 = 0x82;
const LIFE_CYCLE: u16 = 0x8a;
const PIN_STATUS: u16 = 0xc6;

/// In [`PIN_STATUS`]: which of the PINs that follow are enabled, the first one in the highest bit.
const ENABLED: u16 = 0x90;
/// How the PIN is used of which the reference follows.
const USAGE: u16 = 0x95;
const REFERENCE: u16 = 0x83;

/// A usage without it: the PIN is not asked for here.
const VERIFY: u8 = 0x08;

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
    /// Reads the answer to SELECT, without its status word. [`Error::NotSupported`]: a file that is read in another way;
    /// [`Error::TooLarge`]: more than 65535 bytes.
    pub fn parse(response: &[u8]) -> Result<Self, Error> {
        let template = ber::first(response)?.ok_or(Error::Malformed)?;
        if template.tag != TEMPLATE {
            return Err(Error::Malformed);
        }
        let (mut kind, mut size, mut active, mut pins) = (None, None, true, [None; PINS]);
        let mut rest = template.value;
        while let Some(tlv) = ber::first(rest)? {
            match tlv.tag {
                DESCRIPTOR => kind = Some(descriptor(tlv.value)?),
                FILE_SIZE => size = Some(file_size(tlv.value)?),
                LIFE_CYCLE => active = is_active(tlv.value),
                PIN_STATUS => pins = pin_status(tlv.value)?,
                _ => {}
            }
            rest = rest.get(tlv.size..).unwrap_or(&[]);
        }
        Ok(Self { kind: kind.ok_or(Error::Malformed)?, size, active, pins })
    }
}

/// TS 102 221 section 11.1.1.4.3.
fn descriptor(value: &[u8]) -> Result<Kind, Error> {
    let (&first, rest) = value.split_first().ok_or(Error::Malformed)?;
    // whether it is shareable changes nothing
    match first & 0xbf {
        0x38 => Ok(Kind::Directory),
        0x01 => Ok(Kind::Transparent),
        0x02 | 0x06 => match *rest {
            [_, 0, length, count] if length > 0 => Ok(Kind::Records { length, count }),
            [_, high, ..] if high > 0 => Err(Error::NotSupported),
            _ => Err(Error::Malformed),
        },
        _ => Err(Error::NotSupported),
    }
}

fn file_size(value: &[u8]) -> Result<u16, Error> {
    match *value {
        [] => Err(Error::Malformed),
        [low] => Ok(low.into()),
        [ref zeros @ .., high, low] if zeros.iter().all(|octet| *octet == 0) => {
            Ok(u16::from_be_bytes([high, low]))
        }
        _ => Err(Error::TooLarge),
    }
}

/// TS 102 221 section 11.1.1.4.9: 04 and 06 are deactivated, 0C to 0F terminated, 01 and 03 not in use yet.
fn is_active(value: &[u8]) -> bool {
    match value.first() {
        Some(state @ ..=0x0f) => matches!(state, 0x00 | 0x05 | 0x07),
        // another meaning, of the maker's
        _ => true,
    }
}

fn pin_status(value: &[u8]) -> Result<[Option<PinRef>; PINS], Error> {
    let (mut pins, mut enabled, mut usage) = ([None; PINS], 0, VERIFY);
    let (mut rest, mut places) = (value, pins.iter_mut());
    while let Some(tlv) = ber::first(rest)? {
        match (tlv.tag, tlv.value) {
            (ENABLED, [first, ..]) => enabled = *first,
            (USAGE, [first, ..]) => usage = *first,
            (REFERENCE, &[reference]) => {
                let Some(place) = places.next() else { break };
                let wanted = enabled & 0x80 != 0 && usage & VERIFY != 0;
                *place = Some(PinRef { reference, enabled: wanted });
                (enabled, usage) = (enabled << 1, VERIFY);
            }
            (ENABLED | USAGE | REFERENCE, _) => return Err(Error::Malformed),
            _ => {}
        }
        rest = rest.get(tlv.size..).unwrap_or(&[]);
    }
    Ok(pins)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pin(reference: u8, enabled: bool) -> Option<PinRef> {
        Some(PinRef { reference, enabled })
    }

    #[test]
    fn directories_files_and_records_are_told_apart() {
        // an application with a global PIN that is disabled, and ADM
        let adf = b"\x62\x19\x82\x02\x78\x21\x84\x02\xa0\x01\x8a\x01\x05\xc6\x0c\x90\x01\x40\x83\x01\x01\x95\x01\x08\x83\x01\x0a";
        let fcp = Fcp::parse(adf).unwrap();
        assert_eq!((fcp.kind, fcp.size, fcp.active), (Kind::Directory, None, true));
        assert_eq!(fcp.pins, [pin(1, false), pin(0x0a, true), None, None]);
        // as above with a length in two octets
        let long = [b"\x62\x81\x19", &adf[2..]].concat();
        assert_eq!(Fcp::parse(&long), Ok(fcp));

        let file = Fcp::parse(b"\x62\x09\x82\x02\x41\x21\x80\x03\x00\x01\x4b").unwrap();
        assert_eq!((file.kind, file.size), (Kind::Transparent, Some(331)));
        let records = Kind::Records { length: 0x30, count: 2 };
        for structure in [0x42, 0x02, 0x46] {
            let fcp = [0x62, 7, 0x82, 5, structure, 0x21, 0, 0x30, 2];
            assert_eq!(Fcp::parse(&fcp).unwrap().kind, records);
        }
    }

    #[test]
    fn a_file_that_is_not_activated_says_so() {
        for (state, active) in
            [(0x00, true), (0x05, true), (0x07, true), (0x04, false), (0x06, false), (0x0c, false)]
                .into_iter()
                .chain([(0x0f, false), (0x01, false), (0x03, false), (0x10, true)])
        {
            let fcp = [0x62, 7, 0x82, 2, 0x41, 0x21, 0x8a, 1, state];
            assert_eq!(Fcp::parse(&fcp).unwrap().active, active, "{state:02x}");
        }
        assert!(Fcp::parse(b"\x62\x06\x82\x02\x41\x21\x8a\x00").unwrap().active);
    }

    #[test]
    fn a_pin_is_wanted_if_it_is_enabled_and_used() {
        let of = |status: &[u8]| {
            let head = [&[0x62, status.len() as u8 + 5, 0x82, 2, 0x78, 0x21, 0xc6], status].concat();
            Fcp::parse(&head).map(|fcp| fcp.pins)
        };
        let with = |status: &[u8]| of(&[&[status.len() as u8], status].concat());
        assert_eq!(
            with(b"\x90\x01\xa0\x83\x01\x01\x83\x01\x81\x83\x01\x82\x83\x01\x83\x83\x01\x0a").unwrap(),
            [pin(1, true), pin(0x81, false), pin(0x82, true), pin(0x83, false)],
            "the fifth is not remembered"
        );
        assert_eq!(
            with(b"\x90\x01\xc0\x95\x01\x00\x83\x01\x11\x83\x01\x01").unwrap()[..2],
            [pin(0x11, false), pin(1, true)],
            "the universal PIN does not stand in for another"
        );
        for status in [&b"\x83\x00"[..], b"\x83\x02\x01\x01", b"\x90\x00", b"\x95\x00", b"\x83\x02\x01"] {
            assert_eq!(with(status), Err(Error::Malformed));
        }
        assert_eq!(with(b"").unwrap(), [None; PINS]);
    }

    #[test]
    fn what_is_not_read_here_is_refused() {
        for (fcp, error) in [
            (&b""[..], Error::Malformed),
            (b"\xff", Error::Malformed),
            (b"\x62\x00", Error::Malformed),
            (b"\x62\x04\x82\x02\x41", Error::Malformed),
            (b"\x6f\x04\x82\x02\x41\x21", Error::Malformed),
            (b"\x62\x02\x82\x00", Error::Malformed),
            // records without a length
            (b"\x62\x04\x82\x02\x42\x21", Error::Malformed),
            (b"\x62\x07\x82\x05\x42\x21\x00\x00\x02", Error::Malformed),
            (b"\x62\x07\x82\x05\x42\x21\x01\x00\x02", Error::NotSupported),
            // an internal file, data objects, no structure
            (b"\x62\x04\x82\x02\x49\x21", Error::NotSupported),
            (b"\x62\x04\x82\x02\x79\x21", Error::NotSupported),
            (b"\x62\x04\x82\x02\x40\x21", Error::NotSupported),
            (b"\x62\x04\x82\x02\xc1\x21", Error::NotSupported),
            (b"\x62\x06\x82\x02\x41\x21\x80\x00", Error::Malformed),
            (b"\x62\x09\x82\x02\x41\x21\x80\x03\x01\x00\x00", Error::TooLarge),
        ] {
            assert_eq!(Fcp::parse(fcp), Err(error), "{fcp:02x?}");
        }
        let whole = b"\x62\x08\x82\x02\x41\x21\x80\x02\x01\x4b";
        for cut in 0..whole.len() {
            assert_eq!(Fcp::parse(&whole[..cut]), Err(Error::Malformed));
        }
    }
}
