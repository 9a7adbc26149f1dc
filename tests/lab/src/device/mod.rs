//! The client under test: Whimbrel's engine in virtual time, driven through its C functions, with the objects of a
//! small device.
//!
//! The lab's `unsafe` is here, and where [`crate::dtls`] calls its C. Nothing of the engine's inside is used: what a
//! [`Device`] can do, a C program can.
//!
//! `platform` is the port (clock, chance, links, events), `objects` the tables and handlers, `state` their values,
//! `accounts` whom it knows, `bootstrap` how that changes, `backend` what protects links, `storage` what outlives a power
//! cut.
#![allow(unsafe_code)]

mod accounts;
mod backend;
mod bootstrap;
mod modem;
mod objects;
mod platform;
mod security;
mod serial;
mod slot;
mod sms;
mod state;
mod storage;
mod tables;

use crate::net::{Node, Peer};
use crate::sms::Phone;
pub use accounts::{Account, BootstrapAccount, Right};
use backend::Opened;
pub use backend::{Backend, Options};
pub use modem::Started;
pub use platform::Event;
use platform::Platform;
pub use security::Security;
pub use serial::Serial;
pub use slot::{Fault, Reader, Slot};
pub use sms::{Sms, Texting};
pub use state::{BLOB, Blob, CREATABLE, DEVICE, SENSOR, TROUBLE, Trouble, Values};
use std::cell::RefMut;
use std::ffi::CString;
use std::ptr;
use std::rc::Rc;
pub use storage::{Access, Moment, Storage};
use tables::Tables;
use whimbrel::capi::*;

/// What a device is made with.
#[derive(Clone)]
#[allow(missing_debug_implementations)]
pub struct Config {
    /// Endpoint Client Name.
    pub endpoint: String,
    /// Seed of its random numbers.
    pub seed: u64,
    /// Lowest and highest version of LwM2M, 10 or 11.
    pub versions: (u8, u8),
    /// Every notification Confirmable.
    pub confirm: bool,
    /// Whether the configuration names access control.
    pub access: bool,
    /// Limits; `size` is filled in.
    pub limits: whimbrel_limits_t,
    /// First and longest pause after a failed registration, in seconds; 0 for the defaults.
    pub retry: (u32, u32),
    /// Whether only TLV and text are named as formats.
    pub few_formats: bool,
    /// What protects links.
    pub backend: Backend,
    /// First and longest retransmission timeout of a handshake in milliseconds; 0 for the defaults.
    pub handshake: (u32, u32),
    /// Whether associations are kept in storage, and with [`Device::load_configuration`] settings.
    pub persistent: bool,
    /// Whether the configuration names bootstrap.
    pub bootstrap: bool,
    /// The bootstrap server may speak first.
    pub server_initiated: bool,
    /// Objects of the application whose values are stored when servers write them.
    pub persistent_objects: Vec<u16>,
    /// The time of day at the bench's time 0, in seconds since 1970, where it is known.
    pub wall_clock: Option<i64>,
    /// Whether the configuration names SMS.
    pub texting: Option<Texting>,
    /// Whether it names a smartcard.
    pub card: Option<Reader>,
    /// Stable storage, and the switch of power.
    pub storage: Storage,
    /// When it is switched on.
    pub booted: u64,
}

/// The device.
pub struct Device {
    client: *mut whimbrel_client_t,
    platform: Rc<Platform>,
    next: u64,
    /// Most datagrams sent in one poll, and most polls at one instant.
    most_sent: usize,
    loaded: Option<i32>,
    // what the client points to, in the order of being dropped: after `client`
    backend: Opened,
    _memory: Vec<u64>,
    tables: Box<Tables>,
    _endpoint: CString,
    _features: Vec<*const whimbrel_feature_t>,
}

/// `/3303/0/5700` as C sees it.
pub fn path(text: &str) -> whimbrel_path_t {
    let mut ids = text.split('/').skip(1).filter(|id| !id.is_empty()).map(|id| id.parse().expect("a number"));
    let mut next = || ids.next().unwrap_or(WHIMBREL_NONE);
    whimbrel_path_t { object: next(), instance: next(), resource: next(), resource_instance: next() }
}

/// A status that must be WHIMBREL_OK.
fn fine(what: &str, status: i32) {
    assert_eq!(status, WHIMBREL_OK, "{what}");
}

/// Everything that the library has, security and storage where they are wanted.
fn features(config: &Config) -> Vec<*const whimbrel_feature_t> {
    let mut features: Vec<*const whimbrel_feature_t> =
        vec![&whimbrel_reporting, &whimbrel_transfers, &whimbrel_creation, &whimbrel_deferral];
    if !matches!(config.backend, Backend::None) {
        features.push(&whimbrel_dtls);
    }
    if config.persistent {
        features.push(&whimbrel_persistence);
    }
    if config.bootstrap {
        features.push(&whimbrel_bootstrap);
    }
    if let Some(texting) = &config.texting {
        features.push(&whimbrel_sms);
        if texting.packets {
            features.push(&whimbrel_secured_packets);
        }
    }
    if let Some(reader) = &config.card {
        if reader.secure != WHIMBREL_UICC_CLEAR {
            features.push(&whimbrel_secure_channel);
        }
        features.push(&whimbrel_uicc);
    }
    features
}

impl Device {
    /// A device without servers, with all its objects.
    pub fn new(config: &Config) -> Self {
        let platform = Rc::new(Platform::new(config.seed, config.booted, config.storage.boot()));
        platform.wall_clock.set(config.wall_clock);
        let mut port = platform::port(&platform);
        let backend = Opened::new(&config.backend, &port, config.limits.servers);
        port.security = backend.table();
        *platform.reader.borrow_mut() = config.card.clone();
        let context: *mut std::ffi::c_void = Rc::as_ptr(&platform).cast_mut().cast();
        // what it points to is the platform's own copy
        let uicc = platform.reader.borrow().as_ref().map(|reader| reader.given(context));
        platform.secured.set(!port.security.is_null());
        let features = features(config);
        let tables = Tables::new(&platform, &config.persistent_objects);
        let texting = config.texting.clone().unwrap_or_default();
        let number = texting.number.map(|number| CString::new(number).expect("no NUL"));
        let endpoint = CString::new(config.endpoint.as_str()).expect("a name without NUL");
        let limits = whimbrel_limits_t { size: size_of::<whimbrel_limits_t>(), ..config.limits };
        let formats = tables.formats();
        let given = whimbrel_config_t {
            size: size_of::<whimbrel_config_t>(),
            endpoint: endpoint.as_ptr(),
            limits: &limits,
            formats: formats.as_ptr(),
            format_count: if config.few_formats { 2 } else { formats.len() },
            features: features.as_ptr(),
            feature_count: features.len(),
            access: if config.access { &whimbrel_access_control } else { ptr::null() },
            version_min: config.versions.0,
            version_max: config.versions.1,
            confirm_notifications: config.confirm.into(),
            coap: whimbrel_coap_t { ack_timeout_ms: 0, ack_random_permille: 0, max_retransmit: 0, nstart: 0 },
            awake_ms: 0,
            retry_first_s: config.retry.0,
            retry_longest_s: config.retry.1,
            event: Some(platform::event),
            event_context: Rc::as_ptr(&platform).cast_mut().cast(),
            handshake_first_ms: config.handshake.0,
            handshake_longest_ms: config.handshake.1,
            server_initiated: config.server_initiated.into(),
            sms_flags: texting.flags,
            sms_protocol: texting.kind.0,
            sms_coding: texting.kind.1,
            sms_number: number.as_ref().map_or(ptr::null(), |number| number.as_ptr()),
            sms_answer_s: texting.answer,
            uicc: uicc.as_ref().map_or(ptr::null(), ptr::from_ref),
        };
        // SAFETY: the device keeps alive what it hands over until the client has ended
        let (client, memory) = unsafe {
            let size = whimbrel_client_size(&limits);
            assert_ne!(size, 0, "the limits are in range");
            let mut memory = vec![0u64; size.div_ceil(8)];
            let mut client = ptr::null_mut();
            let made = whimbrel_client_init(memory.as_mut_ptr().cast(), size, &given, &port, &mut client);
            fine("init", made);
            (client, memory)
        };
        let mut device = Self {
            client,
            platform,
            next: 0,
            most_sent: 0,
            loaded: None,
            backend,
            _memory: memory,
            tables,
            _endpoint: endpoint,
            _features: features,
        };
        device.add_objects();
        device
    }

    fn add_objects(&mut self) {
        let context = Rc::as_ptr(&self.platform).cast_mut().cast();
        // SAFETY: the tables live as long as the device
        unsafe {
            fine("device", whimbrel_device_add(self.client, self.tables.device(), context));
            for object in self.tables.objects() {
                fine("object", whimbrel_object_add(self.client, object, context));
            }
        }
        self.create(0);
        self.next = 0;
    }

    /// Calls a function of the C API and polls at the next occasion.
    fn call(&mut self, function: impl FnOnce(*mut whimbrel_client_t) -> i32) -> i32 {
        self.next = 0;
        function(self.client)
    }
}

/// What the application does.
impl Device {
    /// Changes a number that servers can read (`/3303/0/5700`, `/3303/0/5601`, `/3303/0/5602`, `/3/0/9`, `/3/0/10`) and
    /// says so.
    pub fn set(&mut self, at: &str, value: f64) {
        self.platform.state.set(at, value);
        self.changed(at);
    }

    /// Says that a value changed.
    pub fn changed(&mut self, at: &str) {
        // SAFETY: the client lives
        let status = self.call(|client| unsafe { whimbrel_changed(client, path(at)) });
        fine("changed", status);
    }

    /// Gives the answer to what handlers deferred.
    pub fn complete(&mut self, at: &str, status: i32) -> i32 {
        // SAFETY: the client lives
        self.call(|client| unsafe { whimbrel_complete(client, path(at), status) })
    }

    /// The network went (false) or came.
    pub fn network(&mut self, online: bool, new_address: bool) {
        let status =
            // SAFETY: the client lives
            self.call(|client| unsafe { whimbrel_client_network(client, online.into(), new_address.into()) });
        fine("network", status);
    }

    /// Says goodbye to all servers.
    pub fn stop(&mut self) {
        // SAFETY: the client lives
        let status = self.call(|client| unsafe { whimbrel_client_stop(client) });
        fine("stop", status);
    }

    /// Asks for an Update to a server, 0 for all.
    pub fn update(&mut self, server: u16) -> i32 {
        // SAFETY: the client lives
        self.call(|client| unsafe { whimbrel_account_update(client, server) })
    }

    /// Forgets a server account.
    pub fn remove_account(&mut self, server: u16) -> i32 {
        // SAFETY: the client lives
        self.call(|client| unsafe { whimbrel_account_remove(client, server) })
    }

    /// Replaces what an account is secured with.
    pub fn secure(&mut self, server: u16, security: &Security) -> i32 {
        let given = security.given();
        // SAFETY: the client lives; the credentials are copied
        self.call(|client| unsafe { whimbrel_account_secure(client, server, &given) })
    }

    /// Whether a server accepted the registration.
    pub fn is_registered(&self, server: u16) -> bool {
        // SAFETY: the client lives
        unsafe { whimbrel_account_registered(self.client, server) == 1 }
    }

    /// Adds an instance of the creatable object, as the application itself.
    pub fn create(&mut self, instance: u16) {
        let data = self.platform.state.new_instance(instance);
        // SAFETY: the state keeps the data as long as the instance
        let status =
            self.call(|client| unsafe { whimbrel_instance_add(client, CREATABLE, instance, data.cast()) });
        fine("instance", status);
    }

    /// Removes an instance of the creatable object, as the application itself.
    pub fn remove(&mut self, instance: u16) {
        // SAFETY: the client lives
        let status = self.call(|client| unsafe { whimbrel_instance_remove(client, CREATABLE, instance) });
        fine("instance", status);
        self.platform.state.instances.borrow_mut().remove(&instance);
    }

    /// Takes an object out.
    pub fn remove_object(&mut self, object: u16) {
        // SAFETY: the client lives
        let status = self.call(|client| unsafe { whimbrel_object_remove(client, object) });
        fine("object", status);
    }

    /// Puts the sensor object back after [`Device::remove_object`].
    pub fn add_sensor(&mut self) {
        let context = Rc::as_ptr(&self.platform).cast_mut().cast();
        let sensor: *const whimbrel_object_t = self.tables.sensor();
        // SAFETY: the tables live as long as the device
        let status = self.call(|client| unsafe { whimbrel_object_add(client, sensor, context) });
        fine("object", status);
    }

    /// An error code for `/3/0/11`.
    pub fn error(&mut self, code: u8) {
        // SAFETY: the client lives
        let status = self.call(|client| unsafe { whimbrel_device_error(client, code) });
        fine("error", status);
    }
}

/// What the application sees.
impl Device {
    /// All events so far.
    pub fn events(&self) -> Vec<Event> {
        self.platform.events.borrow().clone()
    }

    /// Events with this code.
    pub fn events_of(&self, code: u16) -> Vec<Event> {
        self.events().into_iter().filter(|event| event.code == code).collect()
    }

    /// How often a resource was executed.
    pub fn executed(&self, at: &str) -> usize {
        self.platform.state.executions.borrow().iter().filter(|(place, _)| place == at).count()
    }

    /// Arguments of the latest Execute, as the handler was shown them: digits and values.
    pub fn arguments(&self) -> Vec<(u8, Option<String>)> {
        self.platform.state.executions.borrow().last().map(|last| last.1.clone()).unwrap_or_default()
    }

    /// The object with the large values.
    pub fn blob(&self) -> RefMut<'_, Blob> {
        self.platform.state.blob.borrow_mut()
    }

    /// The object whose handlers fail and defer.
    pub fn trouble(&self) -> RefMut<'_, Trouble> {
        self.platform.state.trouble.borrow_mut()
    }

    /// The values of an instance of the creatable object.
    pub fn values(&self, instance: u16) -> Option<Values> {
        self.platform.state.instances.borrow().get(&instance).map(|values| (**values).clone())
    }

    /// The instances of the creatable object that the application holds data for.
    pub fn instances(&self) -> Vec<u16> {
        self.platform.state.instances.borrow().keys().copied().collect()
    }

    /// How many more Creates the application refuses.
    pub fn refuse_creates(&self, n: u32) {
        self.platform.state.refusals.set(n);
    }

    /// A number that the application holds.
    pub fn number(&self, at: &str) -> f64 {
        self.platform.state.number(at)
    }

    /// Links take so many further calls of `link_open` until they are there.
    pub fn links_pending(&self, calls: u32) {
        self.platform.pending.set(calls);
    }

    /// `link_open` fails, or does not.
    pub fn links_broken(&self, broken: bool) {
        self.platform.broken.set(broken);
    }

    /// `link_receive` of the links that are open fails with this status until they are closed.
    pub fn links_die(&mut self, status: i32) {
        self.platform.die(status);
        self.next = 0;
    }

    /// How many links are open.
    pub fn open_links(&self) -> usize {
        self.platform.open_links()
    }

    /// The calls of `link_open`: when, and how many events had been told by then.
    pub fn opened(&self) -> Vec<(u64, usize)> {
        self.platform.opened.borrow().clone()
    }

    /// When and why the client wants to be called.
    pub fn deadline(&self) -> (u64, u8) {
        let mut deadline = whimbrel_deadline_t { at: 0, short_server_id: 0, reason: 0 };
        // SAFETY: the client lives
        fine("deadline", unsafe { whimbrel_client_deadline(self.client, &mut deadline) });
        (self.platform.on_the_bench(deadline.at), deadline.reason)
    }

    /// Sets the time of day, or makes it unknown.
    pub fn set_wall_clock(&self, now_s: Option<i64>) {
        let passed = (self.platform.now.get() / 1000) as i64;
        self.platform.wall_clock.set(now_s.map(|now| now - passed));
    }

    /// The modem hands a datagram over so many milliseconds after it has come, and is asked every 10 ms until then.
    pub fn modem_latency(&self, milliseconds: u64) {
        self.platform.latency.set(milliseconds);
    }

    /// What the backend can do: WHIMBREL_CAN_….
    pub fn capabilities(&self) -> i32 {
        // SAFETY: the client lives
        unsafe { whimbrel_client_capabilities(self.client) }
    }

    /// What the sessions of [`Backend::Modem`] were begun with.
    pub fn started(&self) -> Vec<Started> {
        self.backend.started()
    }

    /// The most datagrams sent in one poll.
    pub const fn most_sent(&self) -> usize {
        self.most_sent
    }
}

impl Node for Device {
    fn input(&mut self, now: u64, from: Peer, datagram: &[u8]) {
        self.platform.now.set(now);
        self.platform.arrive(from, datagram);
        self.next = 0;
    }

    fn poll(&mut self, now: u64) {
        self.platform.now.set(now);
        let dark = self.platform.storage.is_dead();
        if dark || self.next_deadline().is_none_or(|next| now < next) {
            return;
        }
        self.pump();
        let before = self.platform.outbox.borrow().len();
        let mut next = 0;
        // SAFETY: the client lives
        fine("poll", unsafe { whimbrel_client_poll(self.client, &mut next) });
        self.most_sent = self.most_sent.max(self.platform.outbox.borrow().len() - before);
        self.next = self.platform.on_the_bench(next);
        self.pump();
        self.exchange_with_card();
    }

    fn output(&mut self) -> Option<(Peer, Vec<u8>)> {
        self.platform.outbox.borrow_mut().pop_front()
    }

    fn next_deadline(&self) -> Option<u64> {
        // a slow modem's driver asks again and again
        let asked = self.platform.now.get() + 10;
        let waiting = self.platform.ready_at().filter(|_| self.platform.latency.get() > 0);
        let waiting = waiting.map(|ready| ready.min(asked));
        let texts = match &*self.platform.serial.borrow() {
            Some(serial) => serial.next_deadline(),
            None => self.platform.phone.borrow().as_ref().and_then(Phone::next_deadline),
        };
        let next =
            waiting.into_iter().chain(texts).chain([self.next]).min().filter(|next| *next != u64::MAX)?;
        Some(next.max(self.platform.now.get())).filter(|_| !self.platform.storage.is_dead())
    }
}

impl Drop for Device {
    fn drop(&mut self) {
        // SAFETY: it lives until here
        unsafe { whimbrel_client_end(self.client) };
    }
}

impl std::fmt::Debug for Device {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Device").field("next", &self.next).finish_non_exhaustive()
    }
}
