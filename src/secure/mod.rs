//! What protects a session on a link: a DTLS backend of the platform (TS 1.0 section 7.1), as the engine sees it.
//!
//! The backend turns datagrams into plaintext and back; it owns keys, handshake and timers, the engine owns the link and
//! the clock. What each function promises stands at `whimbrel_security_t`, which is the same table for C.

use crate::error::Error;
use crate::port::Port;
use crate::time::Instant;

/// What a backend can do, as bits: `WHIMBREL_CAN_…`.
pub mod can {
    /// Security Mode 0.
    pub const PSK: u32 = 1;
    /// Security Mode 1.
    pub const RAW_PUBLIC_KEY: u32 = 2;
    /// Security Mode 2.
    pub const CERTIFICATE: u32 = 4;
    /// An association can be saved and loaded.
    pub const SAVE: u32 = 32;
}

/// How a session ends, as bits.
pub mod end {
    /// Without a word, and it may be resumed.
    pub const QUIETLY: u32 = 0;
    /// The peer is told.
    pub const NOTIFY: u32 = 1;
    /// It will not be resumed.
    pub const FORGET: u32 = 2;
}

/// How many cipher suites an account can name.
pub const CIPHERSUITES: usize = 16;

/// What a session is made of.
#[derive(Clone, Copy, Debug)]
pub struct Setup<'s> {
    /// Security Mode.
    pub mode: u8,
    /// Certificate Usage plus one.
    pub usage: u8,
    /// Matching Type.
    pub matching: u8,
    /// Whether a certificate must be for `name` even if it is the very one expected.
    pub check_name: bool,
    /// Whether we are the DTLS server (TS 1.0 section 7.1.6).
    pub serves: bool,
    /// Whether `name` is an address literal.
    pub name_is_address: bool,
    /// The largest datagram that may be sent.
    pub mtu: u16,
    /// The first and the longest retransmission timeout of the handshake in milliseconds.
    pub timeouts_ms: (u32, u32),
    /// The cipher suites to offer, two bytes each; empty: the backend's own list.
    pub ciphersuites: &'s [u8],
    /// Public Key or Identity.
    pub identity: &'s [u8],
    /// Server Public Key.
    pub server_key: &'s [u8],
    /// Secret Key.
    pub secret_key: &'s [u8],
    /// The reference identifier.
    pub name: &'s str,
}

/// Where a session stands.
#[derive(Clone, Copy, Debug)]
pub struct Standing {
    /// When it wants [`Backend::step`].
    pub deadline: Instant,
    /// The number of the next record that it will send under its keys.
    pub sequence: u64,
    /// The last alert of the peer, negative for none.
    pub alert: i32,
    /// The cipher suite.
    pub ciphersuite: u16,
    /// By how much a datagram is longer than what is written.
    pub overhead: u16,
    /// Whether the handshake is done.
    pub established: bool,
    /// Whether it was an abbreviated one, or none at all.
    pub resumed: bool,
    /// Whether our address may change.
    pub connection_id: bool,
    /// Whether it can be saved now.
    pub savable: bool,
}

/// A DTLS backend. Each function gets the platform, through which it reaches its own table and sends.
pub trait Backend: Sync {
    /// Bits of [`can`].
    fn capabilities(&self, port: &dyn Port) -> u32;
    /// Begins a session; nothing is sent.
    fn start(&self, port: &dyn Port, session: u8, setup: &Setup<'_>) -> Result<(), Error>;
    /// Does what is due. After an error of this and of the next two the session is over.
    fn step(&self, port: &dyn Port, session: u8, now: Instant) -> Result<(), Error>;
    /// Takes the first `length` bytes of `buffer` as a datagram, or with 0 goes on with the one before; gives the plaintext
    /// of one record in `buffer`, 0 for none. [`Error::Truncated`]: it did not fit, and the session lives.
    fn feed(
        &self,
        port: &dyn Port,
        session: u8,
        now: Instant,
        buffer: &mut [u8],
        length: usize,
    ) -> Result<usize, Error>;
    /// Sends plaintext as one record. [`Error::TooLarge`]: it is not sent, and the session lives.
    fn write(&self, port: &dyn Port, session: u8, now: Instant, plain: &[u8]) -> Result<(), Error>;
    /// Where a session stands.
    fn state(&self, port: &dyn Port, session: u8) -> Standing;
    /// Puts the association into `buffer`; it goes on.
    fn save(&self, port: &dyn Port, session: u8, buffer: &mut [u8]) -> Result<usize, Error>;
    /// Begins a session from what was saved; the next record gets the number `sequence`.
    fn load(
        &self,
        port: &dyn Port,
        session: u8,
        setup: &Setup<'_>,
        data: &[u8],
        sequence: u64,
    ) -> Result<(), Error>;
    /// Every record up to the last one that came counts as received.
    fn fence(&self, port: &dyn Port, session: u8);
    /// Ends a session; `how` is bits of [`end`].
    fn end(&self, port: &dyn Port, session: u8, now: Instant, how: u32);
}
