//! One life of a device, from power to power cut: a client in its world, what an application asks of it, and what must be
//! true of its accounts at any time.

use super::backend::{self, Handshakes};
use super::probe::{Feature, Held, Probe, look};
use crate::world::objects::{self, THING};
use crate::world::port::{event, table};
use crate::world::{LINKS, World};
use core::ffi::{CStr, c_void};
use core::ptr::{null, null_mut};
use whimbrel::capi::*;

/// How many polls in a row may find work at one time, beside those for each datagram.
const PATIENCE: usize = 50;
/// Short Server IDs that are looked for.
pub const SERVERS: core::ops::RangeInclusive<u16> = 1..=6;
/// Where servers are, by Short Server ID.
const URIS: [&CStr; 4] =
    [c"coap://bootstrap.example", c"coap://one.example", c"coap://two.example:5685", c"coap://[::3]"];
const PSK: &[u8] = b"0123456789abcdef";

struct Formats([*const whimbrel_format_t; 4]);
// SAFETY: nobody writes through them
unsafe impl Sync for Formats {}
static FORMATS: Formats =
    Formats([&whimbrel_format_tlv, &whimbrel_format_json, &whimbrel_format_text, &whimbrel_format_opaque]);

extern "C" fn yes(_: *mut c_void) -> i32 {
    WHIMBREL_OK
}

/// What a life is made of.
#[derive(Clone, Copy)]
pub struct Shape {
    /// Access control.
    pub access: bool,
    /// LwM2M 1.1.
    pub newer: bool,
    /// Little room for old values, keys and messages.
    pub small: bool,
    /// Settings are stored.
    pub keeps: bool,
    /// The bootstrap server may speak first.
    pub invites: bool,
    /// Bodies can come in blocks.
    pub blocks: bool,
    /// Servers of the factory, and whether the bootstrap server is one.
    pub servers: u16,
    /// The account of the bootstrap server.
    pub bootstrap: bool,
    /// Its Client Hold Off Time and its timeout.
    pub hold_off: u32,
    /// Its Bootstrap-Server Account Timeout.
    pub timeout: u32,
}

impl Shape {
    /// By the bits of two bytes. Zero is what is most usual.
    pub fn new(bits: u16) -> Self {
        let bit = |number: u16| bits >> number & 1 != 0;
        Self {
            access: bit(0),
            newer: bit(1),
            small: bit(2),
            keeps: !bit(3),
            invites: bit(4),
            blocks: !bit(5),
            servers: bits >> 6 & 3,
            bootstrap: !bit(8),
            hold_off: if bit(9) { 20 } else { 0 },
            timeout: if bit(10) { 1000 } else { 0 },
        }
    }

    fn limits(&self) -> whimbrel_limits_t {
        whimbrel_limits_t {
            size: size_of::<whimbrel_limits_t>(),
            servers: LINKS as u16,
            objects: 0,
            instances: 6,
            access: 6,
            observations: 4,
            attributes: 2,
            recent: if self.small { LINKS as u16 } else { 6 },
            deferred: 1,
            changes: 2,
            datagram: if self.small { 192 } else { 0 },
            credentials: if self.small { 48 } else { 104 },
            undo: 0,
            body: if self.blocks { 600 } else { 0 },
            mtu: 1000,
            bootstrap: if self.small { 200 } else { 1024 },
            sms: 0,
            uicc: 0,
            uicc_messages: 0,
        }
    }
}

/// A client in its world.
pub struct Life {
    /// The world, which outlives it.
    pub world: *mut World,
    /// The client.
    pub client: *mut whimbrel_client_t,
    /// What it is made of.
    pub shape: Shape,
    memory: Vec<u64>,
    // what the client points to
    _device: Box<whimbrel_device_t>,
    _things: Box<whimbrel_object_t>,
    _handshakes: Box<Handshakes>,
    _security: Box<whimbrel_security_t>,
    _probe: Box<Probe>,
    _features: Box<[*const whimbrel_feature_t; 7]>,
    _feature: Box<Feature>,
}

fn device() -> Box<whimbrel_device_t> {
    Box::new(whimbrel_device_t {
        size: size_of::<whimbrel_device_t>(),
        manufacturer: c"Whimbrel".as_ptr(),
        model_number: null(),
        serial_number: null(),
        firmware_version: null(),
        device_type: null(),
        hardware_version: null(),
        software_version: null(),
        binding: null(),
        reboot: Some(yes),
        factory_reset: None,
        get_time: None,
        set_time: None,
        utc_offset: null_mut(),
        utc_offset_capacity: 0,
        timezone_capacity: 0,
        power_source_count: 0,
        timezone: null_mut(),
        power_sources: null(),
        power_voltages: null(),
        power_currents: null(),
        battery_level: null(),
        battery_status: null(),
        memory_free: null(),
        memory_total: null(),
    })
}

fn credentials() -> whimbrel_credentials_t {
    whimbrel_credentials_t {
        size: size_of::<whimbrel_credentials_t>(),
        mode: WHIMBREL_PSK,
        certificate_usage: 0,
        matching_type: 0,
        identity: b"me".as_ptr(),
        identity_length: 2,
        server_key: null(),
        server_key_length: 0,
        secret_key: PSK.as_ptr(),
        secret_key_length: PSK.len(),
        sni: null(),
        ciphersuites: null(),
        ciphersuite_count: 0,
    }
}

impl Life {
    /// A client with the objects 0, 1, 2, 3 and 1000, and no accounts yet.
    pub fn new(world: *mut World, shape: Shape) -> Self {
        let mut handshakes = Box::new([0; LINKS]);
        let security = Box::new(backend::table(&mut handshakes));
        let probe = Probe::new(world, shape.keeps);
        let feature = Box::new(Feature::like(&whimbrel_reporting));
        let features: Box<[*const whimbrel_feature_t; 7]> = Box::new([
            &whimbrel_reporting,
            &whimbrel_transfers,
            &whimbrel_creation,
            &whimbrel_deferral,
            &whimbrel_dtls,
            &whimbrel_bootstrap,
            feature.pointer(),
        ]);
        unsafe {
            (*world).most = WHIMBREL_EVENT_ACCOUNT_REMOVED;
            (*world).ways = WHIMBREL_LINK_SECURE | if shape.invites { WHIMBREL_LINK_LISTEN } else { 0 };
            (*world).quiet = false;
        }
        let things =
            whimbrel_object_t { flags: WHIMBREL_CREATABLE | WHIMBREL_PERSISTENT, ..objects::thing() };
        let mut life = Self {
            world,
            client: null_mut(),
            shape,
            memory: Vec::new(),
            _device: device(),
            _things: Box::new(things),
            _handshakes: handshakes,
            _security: security,
            _probe: probe,
            _features: features,
            _feature: feature,
        };
        life.begin();
        life
    }

    fn begin(&mut self) {
        let limits = self.shape.limits();
        let config = whimbrel_config_t {
            size: size_of::<whimbrel_config_t>(),
            endpoint: c"fuzz".as_ptr(),
            limits: &limits,
            formats: FORMATS.0.as_ptr(),
            format_count: 4,
            features: self._features.as_ptr(),
            feature_count: self._features.len(),
            access: if self.shape.access { &raw const whimbrel_access_control } else { null() },
            version_min: 10,
            version_max: if self.shape.newer { 11 } else { 10 },
            confirm_notifications: 0,
            coap: whimbrel_coap_t { ack_timeout_ms: 0, ack_random_permille: 0, max_retransmit: 0, nstart: 0 },
            awake_ms: 0,
            retry_first_s: 0,
            retry_longest_s: 0,
            event: Some(event),
            event_context: self.world.cast(),
            handshake_first_ms: 0,
            handshake_longest_ms: 0,
            server_initiated: self.shape.invites.into(),
            sms_flags: 0,
            sms_protocol: 0,
            sms_coding: 0,
            sms_number: std::ptr::null(),
            sms_answer_s: 0,
            uicc: std::ptr::null(),
        };
        let size = unsafe { whimbrel_client_size(&limits) };
        self.memory = vec![0; size.div_ceil(8)];
        let port = whimbrel_port_t { security: &*self._security, ..table(self.world) };
        let memory = self.memory.as_mut_ptr().cast();
        unsafe {
            assert_eq!(whimbrel_client_init(memory, size, &config, &port, &mut self.client), WHIMBREL_OK);
            (*self.world).client = self.client;
            assert_eq!(whimbrel_device_add(self.client, &*self._device, null_mut()), WHIMBREL_OK);
            assert_eq!(whimbrel_object_add(self.client, &*self._things, self.world.cast()), WHIMBREL_OK);
        }
    }

    /// What the factory gives: accounts, an instance of the application's object, and who may do what with them.
    pub fn furnish(&mut self) {
        // one that was written before may have been taken up from storage
        self.add_thing(7);
        if self.shape.access {
            for (object, instance) in [(3, 0), (THING, 7), (THING, WHIMBREL_NONE)] {
                assert_eq!(self.allow(object, instance), WHIMBREL_OK);
            }
        }
        for server in 1..=self.shape.servers {
            assert_eq!(self.add_account(server, false), WHIMBREL_OK);
        }
        if self.shape.bootstrap {
            assert_eq!(self.add_account(0, false), WHIMBREL_OK);
        }
    }

    /// Every server may do everything, and the first one owns it.
    pub fn allow(&mut self, object: u16, instance: u16) -> i32 {
        let right = whimbrel_right_t { short_server_id: 0, rights: 31 };
        let entry = whimbrel_access_entry_t {
            size: size_of::<whimbrel_access_entry_t>(),
            object,
            instance,
            owner: if self.shape.servers == 0 { WHIMBREL_NONE } else { 1 },
            right_count: 1,
            rights: &right,
        };
        unsafe { whimbrel_access_add(self.client, &entry) }
    }

    /// The world, for as long as nothing else is called.
    pub fn world(&mut self) -> &mut World {
        unsafe { &mut *self.world }
    }

    /// An instance of the application's object. No more than there can be again in the next life.
    pub fn add_thing(&mut self, id: u16) -> i32 {
        if objects::is_full(self.world()) {
            return WHIMBREL_ERR_FULL;
        }
        let data = objects::add(self.world());
        let status = unsafe { whimbrel_instance_add(self.client, THING, id, data) };
        if status != WHIMBREL_OK {
            self.world().things.pop();
            objects::free(data);
        }
        status
    }

    fn account(&self, server: u16) -> whimbrel_account_t {
        whimbrel_account_t {
            size: size_of::<whimbrel_account_t>(),
            uri: URIS[usize::from(server) % URIS.len()].as_ptr(),
            binding: null(),
            lifetime_s: 86_400,
            pmin_s: 0,
            pmax_s: u32::from(server & 1) * 60,
            disable_timeout_s: 0,
            short_server_id: server,
            discard_offline: 0,
            security: null(),
            bootstrap_server: u8::from(server == 0),
            hold_off_s: self.shape.hold_off,
            account_timeout_s: self.shape.timeout,
            sms: std::ptr::null(),
        }
    }

    /// An account as the factory gives it, 0 for the bootstrap server's.
    pub fn add_account(&mut self, server: u16, secured: bool) -> i32 {
        let credentials = credentials();
        let mut account = self.account(server);
        if secured {
            (account.uri, account.security) = (c"coaps://keys.example".as_ptr(), &credentials);
        }
        unsafe { whimbrel_account_add(self.client, &account) }
    }

    /// Gives an account other keys.
    pub fn secure(&mut self, server: u16) -> i32 {
        unsafe { whimbrel_account_secure(self.client, server, &credentials()) }
    }

    /// Whether a bootstrap session is under way: then no account can be added, however wrong it is.
    pub fn is_held(&self) -> bool {
        let account = whimbrel_account_t { uri: c"coaps://nowhere".as_ptr(), ..self.account(1) };
        match unsafe { whimbrel_account_add(self.client, &account) } {
            WHIMBREL_ERR_STATE => true,
            WHIMBREL_ERR_BAD_VALUE => false,
            other => panic!("an account that contradicts itself: {other}"),
        }
    }

    /// Which accounts there are, by Short Server ID; the bootstrap server's is 0. Not while one is under way.
    pub fn accounts(&self) -> Vec<u16> {
        let uri = CStr::from_bytes_with_nul(&LONG).expect("it ends");
        let exists = |server: &u16| {
            // one that is there is refused for that, and one that is not for want of room
            let account = whimbrel_account_t { uri: uri.as_ptr(), ..self.account(*server) };
            match unsafe { whimbrel_account_add(self.client, &account) } {
                WHIMBREL_ERR_EXISTS => true,
                WHIMBREL_ERR_FULL => false,
                other => panic!("an account that does not fit: {other}"),
            }
        };
        (0..=*SERVERS.end()).filter(exists).collect()
    }

    /// With which servers the client is registered.
    pub fn registered(&self) -> Vec<u16> {
        let yes = |server: &u16| unsafe { whimbrel_account_registered(self.client, *server) } == 1;
        SERVERS.filter(yes).collect()
    }

    /// What the client holds.
    pub fn look(&self) -> Vec<Held> {
        look(self.client)
    }

    /// Polls once; when to come again.
    pub fn poll(&mut self) -> u64 {
        let mut next = 0;
        assert_eq!(unsafe { whimbrel_client_poll(self.client, &mut next) }, WHIMBREL_OK);
        next
    }

    /// How many datagrams the client has not taken yet.
    pub fn waiting(&mut self) -> usize {
        self.world().links.iter().map(|link| link.inbox.len()).sum()
    }

    /// How many polls in a row may find work.
    pub fn patience(&mut self) -> usize {
        PATIENCE + 3 * self.waiting()
    }

    /// When the client wants to be called, which is what the last poll said.
    pub fn deadline(&mut self) -> u64 {
        let mut deadline = whimbrel_deadline_t { at: 0, short_server_id: 0, reason: 0 };
        assert_eq!(unsafe { whimbrel_client_deadline(self.client, &mut deadline) }, WHIMBREL_OK);
        deadline.at
    }
}

/// A URI that fits into no account.
static LONG: [u8; 112] = {
    let mut uri = [b'a'; 112];
    let scheme = b"coap://";
    let mut at = 0;
    while at < scheme.len() {
        uri[at] = scheme[at];
        at += 1;
    }
    uri[111] = 0;
    uri
};

/// Accounts are consistent: each has its instances and each instance its account, and no Short Server ID is there twice.
pub fn assert_consistent(life: &Life, held: &[Held]) {
    let of = |object: u16| held.iter().filter(move |held| held.object == object);
    let is_bootstrap = |held: &&Held| held.number(1) == Some(1);
    let id = |held: &Held| held.number(10);
    let mut securities: Vec<_> = of(0).filter(|held| !is_bootstrap(held)).map(id).collect();
    let mut servers: Vec<_> = of(1).map(|held| held.number(0)).collect();
    let bootstraps = of(0).filter(is_bootstrap).count();
    securities.sort_unstable();
    servers.sort_unstable();
    assert_eq!(securities, servers, "Security and Server instances: {held:?}");
    assert!(servers.windows(2).all(|pair| pair[0] != pair[1]), "a Short Server ID twice: {held:?}");
    assert!(servers.iter().all(|id| !matches!(id, None | Some(0 | 65535))), "no Short Server ID: {held:?}");
    assert!(bootstraps <= 1, "{bootstraps} bootstrap servers: {held:?}");
    let listed = |server: &&Option<u64>| server.is_some_and(|id| id <= u64::from(*SERVERS.end()));
    let mut expected: Vec<_> = servers.iter().filter(listed).flatten().map(|id| *id as u16).collect();
    if bootstraps == 1 {
        expected.insert(0, 0);
    }
    assert_eq!(life.accounts(), expected, "accounts and their instances: {held:?}");
}

/// What a bootstrap leaves behind (TS 1.0 section 5.2.6): access control names only servers that are known, each place
/// once; with several servers there is some.
pub fn assert_controlled(life: &Life, held: &[Held]) {
    if !life.shape.access {
        return;
    }
    let of = |object: u16| held.iter().filter(move |held| held.object == object);
    let servers: Vec<_> = of(1).filter_map(|held| held.number(0)).collect();
    let mut places: Vec<_> = of(2).map(|held| (held.number(0), held.number(1))).collect();
    places.sort_unstable();
    assert!(places.windows(2).all(|pair| pair[0] != pair[1]), "a place has two entries: {held:?}");
    assert!(servers.len() < 2 || !places.is_empty(), "no access control: {held:?}");
    for owner in of(2).map(|held| held.number(3).expect("an owner")) {
        assert!(owner == 65535 || servers.contains(&owner), "{owner} owns something: {held:?}");
    }
}

impl Drop for Life {
    fn drop(&mut self) {
        assert_eq!(unsafe { whimbrel_client_end(self.client) }, WHIMBREL_OK);
        self.memory.fill(0xdead_beef_dead_beef);
        let world = self.world();
        world.client = null_mut();
        assert!(world.links.iter().all(|link| !link.is_used()), "a link is left open");
        for thing in std::mem::take(&mut world.things) {
            objects::free(thing);
        }
    }
}
