//! One client of the fleet, driven through its C functions: NoSec, the least of everything, and a table of objects that
//! all of them share.
#![allow(unsafe_code)]

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::ffi::{CString, c_char, c_void};
use std::ptr;
use std::rc::Rc;
use whimbrel::capi::*;
use whimbrel_lab::Random;

/// Which of the two servers; its number is the last digit of its port.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Host {
    /// The LwM2M Server.
    Server = 0,
    /// The LwM2M Bootstrap-Server.
    Bootstrap = 1,
}

/// What all devices share: the clock, and what was sent since it was last emptied.
#[derive(Default)]
pub struct Air {
    pub now: Cell<u64>,
    pub sent: RefCell<Vec<(Host, Vec<u8>)>>,
}

/// What is behind the port of one device.
struct Modem {
    air: Rc<Air>,
    random: RefCell<Random>,
    /// The links that are open, by number.
    links: [RefCell<Option<Link>>; 2],
    /// When a server accepted a Register or an Update.
    succeeded: RefCell<Vec<u64>>,
}

struct Link {
    host: Host,
    /// What has come.
    waiting: VecDeque<Vec<u8>>,
}

/// A client, and what it points to.
pub struct Device {
    client: *mut whimbrel_client_t,
    modem: Rc<Modem>,
    _memory: Vec<u64>,
    _endpoint: CString,
    _objects: Rc<Objects>,
}

/// Object 3303 with one value, for all devices.
pub struct Objects {
    sensor: whimbrel_object_t,
    _resources: Vec<whimbrel_resource_t>,
    formats: [*const whimbrel_format_t; 1],
    features: [*const whimbrel_feature_t; 1],
}

static CELSIUS: f64 = 21.5;

const LIMITS: whimbrel_limits_t = whimbrel_limits_t {
    size: size_of::<whimbrel_limits_t>(),
    servers: 1,
    objects: 1,
    instances: 1,
    access: 0,
    observations: 1,
    attributes: 1,
    recent: 2,
    deferred: 1,
    changes: 1,
    datagram: 192,
    credentials: 32,
    undo: 32,
    body: 0,
    mtu: 0,
    bootstrap: 0,
    sms: 0,
    uicc: 0,
    uicc_messages: 0,
};

impl Objects {
    /// The table.
    pub fn new() -> Rc<Self> {
        let resources = vec![whimbrel_resource_t {
            id: 5700,
            data_type: WHIMBREL_FLOAT,
            operations: WHIMBREL_READ,
            flags: 0,
            reserved: 0,
            capacity: 8,
            value: ptr::from_ref(&CELSIUS).cast(),
            read: None,
            write: None,
            execute: None,
        }];
        let sensor = whimbrel_object_t {
            size: size_of::<whimbrel_object_t>(),
            id: 3303,
            version_major: 0,
            version_minor: 0,
            flags: 0,
            resource_count: 1,
            resources: resources.as_ptr(),
            create: None,
            remove: None,
        };
        let (formats, features) = ([&raw const whimbrel_format_tlv], [&raw const whimbrel_bootstrap]);
        Rc::new(Self { sensor, _resources: resources, formats, features })
    }
}

/// A status that must be WHIMBREL_OK.
fn fine(what: &str, status: i32) {
    assert_eq!(status, WHIMBREL_OK, "{what}");
}

impl Device {
    /// A device without servers. `bootstraps`: with whimbrel_bootstrap.
    pub fn new(air: &Rc<Air>, objects: &Rc<Objects>, index: usize, seed: u64, bootstraps: bool) -> Self {
        let modem = Rc::new(Modem {
            air: air.clone(),
            random: RefCell::new(Random::new(seed)),
            links: Default::default(),
            succeeded: RefCell::default(),
        });
        let endpoint = CString::new(format!("urn:storm:{index}")).expect("no NUL");
        let mut limits = LIMITS;
        if bootstraps {
            (limits.servers, limits.bootstrap) = (2, 512);
        }
        let config = whimbrel_config_t {
            size: size_of::<whimbrel_config_t>(),
            endpoint: endpoint.as_ptr(),
            limits: &limits,
            formats: objects.formats.as_ptr(),
            format_count: 1,
            features: objects.features.as_ptr(),
            feature_count: bootstraps.into(),
            access: ptr::null(),
            version_min: 0,
            version_max: 0,
            confirm_notifications: 0,
            coap: whimbrel_coap_t { ack_timeout_ms: 0, ack_random_permille: 0, max_retransmit: 0, nstart: 0 },
            awake_ms: 0,
            // the pauses are those of the documentation
            retry_first_s: 0,
            retry_longest_s: 0,
            event: Some(event),
            event_context: context(&modem),
            handshake_first_ms: 0,
            handshake_longest_ms: 0,
            server_initiated: 0,
            sms_flags: 0,
            sms_protocol: 0,
            sms_coding: 0,
            sms_number: std::ptr::null(),
            sms_answer_s: 0,
            uicc: std::ptr::null(),
        };
        let port = port(&modem);
        // SAFETY: the device keeps alive what it hands over until the client has ended
        let (client, memory) = unsafe {
            let mut memory = vec![0u64; whimbrel_client_size(&limits).div_ceil(8)];
            let (mut client, size) = (ptr::null_mut(), memory.len() * 8);
            fine("init", whimbrel_client_init(memory.as_mut_ptr().cast(), size, &config, &port, &mut client));
            fine("object", whimbrel_object_add(client, &objects.sensor, ptr::null_mut()));
            (client, memory)
        };
        Self { client, modem, _memory: memory, _endpoint: endpoint, _objects: objects.clone() }
    }

    /// Adds the account of a server; the bootstrap server's with a Client Hold Off Time.
    pub fn add_account(&self, host: Host, lifetime_s: u32, hold_off_s: u32) {
        let is_bootstrap = host == Host::Bootstrap;
        let uri = if is_bootstrap { c"coap://192.0.2.1:5681" } else { c"coap://192.0.2.1:5680" };
        let account = whimbrel_account_t {
            size: size_of::<whimbrel_account_t>(),
            uri: uri.as_ptr(),
            binding: ptr::null(),
            lifetime_s,
            pmin_s: 0,
            pmax_s: 0,
            disable_timeout_s: 0,
            short_server_id: u16::from(!is_bootstrap),
            discard_offline: 0,
            security: ptr::null(),
            bootstrap_server: is_bootstrap.into(),
            hold_off_s,
            account_timeout_s: 0,
            sms: std::ptr::null(),
        };
        // SAFETY: the client lives, the account is copied
        fine("account", unsafe { whimbrel_account_add(self.client, &account) });
    }

    /// The network went (false) or came, with the address that the device had.
    pub fn network(&self, online: bool) {
        // SAFETY: the client lives
        fine("network", unsafe { whimbrel_client_network(self.client, online.into(), 0) });
    }

    /// Does what is due; when to be called next.
    pub fn poll(&self) -> u64 {
        let mut next = 0;
        // SAFETY: the client lives
        fine("poll", unsafe { whimbrel_client_poll(self.client, &mut next) });
        next
    }

    /// A datagram from a server, lost where no link goes there.
    pub fn input(&self, from: Host, datagram: Vec<u8>) {
        for link in &self.modem.links {
            if let Some(link) = link.borrow_mut().as_mut().filter(|link| link.host == from) {
                return link.waiting.push_back(datagram);
            }
        }
    }

    /// When a server first accepted a Register or an Update, from `since` on.
    pub fn succeeded(&self, since: u64) -> Option<u64> {
        self.modem.succeeded.borrow().iter().copied().find(|at| *at >= since)
    }
}

impl Drop for Device {
    fn drop(&mut self) {
        // SAFETY: it lives until here
        unsafe { whimbrel_client_end(self.client) };
    }
}

fn context(modem: &Rc<Modem>) -> *mut c_void {
    Rc::as_ptr(modem).cast_mut().cast()
}

fn port(modem: &Rc<Modem>) -> whimbrel_port_t {
    whimbrel_port_t {
        size: size_of::<whimbrel_port_t>(),
        context: context(modem),
        now: Some(now),
        random: Some(random),
        link_open: Some(open),
        link_send: Some(send),
        link_receive: Some(receive),
        link_close: Some(close),
        lock: None,
        unlock: None,
        wake: None,
        security: ptr::null(),
        wall_clock: None,
        storage_read: None,
        storage_write: None,
        sms_send: None,
        sms_receive: None,
        crypto: std::ptr::null(),
        uicc_transmit: None,
    }
}

/// # Safety
/// `context` came from [`context`], whose modem lives.
unsafe fn modem<'a>(context: *mut c_void) -> &'a Modem {
    // SAFETY: the contract above; only shared references are ever made
    unsafe { &*context.cast::<Modem>() }
}

unsafe extern "C" fn now(context: *mut c_void) -> u64 {
    // SAFETY: the client hands over what it was given
    unsafe { modem(context) }.air.now.get()
}

unsafe extern "C" fn random(context: *mut c_void, buffer: *mut u8, size: usize) {
    // SAFETY: `size` bytes at `buffer`
    let (modem, buffer) = unsafe { (modem(context), std::slice::from_raw_parts_mut(buffer, size)) };
    buffer.fill_with(|| modem.random.borrow_mut().next() as u8);
}

unsafe extern "C" fn open(
    context: *mut c_void,
    link: u8,
    _host: *const c_char,
    _length: usize,
    port: u16,
    _how: i32,
) -> i32 {
    // SAFETY: the client hands over what it was given
    let modem = unsafe { modem(context) };
    let host = if port == 5681 { Host::Bootstrap } else { Host::Server };
    let before = modem.links[usize::from(link)].replace(Some(Link { host, waiting: VecDeque::new() }));
    assert!(before.is_none(), "link {link} is opened a second time");
    WHIMBREL_OK
}

unsafe extern "C" fn send(context: *mut c_void, link: u8, data: *const u8, size: usize) -> i32 {
    // SAFETY: `size` bytes at `data`
    let (modem, data) = unsafe { (modem(context), std::slice::from_raw_parts(data, size)) };
    let host = modem.links[usize::from(link)].borrow().as_ref().expect("an open link").host;
    modem.air.sent.borrow_mut().push((host, data.to_vec()));
    WHIMBREL_OK
}

unsafe extern "C" fn receive(context: *mut c_void, link: u8, buffer: *mut u8, size: usize) -> i32 {
    // SAFETY: `size` bytes at `buffer`
    let (modem, buffer) = unsafe { (modem(context), std::slice::from_raw_parts_mut(buffer, size)) };
    let mut line = modem.links[usize::from(link)].borrow_mut();
    let waiting = &mut line.as_mut().expect("an open link").waiting;
    let Some(datagram) = waiting.pop_front() else { return 0 };
    buffer[..datagram.len()].copy_from_slice(&datagram);
    datagram.len() as i32
}

unsafe extern "C" fn close(context: *mut c_void, link: u8) {
    // SAFETY: the client hands over what it was given
    unsafe { modem(context) }.links[usize::from(link)].replace(None);
}

unsafe extern "C" fn event(context: *mut c_void, event: *const whimbrel_event_t) {
    // SAFETY: the client hands over what it was given, and an event that lives for the call
    let (modem, event) = unsafe { (modem(context), &*event) };
    if [WHIMBREL_EVENT_REGISTERED, WHIMBREL_EVENT_UPDATED].contains(&event.code) {
        modem.succeeded.borrow_mut().push(modem.air.now.get());
    }
}
