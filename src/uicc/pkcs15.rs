//! PKCS#15 v1.1 as far as a bootstrap file is found by it: EF(DIR), ODF, DODF-bootstrap (TS 1.0 Appendix G.2 and G.3).
//!
//! ```text
//! EF(DIR)  61 { 4F AID … }
//! ODF      A7 { 30 { path of a DODF } }    or    A7 { A0 { what a DODF holds } }
//! DODF     30 { 30 { label, flags … } 30 { name, OID } A1 { 30 { path } } }             opaqueDO
//!          A1 { 30 { label, flags … } 30 { name, OID } A1 { 30 { OID 30 { path } } } }  oidDO
//! path     04 path, 02 index, 80 length
//! ```
//!
//! Cards differ in where label and OID stand, so both sequences of attributes and the type's are looked through.

use super::ber;
use crate::bytes::put;
use crate::error::Error;

/// The AID of the PKCS#15 application.
pub const AID: [u8; 12] = *b"\xa0\0\0\0\x63PKCS-15";

/// How long an AID is at most (ISO/IEC 7816-5).
const AID_MAX: usize = 16;

const APPLICATION_TEMPLATE: u16 = 0x61;
const APPLICATION_ID: u16 = 0x4f;

/// Of the ODF: data objects; in it, objects in place of a path.
const DATA_OBJECTS: u16 = 0xa7;
const IN_PLACE: u16 = 0xa0;

const OPAQUE_DO: u16 = 0x30;
const OID_DO: u16 = 0xa1;
const TYPE_ATTRIBUTES: u16 = 0xa1;

const SEQUENCE: u16 = 0x30;
const INTEGER: u16 = 0x02;
const BIT_STRING: u16 = 0x03;
const OCTET_STRING: u16 = 0x04;
const OID: u16 = 0x06;
const LENGTH: u16 = 0x80;

/// 2.23.43.9.1, and how some cards have it: with tag and length once more.
const BOOTSTRAP: &[u8] = b"\x67\x2b\x09\x01";
const BOOTSTRAP_TWICE: &[u8] = b"\x06\x04\x67\x2b\x09\x01";

/// Of `CommonObjectFlags`, which come from the highest bit on.
const PRIVATE: u8 = 0x80;
const MODIFIABLE: u8 = 0x40;

/// SELECT by path from the MF (ETSI TS 102 221 section 11.1.1.2).
const FROM_MF: u8 = 0x08;
const MF: &[u8] = b"\x3f\x00";
/// Stands for the application that is selected.
const CURRENT_ADF: &[u8] = b"\x7f\xff";

/// Where a file is (PKCS#15 `Path`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FilePath {
    path: [u8; 16],
    length: u8,
    /// Where its content begins in the file.
    pub index: u16,
    /// How long its content is; `None`: to the end of the file.
    pub size: Option<u16>,
}

impl FilePath {
    /// From the content of a `Path`. One that names no file below MF or application is [`Error::BadValue`].
    fn parse(sequence: &[u8]) -> Result<Self, Error> {
        let told = ber::find(sequence, OCTET_STRING)?.ok_or(Error::Malformed)?;
        let mut path = [0; 16];
        let too_short = told.is_empty() || matches!(told, MF | CURRENT_ADF);
        if too_short || told.len() > path.len() || !told.len().is_multiple_of(2) {
            return Err(Error::BadValue);
        }
        put(&mut path, 0, told)?;
        let index = ber::find(sequence, INTEGER)?.map_or(Ok(0), unsigned)?;
        let size = ber::find(sequence, LENGTH)?.map(unsigned).transpose()?;
        Ok(Self { path, length: told.len() as u8, index, size })
    }

    /// P1 and data of the SELECT that finds it, in a channel in which the PKCS#15 application is selected.
    ///
    /// A path that does not say where it begins does so at the application.
    pub fn select<'b>(&self, buffer: &'b mut [u8; 18]) -> Result<(u8, &'b [u8]), Error> {
        let path = self.path.get(..self.length.into()).ok_or(Error::BadValue)?;
        let (from, path) = match path.split_at_checked(2) {
            Some((MF, rest)) => (&[][..], rest),
            Some((CURRENT_ADF, _)) => (&[][..], path),
            _ => (CURRENT_ADF, path),
        };
        put(buffer, 0, from)?;
        put(buffer, from.len(), path)?;
        let data = buffer.get(..from.len().wrapping_add(path.len())).ok_or(Error::BadValue)?;
        Ok((FROM_MF, data))
    }
}

/// An INTEGER that is not negative, of at most 65535.
fn unsigned(octets: &[u8]) -> Result<u16, Error> {
    match *octets {
        [] | [0x80..=0xff, ..] => Err(Error::Malformed),
        [low] => Ok(low.into()),
        [high, low] | [0, high, low] => Ok(u16::from_be_bytes([high, low])),
        _ => Err(Error::BadValue),
    }
}

/// The data object that names the bootstrap file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BootstrapObject {
    /// Where the file is.
    pub file: FilePath,
    /// It can be read after a PIN only.
    pub private: bool,
    /// It can be changed, after a PIN.
    pub modifiable: bool,
}

/// The AID of a record of EF(DIR) if it is the PKCS#15 application's; the whole AID, which may be longer.
pub fn application(record: &[u8]) -> Result<Option<&[u8]>, Error> {
    let Some(template) = ber::first(record)?.filter(|tlv| tlv.tag == APPLICATION_TEMPLATE) else {
        return Ok(None);
    };
    match ber::find(template.value, APPLICATION_ID)? {
        Some(aid) if aid.len() > AID_MAX => Err(Error::Malformed),
        aid => Ok(aid.filter(|aid| aid.starts_with(&AID))),
    }
}

/// Whether an element of the ODF names data objects, and where they are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Directory<'b> {
    /// Another class of objects, or data objects under a protection of their own.
    Other,
    /// In that file.
    File(FilePath),
    /// In place: elements as a DODF has them.
    Here(&'b [u8]),
}

/// What one whole element of the ODF says.
pub fn directory(element: &[u8]) -> Result<Directory<'_>, Error> {
    let element = ber::first(element)?.ok_or(Error::Malformed)?;
    if element.tag != DATA_OBJECTS {
        return Ok(Directory::Other);
    }
    let choice = ber::first(element.value)?.ok_or(Error::Malformed)?;
    match choice.tag {
        SEQUENCE => FilePath::parse(choice.value).map(Directory::File),
        IN_PLACE => Ok(Directory::Here(choice.value)),
        _ => Ok(Directory::Other),
    }
}

/// What is found in the parts of a data object.
#[derive(Default)]
struct Found<'b> {
    /// The OID of the bootstrap file, wherever it stood.
    bootstrap: bool,
    flags: u8,
    /// The content of a `Path`.
    path: Option<&'b [u8]>,
}

/// The bootstrap file that one whole element of a DODF names; `None`: it is another object.
/// [`Error::NotSupported`]: it is one, but its content is not in a file.
pub fn object(element: &[u8]) -> Result<Option<BootstrapObject>, Error> {
    let element = ber::first(element)?.ok_or(Error::Malformed)?;
    if !matches!(element.tag, OPAQUE_DO | OID_DO) {
        return Ok(None);
    }
    let mut found = Found::default();
    let mut rest = element.value;
    while let Some(part) = ber::first(rest)? {
        match part.tag {
            SEQUENCE => found.attributes(part.value)?,
            TYPE_ATTRIBUTES => found.type_attributes(part.value)?,
            _ => {}
        }
        rest = rest.get(part.size..).unwrap_or(&[]);
    }
    if !found.bootstrap {
        return Ok(None);
    }
    let file = FilePath::parse(found.path.ok_or(Error::NotSupported)?)?;
    let has = |flag| found.flags & flag != 0;
    Ok(Some(BootstrapObject { file, private: has(PRIVATE), modifiable: has(MODIFIABLE) }))
}

impl<'b> Found<'b> {
    /// `CommonObjectAttributes` or `CommonDataObjectAttributes`.
    fn attributes(&mut self, sequence: &[u8]) -> Result<(), Error> {
        if let Some(octets) = ber::find(sequence, BIT_STRING)? {
            self.flags |= first_bits(octets)?;
        }
        self.oid_of(sequence)
    }

    /// A path, or what holds an OID and a path.
    fn type_attributes(&mut self, content: &'b [u8]) -> Result<(), Error> {
        let Some(inner) = ber::find(content, SEQUENCE)? else { return Ok(()) };
        self.oid_of(inner)?;
        self.path = match ber::find(inner, OCTET_STRING)? {
            Some(_) => Some(inner),
            None => ber::find(inner, SEQUENCE)?,
        };
        Ok(())
    }

    fn oid_of(&mut self, sequence: &[u8]) -> Result<(), Error> {
        let oid = ber::find(sequence, OID)?;
        self.bootstrap |= matches!(oid, Some(BOOTSTRAP | BOOTSTRAP_TWICE));
        Ok(())
    }
}

/// The first eight bits of a BIT STRING; those that it does not have are 0.
fn first_bits(octets: &[u8]) -> Result<u8, Error> {
    match *octets {
        [0] => Ok(0),
        [unused @ 0..=7, only] => Ok(only & 0xff_u8.wrapping_shl(unused.into())),
        [0..=7, first, _, ..] => Ok(first),
        _ => Err(Error::Malformed),
    }
}

/// Digits of an ICCID as they stand in EF(ICCID): 10 octets, nibbles swapped. How many there are.
///
/// They are characters. Some issuers count in hexadecimal; F fills up.
pub fn iccid(file: &[u8], digits: &mut [u8; 20]) -> usize {
    let mut length = 0usize;
    for octet in file.iter().take(10) {
        for nibble in [octet & 0x0f, octet >> 4] {
            let digit = match nibble {
                0..=9 => b'0'.wrapping_add(nibble),
                10..=14 => b'A'.wrapping_add(nibble).wrapping_sub(10),
                _ => return length,
            };
            let Some(place) = digits.get_mut(length) else { return length };
            *place = digit;
            length = length.wrapping_add(1);
        }
    }
    length
}

#[cfg(test)]
#[path = "pkcs15_tests.rs"]
mod tests;
