//! DTLS records as one sees them on the wire (RFC 6347 section 4.1, RFC 9146 section 4), and what must be true of those that
//! the device sends.

use std::collections::HashSet;

pub const CHANGE_CIPHER_SPEC: u8 = 20;
pub const ALERT: u8 = 21;
pub const HANDSHAKE: u8 = 22;
pub const APPLICATION: u8 = 23;
pub const WITH_CID: u8 = 25;

/// The length of the Connection IDs that the bench's server gives; the device gives none.
const CID: usize = 6;

/// One record, with its header.
pub struct Record<'a> {
    pub kind: u8,
    pub epoch: u16,
    pub number: u64,
    pub whole: &'a [u8],
    pub body: &'a [u8],
}

/// Takes the first record off a datagram.
pub fn first<'a>(datagram: &mut &'a [u8]) -> Option<Record<'a>> {
    let (&[kind, major, minor, e1, e0, n5, n4, n3, n2, n1, n0], rest) = datagram.split_first_chunk::<11>()?;
    // DTLS 1.2 and 1.0; but Mbed TLS tells a server that speaks another version in the header of that version
    if !matches!((kind, major, minor), (ALERT, ..) | (_, 0xfe, 0xfd | 0xff)) {
        return None;
    }
    let rest = rest.get(if kind == WITH_CID { CID } else { 0 }..)?;
    let (length, rest) = rest.split_first_chunk::<2>()?;
    let (body, rest) = rest.split_at_checked(u16::from_be_bytes(*length).into())?;
    let whole = &datagram[..datagram.len() - rest.len()];
    *datagram = rest;
    let number = u64::from_be_bytes([0, 0, n5, n4, n3, n2, n1, n0]);
    Some(Record { kind, epoch: u16::from_be_bytes([e1, e0]), number, whole, body })
}

/// The records of a datagram, and what comes after them.
pub fn split(mut datagram: &[u8]) -> Vec<&[u8]> {
    let mut found = Vec::new();
    while let Some(record) = first(&mut datagram) {
        found.push(record.whole);
    }
    if !datagram.is_empty() {
        found.push(datagram);
    }
    found
}

/// Whether a datagram begins with a ClientHello.
pub fn is_client_hello(mut datagram: &[u8]) -> bool {
    first(&mut datagram).is_some_and(|record| {
        record.epoch == 0 && record.kind == HANDSHAKE && record.body.first() == Some(&1)
    })
}

/// A datagram that the device sends consists of whole records, each of a kind that goes with its epoch, and none has a
/// number that was used before under the same keys. The epoch may be any that a forged image says.
pub fn check_sent(mut datagram: &[u8], numbers: &mut HashSet<(u16, u64)>, forged: bool) {
    assert!(!datagram.is_empty(), "the device sends an empty datagram");
    while !datagram.is_empty() {
        let record = first(&mut datagram).expect("the device sends what is no record");
        let fits = match record.epoch {
            0 if forged => record.kind != APPLICATION,
            0 => matches!(record.kind, CHANGE_CIPHER_SPEC | ALERT | HANDSHAKE),
            1 => matches!(record.kind, ALERT | HANDSHAKE | APPLICATION | WITH_CID),
            _ => forged,
        };
        assert!(fits, "a record of type {} in epoch {}", record.kind, record.epoch);
        // what is protected has a tag, of eight bytes at least
        assert!(record.epoch == 0 || record.body.len() > 8, "a short record of {} bytes", record.body.len());
        assert!(
            numbers.insert((record.epoch, record.number)),
            "record {} of epoch {} a second time",
            record.number,
            record.epoch
        );
    }
}
