//! The secure channel SCP03 (TS 1.0 Appendix H; GlobalPlatform Amendment D): session keys, the cryptograms of both sides,
//! commands and responses under encryption and checksum.

use super::COMMAND_MAX;
use crate::bytes::{copy, put, zeroise};
use crate::crypto::{BLOCK, Cipher, Crypto, same};
use crate::error::Error;

/// C-DECRYPTION, C-MAC, R-MAC and R-ENCRYPTION: what LwM2M wants.
pub const LEVEL: u8 = 0x33;

/// By how much a response is longer than its data at most: padding and checksum.
pub const RESPONSE_OVERHEAD: usize = 32;

/// The most data of a command or a response.
pub const DATA_MAX: usize = 239;

const EXTERNAL_AUTHENTICATE: u8 = 0x82;
/// What is derived (Amendment D section 4.1.5).
const CARD_CRYPTOGRAM: u8 = 0;
const HOST_CRYPTOGRAM: u8 = 1;
const S_ENC: u8 = 4;
const S_MAC: u8 = 6;
const S_RMAC: u8 = 7;

/// Which of the static keys.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Key {
    /// Key-ENC.
    Enc,
    /// Key-MAC.
    Mac,
}

/// The static keys, which may lie in a secure element: all that is done with them is AES-CMAC.
pub trait StaticKeys {
    /// Their length in bytes: 16, 24 or 32.
    fn length(&self) -> usize;
    /// AES-CMAC of `message`.
    fn cmac(&self, key: Key, message: &[u8], out: &mut [u8; BLOCK]) -> Result<(), Error>;
}

/// Static keys in memory.
pub struct MemoryKeys<'k> {
    /// What computes.
    pub crypto: &'k dyn Crypto,
    /// Key-ENC.
    pub enc: &'k [u8],
    /// Key-MAC.
    pub mac: &'k [u8],
}

impl StaticKeys for MemoryKeys<'_> {
    fn length(&self) -> usize {
        self.enc.len()
    }

    fn cmac(&self, key: Key, message: &[u8], out: &mut [u8; BLOCK]) -> Result<(), Error> {
        let bytes = if key == Key::Enc { self.enc } else { self.mac };
        self.crypto.mac(Cipher::Aes, bytes, &[message], out)
    }
}

/// A channel that is open, or being opened: its session keys are zeroised by [`Channel::close`].
pub struct Channel {
    enc: [u8; 32],
    mac: [u8; 32],
    rmac: [u8; 32],
    /// Of each key.
    length: usize,
    /// Of checksums and cryptograms: 8 or 16; 0: there is no session.
    tag: usize,
    chain: [u8; BLOCK],
    /// Of the command under way.
    counter: u32,
    /// EXTERNAL AUTHENTICATE has been protected: what comes is enciphered, too.
    authenticated: bool,
    /// What is protected is EXTERNAL AUTHENTICATE itself.
    authenticates: bool,
}

/// AES-CMAC with a key.
type Cmac<'k> = dyn Fn(&[u8], &mut [u8; BLOCK]) -> Result<(), Error> + 'k;

/// The longest input of a derivation: label, separator, length, number, two challenges of 16 bytes or an AID.
const INPUT: usize = BLOCK + 32;

/// Derives `out` (Amendment D section 4.1.5), block by block.
fn derive(cmac: &Cmac<'_>, constant: u8, context: &[&[u8]], out: &mut [u8]) -> Result<(), Error> {
    let bits = (out.len() as u16).wrapping_mul(8).to_be_bytes();
    let mut input = [0; INPUT];
    put(&mut input, 11, &[constant, 0])?;
    put(&mut input, 13, &bits)?;
    let mut length = BLOCK;
    for part in context {
        put(&mut input, length, part)?;
        length = length.wrapping_add(part.len());
    }
    let mut block = [0; BLOCK];
    let mut number = 1u8;
    for piece in out.chunks_mut(BLOCK) {
        put(&mut input, 15, &[number])?;
        let done = cmac(input.get(..length).unwrap_or(&[]), &mut block);
        copy(piece, &block);
        zeroise(&mut block);
        done?;
        number = number.wrapping_add(1);
    }
    Ok(())
}

impl Channel {
    /// No session.
    pub const CLOSED: Self = Self {
        enc: [0; 32],
        mac: [0; 32],
        rmac: [0; 32],
        length: 0,
        tag: 0,
        chain: [0; BLOCK],
        counter: 0,
        authenticated: false,
        authenticates: false,
    };

    /// Takes the response to INITIALIZE UPDATE (without status word): checks the card's cryptogram, and gives the data
    /// field of EXTERNAL AUTHENTICATE, host cryptogram without C-MAC. `host_challenge` has 8 bytes (S8) or 16 (S16).
    /// [`Error::Handshake`]: the card does not have the keys.
    pub fn open(
        &mut self,
        crypto: &dyn Crypto,
        keys: &dyn StaticKeys,
        host_challenge: &[u8],
        response: &[u8],
    ) -> Result<([u8; 16], usize), Error> {
        self.close();
        let opened = self.begin(crypto, keys, host_challenge, response);
        if opened.is_err() {
            self.close();
        }
        opened
    }

    fn begin(
        &mut self,
        crypto: &dyn Crypto,
        keys: &dyn StaticKeys,
        host: &[u8],
        response: &[u8],
    ) -> Result<([u8; 16], usize), Error> {
        let (tag, length) = (host.len(), keys.length());
        if !matches!(tag, 8 | 16) || !matches!(length, 16 | 24 | 32) {
            return Err(Error::Credentials);
        }
        // ten octets of diversification, key version, 03, i
        let (head, rest) = response.split_first_chunk::<13>().ok_or(Error::Malformed)?;
        let [.., protocol, _] = *head;
        let (card, rest) = rest.split_at_checked(tag).ok_or(Error::Malformed)?;
        let (cryptogram, counter) = rest.split_at_checked(tag).ok_or(Error::Malformed)?;
        // of a card whose challenge is pseudo-random there is a counter, which nothing here depends on
        if protocol != 3 || !matches!(counter.len(), 0 | 3) {
            return Err(Error::NotSupported);
        }
        (self.length, self.tag) = (length, tag);
        let context = [host, card];
        let enc = |input: &[u8], out: &mut [u8; BLOCK]| keys.cmac(Key::Enc, input, out);
        derive(&enc, S_ENC, &context, self.enc.get_mut(..length).ok_or(Error::Credentials)?)?;
        let mac = |input: &[u8], out: &mut [u8; BLOCK]| keys.cmac(Key::Mac, input, out);
        derive(&mac, S_MAC, &context, self.mac.get_mut(..length).ok_or(Error::Credentials)?)?;
        derive(&mac, S_RMAC, &context, self.rmac.get_mut(..length).ok_or(Error::Credentials)?)?;
        let key = self.mac.get(..length).ok_or(Error::Credentials)?;
        let session = |input: &[u8], out: &mut [u8; BLOCK]| crypto.mac(Cipher::Aes, key, &[input], out);
        let mut expected = [0; BLOCK];
        let expected = expected.get_mut(..tag).ok_or(Error::Credentials)?;
        derive(&session, CARD_CRYPTOGRAM, &context, expected)?;
        if !same(expected, cryptogram) {
            return Err(Error::Handshake);
        }
        let mut ours = [0; BLOCK];
        derive(&session, HOST_CRYPTOGRAM, &context, ours.get_mut(..tag).ok_or(Error::Credentials)?)?;
        Ok((ours, tag))
    }

    /// Whether commands are protected.
    pub const fn is_open(&self) -> bool {
        self.tag != 0
    }

    /// Protects a plain command APDU in place, of any class and channel; its new length. EXTERNAL AUTHENTICATE (INS 82) gets
    /// its checksum alone.
    pub fn wrap(
        &mut self,
        crypto: &dyn Crypto,
        apdu: &mut [u8; COMMAND_MAX],
        length: usize,
    ) -> Result<usize, Error> {
        if !self.is_open() {
            return Err(Error::State);
        }
        let (body, expected) = parts(apdu, length)?;
        self.authenticates = !self.authenticated;
        if self.authenticates {
            let [_, ins, ..] = *apdu;
            if ins != EXTERNAL_AUTHENTICATE {
                return Err(Error::State);
            }
            self.authenticated = true;
        } else {
            self.counter = self.counter.checked_add(1).ok_or(Error::State)?;
        }
        let body = match body {
            0 => 0,
            _ if self.authenticates => body,
            _ => self.encipher(crypto, apdu, body)?,
        };
        let total = body.wrapping_add(self.tag);
        let (class, lc) = (secure_class(apdu), u8::try_from(total).map_err(|_| Error::TooLarge)?);
        let [first, _, _, _, count, ..] = apdu;
        (*first, *count) = (class, lc);
        // the channel is not part of what is checked
        let plain = [if class & 0x40 == 0 { class & !3 } else { class & 0x80 | 4 }];
        let chain = self.chain;
        let key = self.mac.get(..self.length).ok_or(Error::State)?;
        let rest = apdu.get(1..body.wrapping_add(5)).ok_or(Error::TooLarge)?;
        crypto.mac(Cipher::Aes, key, &[&chain, &plain, rest], &mut self.chain)?;
        put(apdu, body.wrapping_add(5), self.chain.get(..self.tag).ok_or(Error::State)?)?;
        let end = total.wrapping_add(5);
        let Some(le) = expected else { return Ok(end) };
        put(apdu, end, &[le])?;
        Ok(end.wrapping_add(1))
    }

    /// Pads and enciphers the data of a command; how long it is then.
    fn encipher(
        &self,
        crypto: &dyn Crypto,
        apdu: &mut [u8; COMMAND_MAX],
        body: usize,
    ) -> Result<usize, Error> {
        let padded = (body | 15).wrapping_add(1);
        if body > DATA_MAX || padded.wrapping_add(self.tag) > 255 {
            return Err(Error::TooLarge);
        }
        let data = apdu.get_mut(5..padded.wrapping_add(5)).ok_or(Error::TooLarge)?;
        for (at, place) in (0..).zip(data.iter_mut()).skip(body) {
            *place = if at == body { 0x80 } else { 0 };
        }
        self.cipher(crypto, true, false, data)?;
        Ok(padded)
    }

    /// Enciphers or deciphers by CBC; the counter makes the IV, which differs for responses.
    fn cipher(
        &self,
        crypto: &dyn Crypto,
        encrypt: bool,
        response: bool,
        data: &mut [u8],
    ) -> Result<(), Error> {
        let key = self.enc.get(..self.length).ok_or(Error::State)?;
        let mut iv = [0; BLOCK];
        if response {
            put(&mut iv, 0, &[0x80])?;
        }
        put(&mut iv, 12, &self.counter.to_be_bytes())?;
        crypto.cbc(Cipher::Aes, true, key, &[0; BLOCK], &mut iv)?;
        crypto.cbc(Cipher::Aes, encrypt, key, &iv, data)
    }

    /// Checks and deciphers a response (data and status word) in place; its new length. A status word that comes bare
    /// passes where that is allowed. [`Error::Handshake`]: the checksum is wrong, and the session is over.
    pub fn unwrap(
        &mut self,
        crypto: &dyn Crypto,
        response: &mut [u8],
        length: usize,
    ) -> Result<usize, Error> {
        let done = self.check(crypto, response, length);
        if done.is_err() {
            self.close();
            zeroise(response);
        }
        done
    }

    fn check(&mut self, crypto: &dyn Crypto, response: &mut [u8], length: usize) -> Result<usize, Error> {
        if !self.is_open() || !self.authenticated {
            return Err(Error::State);
        }
        let all = response.get_mut(..length).ok_or(Error::Malformed)?;
        let (body, word) = all.split_last_chunk_mut::<2>().ok_or(Error::Malformed)?;
        let word = *word;
        // of these there is a checksum, of others none; EXTERNAL AUTHENTICATE is answered by its status alone
        let protected = matches!(word, [0x90, 0] | [0x62 | 0x63, _]) && !self.authenticates;
        if !protected {
            let refused = word != [0x90, 0] && self.authenticates || word == [0x69, 0x82];
            return match body.is_empty() {
                // the card has ended the session
                true if refused => {
                    self.close();
                    Ok(length)
                }
                true => Ok(length),
                false => Err(Error::Handshake),
            };
        }
        let end = body.len().checked_sub(self.tag).ok_or(Error::Handshake)?;
        let (data, theirs) = body.split_at_mut_checked(end).ok_or(Error::Handshake)?;
        let key = self.rmac.get(..self.length).ok_or(Error::State)?;
        let mut ours = [0; BLOCK];
        crypto.mac(Cipher::Aes, key, &[&self.chain, data, &word], &mut ours)?;
        if !same(ours.get(..self.tag).unwrap_or(&[]), theirs) {
            return Err(Error::Handshake);
        }
        let plain = self.decipher(crypto, data)?;
        put(response, plain, &word)?;
        zeroise(response.get_mut(plain.wrapping_add(2)..length).unwrap_or(&mut []));
        Ok(plain.wrapping_add(2))
    }

    /// Deciphers the data of a response; how long it is without padding.
    fn decipher(&self, crypto: &dyn Crypto, data: &mut [u8]) -> Result<usize, Error> {
        if data.is_empty() {
            return Ok(0);
        }
        if !data.len().is_multiple_of(BLOCK) {
            return Err(Error::Handshake);
        }
        self.cipher(crypto, false, true, data)?;
        let marked = data.iter().rposition(|octet| *octet != 0).ok_or(Error::Handshake)?;
        let in_last = marked.saturating_add(BLOCK) >= data.len();
        match data.get(marked) {
            Some(0x80) if in_last => Ok(marked),
            _ => Err(Error::Handshake),
        }
    }

    /// Ends the session and zeroises its keys.
    pub fn close(&mut self) {
        for key in [&mut self.enc, &mut self.mac, &mut self.rmac] {
            zeroise(key);
        }
        zeroise(&mut self.chain);
        (self.length, self.tag, self.counter) = (0, 0, 0);
        (self.authenticated, self.authenticates) = (false, false);
    }
}

/// The length of a command's data, and its Le.
fn parts(apdu: &[u8; COMMAND_MAX], length: usize) -> Result<(usize, Option<u8>), Error> {
    let command = apdu.get(..length).ok_or(Error::Malformed)?;
    match command {
        [_, _, _, _] => Ok((0, None)),
        [_, _, _, _, le] => Ok((0, Some(*le))),
        [_, _, _, _, lc, rest @ ..] => {
            let data = usize::from(*lc);
            match rest.len().checked_sub(data) {
                Some(0) if data > 0 => Ok((data, None)),
                Some(1) if data > 0 => Ok((data, rest.last().copied())),
                _ => Err(Error::Malformed),
            }
        }
        _ => Err(Error::Malformed),
    }
}

/// The class with secure messaging: bit 3 on the channels 0 to 3, bit 6 on the others (ETSI TS 102 221 section 10.1.1).
const fn secure_class(apdu: &[u8; COMMAND_MAX]) -> u8 {
    let [class, ..] = *apdu;
    if class & 0x40 == 0 { class | 4 } else { class | 0x20 }
}
