//! PKCS#15 v1.1 as far as a bootstrap file is found by it: EF(DIR), ODF, DODF-bootstrap (TS 1.0 Appendix G.2 and G.3).

use super::ber;
use crate::bytes;
use crate::error::Error;

/// The AID of the PKCS#15 application.
pub const AID: [u8; 12] = *b"\xa0\0\0\0\x63PKCS-15";

/// 2.23.43.9.1, the bootstrap object of LwM2M.
const OID: [u8; 4] = [0x67, 0x2b, 0x09, 0x01];
/// The same as cards have it whose maker put tag and length into the value.
const OID_TWICE: [u8; 6] = [0x06, 0x04, 0x67, 0x2b, 0x09, 0x01];

const INTEGER: u16 = 0x02;
const BIT_STRING: u16 = 0x03;
const OCTET_STRING: u16 = 0x04;
const IDENTIFIER: u16 = 0x06;
const SEQUENCE: u16 = 0x30;
const APPLICATION: u16 = 0x61;
const APPLICATION_ID: u16 = 0x4f;
/// `length` of a Path.
const LENGTH: u16 = 0x80;
/// `objects` of PathOrObjects; an externalIDO of a DODF.
const CONTEXT_0: u16 = 0xa0;
/// `oidDO`; the attributes of an object's own type.
const CONTEXT_1: u16 = 0xa1;
/// `dataObjects` of the ODF.
const DATA_OBJECTS: u16 = 0xa7;

/// The longest path: with MF in front of it, eight identifiers.
const PATH_MAX: usize = 16;

/// Where a file is (PKCS#15 `Path`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FilePath {
    path: [u8; PATH_MAX],
    length: u8,
    /// Where its content begins in the file.
    pub index: u16,
    /// How long its content is; `None`: to the end of the file.
    pub size: Option<u16>,
}

impl FilePath {
    /// Reads the content of a Path SEQUENCE.
    fn parse(body: &[u8]) -> Result<Self, Error> {
        let named = ber::find(body, OCTET_STRING)?.ok_or(Error::Malformed)?;
        if named.len() < 2 || named.len() > PATH_MAX || !named.len().is_multiple_of(2) {
            return Err(Error::NotSupported);
        }
        let mut path = [0; PATH_MAX];
        bytes::put(&mut path, 0, named)?;
        let index = ber::find(body, INTEGER)?.map_or(Ok(0), integer)?;
        let size = ber::find(body, LENGTH)?.map(integer).transpose()?;
        Ok(Self { path, length: named.len() as u8, index, size })
    }

    /// P1 and data of the SELECT that finds it, in a channel in which the PKCS#15 application is selected.
    pub fn select<'b>(&self, buffer: &'b mut [u8; 18]) -> Result<(u8, &'b [u8]), Error> {
        let path = self.path.get(..self.length.into()).ok_or(Error::Malformed)?;
        match path {
            // from MF, which is not named in the command
            [0x3f, 0x00, rest @ ..] if !rest.is_empty() => bytes::put(buffer, 0, rest).map(|()| rest.len()),
            [0x7f, 0xff, ..] => bytes::put(buffer, 0, path).map(|()| path.len()),
            _ => bytes::put(buffer, 0, &[0x7f, 0xff])
                .and_then(|()| bytes::put(buffer, 2, path))
                .map(|()| path.len().wrapping_add(2)),
        }
        .and_then(|length| buffer.get(..length).ok_or(Error::Malformed))
        .map(|data| (0x08, data))
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

/// An INTEGER that is not negative and fits.
fn integer(octets: &[u8]) -> Result<u16, Error> {
    match octets {
        [low] if low & 0x80 == 0 => Ok((*low).into()),
        [high, low] if high & 0x80 == 0 => Ok(u16::from_be_bytes([*high, *low])),
        [0, high, low] => Ok(u16::from_be_bytes([*high, *low])),
        _ => Err(Error::Malformed),
    }
}

/// The AID of a record of EF(DIR) if it is the PKCS#15 application's; the whole AID, which may be longer.
pub fn application(record: &[u8]) -> Result<Option<&[u8]>, Error> {
    let Some(template) = ber::first(record)?.filter(|element| element.tag == APPLICATION) else {
        return Ok(None);
    };
    let aid = ber::find(template.value, APPLICATION_ID)?;
    Ok(aid.filter(|aid| aid.len() <= 16 && aid.starts_with(&AID)))
}

/// Whether an element of the ODF names data objects, and where they are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Directory<'b> {
    /// Another class of objects.
    Other,
    /// In that file.
    File(FilePath),
    /// In place: elements as a DODF has them.
    Here(&'b [u8]),
}

/// What one whole element of the ODF says.
pub fn directory(element: &[u8]) -> Result<Directory<'_>, Error> {
    let Some(element) = ber::first(element)?.filter(|element| element.tag == DATA_OBJECTS) else {
        return Ok(Directory::Other);
    };
    match ber::first(element.value)? {
        Some(path) if path.tag == SEQUENCE => FilePath::parse(path.value).map(Directory::File),
        Some(objects) if objects.tag == CONTEXT_0 => Ok(Directory::Here(objects.value)),
        _ => Err(Error::Malformed),
    }
}

/// Takes the next SEQUENCE off the front.
fn sequence<'b>(rest: &mut &'b [u8]) -> Result<&'b [u8], Error> {
    let element = ber::first(rest)?.filter(|element| element.tag == SEQUENCE).ok_or(Error::Malformed)?;
    *rest = rest.get(element.size..).unwrap_or(&[]);
    Ok(element.value)
}

/// The bootstrap file that one whole element of a DODF names; `None`: it is another object.
pub fn object(element: &[u8]) -> Result<Option<BootstrapObject>, Error> {
    let Some(element) = ber::first(element)? else { return Ok(None) };
    if !matches!(element.tag, SEQUENCE | CONTEXT_1) {
        return Ok(None);
    }
    let mut rest = element.value;
    let (common, of_class) = (sequence(&mut rest)?, sequence(&mut rest)?);
    let Some(mut own) = ber::find(rest, CONTEXT_1)? else { return Ok(None) };
    let named = if element.tag == CONTEXT_1 {
        // an OidDO: its own identifier counts, whatever the other says
        own = sequence(&mut own)?;
        ber::find(own, IDENTIFIER)?
    } else {
        ber::find(of_class, IDENTIFIER)?
    };
    if !named.is_some_and(|oid| oid == OID || oid == OID_TWICE) {
        return Ok(None);
    }
    let path = ber::find(own, SEQUENCE)?.ok_or(Error::Malformed)?;
    let flags = ber::find(common, BIT_STRING)?.map_or(0, flags);
    Ok(Some(BootstrapObject {
        file: FilePath::parse(path)?,
        private: flags & 0x80 != 0,
        modifiable: flags & 0x40 != 0,
    }))
}

/// The bits of a BIT STRING behind its number of unused bits, which may be less than it has.
fn flags(bits: &[u8]) -> u8 {
    match bits {
        [unused @ 0..=7, bits, ..] => bits & 0xffu8.wrapping_shl((*unused).into()),
        _ => 0,
    }
}

/// Digits of an ICCID as they stand in EF(ICCID): 10 octets, nibbles swapped. How many there are.
pub fn iccid(file: &[u8], digits: &mut [u8; 20]) -> usize {
    let mut count = 0usize;
    for octet in file.iter().take(10) {
        for nibble in [octet & 15, octet >> 4] {
            let (Some(place), 0..=9) = (digits.get_mut(count), nibble) else { return count };
            *place = b'0'.wrapping_add(nibble);
            count = count.wrapping_add(1);
        }
    }
    count
}
