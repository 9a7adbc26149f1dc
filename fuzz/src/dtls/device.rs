//! The client on a platform that is the world.

use super::guard;
use super::native::Backend;
use super::net::SERVER;
use super::records::{check_sent, is_client_hello};
use super::world::{Shape, World};
use super::*;
use core::ffi::{c_char, c_void};
use core::ptr::{null, null_mut};
use core::slice::{from_raw_parts, from_raw_parts_mut};
use whimbrel::capi::*;

/// How many polls in a row may find work at one time, beside some for each datagram.
const PATIENCE: usize = 40;

/// All formats.
struct Formats([*const whimbrel_format_t; 3]);
// SAFETY: nobody writes through them
unsafe impl Sync for Formats {}
static FORMATS: Formats = Formats([&whimbrel_format_tlv, &whimbrel_format_text, &whimbrel_format_opaque]);

static FEATURES: [&whimbrel_feature_t; 5] =
    [&whimbrel_reporting, &whimbrel_transfers, &whimbrel_creation, &whimbrel_dtls, &whimbrel_persistence];

/// A client, and the backend that secures it.
pub struct Device {
    world: *mut World,
    client: *mut whimbrel_client_t,
    powered: bool,
    _backend: Backend,
    // what the client points to
    _memory: Vec<u64>,
    _table: Box<whimbrel_security_t>,
    _device: Box<whimbrel_device_t>,
}

impl Device {
    /// Power is switched on.
    pub fn new(world: *mut World, shape: Shape) -> Self {
        let table = Box::new(guard::table(world));
        let port = port(world, &table, shape);
        let backend = Backend::open(&port, shape);
        unsafe { (*world).guarded.inner = backend.table() };
        let limits = limits(shape);
        let config = config(world, &limits, shape);
        let size = unsafe { whimbrel_client_size(&limits) };
        let mut memory = vec![0u64; size.div_ceil(8)];
        let mut client = null_mut();
        let status =
            unsafe { whimbrel_client_init(memory.as_mut_ptr().cast(), size, &config, &port, &mut client) };
        assert_eq!(status, WHIMBREL_OK);
        let device = Box::new(whimbrel_device_t {
            size: size_of::<whimbrel_device_t>(),
            manufacturer: MANUFACTURER.as_ptr(),
            reboot: Some(reboot),
            // SAFETY: a table of pointers and numbers, where zero is nothing
            ..unsafe { core::mem::zeroed() }
        });
        unsafe {
            (*world).client = client;
            assert_eq!(whimbrel_device_add(client, &*device, null_mut()), WHIMBREL_OK);
        }
        let device = Self {
            world,
            client,
            powered: true,
            _backend: backend,
            _memory: memory,
            _table: table,
            _device: device,
        };
        device.add_account(shape);
        device
    }

    fn add_account(&self, shape: Shape) {
        let security = credentials(shape);
        let account = whimbrel_account_t {
            size: size_of::<whimbrel_account_t>(),
            uri: URI.as_ptr(),
            binding: null(),
            lifetime_s: 3600,
            pmin_s: 0,
            pmax_s: 0,
            disable_timeout_s: 600,
            short_server_id: 1,
            discard_offline: 0,
            security: &security,
            bootstrap_server: 0,
            hold_off_s: 0,
            account_timeout_s: 0,
            sms: std::ptr::null(),
        };
        assert_eq!(unsafe { whimbrel_account_add(self.client, &account) }, WHIMBREL_OK);
    }

    /// The application secures the account anew, with what it had: a new handshake follows.
    pub fn secure_anew(&self, shape: Shape) {
        let security = credentials(shape);
        let status = unsafe { whimbrel_account_secure(self.client, 1, &security) };
        assert!(matches!(status, WHIMBREL_OK | WHIMBREL_ERR_NOT_FOUND), "{status}");
    }

    /// Polls until the client is content with the time; when it wants to be called.
    pub fn settle(&self) -> u64 {
        let waiting = unsafe { (*self.world).socket.len() };
        for _ in 0..PATIENCE + 3 * waiting {
            let mut next = 0;
            assert_eq!(unsafe { whimbrel_client_poll(self.client, &mut next) }, WHIMBREL_OK);
            if next > unsafe { (*self.world).now } {
                return next;
            }
        }
        panic!("the client finds work for ever");
    }

    /// Whether the server knows it, as far as it knows.
    pub fn is_registered(&self) -> bool {
        let registered = unsafe { whimbrel_account_registered(self.client, 1) };
        assert!(matches!(registered, 0 | 1), "{registered}");
        registered == 1
    }

    /// What an application may ask for at any time.
    pub fn order(&self, choice: u8) {
        let path = whimbrel_path_t {
            object: 3,
            instance: 0,
            resource: u16::from(choice >> 4),
            resource_instance: WHIMBREL_NONE,
        };
        unsafe {
            match choice % 4 {
                0 => assert_eq!(whimbrel_changed(self.client, path), WHIMBREL_OK),
                1 | 2 => drop(whimbrel_account_update(self.client, 1)),
                _ => drop(whimbrel_client_network(
                    self.client,
                    (choice >> 2 & 1).into(),
                    (choice >> 3 & 1).into(),
                )),
            }
        }
    }

    /// The network is there.
    pub fn connect(&self) {
        unsafe { whimbrel_client_network(self.client, 1, 0) };
    }

    /// Power goes, in the middle of whatever.
    pub fn cut_power(mut self) {
        self.powered = false;
    }
}

impl Drop for Device {
    fn drop(&mut self) {
        if self.powered {
            assert_eq!(unsafe { whimbrel_client_end(self.client) }, WHIMBREL_OK);
            let world = unsafe { &*self.world };
            assert!(!world.open, "a link is left open");
            assert!(!world.guarded.live, "a session is left");
        }
        let world = unsafe { &mut *self.world };
        (world.open, world.client) = (false, null_mut());
        world.socket.clear();
        let guarded = &mut world.guarded;
        (guarded.live, guarded.over, guarded.established) = (false, false, false);
    }
}

fn limits(shape: Shape) -> whimbrel_limits_t {
    whimbrel_limits_t {
        size: size_of::<whimbrel_limits_t>(),
        servers: 1,
        objects: 0,
        instances: 0,
        access: 0,
        observations: 2,
        attributes: 2,
        recent: 0,
        deferred: 0,
        changes: 2,
        datagram: 0,
        credentials: 1_500,
        undo: 0,
        body: 0,
        mtu: shape.mtu,
        bootstrap: 0,
        sms: 0,
        uicc: 0,
        uicc_messages: 0,
    }
}

fn config(world: *mut World, limits: &whimbrel_limits_t, shape: Shape) -> whimbrel_config_t {
    whimbrel_config_t {
        size: size_of::<whimbrel_config_t>(),
        endpoint: ENDPOINT.as_ptr(),
        limits,
        formats: FORMATS.0.as_ptr(),
        format_count: FORMATS.0.len(),
        features: FEATURES.as_ptr().cast(),
        feature_count: FEATURES.len() - usize::from(!shape.persistent),
        access: null(),
        version_min: 10,
        version_max: 10,
        confirm_notifications: 0,
        coap: whimbrel_coap_t { ack_timeout_ms: 0, ack_random_permille: 0, max_retransmit: 0, nstart: 0 },
        awake_ms: 0,
        retry_first_s: 0,
        retry_longest_s: 0,
        event: Some(event),
        event_context: world.cast(),
        handshake_first_ms: FIRST_TIMEOUT,
        handshake_longest_ms: LONGEST_TIMEOUT,
        server_initiated: 0,
        sms_flags: 0,
        sms_protocol: 0,
        sms_coding: 0,
        sms_number: std::ptr::null(),
        sms_answer_s: 0,
        uicc: std::ptr::null(),
    }
}

fn credentials(shape: Shape) -> whimbrel_credentials_t {
    let (mode, identity, server_key, secret_key) = if shape.certificates {
        (WHIMBREL_CERTIFICATE, keys::CLIENT, keys::SERVER, keys::CLIENT_KEY)
    } else {
        (WHIMBREL_PSK, IDENTITY, &[][..], KEY)
    };
    whimbrel_credentials_t {
        size: size_of::<whimbrel_credentials_t>(),
        mode,
        certificate_usage: 0,
        matching_type: 0,
        identity: identity.as_ptr(),
        identity_length: identity.len(),
        server_key: server_key.as_ptr(),
        server_key_length: server_key.len(),
        secret_key: secret_key.as_ptr(),
        secret_key_length: secret_key.len(),
        sni: null(),
        ciphersuites: null(),
        ciphersuite_count: 0,
    }
}

fn port(world: *mut World, table: &whimbrel_security_t, shape: Shape) -> whimbrel_port_t {
    whimbrel_port_t {
        size: size_of::<whimbrel_port_t>(),
        context: world.cast(),
        now: Some(now),
        random: Some(random),
        link_open: Some(link_open),
        link_send: Some(link_send),
        link_receive: Some(link_receive),
        link_close: Some(link_close),
        lock: None,
        unlock: None,
        wake: None,
        security: table,
        wall_clock: Some(wall_clock),
        storage_read: if shape.persistent { Some(storage_read) } else { None },
        storage_write: if shape.persistent { Some(storage_write) } else { None },
        sms_send: None,
        sms_receive: None,
        crypto: std::ptr::null(),
        uicc_transmit: None,
    }
}

extern "C" fn reboot(_: *mut c_void) -> i32 {
    WHIMBREL_OK
}

extern "C" fn wall_clock(_: *mut c_void) -> i64 {
    WALL_CLOCK
}

unsafe extern "C" fn now(context: *mut c_void) -> u64 {
    unsafe { World::at(context) }.now
}

pub unsafe extern "C" fn random(context: *mut c_void, buffer: *mut u8, size: usize) {
    unsafe { World::at(context).random(from_raw_parts_mut(buffer, size)) }
}

unsafe extern "C" fn link_open(
    context: *mut c_void,
    link: u8,
    host: *const c_char,
    length: usize,
    port: u16,
    secure: i32,
) -> i32 {
    let world = unsafe { World::at(context) };
    let host = unsafe { from_raw_parts(host.cast::<u8>(), length) };
    assert_eq!((link, host, port, secure), (0, &b"10.0.0.2"[..], 5684, 1));
    assert!(!world.open, "an open link is opened");
    world.open = true;
    WHIMBREL_OK
}

unsafe extern "C" fn link_send(context: *mut c_void, _: u8, data: *const u8, size: usize) -> i32 {
    let (world, datagram) = unsafe { (World::at(context), from_raw_parts(data, size)) };
    world.trace("device sends", datagram);
    assert!(world.open, "a closed link is used");
    assert!(world.guarded.depth > 0, "the device sends what did not come from the backend");
    for secret in [ENDPOINT, MANUFACTURER] {
        let secret = secret.to_bytes();
        assert!(!datagram.windows(secret.len()).any(|part| part == secret), "plaintext on the wire");
    }
    // Mbed TLS does not cut a ClientHello
    assert!(size <= world.mtu.into() || is_client_hello(datagram), "{size} bytes for {}", world.mtu);
    let guarded = &mut world.guarded;
    check_sent(datagram, &mut guarded.numbers[guarded.current], guarded.forged);
    world.net.send(SERVER, datagram);
    WHIMBREL_OK
}

unsafe extern "C" fn link_receive(context: *mut c_void, _: u8, buffer: *mut u8, size: usize) -> i32 {
    let world = unsafe { World::at(context) };
    assert!(world.open, "a closed link is read");
    let Some(datagram) = world.socket.pop_front() else { return 0 };
    world.trace("device takes", &datagram);
    let length = datagram.len().min(size);
    unsafe { buffer.copy_from_nonoverlapping(datagram.as_ptr(), length) };
    if length < datagram.len() { WHIMBREL_ERR_TRUNCATED } else { length as i32 }
}

unsafe extern "C" fn link_close(context: *mut c_void, _: u8) {
    let world = unsafe { World::at(context) };
    assert!(world.open, "a closed link is closed");
    world.open = false;
    world.socket.clear();
}

unsafe extern "C" fn storage_read(context: *mut c_void, record: u16, buffer: *mut u8, size: usize) -> i32 {
    unsafe { World::at(context).storage.read(record, from_raw_parts_mut(buffer, size)) }
}

unsafe extern "C" fn storage_write(context: *mut c_void, record: u16, data: *const u8, size: usize) -> i32 {
    let data = if size == 0 { &[] } else { unsafe { from_raw_parts(data, size) } };
    unsafe { World::at(context).storage.write(record, data) }
}

unsafe extern "C" fn event(context: *mut c_void, event: *const whimbrel_event_t) {
    let (world, event) = unsafe { (World::at(context), &*event) };
    assert!((1..=24).contains(&event.code), "event {}", event.code);
    world.trace(&format!("event {}", event.code), &event.status.to_be_bytes());
    world.events[usize::from(event.code)] += 1;
}
