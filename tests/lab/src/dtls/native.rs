//! The C server from Rust. All `unsafe` of this side is here; what C calls back with lands in queues.
#![allow(unsafe_code)]

use super::Settings;
use crate::Random;
use crate::net::Peer;
use std::cell::RefCell;
use std::collections::VecDeque;
use std::ffi::c_void;
use std::net::{IpAddr, Ipv6Addr};
use std::{ptr, slice};

/// How long the Connection IDs are that the server gives.
pub const CID_LENGTH: usize = 6;

/// What a DTLS server did so far.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[repr(C)]
pub struct Counters {
    /// Full handshakes that were completed.
    pub full: u32,
    /// Abbreviated ones.
    pub resumed: u32,
    /// Handshakes that ended otherwise.
    pub failed: u32,
    /// Sessions ended by a client's close_notify.
    pub closed: u32,
    /// Datagrams to an established session that led to nothing.
    pub dropped: u32,
    /// Datagrams for which there is no session.
    pub strange: u32,
    /// Changes of a session's address.
    pub moved: u32,
    /// Messages that were too large, or for nobody.
    pub unsent: u32,
    /// Description of the latest fatal alert received; -1: none.
    pub alert: i32,
    /// Description of the latest fatal alert sent in clear; -1: none.
    pub alert_out: i32,
    /// Why the latest handshake or session failed, a number of Mbed TLS; 0: none did.
    pub status: i32,
    /// Cipher suite of the latest session, by IANA number.
    pub suite: i32,
}

#[derive(Clone, Copy)]
#[repr(C)]
struct Address([u8; 18]);

#[repr(C)]
struct Config {
    context: *mut c_void,
    random: unsafe extern "C" fn(*mut c_void, *mut u8, usize),
    send: unsafe extern "C" fn(*mut c_void, *const Address, *const u8, usize),
    message: unsafe extern "C" fn(*mut c_void, u32, *const u8, usize),
    psk: unsafe extern "C" fn(*mut c_void, *const u8, usize, *mut u8, usize) -> usize,
    certificate: *const u8,
    certificate_length: usize,
    key: *const u8,
    key_length: usize,
    trust: *const u8,
    trust_length: usize,
    ciphersuites: *const u16,
    ciphersuite_count: usize,
    first_timeout_ms: u32,
    longest_timeout_ms: u32,
    resumable_ms: u32,
    mtu: u16,
    cookies: u8,
    tickets: u8,
    session_ids: u8,
    connection_ids: u8,
}

#[repr(C)]
struct Opaque([u8; 0]);

unsafe extern "C" {
    fn lab_dtls_new(config: *const Config) -> *mut Opaque;
    fn lab_dtls_free(server: *mut Opaque);
    fn lab_dtls_input(server: *mut Opaque, now: u64, from: *const Address, datagram: *const u8, size: usize);
    fn lab_dtls_poll(server: *mut Opaque, now: u64);
    fn lab_dtls_deadline(server: *const Opaque) -> u64;
    fn lab_dtls_write(server: *mut Opaque, peer: u32, plain: *const u8, size: usize);
    fn lab_dtls_alert(server: *mut Opaque, peer: u32, level: u8, description: u8) -> i32;
    fn lab_dtls_close(server: *mut Opaque, peer: u32) -> i32;
    fn lab_dtls_forget(server: *mut Opaque, also_resumption: i32);
    fn lab_dtls_sessions(server: *const Opaque) -> usize;
    fn lab_dtls_counters(server: *const Opaque, counters: *mut Counters);
}

/// What C calls back into.
struct Shared {
    random: RefCell<Random>,
    psks: RefCell<Vec<(Vec<u8>, Vec<u8>)>>,
    datagrams: RefCell<VecDeque<(Peer, Vec<u8>)>>,
    messages: RefCell<VecDeque<(u32, Vec<u8>)>>,
}

/// The server.
pub(super) struct Native {
    server: *mut Opaque,
    shared: Box<Shared>,
}

fn address(peer: Peer) -> Address {
    let ip = match peer.ip() {
        IpAddr::V4(ip) => ip.to_ipv6_mapped(),
        IpAddr::V6(ip) => ip,
    };
    let mut bytes = [0; 18];
    bytes[..16].copy_from_slice(&ip.octets());
    bytes[16..].copy_from_slice(&peer.port().to_be_bytes());
    Address(bytes)
}

fn peer(address: &Address) -> Peer {
    let (ip, port) = address.0.split_at(16);
    let ip = Ipv6Addr::from(<[u8; 16]>::try_from(ip).expect("16 bytes")).to_canonical();
    Peer::new(ip, u16::from_be_bytes([port[0], port[1]]))
}

/// # Safety
/// `context` is the `Shared` that `Native::new` gave.
unsafe fn shared<'a>(context: *mut c_void) -> &'a Shared {
    // SAFETY: the contract above; it lives as long as the server, and only shared references are made
    unsafe { &*context.cast::<Shared>() }
}

unsafe extern "C" fn random(context: *mut c_void, buffer: *mut u8, size: usize) {
    // SAFETY: `size` bytes at `buffer`
    let (shared, buffer) = unsafe { (shared(context), slice::from_raw_parts_mut(buffer, size)) };
    buffer.fill_with(|| shared.random.borrow_mut().next() as u8);
}

unsafe extern "C" fn send(context: *mut c_void, to: *const Address, datagram: *const u8, size: usize) {
    // SAFETY: an address, and `size` bytes at `datagram`
    let (shared, to, datagram) =
        unsafe { (shared(context), peer(&*to), slice::from_raw_parts(datagram, size)) };
    shared.datagrams.borrow_mut().push_back((to, datagram.to_vec()));
}

unsafe extern "C" fn message(context: *mut c_void, peer: u32, plain: *const u8, size: usize) {
    // SAFETY: `size` bytes at `plain`
    let (shared, plain) = unsafe { (shared(context), slice::from_raw_parts(plain, size)) };
    shared.messages.borrow_mut().push_back((peer, plain.to_vec()));
}

unsafe extern "C" fn psk(
    context: *mut c_void,
    identity: *const u8,
    length: usize,
    key: *mut u8,
    room: usize,
) -> usize {
    // SAFETY: `length` bytes at `identity`, `room` bytes at `key`
    let (shared, identity, key) = unsafe {
        (shared(context), slice::from_raw_parts(identity, length), slice::from_raw_parts_mut(key, room))
    };
    let psks = shared.psks.borrow();
    let known = psks.iter().find(|(name, known)| name == identity && known.len() <= key.len());
    known.map_or(0, |(_, known)| {
        key[..known.len()].copy_from_slice(known);
        known.len()
    })
}

/// A pointer that is NULL where there is nothing.
fn some<T>(all: &[T]) -> *const T {
    if all.is_empty() { ptr::null() } else { all.as_ptr() }
}

impl Native {
    pub fn new(settings: &Settings, seed: u64) -> Self {
        let shared = Box::new(Shared {
            random: RefCell::new(Random::new(seed)),
            psks: RefCell::new(settings.psks.clone()),
            datagrams: RefCell::default(),
            messages: RefCell::default(),
        });
        let certified = settings.certified.unwrap_or_default();
        let config = Config {
            context: ptr::from_ref::<Shared>(&shared).cast_mut().cast(),
            random,
            send,
            message,
            psk,
            certificate: some(certified.certificate),
            certificate_length: certified.certificate.len(),
            key: some(certified.key),
            key_length: certified.key.len(),
            trust: some(certified.trust),
            trust_length: certified.trust.len(),
            ciphersuites: some(&settings.ciphersuites),
            ciphersuite_count: settings.ciphersuites.len(),
            first_timeout_ms: settings.timeouts.0,
            longest_timeout_ms: settings.timeouts.1,
            resumable_ms: settings.resumable_ms,
            mtu: settings.mtu,
            cookies: settings.cookies.into(),
            tickets: settings.tickets.into(),
            session_ids: settings.session_ids.into(),
            connection_ids: settings.connection_ids.into(),
        };
        // SAFETY: all of it is copied but the context, which lives in a box beside the server
        let server = unsafe { lab_dtls_new(&config) };
        assert!(!server.is_null(), "the server takes its settings");
        Self { server, shared }
    }

    pub fn know(&mut self, identity: &[u8], key: &[u8]) {
        self.shared.psks.borrow_mut().insert(0, (identity.to_vec(), key.to_vec()));
    }

    pub fn forget_identities(&mut self) {
        self.shared.psks.borrow_mut().clear();
    }

    pub fn input(&mut self, now: u64, from: Peer, datagram: &[u8]) {
        // SAFETY: the server lives; the datagram is only read during the call
        unsafe { lab_dtls_input(self.server, now, &address(from), datagram.as_ptr(), datagram.len()) };
    }

    pub fn poll(&mut self, now: u64) {
        // SAFETY: the server lives
        unsafe { lab_dtls_poll(self.server, now) };
    }

    pub fn deadline(&self) -> Option<u64> {
        // SAFETY: the server lives
        Some(unsafe { lab_dtls_deadline(self.server) }).filter(|at| *at != u64::MAX)
    }

    pub fn write(&mut self, peer: u32, plain: &[u8]) {
        // SAFETY: the server lives; the message is only read during the call
        unsafe { lab_dtls_write(self.server, peer, plain.as_ptr(), plain.len()) };
    }

    pub fn alert(&mut self, peer: u32, level: u8, description: u8) -> i32 {
        // SAFETY: the server lives
        unsafe { lab_dtls_alert(self.server, peer, level, description) }
    }

    pub fn close(&mut self, peer: u32) -> i32 {
        // SAFETY: the server lives
        unsafe { lab_dtls_close(self.server, peer) }
    }

    pub fn forget(&mut self, also_resumption: bool) {
        // SAFETY: the server lives
        unsafe { lab_dtls_forget(self.server, also_resumption.into()) };
    }

    pub fn sessions(&self) -> usize {
        // SAFETY: the server lives
        unsafe { lab_dtls_sessions(self.server) }
    }

    pub fn counters(&self) -> Counters {
        let mut counters = Counters::default();
        // SAFETY: the server lives; it fills the struct
        unsafe { lab_dtls_counters(self.server, &mut counters) };
        counters
    }

    pub fn next_datagram(&mut self) -> Option<(Peer, Vec<u8>)> {
        self.shared.datagrams.borrow_mut().pop_front()
    }

    pub fn next_message(&mut self) -> Option<(u32, Vec<u8>)> {
        self.shared.messages.borrow_mut().pop_front()
    }
}

impl Drop for Native {
    fn drop(&mut self) {
        // SAFETY: nobody uses it after this
        unsafe { lab_dtls_free(self.server) };
    }
}
