//! Records in recorded datagrams (RFC 6347 section 4.1, RFC 9146 section 4), read without Mbed TLS.

use super::CID_LENGTH;
use crate::net::{Peer, Record as Datagram};
use std::collections::{HashMap, HashSet};

/// change_cipher_spec.
pub const CHANGE_CIPHER_SPEC: u8 = 20;
/// alert.
pub const ALERT: u8 = 21;
/// handshake.
pub const HANDSHAKE: u8 = 22;
/// application_data.
pub const APPLICATION: u8 = 23;
/// tls12_cid: the inner type is protected.
pub const WITH_CID: u8 = 25;

/// One record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record {
    /// Content type.
    pub kind: u8,
    /// Epoch: 0 is without protection.
    pub epoch: u16,
    /// Sequence number.
    pub sequence: u64,
    /// The Connection ID of the receiver, where there is one.
    pub cid: Option<Vec<u8>>,
    /// What follows the header.
    pub body: Vec<u8>,
}

fn number(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0, |value, byte| value << 8 | u64::from(*byte))
}

/// Takes a datagram apart; `None` if it is not made of DTLS 1.2 records, the first flight's version included.
pub fn parse(mut rest: &[u8]) -> Option<Vec<Record>> {
    let mut records = Vec::new();
    while !rest.is_empty() {
        let (head, tail) = rest.split_at_checked(11)?;
        let kind = head[0];
        let known = (CHANGE_CIPHER_SPEC..=APPLICATION).contains(&kind) || kind == WITH_CID;
        if !known || !matches!(head[1..3], [254, 253 | 255]) {
            return None;
        }
        let (cid, tail) = tail.split_at_checked(if kind == WITH_CID { CID_LENGTH } else { 0 })?;
        let (length, tail) = tail.split_at_checked(2)?;
        let (body, tail) = tail.split_at_checked(number(length) as usize)?;
        records.push(Record {
            kind,
            epoch: number(&head[3..5]) as u16,
            sequence: number(&head[5..11]),
            cid: (kind == WITH_CID).then(|| cid.to_vec()),
            body: body.to_vec(),
        });
        rest = tail;
    }
    Some(records)
}

impl Record {
    /// The random of a ClientHello, which tells handshakes apart.
    pub fn client_hello(&self) -> Option<&[u8]> {
        let first = self.kind == HANDSHAKE && self.epoch == 0 && self.body.first() == Some(&1);
        let from_start = self.body.get(6..9) == Some(&[0, 0, 0]);
        self.body.get(14..46).filter(|_| first && from_start)
    }
}

/// What a peer sent from `time` on: the datagrams, and their records.
pub fn sent(records: &[Datagram], by: &[Peer], time: u64) -> Vec<(Datagram, Vec<Record>)> {
    let from_them = records.iter().filter(|datagram| by.contains(&datagram.from) && datagram.time >= time);
    from_them
        .map(|datagram| (datagram.clone(), parse(&datagram.bytes).expect("made of DTLS records")))
        .collect()
}

/// Handshakes that a peer began: the time of each ClientHello with a random of its own.
pub fn handshakes_begun(records: &[Datagram], by: &[Peer]) -> Vec<u64> {
    let mut seen = HashSet::new();
    let mut times = Vec::new();
    for (datagram, records) in sent(records, by, 0) {
        for random in records.iter().filter_map(Record::client_hello) {
            if seen.insert(random.to_vec()) {
                times.push(datagram.time);
            }
        }
    }
    times
}

/// Protected records whose epoch and number were used before under the same keys, and how many records were looked at.
/// Keys are told apart by Connection ID, else by the ClientHello before.
pub fn reused(records: &[Datagram], by: &[Peer]) -> (Vec<(Peer, u16, u64)>, usize) {
    let mut hello: HashMap<Peer, Vec<u8>> = HashMap::new();
    let (mut used, mut twice, mut looked_at) = (HashSet::new(), Vec::new(), 0);
    for (datagram, records) in sent(records, by, 0) {
        for record in records {
            if let Some(random) = record.client_hello() {
                hello.insert(datagram.to, random.to_vec());
            }
            if record.epoch == 0 {
                continue;
            }
            looked_at += 1;
            let keys = record.cid.clone().or_else(|| hello.get(&datagram.to).cloned());
            if !used.insert((datagram.to, keys, record.epoch, record.sequence)) {
                twice.push((datagram.to, record.epoch, record.sequence));
            }
        }
    }
    (twice, looked_at)
}

/// How much was on air: datagrams and bytes, without UDP and IP headers.
pub fn on_air(records: &[Datagram]) -> (usize, usize) {
    (records.len(), records.iter().map(|datagram| datagram.bytes.len()).sum())
}
