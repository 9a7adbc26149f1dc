//! The wire: datagrams on their way, and what the fuzzer may do to them.

use super::records::{self, ALERT, APPLICATION, CHANGE_CIPHER_SPEC, HANDSHAKE, WITH_CID};
use crate::bytes::Bytes;
use std::collections::VecDeque;

/// Where a datagram goes.
pub const DEVICE: usize = 0;
pub const SERVER: usize = 1;

/// How many of the latest datagrams an attacker remembers.
const MEMORY: usize = 48;
/// How many can be on their way.
const ROOM: usize = 64;

/// What was done to the wire.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Harm {
    /// All that was sent still arrives, once at least: an established session must not mind.
    None,
    /// Something was lost.
    Loss,
}

/// Both directions of a wire.
#[derive(Default)]
pub struct Net {
    /// By where they go, the next one first.
    pub flight: [VecDeque<Vec<u8>>; 2],
    past: VecDeque<Vec<u8>>,
}

impl Net {
    /// One end sends.
    pub fn send(&mut self, to: usize, datagram: &[u8]) {
        if self.past.len() == MEMORY {
            self.past.pop_front();
        }
        self.past.push_back(datagram.to_vec());
        self.flight[to].push_back(datagram.to_vec());
    }

    /// Whether nothing is on its way.
    pub fn is_quiet(&self) -> bool {
        self.flight.iter().all(VecDeque::is_empty)
    }

    /// Something else than what was sent arrives next.
    pub fn inject(&mut self, to: usize, bytes: &mut Bytes<'_>) {
        let datagram = match bytes.byte() % 8 {
            0 => bytes.chunk().to_vec(),
            1 | 2 => forged_records(bytes),
            3 | 4 => forged_handshake(bytes),
            5 => self.remembered(bytes),
            6 => altered(self.remembered(bytes), bytes),
            _ => shortened(self.remembered(bytes), bytes),
        };
        // a datagram of no bytes cannot be told from none
        if !datagram.is_empty() && self.flight[to].len() < ROOM {
            self.flight[to].push_front(datagram);
        }
    }

    /// The network does what networks do to the datagrams that come next.
    pub fn disturb(&mut self, to: usize, bytes: &mut Bytes<'_>, mtu: u16) -> Harm {
        let flight = &mut self.flight[to];
        let Some(next) = flight.pop_front() else { return Harm::None };
        match bytes.byte() % 8 {
            0 => {
                for record in records::split(&next).into_iter().rev() {
                    flight.push_front(record.to_vec());
                }
            }
            1 => match flight.pop_front() {
                Some(second) if next.len() + second.len() <= mtu.into() => {
                    flight.push_front([next, second].concat());
                }
                other => flight.extend(core::iter::once(next).chain(other)),
            },
            2 | 3 => flight.insert(usize::from(bytes.byte()) % (flight.len() + 1), next),
            4 => {
                flight.push_front(next.clone());
                flight.push_front(next);
            }
            5 => return Harm::Loss,
            6 => {
                flight.push_front(altered(next, bytes));
                return Harm::Loss;
            }
            _ => {
                flight.push_front(shortened(next, bytes));
                flight.retain(|datagram| !datagram.is_empty());
                return Harm::Loss;
            }
        }
        Harm::None
    }

    /// One that was sent before, in either direction.
    fn remembered(&self, bytes: &mut Bytes<'_>) -> Vec<u8> {
        let back = usize::from(bytes.byte());
        self.past.iter().rev().nth(back % self.past.len().max(1)).cloned().unwrap_or_default()
    }
}

/// At least one bit is another.
fn altered(mut datagram: Vec<u8>, bytes: &mut Bytes<'_>) -> Vec<u8> {
    let (at, bits) = (usize::from(bytes.pair()), bytes.byte());
    if !datagram.is_empty() {
        let at = at % datagram.len();
        datagram[at] ^= bits.max(1);
    }
    datagram
}

fn shortened(mut datagram: Vec<u8>, bytes: &mut Bytes<'_>) -> Vec<u8> {
    let length = usize::from(bytes.pair()) % datagram.len().max(1);
    datagram.truncate(length);
    datagram
}

/// The header of a record (RFC 6347 section 4.1): with lengths that are right, and numbers that could be.
fn header(kind: u8, bytes: &mut Bytes<'_>, length: usize) -> Vec<u8> {
    let (shape, low) = (bytes.byte(), bytes.pair());
    let mut header = vec![kind, 0xfe, if shape & 1 == 0 { 0xfd } else { 0xff }];
    header.extend(u16::from(shape >> 1 & 3).to_be_bytes());
    let number = if shape & 8 == 0 { low.into() } else { (1 << 48) - 1 - u64::from(low) };
    header.extend(&number.to_be_bytes()[2..]);
    if kind == WITH_CID && shape & 16 == 0 {
        header.extend([shape; 6]);
    }
    let wrong = if shape & 0xe0 == 0xe0 { usize::from(low & 0xff) } else { 0 };
    header.extend(((length + wrong) as u16).to_be_bytes());
    header
}

fn forged_records(bytes: &mut Bytes<'_>) -> Vec<u8> {
    let mut datagram = Vec::new();
    for _ in 0..=bytes.byte() % 3 {
        let kind = bytes.pick(&[CHANGE_CIPHER_SPEC, ALERT, HANDSHAKE, APPLICATION, WITH_CID, 24]);
        let body = match (kind, bytes.byte() & 3) {
            (CHANGE_CIPHER_SPEC, 0 | 1) => vec![1],
            (ALERT, 0 | 1) => vec![1 + bytes.byte() % 2, bytes.byte()],
            _ => bytes.chunk().to_vec(),
        };
        datagram.extend(header(kind, bytes, body.len()));
        datagram.extend(body);
    }
    datagram
}

/// A message of the handshake (RFC 6347 section 4.2.2), or a fragment of one.
fn forged_handshake(bytes: &mut Bytes<'_>) -> Vec<u8> {
    let mut datagram = Vec::new();
    for _ in 0..=bytes.byte() % 2 {
        let kind = bytes.pick(&[0, 1, 2, 3, 4, 11, 12, 13, 14, 15, 16, 20, 22]);
        let (sequence, shape) = (bytes.byte() % 8, bytes.byte());
        let mut body = match (kind, shape & 1) {
            // a cookie, as a HelloVerifyRequest has it
            (3, 0) => [&[0xfe, 0xfd, 4], &b"cook"[..]].concat(),
            (14, 0) => Vec::new(),
            _ => bytes.chunk().to_vec(),
        };
        let length = body.len() as u32;
        let (total, offset) = match shape >> 1 & 3 {
            0 | 1 => (length, 0),
            2 => (length + u32::from(bytes.byte()), bytes.byte().into()),
            _ => (u32::from(bytes.pair()) << 8, u32::from(bytes.pair()) << 4),
        };
        let mut message = vec![kind];
        message.extend(&total.to_be_bytes()[1..]);
        message.extend([0, sequence]);
        message.extend(&offset.to_be_bytes()[1..]);
        message.extend(&length.to_be_bytes()[1..]);
        message.append(&mut body);
        datagram.extend(header(HANDSHAKE, bytes, message.len()));
        datagram.append(&mut message);
    }
    datagram
}
