//! Response Packets (TS 102 225 section 5.2, "PoR"): that a Command Packet came. A CoAP response is never in one.
//!
//! ```text
//! RPL 2 | RHL 1 | TAR 3 | CNTR 5 | PCNTR 1 | status 1 | CC 0, 4 or 8 | data | padding
//!                        └───────────── enciphered, if asked for ─────────────┘
//! ```
//!
//! The checksum begins with the user data header, `02 71 00`, which is not part of the packet.

use super::keys::is_por;
use super::{Keys, ZERO_IV, front_of};
use crate::bytes::{copy, put, zeroise};
use crate::crypto::Crypto;
use crate::error::Error;

/// The user data header, which is under the checksum.
const HEADER: [u8; 3] = [0x02, 0x71, 0x00];

/// RPL to TAR.
const RESPONSE_HEAD: usize = 6;

/// What RHL counts of the head.
const RHL_HEAD: u8 = 10;

/// CNTR, PCNTR, status.
const RESPONSE_FRONT: usize = 7;

/// The message was taken.
pub const PROCESSED: u8 = 0x00;

/// There was no room for it.
pub const INSUFFICIENT_MEMORY: u8 = 0x07;

/// A Response Packet that was opened. Its data lie in the packet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Response {
    /// The counter of the Command Packet that it answers.
    pub counter: u64,
    /// Response Status Code.
    pub status: u8,
    /// Where its data begin.
    pub start: usize,
    /// How long they are.
    pub length: usize,
}

/// How SPI2 wants a Response Packet (TS 102 225 section 5.1.1).
#[derive(Clone, Copy)]
struct Policy {
    cc: usize,
    ciphered: bool,
}

impl Policy {
    fn of(keys: &Keys<'_>, por: u8) -> Result<Self, Error> {
        let cc = match por & 0x0c {
            0x00 => 0,
            0x08 => keys.mac_length.into(),
            // redundancy checks and signatures
            _ => return Err(Error::NotSupported),
        };
        if !is_por(por) {
            return Err(Error::BadValue);
        }
        Ok(Self { cc, ciphered: por & 0x10 != 0 })
    }

    fn padding(self, keys: &Keys<'_>, data: usize) -> usize {
        let clear = RESPONSE_FRONT.saturating_add(self.cc).saturating_add(data);
        if self.ciphered { clear.wrapping_neg() & keys.cipher.block().wrapping_sub(1) } else { 0 }
    }

    fn head(self, keys: &Keys<'_>, total: usize) -> Result<[u8; RESPONSE_HEAD], Error> {
        let length = u16::try_from(total.saturating_sub(2)).map_err(|_| Error::TooLarge)?;
        let [high, low] = length.to_be_bytes();
        let [.., cc] = self.cc.to_be_bytes();
        let [t1, t2, t3] = keys.tar;
        Ok([high, low, RHL_HEAD.wrapping_add(cc), t1, t2, t3])
    }
}

/// Writes the Response Packet to a Command Packet that was opened with `counter` and `por`, from RPL on, and says how
/// long it is; 0 where none is asked for.
///
/// `status` is [`PROCESSED`] or [`INSUFFICIENT_MEMORY`], else [`Error::BadValue`]: nobody is told why a packet was refused
/// (TS 1.0 section 7.2.2). Bit 6 of `por` says whether it goes by SMS-DELIVER-REPORT or by SMS-SUBMIT. How often one is sent is
/// for the caller to limit. [`Error::NotSupported`]: it is to be protected by a redundancy check or a signature.
pub fn response(
    crypto: &dyn Crypto,
    keys: &Keys<'_>,
    (counter, por): (u64, u8),
    status: u8,
    data: &[u8],
    out: &mut [u8],
) -> Result<usize, Error> {
    keys.check()?;
    let policy = Policy::of(keys, por)?;
    match (por & 0x03, status) {
        (0x01, PROCESSED | INSUFFICIENT_MEMORY) | (0x02, INSUFFICIENT_MEMORY) => {
            write(crypto, keys, policy, (counter, status), data, out)
        }
        (_, PROCESSED | INSUFFICIENT_MEMORY) => Ok(0),
        _ => Err(Error::BadValue),
    }
}

fn write(
    crypto: &dyn Crypto,
    keys: &Keys<'_>,
    policy: Policy,
    (counter, status): (u64, u8),
    data: &[u8],
    out: &mut [u8],
) -> Result<usize, Error> {
    let padding = policy.padding(keys, data.len());
    let total = RESPONSE_HEAD.saturating_add(RESPONSE_FRONT).saturating_add(policy.cc);
    let total = total.saturating_add(data.len()).saturating_add(padding);
    let packet = out.get_mut(..total).ok_or(Error::Full)?;
    let (head, body) = packet.split_at_mut_checked(RESPONSE_HEAD).ok_or(Error::Full)?;
    copy(head, &policy.head(keys, total)?);
    let (front, rest) = body.split_at_mut_checked(RESPONSE_FRONT).ok_or(Error::Full)?;
    let (cc, room) = rest.split_at_mut_checked(policy.cc).ok_or(Error::Full)?;
    copy(front, &front_of(counter, padding));
    put(front, RESPONSE_FRONT.wrapping_sub(1), &[status])?;
    zeroise(room);
    put(room, 0, data)?;
    if policy.cc > 0 {
        keys.checksum(crypto, &[&HEADER, head, front, room], cc)?;
    }
    if policy.ciphered {
        crypto.cbc(keys.cipher, true, keys.cipher_key, &ZERO_IV, body)?;
    }
    Ok(total)
}

/// Checks a Response Packet, from RPL on, to a Command Packet that asked for it by `por`, and deciphers it in place: the
/// server's side. The counter must be compared with that of the Command Packet; any status comes through.
///
/// Errors as those of [`super::open`].
pub fn open_response(
    crypto: &dyn Crypto,
    keys: &Keys<'_>,
    por: u8,
    packet: &mut [u8],
) -> Result<Response, Error> {
    keys.check()?;
    let policy = Policy::of(keys, por)?;
    let expected = policy.head(keys, packet.len())?;
    let (head, body) = packet.split_first_chunk_mut::<RESPONSE_HEAD>().ok_or(Error::Malformed)?;
    let (lengths, tar) = head.split_at_checked(3).ok_or(Error::Malformed)?;
    let blocks = !policy.ciphered || body.len() & keys.cipher.block().wrapping_sub(1) == 0;
    if !expected.starts_with(lengths) || !blocks {
        return Err(Error::Malformed);
    }
    if tar != keys.tar {
        return Err(Error::BadValue);
    }
    let opened = decipher(crypto, keys, policy, head, body);
    if opened.is_err() {
        zeroise(body);
    }
    opened
}

fn decipher(
    crypto: &dyn Crypto,
    keys: &Keys<'_>,
    policy: Policy,
    head: &[u8],
    body: &mut [u8],
) -> Result<Response, Error> {
    if policy.ciphered {
        crypto.cbc(keys.cipher, false, keys.cipher_key, &ZERO_IV, body)?;
    }
    let (front, rest) = body.split_first_chunk::<RESPONSE_FRONT>().ok_or(Error::Malformed)?;
    let (cc, data) = rest.split_at_checked(policy.cc).ok_or(Error::Malformed)?;
    if policy.cc > 0 {
        keys.verify(crypto, &[&HEADER, head, front, data], cc)?;
    }
    let [c1, c2, c3, c4, c5, padding, status] = *front;
    let length = data.len().checked_sub(padding.into()).ok_or(Error::Malformed)?;
    Ok(Response {
        counter: u64::from_be_bytes([0, 0, 0, c1, c2, c3, c4, c5]),
        status,
        start: RESPONSE_HEAD.wrapping_add(RESPONSE_FRONT).wrapping_add(policy.cc),
        length,
    })
}
