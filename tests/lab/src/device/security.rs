//! What accounts are secured with, as the application says it.

use crate::dtls::keys;
use crate::net::Peer;
use std::ffi::CString;
use std::ptr;
use whimbrel::capi::*;

/// The resources of the Security object that have to do with security. The default is NoSec.
#[derive(Clone, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub struct Security {
    pub mode: u8,
    pub certificate_usage: u8,
    pub matching_type: u8,
    pub identity: Vec<u8>,
    pub server_key: Vec<u8>,
    pub secret_key: Vec<u8>,
    pub sni: Option<CString>,
    pub ciphersuites: Vec<u16>,
}

impl Default for Security {
    fn default() -> Self {
        Self {
            mode: WHIMBREL_NOSEC,
            certificate_usage: 0,
            matching_type: 0,
            identity: Vec::new(),
            server_key: Vec::new(),
            secret_key: Vec::new(),
            sni: None,
            ciphersuites: Vec::new(),
        }
    }
}

impl Security {
    /// A pre-shared key.
    pub fn psk(identity: &str, key: &[u8]) -> Self {
        Self { mode: WHIMBREL_PSK, identity: identity.into(), secret_key: key.into(), ..Self::default() }
    }

    /// The bench's client certificate; the server's must equal the bench's (LwM2M 1.0).
    pub fn certificate() -> Self {
        Self {
            mode: WHIMBREL_CERTIFICATE,
            identity: keys::CLIENT.into(),
            server_key: keys::SERVER.into(),
            secret_key: keys::CLIENT_KEY.into(),
            ..Self::default()
        }
    }

    /// Raw public keys: the own one, the server's, the private one.
    pub fn raw_public_key(identity: &[u8], server_key: &[u8], secret_key: &[u8]) -> Self {
        Self {
            mode: WHIMBREL_RAW_PUBLIC_KEY,
            identity: identity.into(),
            server_key: server_key.into(),
            secret_key: secret_key.into(),
            ..Self::default()
        }
    }

    /// Only these cipher suites.
    pub fn with_suites(self, ciphersuites: &[u16]) -> Self {
        Self { ciphersuites: ciphersuites.to_vec(), ..self }
    }

    /// Whether the mode secures.
    pub const fn secures(&self) -> bool {
        self.mode != WHIMBREL_NOSEC
    }

    /// The URI of a server that is secured in this way, or not at all.
    pub fn uri(&self, peer: Peer) -> String {
        format!("{}://{peer}", if self.secures() { "coaps" } else { "coap" })
    }

    /// How many bytes the client must hold for it, without the URI.
    pub(crate) fn length(&self) -> usize {
        let sni = self.sni.as_ref().map_or(0, |sni| sni.as_bytes().len());
        let keys = self.identity.len() + self.server_key.len() + self.secret_key.len();
        keys + sni + 2 * self.ciphersuites.len()
    }

    /// As C sees it; valid as long as this lives.
    pub(super) fn given(&self) -> whimbrel_credentials_t {
        whimbrel_credentials_t {
            size: size_of::<whimbrel_credentials_t>(),
            mode: self.mode,
            certificate_usage: self.certificate_usage,
            matching_type: self.matching_type,
            identity: self.identity.as_ptr(),
            identity_length: self.identity.len(),
            server_key: self.server_key.as_ptr(),
            server_key_length: self.server_key.len(),
            secret_key: self.secret_key.as_ptr(),
            secret_key_length: self.secret_key.len(),
            sni: self.sni.as_ref().map_or(ptr::null(), |sni| sni.as_ptr()),
            ciphersuites: if self.ciphersuites.is_empty() { ptr::null() } else { self.ciphersuites.as_ptr() },
            ciphersuite_count: self.ciphersuites.len(),
        }
    }
}
