//! The card's side of SCP03 with AES-128 and challenges of 8 bytes (GlobalPlatform Amendment D), for level 33 only.

use crate::crypto::{Cipher, Crypto, Software};
use std::vec;
use std::vec::Vec;

#[derive(Clone)]
pub struct Session {
    s_enc: [u8; 16],
    s_mac: [u8; 16],
    s_rmac: [u8; 16],
    host_cryptogram: [u8; 8],
    chain: [u8; 16],
    counter: u32,
    open: bool,
}

const CARD_CHALLENGE: [u8; 8] = [0xc1, 0xc2, 0xc3, 0xc4, 0xc5, 0xc6, 0xc7, 0xc8];

fn mac(key: &[u8], parts: &[&[u8]]) -> [u8; 16] {
    let mut out = [0; 16];
    Software.mac(Cipher::Aes, key, parts, &mut out).unwrap();
    out
}

fn derive(key: &[u8], constant: u8, bits: u16, context: &[u8]) -> [u8; 16] {
    let [high, low] = bits.to_be_bytes();
    mac(key, &[&[0; 11], &[constant, 0, high, low, 1], context])
}

impl Session {
    /// The answer to INITIALIZE UPDATE: random challenges, R-MAC and R-ENCRYPTION (i is 60).
    pub fn begin(enc: &[u8; 16], mac_key: &[u8; 16], host_challenge: &[u8]) -> (Self, Vec<u8>) {
        assert_eq!(host_challenge.len(), 8);
        let context = [host_challenge, &CARD_CHALLENGE].concat();
        let s_mac = derive(mac_key, 6, 128, &context);
        let card_cryptogram = derive(&s_mac, 0, 64, &context);
        let session = Self {
            s_enc: derive(enc, 4, 128, &context),
            s_rmac: derive(mac_key, 7, 128, &context),
            host_cryptogram: derive(&s_mac, 1, 64, &context)[..8].try_into().unwrap(),
            s_mac,
            chain: [0; 16],
            counter: 0,
            open: false,
        };
        let response =
            [&[0; 10], [0x30, 0x03, 0x60].as_slice(), &CARD_CHALLENGE, &card_cryptogram[..8]].concat();
        (session, response)
    }

    pub fn authenticate(&mut self, apdu: &[u8]) -> bool {
        if apdu.len() != 21 || apdu[1..5] != [0x82, 0x33, 0, 16] || apdu[5..13] != self.host_cryptogram {
            return false;
        }
        self.open = self.check(0x84, &apdu[1..], 8);
        self.open
    }

    /// Checks C-MAC: of INS, P1, P2, Lc, data without checksum.
    fn check(&mut self, cla: u8, rest: &[u8], data: usize) -> bool {
        let whole = mac(&self.s_mac, &[&self.chain, &[cla], &rest[..4 + data]]);
        let right = rest[4 + data..4 + data + 8] == whole[..8];
        self.chain = whole;
        right
    }

    fn counter_block(&self, first: u8) -> [u8; 16] {
        let mut block = [0; 16];
        block[12..].copy_from_slice(&self.counter.to_be_bytes());
        block[0] = first;
        Software.cbc(Cipher::Aes, true, &self.s_enc, &[0; 16], &mut block).unwrap();
        block
    }

    /// The command in the clear, if it is the terminal's.
    pub fn unwrap(&mut self, apdu: &[u8]) -> Option<Vec<u8>> {
        let lc = usize::from(*apdu.get(4)?);
        let data = lc.checked_sub(8)?;
        let proprietary = apdu[0] & 0x80;
        self.open = self.open && apdu.len() >= 5 + lc && self.check(proprietary | 4, &apdu[1..], data);
        if !self.open {
            return None;
        }
        self.counter += 1;
        let mut clear = apdu[5..5 + data].to_vec();
        if data > 0 {
            Software.cbc(Cipher::Aes, false, &self.s_enc, &self.counter_block(0), &mut clear).unwrap();
            let end = clear.iter().rposition(|byte| *byte == 0x80)?;
            clear.truncate(end);
        }
        let mut plain = vec![apdu[0] & !4, apdu[1], apdu[2], apdu[3]];
        if !clear.is_empty() {
            plain.push(clear.len() as u8);
            plain.extend_from_slice(&clear);
        }
        plain.extend_from_slice(&apdu[5 + lc..]);
        Some(plain)
    }

    /// A protected response; status words of errors come bare.
    pub fn wrap(&mut self, reply: &[u8]) -> Vec<u8> {
        let (data, status) = reply.split_at(reply.len() - 2);
        if !matches!(status[0], 0x90 | 0x62 | 0x63) {
            return reply.to_vec();
        }
        let mut out = data.to_vec();
        if !out.is_empty() {
            out.push(0x80);
            out.resize(out.len().next_multiple_of(16), 0);
            Software.cbc(Cipher::Aes, true, &self.s_enc, &self.counter_block(0x80), &mut out).unwrap();
        }
        let sum = mac(&self.s_rmac, &[&self.chain, &out, status]);
        out.extend_from_slice(&sum[..8]);
        out.extend_from_slice(status);
        out
    }
}
