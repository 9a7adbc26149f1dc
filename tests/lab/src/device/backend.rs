//! The security backends that a device can have: Mbed TLS by `ports/mbedtls`, or the TLS of a modem.

use super::modem::{Modem, Started};
use std::ffi::c_void;
use std::ptr;
use whimbrel::capi::*;

/// Which backend the port names.
#[derive(Clone, Debug, Default)]
pub enum Backend {
    /// None.
    #[default]
    None,
    /// The supplied one.
    MbedTls(Options),
    /// One that only Raw Public Keys can do, and sends plaintext.
    Modem,
}

/// How Mbed TLS's backend is opened.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// Certificates of authorities, DER.
    pub trust_store: &'static [u8],
    /// Dates of certificates are not judged while the time is not known.
    pub ignore_dates: bool,
    /// Connection ID is not offered.
    pub no_connection_id: bool,
    /// Session tickets are asked for with PSK too.
    pub psk_tickets: bool,
}

/// lab_backend_t
#[repr(C)]
struct Wanted {
    port: *const whimbrel_port_t,
    trust_store: *const u8,
    trust_store_length: usize,
    ignore_dates: u8,
    no_connection_id: u8,
    psk_tickets: u8,
    sessions: u8,
}

#[repr(C)]
struct Opaque([u8; 0]);

unsafe extern "C" {
    fn lab_backend_open(wanted: *const Wanted, backend: *mut *mut Opaque) -> i32;
    fn whimbrel_mbedtls_security(backend: *mut Opaque) -> *const whimbrel_security_t;
    fn whimbrel_mbedtls_close(backend: *mut Opaque);
}

/// A backend that is open; it must be dropped after the client has ended and before the platform goes.
pub(super) enum Opened {
    None,
    MbedTls(*mut c_void),
    Modem(Box<(Modem, whimbrel_security_t)>),
}

impl Opened {
    /// Opens a backend. `port` gives the chance.
    pub fn new(wanted: &Backend, port: &whimbrel_port_t, sessions: u16) -> Self {
        match wanted {
            Backend::None => Self::None,
            Backend::Modem => {
                let mut both = Box::new((Modem::default(), Modem::default().table()));
                both.1 = both.0.table();
                Self::Modem(both)
            }
            Backend::MbedTls(options) => {
                let store = options.trust_store;
                let wanted = Wanted {
                    port,
                    trust_store: if store.is_empty() { ptr::null() } else { store.as_ptr() },
                    trust_store_length: store.len(),
                    ignore_dates: options.ignore_dates.into(),
                    no_connection_id: options.no_connection_id.into(),
                    psk_tickets: options.psk_tickets.into(),
                    sessions: sessions as u8,
                };
                let mut backend = ptr::null_mut();
                // SAFETY: the port's context outlives the backend, and the trust store is static
                let status = unsafe { lab_backend_open(&wanted, &mut backend) };
                assert_eq!(status, WHIMBREL_OK, "the backend opens");
                Self::MbedTls(backend.cast())
            }
        }
    }

    /// The table for the port.
    pub fn table(&self) -> *const whimbrel_security_t {
        match self {
            Self::None => ptr::null(),
            // SAFETY: it is open
            Self::MbedTls(backend) => unsafe { whimbrel_mbedtls_security(backend.cast()) },
            Self::Modem(both) => &both.1,
        }
    }

    /// What the sessions of a modem were begun with.
    pub fn started(&self) -> Vec<Started> {
        match self {
            Self::Modem(both) => both.0.started.borrow().clone(),
            _ => Vec::new(),
        }
    }
}

impl Drop for Opened {
    fn drop(&mut self) {
        if let Self::MbedTls(backend) = self {
            // SAFETY: it is open, and the client has ended
            unsafe { whimbrel_mbedtls_close(backend.cast()) };
        }
    }
}
