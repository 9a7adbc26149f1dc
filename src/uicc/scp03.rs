//! The secure channel SCP03 (TS 1.0 Appendix H; GlobalPlatform Amendment D): sessions keys, the cryptograms of both sides,
//! commands and responses under encryption and checksum.

use super::COMMAND_MAX;
use crate::crypto::{BLOCK, Crypto};
use crate::error::Error;

/// C-DECRYPTION, C-MAC, R-MAC and R-ENCRYPTION: what LwM2M wants.
pub const LEVEL: u8 = 0x33;

/// By how much a response is longer than its data at most: padding and checksum.
pub const RESPONSE_OVERHEAD: usize = 32;

/// The most data of a command or a response.
pub const DATA_MAX: usize = 239;

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

    fn cmac(&self, _key: Key, _message: &[u8], _out: &mut [u8; BLOCK]) -> Result<(), Error> {
        Err(Error::NotSupported)
    }
}

/// A channel that is open, or being opened: its session keys are zeroised by [`Channel::close`].
pub struct Channel {
    _private: (),
}

impl Channel {
    /// No session.
    pub const CLOSED: Self = Self { _private: () };

    /// Takes the response to INITIALIZE UPDATE (without status word): checks the card's cryptogram, and gives the data
    /// field of EXTERNAL AUTHENTICATE, host cryptogram without C-MAC. `host_challenge` has 8 bytes (S8) or 16 (S16); `aid` is
    /// that of the selected application. [`Error::Handshake`]: the card does not have the keys.
    pub fn open(
        &mut self,
        _crypto: &dyn Crypto,
        _keys: &dyn StaticKeys,
        _host_challenge: &[u8],
        _aid: &[u8],
        _response: &[u8],
    ) -> Result<([u8; 16], usize), Error> {
        Err(Error::NotSupported)
    }

    /// Whether commands are protected.
    pub const fn is_open(&self) -> bool {
        false
    }

    /// Protects a plain command APDU in place, of any class and channel; its new length. EXTERNAL AUTHENTICATE (INS 82) gets
    /// its checksum alone.
    pub fn wrap(
        &mut self,
        _crypto: &dyn Crypto,
        _apdu: &mut [u8; COMMAND_MAX],
        _length: usize,
    ) -> Result<usize, Error> {
        Err(Error::NotSupported)
    }

    /// Checks and deciphers a response (data and status word) in place; its new length. A status word that comes bare
    /// passes where that is allowed. [`Error::Handshake`]: the checksum is wrong, and the session is over.
    pub fn unwrap(
        &mut self,
        _crypto: &dyn Crypto,
        _response: &mut [u8],
        _length: usize,
    ) -> Result<usize, Error> {
        Err(Error::NotSupported)
    }

    /// Ends the session and zeroises its keys.
    pub fn close(&mut self) {}
}
