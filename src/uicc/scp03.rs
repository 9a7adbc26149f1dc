//! The secure channel SCP03 (TS 1.0 Appendix H; GlobalPlatform Amendment D): session keys, the cryptograms of both sides,
//! commands and responses under encryption and checksum.
//!
//! ```text
//! INITIALIZE UPDATE      > host challenge                         -
//!                        < card challenge, card cryptogram        Channel::open
//! EXTERNAL AUTHENTICATE  > host cryptogram, C-MAC                 Channel::wrap
//!                        < 9000                                   Channel::unwrap
//! any command            > enciphered data, C-MAC                 Channel::wrap
//!                        < enciphered data, R-MAC, status word    Channel::unwrap
//! ```
//!
//! Every checksum is over the one before too (the chaining value), so a command that is lost, repeated or put in between
//! ends the session at the card. In S8 checksums are 8 bytes, in S16 (Amendment D v1.2) 16.

use super::COMMAND_MAX;
use crate::bytes::{put, zeroise};
use crate::crypto::{BLOCK, Cipher, Crypto, same, shortened};
use crate::error::Error;

/// C-DECRYPTION, C-MAC, R-MAC and R-ENCRYPTION: what LwM2M wants.
pub const LEVEL: u8 = 0x33;

/// By how much a response is longer than its data at most: padding and checksum.
pub const RESPONSE_OVERHEAD: usize = 32;

/// The most data of a command or a response; of a command in S16 see [`Channel::data_max`].
pub const DATA_MAX: usize = 239;

/// The longest key.
const KEY_MAX: usize = 32;

/// What is derived (Amendment D, table 4-1): its constant.
const CARD_CRYPTOGRAM: u8 = 0x00;
const HOST_CRYPTOGRAM: u8 = 0x01;
const CARD_CHALLENGE: u8 = 0x02;
const S_ENC: u8 = 0x04;
const S_MAC: u8 = 0x06;
const S_RMAC: u8 = 0x07;

/// Of a derivation, what stands before its context.
const LABEL: usize = 16;

/// CLA, INS, P1, P2, Lc.
const HEAD: usize = 5;

const EXTERNAL_AUTHENTICATE: u8 = 0x82;

const ZERO_IV: [u8; BLOCK] = [0; BLOCK];

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
        if self.enc.len() != self.mac.len() {
            return Err(Error::Credentials);
        }
        let key = match key {
            Key::Enc => self.enc,
            Key::Mac => self.mac,
        };
        self.crypto.mac(Cipher::Aes, key, &[message], out)
    }
}

/// How far a session has come.
#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    Closed,
    /// The card has shown that it has the keys.
    Greeted,
    /// So has the client; the card has not answered yet.
    Authenticating,
    Open,
}

/// A channel that is open, or being opened: its session keys are zeroised by [`Channel::close`].
pub struct Channel {
    state: State,
    /// 16, 24 or 32.
    key_length: u8,
    /// 8 in S8, 16 in S16.
    mac_length: u8,
    /// Of the last command.
    counter: u64,
    /// The whole C-MAC of the last command.
    chain: [u8; BLOCK],
    enc: [u8; KEY_MAX],
    mac: [u8; KEY_MAX],
    rmac: [u8; KEY_MAX],
}

/// What the card answers to INITIALIZE UPDATE, as far as it is needed.
struct Greeting<'r> {
    challenge: &'r [u8],
    cryptogram: &'r [u8],
    /// Where the challenge is a pseudo-random one, what it was made of.
    sequence: Option<&'r [u8]>,
}

impl Channel {
    /// No session.
    pub const CLOSED: Self = Self {
        state: State::Closed,
        key_length: 0,
        mac_length: 0,
        counter: 0,
        chain: [0; BLOCK],
        enc: [0; KEY_MAX],
        mac: [0; KEY_MAX],
        rmac: [0; KEY_MAX],
    };

    /// Takes the response to INITIALIZE UPDATE (without status word): checks the card's cryptogram, and gives the data
    /// field of EXTERNAL AUTHENTICATE, host cryptogram without C-MAC. `host_challenge` has 8 bytes (S8) or 16 (S16); `aid` is
    /// that of the selected application. [`Error::Handshake`]: the card does not have the keys.
    ///
    /// A challenge that the card says is pseudo-random has to be the one of its counter and `aid`; an empty `aid` leaves
    /// that out. [`Error::NotSupported`]: not SCP03, or the card cannot protect responses. [`Error::Credentials`]: keys of a
    /// length that AES does not have.
    pub fn open(
        &mut self,
        crypto: &dyn Crypto,
        keys: &dyn StaticKeys,
        host_challenge: &[u8],
        aid: &[u8],
        response: &[u8],
    ) -> Result<([u8; 16], usize), Error> {
        self.close();
        let opened = self.greet(crypto, keys, host_challenge, aid, response);
        if opened.is_err() {
            self.close();
        }
        opened
    }

    fn greet(
        &mut self,
        crypto: &dyn Crypto,
        keys: &dyn StaticKeys,
        host_challenge: &[u8],
        aid: &[u8],
        response: &[u8],
    ) -> Result<([u8; 16], usize), Error> {
        let size = host_challenge.len();
        let greeting = Greeting::parse(size, response)?;
        if !matches!(keys.length(), 16 | 24 | KEY_MAX) {
            return Err(Error::Credentials);
        }
        if !aid.is_empty() {
            greeting.check_challenge(keys, aid)?;
        }
        (self.key_length, self.mac_length) = (keys.length() as u8, size as u8);
        let mut context = [0; 2 * BLOCK];
        put(&mut context, 0, host_challenge)?;
        put(&mut context, size, greeting.challenge)?;
        let context = context.get(..size.wrapping_add(size)).ok_or(Error::Malformed)?;
        self.derive_keys(keys, context)?;

        let mut card = [0; BLOCK];
        self.cryptogram(crypto, CARD_CRYPTOGRAM, context, &mut card)?;
        if !same(card.get(..size).unwrap_or(&[]), greeting.cryptogram) {
            return Err(Error::Handshake);
        }
        let mut host = [0; BLOCK];
        self.cryptogram(crypto, HOST_CRYPTOGRAM, context, &mut host)?;
        self.state = State::Greeted;
        Ok((host, size))
    }

    fn derive_keys(&mut self, keys: &dyn StaticKeys, context: &[u8]) -> Result<(), Error> {
        let wanted = [
            (Key::Enc, S_ENC, &mut self.enc),
            (Key::Mac, S_MAC, &mut self.mac),
            (Key::Mac, S_RMAC, &mut self.rmac),
        ];
        for (key, constant, out) in wanted {
            derive(keys, key, constant, context, out.get_mut(..self.key_length.into()).unwrap_or(&mut []))?;
        }
        Ok(())
    }

    /// The first `mac_length` bytes of `out`; the rest stays 0.
    fn cryptogram(
        &self,
        crypto: &dyn Crypto,
        constant: u8,
        context: &[u8],
        out: &mut [u8; BLOCK],
    ) -> Result<(), Error> {
        let out = self.checksum_of(out);
        let label = label(constant, out.len(), 1);
        shortened(crypto, Cipher::Aes, self.key(&self.mac), &[&label, context], out)
    }

    /// Whether commands are protected: from [`Channel::open`] on, EXTERNAL AUTHENTICATE included.
    pub const fn is_open(&self) -> bool {
        !matches!(self.state, State::Closed)
    }

    /// The most data of a command in this session.
    pub const fn data_max(&self) -> usize {
        // whole blocks and a checksum of 16 bytes make 255 with one block less
        if self.mac_length as usize == BLOCK { DATA_MAX - BLOCK } else { DATA_MAX }
    }

    /// Protects a plain command APDU in place, of any class and channel; its new length. EXTERNAL AUTHENTICATE (INS 82) gets
    /// its checksum alone.
    ///
    /// [`Error::State`]: EXTERNAL AUTHENTICATE is what comes first, and once. [`Error::TooLarge`]: more than
    /// [`Channel::data_max`]. Le stays that of the plain command.
    pub fn wrap(
        &mut self,
        crypto: &dyn Crypto,
        apdu: &mut [u8; COMMAND_MAX],
        length: usize,
    ) -> Result<usize, Error> {
        let plain = apdu.get(..length).ok_or(Error::Malformed)?;
        let (data, le) = parts(plain)?;
        if data > self.data_max() {
            return Err(Error::TooLarge);
        }
        let [_, ins, p1, ..] = *apdu;
        let (secret, next) = match (self.state, ins) {
            (State::Greeted, EXTERNAL_AUTHENTICATE) if p1 == LEVEL => (false, State::Authenticating),
            (State::Open, ins) if ins != EXTERNAL_AUTHENTICATE => (true, State::Open),
            _ => return Err(Error::State),
        };
        let wrapped = self.protect(crypto, apdu, data, le, secret);
        match wrapped {
            Ok(_) => self.state = next,
            Err(_) => self.close(),
        }
        wrapped
    }

    fn protect(
        &mut self,
        crypto: &dyn Crypto,
        apdu: &mut [u8; COMMAND_MAX],
        mut data: usize,
        le: Option<u8>,
        secret: bool,
    ) -> Result<usize, Error> {
        if secret {
            // without data too
            self.counter = self.counter.checked_add(1).ok_or(Error::State)?;
            data = self.encipher(crypto, apdu, data)?;
        }
        let [cla, _, _, _, lc, ..] = apdu;
        let sent = *cla | if *cla & 0x40 == 0 { 0x04 } else { 0x20 };
        // the checksum does not know of logical channels
        *cla = (*cla & 0x90) | 0x04;
        *lc = (data as u8).wrapping_add(self.mac_length);
        let end = data.wrapping_add(HEAD);
        let mut chain = [0; BLOCK];
        let covered = apdu.get(..end).ok_or(Error::Full)?;
        crypto.mac(Cipher::Aes, self.key(&self.mac), &[&self.chain, covered], &mut chain)?;
        self.chain = chain;
        let [cla, ..] = apdu;
        *cla = sent;
        let checksum = self.chain.get(..self.mac_length.into()).unwrap_or(&[]);
        put(apdu, end, checksum)?;
        let end = end.wrapping_add(checksum.len());
        match le {
            Some(le) => put(apdu, end, &[le]).map(|()| end.wrapping_add(1)),
            None => Ok(end),
        }
    }

    /// Pads and enciphers data if there is any; its new length.
    fn encipher(
        &self,
        crypto: &dyn Crypto,
        apdu: &mut [u8; COMMAND_MAX],
        length: usize,
    ) -> Result<usize, Error> {
        if length == 0 {
            return Ok(0);
        }
        let (_, data) = apdu.split_at_mut_checked(HEAD).ok_or(Error::Full)?;
        let padded = (length | (BLOCK - 1)).wrapping_add(1);
        let data = data.get_mut(..padded).ok_or(Error::Full)?;
        let padding = data.get_mut(length..).unwrap_or(&mut []);
        padding.fill(0);
        put(padding, 0, &[0x80])?;
        let iv = self.icv(crypto, 0x00)?;
        crypto.cbc(Cipher::Aes, true, self.key(&self.enc), &iv, data)?;
        Ok(padded)
    }

    /// Checks and deciphers a response (data and status word) in place; its new length. A status word that comes bare
    /// passes where that is allowed. [`Error::Handshake`]: the checksum is wrong, and the session is over.
    ///
    /// Any other error ends the session too, but [`Error::State`] where no response is expected; nothing is left of the
    /// response then. A card that ends the session says so by 6982 (6987, 6988): that passes, and the channel is closed.
    pub fn unwrap(
        &mut self,
        crypto: &dyn Crypto,
        response: &mut [u8],
        length: usize,
    ) -> Result<usize, Error> {
        if matches!(self.state, State::Closed | State::Greeted) {
            return Err(Error::State);
        }
        let Some(response) = response.get_mut(..length) else {
            self.close();
            return Err(Error::Malformed);
        };
        let opened = match self.state {
            State::Open => self.check(crypto, response),
            _ => self.authenticated(response),
        };
        if opened.is_err() {
            self.close();
            zeroise(response);
        }
        opened
    }

    /// The response to EXTERNAL AUTHENTICATE, which bears no checksum.
    fn authenticated(&mut self, response: &[u8]) -> Result<usize, Error> {
        if response != b"\x90\x00" {
            return Err(Error::Handshake);
        }
        self.state = State::Open;
        Ok(response.len())
    }

    fn check(&mut self, crypto: &dyn Crypto, response: &mut [u8]) -> Result<usize, Error> {
        let (body, status) = response.split_last_chunk_mut::<2>().ok_or(Error::Malformed)?;
        let status = *status;
        if !matches!(status, [0x90, 0x00] | [0x62 | 0x63, _]) {
            if !body.is_empty() {
                return Err(Error::Handshake);
            }
            if matches!(status, [0x69, 0x82 | 0x87 | 0x88]) {
                self.close();
            }
            return Ok(status.len());
        }
        let length = body.len().checked_sub(self.mac_length.into()).ok_or(Error::Handshake)?;
        let (data, told) = body.split_at_mut_checked(length).ok_or(Error::Handshake)?;
        let mut own = [0; BLOCK];
        let own = self.checksum_of(&mut own);
        shortened(crypto, Cipher::Aes, self.key(&self.rmac), &[&self.chain, data, &status], own)?;
        if !same(own, told) {
            return Err(Error::Handshake);
        }
        let length = self.decipher(crypto, data)?;
        put(response, length, &status)?;
        Ok(length.wrapping_add(status.len()))
    }

    /// Deciphers data if there is any; how much is left without padding.
    fn decipher(&self, crypto: &dyn Crypto, data: &mut [u8]) -> Result<usize, Error> {
        if data.is_empty() {
            return Ok(0);
        }
        if !data.len().is_multiple_of(BLOCK) {
            return Err(Error::Malformed);
        }
        let iv = self.icv(crypto, 0x80)?;
        crypto.cbc(Cipher::Aes, false, self.key(&self.enc), &iv, data)?;
        // one 80, and zeros to the end of its block
        let (before, last) = data.split_last_chunk::<BLOCK>().ok_or(Error::Malformed)?;
        let mut kept = BLOCK;
        while let Some(fewer) = kept.checked_sub(1) {
            kept = fewer;
            match last.get(kept) {
                Some(0) => {}
                Some(0x80) => return Ok(before.len().wrapping_add(kept)),
                _ => break,
            }
        }
        Err(Error::Malformed)
    }

    /// The IV of a command (`direction` 00) or of its response (80): the counter, enciphered.
    fn icv(&self, crypto: &dyn Crypto, direction: u8) -> Result<[u8; BLOCK], Error> {
        let mut icv = u128::from(self.counter).to_be_bytes();
        let [first, ..] = &mut icv;
        *first |= direction;
        crypto.cbc(Cipher::Aes, true, self.key(&self.enc), &ZERO_IV, &mut icv)?;
        Ok(icv)
    }

    fn key<'k>(&self, key: &'k [u8; KEY_MAX]) -> &'k [u8] {
        key.get(..self.key_length.into()).unwrap_or(&[])
    }

    /// As much as this session has of a checksum.
    fn checksum_of<'b>(&self, block: &'b mut [u8; BLOCK]) -> &'b mut [u8] {
        block.get_mut(..self.mac_length.into()).unwrap_or(&mut [])
    }

    /// Ends the session and zeroises its keys.
    pub fn close(&mut self) {
        for key in [&mut self.enc, &mut self.mac, &mut self.rmac] {
            zeroise(key);
        }
        zeroise(&mut self.chain);
        (self.state, self.counter) = (State::Closed, 0);
    }
}

impl<'r> Greeting<'r> {
    /// Diversification data (10), key version, SCP, i, challenge, cryptogram, and sequence counter (3) where i says so.
    fn parse(size: usize, response: &'r [u8]) -> Result<Self, Error> {
        if size != BLOCK / 2 && size != BLOCK {
            return Err(Error::BadValue);
        }
        let (_, rest) = response.split_at_checked(10).ok_or(Error::Malformed)?;
        let ([_, scp, i], rest) = rest.split_first_chunk::<3>().ok_or(Error::Malformed)?;
        // R-MAC and R-ENCRYPTION: without them the card cannot do what LEVEL says
        if *scp != 0x03 || i & 0x60 != 0x60 {
            return Err(Error::NotSupported);
        }
        let (challenge, rest) = rest.split_at_checked(size).ok_or(Error::Malformed)?;
        let (cryptogram, rest) = rest.split_at_checked(size).ok_or(Error::Malformed)?;
        let sequence = match (i & 0x10 != 0, rest.len()) {
            (true, 3) => Some(rest),
            (false, 0) => None,
            _ => return Err(Error::Malformed),
        };
        Ok(Self { challenge, cryptogram, sequence })
    }

    /// A pseudo-random challenge is made of the sequence counter and the AID.
    fn check_challenge(&self, keys: &dyn StaticKeys, aid: &[u8]) -> Result<(), Error> {
        let Some(sequence) = self.sequence else { return Ok(()) };
        let mut context = [0; 3 + BLOCK];
        put(&mut context, 0, sequence)?;
        put(&mut context, sequence.len(), aid)?;
        let context = context.get(..sequence.len().wrapping_add(aid.len())).ok_or(Error::BadValue)?;
        let mut challenge = [0; BLOCK];
        let challenge = challenge.get_mut(..self.challenge.len()).ok_or(Error::Malformed)?;
        derive(keys, Key::Enc, CARD_CHALLENGE, context, challenge)?;
        if same(challenge, self.challenge) { Ok(()) } else { Err(Error::Handshake) }
    }
}

/// Where the data of a plain command ends, counted from its head, and its Le.
fn parts(apdu: &[u8]) -> Result<(usize, Option<u8>), Error> {
    let (_, rest) = apdu.split_at_checked(HEAD - 1).ok_or(Error::Malformed)?;
    match *rest {
        [] => Ok((0, None)),
        [le] => Ok((0, Some(le))),
        [lc, ref rest @ ..] if lc > 0 => match (rest.len().checked_sub(lc.into()), rest) {
            (Some(0), _) => Ok((lc.into(), None)),
            (Some(1), [.., le]) => Ok((lc.into(), Some(*le))),
            _ => Err(Error::Malformed),
        },
        _ => Err(Error::Malformed),
    }
}

/// What stands before the context of a derivation (NIST SP 800-108, in the order of GlobalPlatform): eleven zeros, what is
/// derived, a zero, how many bits, and which block of them.
fn label(constant: u8, bytes: usize, block: u8) -> [u8; LABEL] {
    let [high, low] = (bytes as u16).wrapping_mul(8).to_be_bytes();
    [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, constant, 0, high, low, block]
}

/// As many bytes as `out` has, from a static key. `context` has 32 bytes at most.
fn derive(
    keys: &dyn StaticKeys,
    key: Key,
    constant: u8,
    context: &[u8],
    out: &mut [u8],
) -> Result<(), Error> {
    let bytes = out.len();
    let mut message = [0; LABEL + 2 * BLOCK];
    put(&mut message, LABEL, context)?;
    let mut block = [0; BLOCK];
    let mut number = 0u8;
    for part in out.chunks_mut(BLOCK) {
        number = number.wrapping_add(1);
        put(&mut message, 0, &label(constant, bytes, number))?;
        let message = message.get(..LABEL.wrapping_add(context.len())).ok_or(Error::Full)?;
        let done = keys.cmac(key, message, &mut block);
        put(part, 0, block.get(..part.len()).unwrap_or(&[]))?;
        zeroise(&mut block);
        done?;
    }
    Ok(())
}

#[cfg(all(test, feature = "crypto"))]
#[path = "scp03_tests.rs"]
mod tests;
