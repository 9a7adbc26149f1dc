//! Secured packets (TS 102 225 sections 5 and 6, TS 31.115 section 4; TS 1.0 section 7.2.2.2): Command Packets both ways,
//! Response Packets read.
//!
//! The layout is written here once more; the ciphers come from crates that the client does not use.

use super::tpdu::RESPONSE;
use aes::{Aes128, Aes192, Aes256};
use cbc::cipher::block_padding::NoPadding;
use cbc::cipher::{BlockModeDecrypt, BlockModeEncrypt, KeyInit, KeyIvInit};
use cbc::{Decryptor, Encryptor};
use cmac::{Cmac, Mac};
use des::TdesEde3;

/// The tag around a CoAP message.
pub const COAP: u8 = 0x05;
/// From CPL to TAR.
const CLEAR: usize = 10;
/// CNTR and PCNTR.
const COUNTERS: usize = 6;
/// The counter that is never used up: it blocks the keys.
const LAST_COUNTER: u64 = 0xff_ffff_ffff;

/// Why a packet is not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[allow(missing_docs)]
pub enum Refusal {
    /// CPL or RPL is not what is there.
    Length,
    /// CHL or RHL.
    HeaderLength,
    Spi,
    Kic,
    Kid,
    Tar,
    /// Not a whole number of cipher blocks.
    Blocks,
    Checksum,
    Counter,
    /// PCNTR is more than there is.
    Padding,
    /// The tag is not CoAP's.
    Tag,
    /// The TLV's length.
    Tlv,
}

/// What two ends share.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Keys {
    /// Security Parameter Indicator.
    pub spi: [u8; 2],
    /// Key set and algorithm of the cipher.
    pub kic: u8,
    /// Key set and algorithm of the checksum.
    pub kid: u8,
    /// Toolkit Application Reference.
    pub tar: [u8; 3],
    /// The key of the cipher.
    pub kic_key: Vec<u8>,
    /// The key of the checksum.
    pub kid_key: Vec<u8>,
    /// Length of the checksum: 8, or 4.
    pub checksum: usize,
}

impl Keys {
    /// Keys for the LwM2M application: checksum, cipher, counter higher, no response.
    pub fn new(kic: u8, kid: u8, kic_key: &[u8], kid_key: &[u8]) -> Self {
        let (kic_key, kid_key) = (kic_key.to_vec(), kid_key.to_vec());
        Self { spi: [0x16, 0], kic, kid, tar: [0xb2, 0x02, 0x03], kic_key, kid_key, checksum: 8 }
    }

    /// SMS Binding Key Parameters and SMS Binding Secret Key(s), `/0/x/7` and `/0/x/8`: 6 or 7 bytes (with the second
    /// octet of SPI), and 16, 32 or 48.
    pub fn from_resources(parameters: &[u8], secret: &[u8]) -> Result<Self, &'static str> {
        let (kic, kid, spi, tar) = match *parameters {
            [kic, kid, spi, a, b, c] => (kic, kid, [spi, 0], [a, b, c]),
            [kic, kid, spi, more, a, b, c] => (kic, kid, [spi, more], [a, b, c]),
            _ => return Err("key parameters are 6 or 7 bytes"),
        };
        let (kic_key, kid_key) = match (secret.len(), kic & 0x0f) {
            (16, 2) => (secret, secret),
            (32 | 48, 2) | (48, 9) => secret.split_at(secret.len() / 2),
            _ => return Err("no such keys for this algorithm"),
        };
        Ok(Self { spi, tar, ..Self::new(kic, kid, kic_key, kid_key) })
    }

    const fn is_aes(&self) -> bool {
        self.kic & 0x0f == 2
    }

    const fn block(&self) -> usize {
        if self.is_aes() { 16 } else { 8 }
    }

    /// CBC with an initial vector of zeros, over whole blocks.
    fn encrypt(&self, plain: &[u8]) -> Vec<u8> {
        match (self.is_aes(), self.kic_key.len()) {
            (true, 16) => encrypt::<Encryptor<Aes128>>(&self.kic_key, plain),
            (true, 24) => encrypt::<Encryptor<Aes192>>(&self.kic_key, plain),
            (true, _) => encrypt::<Encryptor<Aes256>>(&self.kic_key, plain),
            (false, _) => encrypt::<Encryptor<TdesEde3>>(&self.kic_key, plain),
        }
    }

    fn decrypt(&self, ciphered: &[u8]) -> Vec<u8> {
        match (self.is_aes(), self.kic_key.len()) {
            (true, 16) => decrypt::<Decryptor<Aes128>>(&self.kic_key, ciphered),
            (true, 24) => decrypt::<Decryptor<Aes192>>(&self.kic_key, ciphered),
            (true, _) => decrypt::<Decryptor<Aes256>>(&self.kic_key, ciphered),
            (false, _) => decrypt::<Decryptor<TdesEde3>>(&self.kic_key, ciphered),
        }
    }

    /// The cryptographic checksum: the first octets of AES-CMAC, or the last block of 3DES-CBC over zero-padded input.
    fn checksum(&self, input: &[u8]) -> Vec<u8> {
        let mut sum = match (self.kid & 0x0f, self.kid_key.len()) {
            (2, 16) => cmac::<Cmac<Aes128>>(&self.kid_key, input),
            (2, 24) => cmac::<Cmac<Aes192>>(&self.kid_key, input),
            (2, _) => cmac::<Cmac<Aes256>>(&self.kid_key, input),
            _ => {
                let padded = [input, &vec![0; padding(input.len(), 8)]].concat();
                let chain = encrypt::<Encryptor<TdesEde3>>(&self.kid_key, &padded);
                chain[chain.len() - 8..].to_vec()
            }
        };
        sum.truncate(self.checksum);
        sum
    }

    /// Between the two octets of length and the ciphered part of a Command Packet.
    fn head(&self) -> Vec<u8> {
        let (spi, tar) = (self.spi, self.tar);
        vec![13 + self.checksum as u8, spi[0], spi[1], self.kic, self.kid, tar[0], tar[1], tar[2]]
    }

    /// A Command Packet with this counter around any data, from CPL on.
    pub fn seal(&self, counter: u64, data: &[u8]) -> Vec<u8> {
        let pad = padding(COUNTERS + self.checksum + data.len(), self.block());
        let secured = [data, &vec![0; pad]].concat();
        let counters = [&counter.to_be_bytes()[3..], &[pad as u8]].concat();
        let length = (CLEAR - 2 + counters.len() + self.checksum + secured.len()) as u16;
        let clear = [&length.to_be_bytes()[..], &self.head()].concat();
        let checksum = self.checksum(&[&clear[..], &counters, &secured].concat());
        [clear, self.encrypt(&[counters, checksum, secured].concat())].concat()
    }

    /// The counter and the data of a Command Packet, whatever they are.
    pub fn unseal(&self, packet: &[u8]) -> Result<(u64, Vec<u8>), Refusal> {
        let (clear, ciphered) = packet.split_at_checked(CLEAR).ok_or(Refusal::Length)?;
        if usize::from(u16::from_be_bytes([clear[0], clear[1]])) != packet.len() - 2 {
            return Err(Refusal::Length);
        }
        let checks = [
            (clear[2..3] == self.head()[..1], Refusal::HeaderLength),
            (clear[3..5] == self.spi, Refusal::Spi),
            (clear[5] == self.kic, Refusal::Kic),
            (clear[6] == self.kid, Refusal::Kid),
            (clear[7..] == self.tar, Refusal::Tar),
            (
                ciphered.len() % self.block() == 0 && ciphered.len() >= COUNTERS + self.checksum,
                Refusal::Blocks,
            ),
        ];
        if let Some((_, why)) = checks.iter().find(|(fine, _)| !fine) {
            return Err(*why);
        }
        let plain = self.decrypt(ciphered);
        let (counters, rest) = plain.split_at(COUNTERS);
        let (checksum, secured) = rest.split_at(self.checksum);
        if self.checksum(&[clear, counters, secured].concat()) != checksum {
            return Err(Refusal::Checksum);
        }
        let data = secured.len().checked_sub(counters[5].into()).ok_or(Refusal::Padding)?;
        Ok((number(&counters[..5]), secured[..data].to_vec()))
    }

    /// A Response Packet, from RPL on: what a receiver says of a Command Packet. `protection` is SPI's second octet.
    pub fn response(&self, protection: u8, packet: &[u8]) -> Result<Response, Refusal> {
        let (clear, rest) = packet.split_at_checked(6).ok_or(Refusal::Length)?;
        if usize::from(u16::from_be_bytes([clear[0], clear[1]])) != packet.len() - 2 {
            return Err(Refusal::Length);
        }
        let length = if protection & 0x0c == 0x08 { self.checksum } else { 0 };
        let ciphered = protection & 0x10 != 0;
        let checks = [
            (usize::from(clear[2]) == 10 + length, Refusal::HeaderLength),
            (clear[3..] == self.tar, Refusal::Tar),
            (!ciphered || rest.len().is_multiple_of(self.block()), Refusal::Blocks),
            (rest.len() >= COUNTERS + 1 + length, Refusal::Blocks),
        ];
        if let Some((_, why)) = checks.iter().find(|(fine, _)| !fine) {
            return Err(*why);
        }
        let plain = if ciphered { self.decrypt(rest) } else { rest.to_vec() };
        let (counters, rest) = plain.split_at(COUNTERS + 1);
        let (checksum, secured) = rest.split_at(length);
        // unlike a Command Packet's, its header element is part of what the checksum covers
        let input = [&[2, RESPONSE, 0], clear, counters, secured].concat();
        if length > 0 && self.checksum(&input) != checksum {
            return Err(Refusal::Checksum);
        }
        let data = secured.len().checked_sub(counters[5].into()).ok_or(Refusal::Padding)?;
        Ok(Response { counter: number(&counters[..5]), status: counters[6], data: secured[..data].to_vec() })
    }
}

/// A Response Packet that was checked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Response {
    /// The counter of the Command Packet.
    pub counter: u64,
    /// 0: fine. 1 to 11: why not.
    pub status: u8,
    /// Additional data.
    pub data: Vec<u8>,
}

/// One peer's keys, and a counter for each direction.
#[derive(Clone, Debug)]
pub struct Association {
    /// What is shared.
    pub keys: Keys,
    /// The last counter sent.
    pub sent: u64,
    /// The last counter accepted.
    pub accepted: u64,
}

impl Association {
    /// Nothing was sent or accepted yet.
    pub const fn new(keys: Keys) -> Self {
        Self { keys, sent: 0, accepted: 0 }
    }

    /// A CoAP message as a Command Packet with the next counter; `None` once the counter is at its end.
    pub fn protect(&mut self, coap: &[u8]) -> Option<Vec<u8>> {
        self.sent = Some(self.sent + 1).filter(|counter| *counter < LAST_COUNTER)?;
        Some(self.keys.seal(self.sent, &wrap(coap)))
    }

    /// The CoAP message of a Command Packet, if its counter is higher than all before.
    pub fn open(&mut self, packet: &[u8]) -> Result<Vec<u8>, Refusal> {
        let (counter, data) = self.keys.unseal(packet)?;
        if counter <= self.accepted {
            return Err(Refusal::Counter);
        }
        self.accepted = counter;
        unwrap(&data)
    }
}

/// A CoAP message in its BER-TLV.
pub fn wrap(coap: &[u8]) -> Vec<u8> {
    let length = match coap.len() {
        n @ 0..=0x7f => vec![n as u8],
        n @ 0x80..=0xff => vec![0x81, n as u8],
        n => vec![0x82, (n >> 8) as u8, n as u8],
    };
    [&[COAP], &length[..], coap].concat()
}

fn unwrap(data: &[u8]) -> Result<Vec<u8>, Refusal> {
    let (&tag, rest) = data.split_first().ok_or(Refusal::Tlv)?;
    if tag != COAP {
        return Err(Refusal::Tag);
    }
    let (length, value) = match *rest {
        [length @ 0..=0x7f, ref value @ ..] => (length.into(), value),
        [0x81, length, ref value @ ..] => (length.into(), value),
        [0x82, high, low, ref value @ ..] => (usize::from(u16::from_be_bytes([high, low])), value),
        _ => return Err(Refusal::Tlv),
    };
    if value.len() == length { Ok(value.to_vec()) } else { Err(Refusal::Tlv) }
}

/// How much is missing to a whole number of blocks.
const fn padding(length: usize, block: usize) -> usize {
    length.next_multiple_of(block) - length
}

fn number(octets: &[u8]) -> u64 {
    octets.iter().fold(0, |value, octet| value << 8 | u64::from(*octet))
}

fn encrypt<C: KeyIvInit + BlockModeEncrypt>(key: &[u8], plain: &[u8]) -> Vec<u8> {
    let vector = vec![0; C::iv_size()];
    let cipher = C::new_from_slices(key, &vector).expect("a key of the right length");
    cipher.encrypt_padded_vec::<NoPadding>(plain)
}

fn decrypt<C: KeyIvInit + BlockModeDecrypt>(key: &[u8], ciphered: &[u8]) -> Vec<u8> {
    let vector = vec![0; C::iv_size()];
    let cipher = C::new_from_slices(key, &vector).expect("a key of the right length");
    cipher.decrypt_padded_vec::<NoPadding>(ciphered).expect("whole blocks")
}

fn cmac<M: Mac + KeyInit>(key: &[u8], input: &[u8]) -> Vec<u8> {
    let mut mac = <M as KeyInit>::new_from_slice(key).expect("a key of the right length");
    mac.update(input);
    mac.finalize().into_bytes().to_vec()
}
