//! What is C: the bench's server, and how the backend is opened. The structs are those of `tests/lab/dtls/server.h` and
//! `backend.h`.

use super::{IDENTITY, KEY, keys};
use crate::dtls::Shape;
use crate::dtls::net::DEVICE;
use crate::dtls::records::{self, APPLICATION};
use crate::dtls::world::World;
use core::ffi::c_void;
use core::ptr::{null, null_mut};
use core::slice::from_raw_parts;
use whimbrel::capi::{WHIMBREL_OK, whimbrel_port_t, whimbrel_security_t};

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

/// lab_dtls_address_t
#[repr(C)]
struct Address([u8; 18]);

/// lab_dtls_config_t
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
    fn lab_backend_open(wanted: *const Wanted, backend: *mut *mut Opaque) -> i32;
    fn whimbrel_mbedtls_security(backend: *mut Opaque) -> *const whimbrel_security_t;
    fn whimbrel_mbedtls_close(backend: *mut Opaque);
    fn lab_dtls_new(config: *const Config) -> *mut Opaque;
    fn lab_dtls_free(server: *mut Opaque);
    fn lab_dtls_input(server: *mut Opaque, now: u64, from: *const Address, datagram: *const u8, size: usize);
    fn lab_dtls_poll(server: *mut Opaque, now: u64);
    fn lab_dtls_deadline(server: *const Opaque) -> u64;
    fn lab_dtls_write(server: *mut Opaque, peer: u32, plain: *const u8, size: usize);
    fn lab_dtls_alert(server: *mut Opaque, peer: u32, level: u8, description: u8) -> i32;
    fn lab_dtls_close(server: *mut Opaque, peer: u32) -> i32;
    fn lab_dtls_forget(server: *mut Opaque, also_resumption: i32);
    fn mbedtls_sha256(input: *const u8, size: usize, output: *mut u8, is224: i32) -> i32;
}

/// The backend, open until it is dropped. The client must have ended by then.
pub struct Backend(*mut Opaque);

impl Backend {
    /// Takes its chance from `port`, whose context must outlive it.
    pub fn open(port: &whimbrel_port_t, shape: Shape) -> Self {
        let wanted = Wanted {
            port,
            trust_store: keys::AUTHORITY.as_ptr(),
            trust_store_length: keys::AUTHORITY.len(),
            ignore_dates: 0,
            no_connection_id: 0,
            psk_tickets: shape.tickets.into(),
            sessions: 1,
        };
        let mut backend = null_mut();
        assert_eq!(unsafe { lab_backend_open(&wanted, &mut backend) }, WHIMBREL_OK);
        Self(backend)
    }

    pub fn table(&self) -> *const whimbrel_security_t {
        unsafe { whimbrel_mbedtls_security(self.0) }
    }
}

impl Drop for Backend {
    fn drop(&mut self) {
        unsafe { whimbrel_mbedtls_close(self.0) }
    }
}

/// The bench's server for one device, whose address never changes.
pub struct Server(*mut Opaque);

const HOME: Address = Address([7; 18]);

impl Server {
    /// What it sends and hears goes to the world.
    pub fn new(world: *mut World, shape: Shape) -> Self {
        let (own, key, trust) = (keys::SERVER, keys::SERVER_KEY, keys::AUTHORITY);
        let suites = shape.suites();
        let config = Config {
            context: world.cast(),
            random,
            send,
            message,
            psk,
            certificate: own.as_ptr(),
            certificate_length: own.len(),
            key: key.as_ptr(),
            key_length: key.len(),
            trust: trust.as_ptr(),
            trust_length: trust.len(),
            ciphersuites: if suites.is_empty() { null() } else { suites.as_ptr() },
            ciphersuite_count: suites.len(),
            first_timeout_ms: super::FIRST_TIMEOUT,
            longest_timeout_ms: super::LONGEST_TIMEOUT,
            resumable_ms: 86_400_000,
            mtu: shape.mtu,
            cookies: shape.cookies.into(),
            tickets: shape.tickets.into(),
            session_ids: shape.session_ids.into(),
            connection_ids: shape.connection_ids.into(),
        };
        let server = unsafe { lab_dtls_new(&config) };
        assert!(!server.is_null(), "the server takes its settings");
        Self(server)
    }

    pub fn input(&mut self, now: u64, datagram: &[u8]) {
        unsafe { lab_dtls_input(self.0, now, &HOME, datagram.as_ptr(), datagram.len()) }
    }

    pub fn poll(&mut self, now: u64) {
        unsafe { lab_dtls_poll(self.0, now) }
    }

    pub fn deadline(&self) -> u64 {
        unsafe { lab_dtls_deadline(self.0) }
    }

    pub fn write(&mut self, peer: u32, plain: &[u8]) {
        unsafe { lab_dtls_write(self.0, peer, plain.as_ptr(), plain.len()) }
    }

    pub fn alert(&mut self, peer: u32, level: u8, description: u8) {
        unsafe { lab_dtls_alert(self.0, peer, level, description) };
    }

    pub fn close(&mut self, peer: u32) {
        unsafe { lab_dtls_close(self.0, peer) };
    }

    /// Its end. It is not used after that.
    pub fn free(&mut self) {
        unsafe { lab_dtls_free(core::mem::replace(&mut self.0, null_mut())) }
    }

    pub fn forget(&mut self, also_resumption: bool) {
        unsafe { lab_dtls_forget(self.0, also_resumption.into()) }
    }
}

/// SHA-256, as the backend's images are checked by it.
pub fn sha256(bytes: &[u8]) -> [u8; 32] {
    let mut digest = [0; 32];
    assert_eq!(unsafe { mbedtls_sha256(bytes.as_ptr(), bytes.len(), digest.as_mut_ptr(), 0) }, 0);
    digest
}

unsafe extern "C" fn random(context: *mut c_void, buffer: *mut u8, size: usize) {
    unsafe { World::at(context).random(core::slice::from_raw_parts_mut(buffer, size)) }
}

unsafe extern "C" fn send(context: *mut c_void, _: *const Address, datagram: *const u8, size: usize) {
    let (world, datagram) = unsafe { (World::at(context), from_raw_parts(datagram, size)) };
    world.trace("server sends", datagram);
    world.guarded.offered +=
        records::split(datagram).iter().filter(|record| record[0] == APPLICATION).count();
    world.net.send(DEVICE, datagram);
}

unsafe extern "C" fn message(context: *mut c_void, peer: u32, plain: *const u8, size: usize) {
    let (world, plain) = unsafe { (World::at(context), from_raw_parts(plain, size)) };
    world.trace("server hears", plain);
    world.peer = peer;
    world.heard.push_back(plain.to_vec());
}

unsafe extern "C" fn psk(
    _: *mut c_void,
    identity: *const u8,
    length: usize,
    key: *mut u8,
    room: usize,
) -> usize {
    let identity = unsafe { from_raw_parts(identity, length) };
    if identity != IDENTITY || room < KEY.len() {
        return 0;
    }
    unsafe { key.copy_from_nonoverlapping(KEY.as_ptr(), KEY.len()) };
    KEY.len()
}
