//! Secured packets (TS 102 225, TS 31.115; TS 1.0 sections 7.2.2.2 and 7.2.2.3): one CoAP message is a BER-TLV, and that
//! is enciphered and carries a checksum and a counter.
//!
//! ```text
//! CPL 2 | CHL 1 | SPI 2 | KIc 1 | KID 1 | TAR 3 | CNTR 5 | PCNTR 1 | CC 4 or 8 | tag 05, length, CoAP | padding
//!                                                └───────────────────── enciphered ──────────────────────────┘
//! ```
//!
//! The checksum is over everything but itself. A packet goes out in one short message or several; its user data header
//! (IE 70) is not part of it, and not of the checksum either.

mod keys;
mod response;
#[cfg(all(test, feature = "crypto"))]
mod tests;

pub use keys::Keys;
pub use response::{INSUFFICIENT_MEMORY, PROCESSED, Response, open_response, response};

use crate::bytes::{copy, put, zeroise};
use crate::crypto::{BLOCK, Crypto};
use crate::error::Error;

/// CC, ciphering, and "only if the counter is higher" (TS 102 225 section 5.1.1): the only SPI1 of LwM2M.
pub const SPI1: u8 = 0x16;

/// The LwM2M UICC application (TS 101 220).
pub const TAR: [u8; 3] = [0xb2, 0x02, 0x03];

/// Where counters end: a key that has come so far is used up, and no packet carries this one.
pub const COUNTER_END: u64 = 0xff_ffff_ffff;

/// The tag of a CoAP message: "TBD: e.g 0x05" (TS 1.0 section 7.2.2.3).
const COAP: u8 = 0x05;

/// CPL to TAR.
const HEAD: usize = 10;

/// What CHL counts of the head.
const CHL_HEAD: u8 = 13;

/// CNTR and PCNTR.
const FRONT: usize = 6;

/// The longest checksum.
const CC: usize = 8;

/// CPL does not count itself.
const CPL: usize = 2;

/// The longest packet that CPL can tell.
const MOST: usize = CPL + 0xffff;

const ZERO_IV: [u8; BLOCK] = [0; BLOCK];

/// A message that was opened. It lies in the packet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Opened {
    /// The packet's counter: to be stored before the message is acted on.
    pub counter: u64,
    /// SPI2: which Response Packet the sender wants ([`response`]). Whatever it is, the packet is accepted.
    pub por: u8,
    /// Where the CoAP message begins.
    pub start: usize,
    /// How long it is.
    pub length: usize,
}

/// How long what follows CC is before and after padding.
#[derive(Clone, Copy)]
struct Shape {
    total: usize,
    padding: usize,
}

impl Shape {
    fn of(keys: &Keys<'_>, message: usize) -> Self {
        let clear = FRONT.saturating_add(keys.mac_length.into());
        let clear = clear.saturating_add(header_length(message)).saturating_add(message);
        let padding = clear.wrapping_neg() & keys.cipher.block().wrapping_sub(1);
        Self { total: HEAD.saturating_add(clear).saturating_add(padding), padding }
    }
}

/// How long the tag and the length of a BER-TLV are.
const fn header_length(value: usize) -> usize {
    match value {
        0..0x80 => 2,
        0x80..0x100 => 3,
        _ => 4,
    }
}

/// How long the packet of a message of `message` bytes is, from CPL on.
pub fn protected_length(keys: &Keys<'_>, message: usize) -> usize {
    Shape::of(keys, message).total
}

/// The longest message whose packet takes at most `room` bytes; 0 where there is none.
pub fn longest(keys: &Keys<'_>, room: usize) -> usize {
    let room = room.min(MOST);
    let blocks = room.saturating_sub(HEAD) & !keys.cipher.block().wrapping_sub(1);
    let data = blocks.saturating_sub(FRONT).saturating_sub(keys.mac_length.into());
    // one byte more of length may cost more than it is worth
    let of = |header: usize, most: usize| data.saturating_sub(header).min(most);
    match data.saturating_sub(4) {
        0x100.. => of(4, 0xffff),
        _ if data.saturating_sub(3) >= 0x80 => of(3, 0xff),
        _ => of(2, 0x7f),
    }
}

/// Writes the Command Packet of `message`, from CPL on, and says how long it is.
///
/// `counter` must be higher than that of every packet before it under the same keys. [`Error::Credentials`]: it has
/// come to [`COUNTER_END`], or a key has a wrong length. [`Error::BadValue`]: `keys` were not made by
/// [`Keys::from_resources`] and do not fit together. [`Error::Full`]: `out` is too short. [`Error::TooLarge`]: CPL cannot
/// tell so long a packet.
pub fn protect(
    crypto: &dyn Crypto,
    keys: &Keys<'_>,
    counter: u64,
    message: &[u8],
    out: &mut [u8],
) -> Result<usize, Error> {
    keys.check()?;
    if counter >= COUNTER_END {
        return Err(Error::Credentials);
    }
    let shape = Shape::of(keys, message.len());
    if shape.total > MOST {
        return Err(Error::TooLarge);
    }
    let packet = out.get_mut(..shape.total).ok_or(Error::Full)?;
    let (head, body) = packet.split_at_mut_checked(HEAD).ok_or(Error::Full)?;
    copy(head, &head_of(keys, shape));
    fill(crypto, keys, head, (counter, shape.padding), message, body)?;
    crypto.cbc(keys.cipher, true, keys.cipher_key, &ZERO_IV, body)?;
    Ok(shape.total)
}

fn head_of(keys: &Keys<'_>, shape: Shape) -> [u8; HEAD] {
    let [.., high, low] = shape.total.saturating_sub(CPL).to_be_bytes();
    let ([spi1, spi2], [tar1, tar2, tar3]) = (keys.spi, keys.tar);
    [high, low, CHL_HEAD.wrapping_add(keys.mac_length), spi1, spi2, keys.kic, keys.kid, tar1, tar2, tar3]
}

/// CNTR and PCNTR.
fn front_of(counter: u64, padding: usize) -> [u8; FRONT] {
    let [_, _, _, c1, c2, c3, c4, c5] = counter.to_be_bytes();
    let [.., padding] = padding.to_be_bytes();
    [c1, c2, c3, c4, c5, padding]
}

/// From CNTR to the last byte of padding, not yet enciphered.
fn fill(
    crypto: &dyn Crypto,
    keys: &Keys<'_>,
    head: &[u8],
    (counter, padding): (u64, usize),
    message: &[u8],
    body: &mut [u8],
) -> Result<(), Error> {
    let (front, rest) = body.split_at_mut_checked(FRONT).ok_or(Error::Full)?;
    let (cc, data) = rest.split_at_mut_checked(keys.mac_length.into()).ok_or(Error::Full)?;
    copy(front, &front_of(counter, padding));
    zeroise(data);
    let [.., high, low] = message.len().to_be_bytes();
    let header = header_length(message.len());
    match header {
        2 => put(data, 0, &[COAP, low])?,
        3 => put(data, 0, &[COAP, 0x81, low])?,
        _ => put(data, 0, &[COAP, 0x82, high, low])?,
    }
    put(data, header, message)?;
    keys.checksum(crypto, &[head, front, data], cc)
}

/// Checks a Command Packet, from CPL on, and deciphers it in place. `last` is the counter of the last one accepted.
///
/// [`Error::Malformed`]: lengths, also inside. [`Error::BadValue`]: SPI1, KIc, KID or TAR are not those provisioned, and the
/// packet is as it was. [`Error::Unauthorized`]: the checksum is wrong. [`Error::Exists`]: the counter is not higher
/// than `last`. [`Error::Credentials`]: the keys are used up, or have wrong lengths. None of them is answered
/// (TS 1.0 section 7.2.2). What was deciphered and is refused is overwritten.
pub fn open(crypto: &dyn Crypto, keys: &Keys<'_>, last: u64, packet: &mut [u8]) -> Result<Opened, Error> {
    keys.check()?;
    let por = check_head(keys, packet)?;
    let (head, body) = packet.split_at_mut_checked(HEAD).ok_or(Error::Malformed)?;
    let opened = decipher(crypto, keys, (last, por), head, body);
    if opened.is_err() {
        zeroise(body);
    }
    opened
}

/// What is not enciphered. Returns SPI2.
fn check_head(keys: &Keys<'_>, packet: &[u8]) -> Result<u8, Error> {
    let (head, body) = packet.split_first_chunk::<HEAD>().ok_or(Error::Malformed)?;
    let [high, low, chl, spi1, spi2, kic, kid, tar @ ..] = *head;
    let cpl = usize::from(u16::from_be_bytes([high, low]));
    let blocks = body.len() & keys.cipher.block().wrapping_sub(1) == 0;
    if cpl != packet.len().saturating_sub(CPL)
        || chl != CHL_HEAD.wrapping_add(keys.mac_length)
        || !blocks
        || body.len() < FRONT.saturating_add(keys.mac_length.into())
    {
        return Err(Error::Malformed);
    }
    if [spi1, kic, kid] != [keys.spi[0], keys.kic, keys.kid] || tar != keys.tar {
        return Err(Error::BadValue);
    }
    Ok(spi2)
}

fn decipher(
    crypto: &dyn Crypto,
    keys: &Keys<'_>,
    (last, por): (u64, u8),
    head: &[u8],
    body: &mut [u8],
) -> Result<Opened, Error> {
    crypto.cbc(keys.cipher, false, keys.cipher_key, &ZERO_IV, body)?;
    let (front, rest) = body.split_first_chunk::<FRONT>().ok_or(Error::Malformed)?;
    let (cc, data) = rest.split_at_checked(keys.mac_length.into()).ok_or(Error::Malformed)?;
    keys.verify(crypto, &[head, front, data], cc)?;
    let [c1, c2, c3, c4, c5, padding] = *front;
    let counter = u64::from_be_bytes([0, 0, 0, c1, c2, c3, c4, c5]);
    // the key is used up if either has come to the end
    if last.max(counter) >= COUNTER_END {
        return Err(Error::Credentials);
    }
    if counter <= last {
        return Err(Error::Exists);
    }
    let value = message(data, padding)?;
    let start = HEAD.wrapping_add(FRONT).wrapping_add(keys.mac_length.into());
    let start = start.wrapping_add(data.len()).wrapping_sub(value.len()).wrapping_sub(padding.into());
    Ok(Opened { counter, por, start, length: value.len() })
}

/// The value of the one BER-TLV in front of the padding. A length may be written longer than it need be, as BER has it.
fn message(data: &[u8], padding: u8) -> Result<&[u8], Error> {
    let end = data.len().checked_sub(padding.into()).ok_or(Error::Malformed)?;
    let (length, value) = match data.get(..end).ok_or(Error::Malformed)? {
        [COAP, 0x81, length, value @ ..] => (usize::from(*length), value),
        [COAP, 0x82, high, low, value @ ..] => (usize::from(u16::from_be_bytes([*high, *low])), value),
        [COAP, length @ ..=0x7f, value @ ..] => (usize::from(*length), value),
        _ => return Err(Error::Malformed),
    };
    if value.len() == length { Ok(value) } else { Err(Error::Malformed) }
}
