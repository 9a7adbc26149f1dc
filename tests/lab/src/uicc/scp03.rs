//! SCP03, the card's side (GlobalPlatform Amendment D; TS 1.0 Appendix H).
//!
//! ```text
//! none --INITIALIZE UPDATE--> begun --EXTERNAL AUTHENTICATE--> open --a wrong checksum--> none
//! ```

use super::apdu::{Command, Reply, sw};
use super::description::Scp03;
use crate::random::Random;
use aes::{Aes128, Aes192, Aes256};
use cbc::cipher::block_padding::NoPadding;
use cbc::cipher::{BlockModeDecrypt, BlockModeEncrypt, KeyInit, KeyIvInit};
use cbc::{Decryptor, Encryptor};
use cmac::{Cmac, Mac};

const S16: u8 = 0x01;
const PSEUDO_RANDOM: u8 = 0x10;
const CAN_R_MAC: u8 = 0x20;
const CAN_R_ENC: u8 = 0x40;

/// Bits of the security level.
const C_MAC: u8 = 0x01;
const C_DECRYPTION: u8 = 0x02;
const R_MAC: u8 = 0x10;
const R_ENCRYPTION: u8 = 0x20;
const LEVELS: [u8; 6] = [0x00, 0x01, 0x03, 0x11, 0x13, 0x33];

/// What a channel has of a session.
#[derive(Clone, Debug, Default)]
pub(super) enum Session {
    #[default]
    None,
    /// After INITIALIZE UPDATE.
    Begun { keys: Keys, host_cryptogram: Vec<u8>, i: u8 },
    /// After EXTERNAL AUTHENTICATE.
    Open { keys: Keys, level: u8, counter: u128 },
}

/// Session keys, and the checksum that the next one begins with.
#[derive(Clone, Debug)]
pub(super) struct Keys {
    enc: Vec<u8>,
    mac: Vec<u8>,
    rmac: Vec<u8>,
    chain: [u8; 16],
    /// Of checksums on the wire: 8 or 16.
    width: usize,
}

impl Session {
    /// Whether commands have to be protected.
    pub const fn level(&self) -> u8 {
        if let Self::Open { level, .. } = self { *level } else { 0 }
    }

    /// The most data that a protected response holds.
    pub const fn room(&self) -> usize {
        match self.level() {
            level if level & R_ENCRYPTION != 0 => 239,
            level if level & R_MAC != 0 => 240,
            _ => 256,
        }
    }

    /// INITIALIZE UPDATE on the application of this AID.
    pub fn initialize(
        &mut self,
        card: &mut Scp03,
        chance: &mut Random,
        aid: &[u8],
        command: &Command,
    ) -> Reply {
        *self = Self::None;
        let width = if card.i & S16 == 0 { 8 } else { 16 };
        if command.p2 != 0 {
            return Reply::status(sw::P1_P2);
        }
        if command.data.len() != width {
            return Reply::status(sw::LENGTH);
        }
        let wanted = |version: u8| command.p1 == 0 || command.p1 == version;
        let Some(set) = card.keys.iter().find(|set| wanted(set.version)).cloned() else {
            return Reply::status(sw::NO_DATA);
        };
        let number = card.counter.to_be_bytes()[1..].to_vec();
        let challenge = if card.i & PSEUDO_RANDOM == 0 {
            (0..width).map(|_| chance.next() as u8).collect()
        } else {
            derive(&set.enc, 0x02, width, &[&number[..], aid].concat())
        };
        card.counter = card.counter.wrapping_add(1) & 0x00ff_ffff;
        let context = [&command.data[..], &challenge].concat();
        let length = set.enc.len();
        let [enc, mac, rmac] = [(&set.enc, 0x04), (&set.mac, 0x06), (&set.mac, 0x07)]
            .map(|(key, constant)| derive(key, constant, length, &context));
        let card_cryptogram = derive(&mac, 0x00, width, &context);
        let host_cryptogram = derive(&mac, 0x01, width, &context);
        *self =
            Self::Begun { keys: Keys { enc, mac, rmac, chain: [0; 16], width }, host_cryptogram, i: card.i };
        let head = [&card.diversification[..], &[set.version, 0x03, card.i]].concat();
        let tail = if card.i & PSEUDO_RANDOM == 0 { Vec::new() } else { number };
        Reply::data([head, challenge, card_cryptogram, tail].concat())
    }

    /// EXTERNAL AUTHENTICATE, whose checksum is not counted and whose data is not ciphered.
    pub fn authenticate(&mut self, command: &Command) -> Reply {
        let Self::Begun { mut keys, host_cryptogram, i } = std::mem::take(self) else {
            return Reply::status(sw::CONDITIONS);
        };
        let level = command.p1;
        let can = [(R_MAC, CAN_R_MAC), (R_ENCRYPTION, CAN_R_ENC)];
        if !LEVELS.contains(&level) || can.iter().any(|(bit, need)| level & bit != 0 && i & need == 0) {
            return Reply::status(sw::P1_P2);
        }
        if command.data.len() != 2 * keys.width {
            return Reply::status(sw::LENGTH);
        }
        if keys.check(command).as_ref() != Some(&host_cryptogram) {
            return Reply::status(sw::AUTHENTICATION_FAILED);
        }
        *self = Self::Open { keys, level, counter: 0 };
        Reply::OK
    }

    /// Takes the protection off a command; an error ends the session.
    pub fn open(&mut self, command: &mut Command) -> Result<(), u16> {
        let opened = self.opened(command);
        if opened.is_none() {
            *self = Self::None;
        }
        command.data = opened.ok_or(sw::SECURITY)?;
        Ok(())
    }

    fn opened(&mut self, command: &Command) -> Option<Vec<u8>> {
        let Self::Open { keys, level, counter } = self else { return None };
        if *level & C_MAC == 0 {
            return None;
        }
        *counter += 1;
        let data = keys.check(command)?;
        if *level & C_DECRYPTION == 0 || data.is_empty() {
            return Some(data);
        }
        if data.len() % 16 != 0 {
            return None;
        }
        let plain = decrypt(&keys.enc, &keys.vector(*counter), &data);
        let end = plain.iter().rposition(|octet| *octet != 0).filter(|end| plain[*end] == 0x80)?;
        Some(plain[..end].to_vec())
    }

    /// Protects the answer to a protected command. What is no success comes bare.
    pub fn close(&self, reply: Reply) -> Reply {
        let Self::Open { keys, level, counter } = self else { return reply };
        let success = reply.sw == sw::OK || [0x62, 0x63, 0x91].contains(&(reply.sw >> 8));
        if *level & R_MAC == 0 || !success {
            return reply;
        }
        let mut data = reply.data;
        if *level & R_ENCRYPTION != 0 && !data.is_empty() {
            data.push(0x80);
            data.resize(data.len().next_multiple_of(16), 0);
            data = encrypt(&keys.enc, &keys.vector(*counter | 0x80 << 120), &data);
        }
        let mac = cmac(&keys.rmac, &[&keys.chain[..], &data, &reply.sw.to_be_bytes()].concat());
        data.extend(&mac[..keys.width]);
        Reply { data, sw: reply.sw }
    }
}

impl Keys {
    /// The data of a command without its checksum, if that is right.
    fn check(&mut self, command: &Command) -> Option<Vec<u8>> {
        let (data, mac) = command.data.split_at_checked(command.data.len().checked_sub(self.width)?)?;
        let head = command.head(command.data.len());
        let sum = cmac(&self.mac, &[&self.chain[..], &head, data].concat());
        self.chain = sum;
        (mac == &sum[..self.width]).then(|| data.to_vec())
    }

    /// The initial vector of a counter.
    fn vector(&self, counter: u128) -> Vec<u8> {
        encrypt(&self.enc, &[0; 16], &counter.to_be_bytes())
    }
}

/// NIST SP 800-108 in counter mode, fields as GlobalPlatform orders them.
fn derive(key: &[u8], constant: u8, length: usize, context: &[u8]) -> Vec<u8> {
    let bits = (length as u16 * 8).to_be_bytes();
    let block = |i: u8| cmac(key, &[&[0; 11][..], &[constant, 0], &bits[..], &[i], context].concat());
    let mut derived: Vec<u8> = (1..=length.div_ceil(16) as u8).flat_map(block).collect();
    derived.truncate(length);
    derived
}

fn cmac(key: &[u8], message: &[u8]) -> [u8; 16] {
    fn sum<M: Mac + KeyInit>(key: &[u8], message: &[u8]) -> [u8; 16] {
        let mut mac = <M as KeyInit>::new_from_slice(key).expect("a key of the right length");
        mac.update(message);
        mac.finalize().into_bytes()[..].try_into().expect("sixteen octets")
    }
    match key.len() {
        16 => sum::<Cmac<Aes128>>(key, message),
        24 => sum::<Cmac<Aes192>>(key, message),
        _ => sum::<Cmac<Aes256>>(key, message),
    }
}

fn encrypt(key: &[u8], vector: &[u8], plain: &[u8]) -> Vec<u8> {
    fn run<C: KeyIvInit + BlockModeEncrypt>(key: &[u8], vector: &[u8], plain: &[u8]) -> Vec<u8> {
        let cipher = C::new_from_slices(key, vector).expect("a key of the right length");
        cipher.encrypt_padded_vec::<NoPadding>(plain)
    }
    match key.len() {
        16 => run::<Encryptor<Aes128>>(key, vector, plain),
        24 => run::<Encryptor<Aes192>>(key, vector, plain),
        _ => run::<Encryptor<Aes256>>(key, vector, plain),
    }
}

fn decrypt(key: &[u8], vector: &[u8], ciphered: &[u8]) -> Vec<u8> {
    fn run<C: KeyIvInit + BlockModeDecrypt>(key: &[u8], vector: &[u8], ciphered: &[u8]) -> Vec<u8> {
        let cipher = C::new_from_slices(key, vector).expect("a key of the right length");
        cipher.decrypt_padded_vec::<NoPadding>(ciphered).expect("whole blocks")
    }
    match key.len() {
        16 => run::<Decryptor<Aes128>>(key, vector, ciphered),
        24 => run::<Decryptor<Aes192>>(key, vector, ciphered),
        _ => run::<Decryptor<Aes256>>(key, vector, ciphered),
    }
}
