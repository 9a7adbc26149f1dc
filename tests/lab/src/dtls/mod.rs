//! DTLS in front of a server: one DTLS 1.2 server on Mbed TLS (C, in `tests/lab/dtls`), in virtual time.
//!
//! It is written directly on Mbed TLS's API and shares no line with the client's backend in `ports/mbedtls`, so that the
//! two check each other. [`Gate`] puts it before a [`crate::Server`], which then sees plaintext from a peer that stays
//! the same for a session, wherever the device is. [`records`] looks at datagrams without Mbed TLS.

mod gate;
mod native;
pub mod records;
#[cfg(test)]
mod tests;

pub use gate::{Certified, Front, Gate, Settings, peer_of};
pub use native::{CID_LENGTH, Counters};

/// TLS_PSK_WITH_AES_128_CCM_8.
pub const PSK_CCM_8: u16 = 0xc0a8;
/// TLS_PSK_WITH_AES_128_CBC_SHA256.
pub const PSK_CBC_SHA256: u16 = 0x00ae;
/// TLS_ECDHE_ECDSA_WITH_AES_128_CCM_8.
pub const ECDSA_CCM_8: u16 = 0xc0ae;
/// TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA256.
pub const ECDSA_CBC_SHA256: u16 = 0xc023;

/// Certificates and keys of the bench, DER.
pub mod keys {
    /// Who vouches for the others.
    pub const AUTHORITY: &[u8] = include_bytes!("../../dtls/keys/authority.der");
    /// The server's, for 10.0.0.2, 10.0.0.3 and `lwm2m.example`.
    pub const SERVER: &[u8] = include_bytes!("../../dtls/keys/server.der");
    /// Its private key.
    pub const SERVER_KEY: &[u8] = include_bytes!("../../dtls/keys/server.key.der");
    /// A server's for `elsewhere.example`.
    pub const ELSEWHERE: &[u8] = include_bytes!("../../dtls/keys/elsewhere.der");
    /// Its private key.
    pub const ELSEWHERE_KEY: &[u8] = include_bytes!("../../dtls/keys/elsewhere.key.der");
    /// The device's.
    pub const CLIENT: &[u8] = include_bytes!("../../dtls/keys/client.der");
    /// Its private key.
    pub const CLIENT_KEY: &[u8] = include_bytes!("../../dtls/keys/client.key.der");
    /// Another device's, for which nobody vouches.
    pub const STRANGER: &[u8] = include_bytes!("../../dtls/keys/stranger.der");
    /// Its private key.
    pub const STRANGER_KEY: &[u8] = include_bytes!("../../dtls/keys/stranger.key.der");
}
