//! The UICC: APDUs, logical channels, PKCS#15, the bootstrap file and SCP03 (TS 1.0 sections 5.2.3.2, 7.2.2.2, Appendix G and
//! H; ETSI TS 102 221; PKCS#15 v1.1; GlobalPlatform Amendment D).
//!
//! Nothing here knows of the client: a [`Card`] takes command APDUs, a [`reader`] reads a card step by step.

pub mod apdu;
pub mod ber;
pub mod exchange;
pub mod fcp;
pub mod file;
pub mod pkcs15;
pub mod reader;
pub mod scp03;

use crate::crypto::Crypto;
use crate::error::Error;
use scp03::{Channel, StaticKeys};

/// The longest command: head, Lc, 255 bytes, Le.
pub const COMMAND_MAX: usize = 261;

/// The longest response: 256 bytes and the status word.
pub const RESPONSE_MAX: usize = 258;

/// A card, or the way to one. See `whimbrel_port_t.uicc_transmit`.
pub trait Card {
    /// Sends a command APDU, or asks how far that has come: the length of the response with its status word; `None`: not
    /// yet, ask again with the same command.
    ///
    /// Another command gives up the one before, whose response is dropped; an empty one only does that, and gives `Ok(None)`.
    /// [`Error::NotFound`]: there is no card; any other error: the card cannot be used now, and its channels are closed.
    fn transmit(&mut self, command: &[u8], response: &mut [u8]) -> Result<Option<usize>, Error>;
}

/// What opens and uses a secure channel: a reader that is given none does not link it.
pub trait Seal: Sync {
    /// See [`Channel::open`].
    fn open(
        &self,
        channel: &mut Channel,
        with: (&dyn Crypto, &dyn StaticKeys),
        host_challenge: &[u8],
        aid: &[u8],
        response: &[u8],
    ) -> Result<([u8; 16], usize), Error>;
    /// See [`Channel::wrap`].
    fn wrap(
        &self,
        channel: &mut Channel,
        crypto: &dyn Crypto,
        apdu: &mut [u8; COMMAND_MAX],
        length: usize,
    ) -> Result<usize, Error>;
    /// See [`Channel::unwrap`].
    fn unwrap(
        &self,
        channel: &mut Channel,
        crypto: &dyn Crypto,
        response: &mut [u8],
        length: usize,
    ) -> Result<usize, Error>;
}

/// What a secure channel is made with.
#[derive(Clone, Copy)]
pub struct Means<'m> {
    /// The primitives.
    pub crypto: &'m dyn Crypto,
    /// What is done with them.
    pub seal: &'m dyn Seal,
}

/// SCP03 as the library has it.
pub struct Sealing;

/// See [`Sealing`].
pub static SEALING: Sealing = Sealing;

impl Seal for Sealing {
    fn open(
        &self,
        channel: &mut Channel,
        (crypto, keys): (&dyn Crypto, &dyn StaticKeys),
        host_challenge: &[u8],
        aid: &[u8],
        response: &[u8],
    ) -> Result<([u8; 16], usize), Error> {
        channel.open(crypto, keys, host_challenge, aid, response)
    }

    fn wrap(
        &self,
        channel: &mut Channel,
        crypto: &dyn Crypto,
        apdu: &mut [u8; COMMAND_MAX],
        length: usize,
    ) -> Result<usize, Error> {
        channel.wrap(crypto, apdu, length)
    }

    fn unwrap(
        &self,
        channel: &mut Channel,
        crypto: &dyn Crypto,
        response: &mut [u8],
        length: usize,
    ) -> Result<usize, Error> {
        channel.unwrap(crypto, response, length)
    }
}
