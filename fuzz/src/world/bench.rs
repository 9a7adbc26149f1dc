//! One client on the bench: made as the first bytes say, driven by the rest, then drained and asked for its health.

use super::port::{event, note, table};
use super::{World, objects};
use crate::bytes::Bytes;
use crate::request::{Request, response};
use core::ffi::c_void;
use core::ptr::{null, null_mut};
use whimbrel::capi::*;
use whimbrel::coap::{Code, Kind, Message, Writer, option};

/// How many polls in a row may find work at one time, beside one for each datagram.
const PATIENCE: usize = 40;
const URIS: [&core::ffi::CStr; 2] = [c"coap://[::1]:5683", c"coap://bench.example"];

/// All formats.
struct Formats([*const whimbrel_format_t; 4]);
// SAFETY: nobody writes through them
unsafe impl Sync for Formats {}
static FORMATS: Formats =
    Formats([&whimbrel_format_tlv, &whimbrel_format_json, &whimbrel_format_text, &whimbrel_format_opaque]);

extern "C" fn yes(_: *mut c_void) -> i32 {
    WHIMBREL_OK
}

extern "C" fn clock(_: *mut c_void) -> i64 {
    1_500_000_000
}

/// A client in its world.
pub struct Bench {
    world: *mut World,
    client: *mut whimbrel_client_t,
    memory: Vec<u64>,
    servers: u16,
    /// Whether every server may do everything.
    open: bool,
    // what the client points to
    _device: Box<whimbrel_device_t>,
    _objects: Box<[whimbrel_object_t; 2]>,
    _battery: Box<[i32; 2]>,
    _offset: Box<[u8; 8]>,
}

fn device(battery: &[i32; 2], offset: &mut [u8; 8]) -> whimbrel_device_t {
    whimbrel_device_t {
        size: size_of::<whimbrel_device_t>(),
        manufacturer: c"Whimbrel".as_ptr(),
        model_number: c"fuzz".as_ptr(),
        serial_number: null(),
        firmware_version: c"1".as_ptr(),
        device_type: null(),
        hardware_version: null(),
        software_version: null(),
        binding: null(),
        reboot: Some(yes),
        factory_reset: None,
        get_time: Some(clock),
        set_time: None,
        utc_offset: offset.as_mut_ptr().cast(),
        utc_offset_capacity: 8,
        timezone_capacity: 0,
        power_source_count: 2,
        timezone: null_mut(),
        power_sources: battery.as_ptr(),
        power_voltages: battery.as_ptr(),
        power_currents: null(),
        battery_level: battery.as_ptr(),
        battery_status: null(),
        memory_free: null(),
        memory_total: null(),
    }
}

fn limits(shape: u8, servers: u16) -> whimbrel_limits_t {
    let small = shape & 8 != 0;
    whimbrel_limits_t {
        size: size_of::<whimbrel_limits_t>(),
        servers,
        objects: 0,
        instances: 6,
        access: 6,
        observations: if small { 2 } else { 6 },
        attributes: 3,
        recent: if small { servers } else { 6 },
        deferred: 2,
        changes: 2,
        datagram: if small { 192 } else { 0 },
        credentials: 0,
        undo: if small { 16 } else { 0 },
        body: if shape & 16 != 0 { 300 } else { 0 },
        mtu: 0,
        bootstrap: 0,
        sms: 0,
        uicc: 0,
        uicc_messages: 0,
    }
}

/// Everything that the library has.
static FEATURES: [&whimbrel_feature_t; 4] =
    [&whimbrel_reporting, &whimbrel_transfers, &whimbrel_creation, &whimbrel_deferral];

impl Bench {
    /// A client with objects 0 to 3, 1000 and 1001, one or two servers.
    pub fn new(bytes: &mut Bytes<'_>) -> Self {
        let world = Box::into_raw(Box::new(World::new()));
        let shape = bytes.byte();
        let servers = 1 + u16::from(shape & 1);
        let limits = limits(shape, servers);
        let open = shape & 2 == 0 || servers == 1;
        let config = whimbrel_config_t {
            size: size_of::<whimbrel_config_t>(),
            endpoint: c"fuzz".as_ptr(),
            limits: &limits,
            formats: FORMATS.0.as_ptr(),
            format_count: 4,
            features: FEATURES.as_ptr().cast(),
            feature_count: FEATURES.len(),
            access: if shape & 2 == 0 { null() } else { &raw const whimbrel_access_control },
            version_min: 10,
            version_max: if shape & 4 == 0 { 10 } else { 11 },
            confirm_notifications: shape >> 5 & 1,
            coap: whimbrel_coap_t { ack_timeout_ms: 0, ack_random_permille: 0, max_retransmit: 0, nstart: 0 },
            awake_ms: 0,
            retry_first_s: 0,
            retry_longest_s: 0,
            event: Some(event),
            event_context: world.cast(),
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
        let size = unsafe { whimbrel_client_size(&limits) };
        assert!(size > 0);
        let mut memory = vec![0u64; size.div_ceil(8)];
        let mut client = null_mut();
        let status = unsafe {
            whimbrel_client_init(memory.as_mut_ptr().cast(), size, &config, &table(world), &mut client)
        };
        assert_eq!(status, WHIMBREL_OK);
        unsafe { (*world).client = client };
        let battery = Box::new([50, 3300]);
        let mut offset = Box::new(*b"+02:00\0\0");
        let mut bench = Self {
            world,
            client,
            memory,
            servers,
            open,
            _device: Box::new(device(&battery, &mut offset)),
            _objects: Box::new([objects::thing(), objects::machine()]),
            _battery: battery,
            _offset: offset,
        };
        bench.furnish(shape);
        bench
    }

    /// The world, for as long as nothing else is called.
    fn world(&mut self) -> &mut World {
        unsafe { &mut *self.world }
    }

    fn furnish(&mut self, shape: u8) {
        let data = objects::add(self.world());
        unsafe {
            assert_eq!(whimbrel_device_add(self.client, &*self._device, null_mut()), WHIMBREL_OK);
            for object in self._objects.iter() {
                assert_eq!(whimbrel_object_add(self.client, object, self.world.cast()), WHIMBREL_OK);
            }
            assert_eq!(whimbrel_instance_add(self.client, objects::THING, 7, data), WHIMBREL_OK);
        }
        if shape & 2 != 0 {
            let right = whimbrel_right_t { short_server_id: 0, rights: 15 };
            for (object, instance) in [(3, 0), (1000, 7), (1001, 0)] {
                let entry = whimbrel_access_entry_t {
                    size: size_of::<whimbrel_access_entry_t>(),
                    object,
                    instance,
                    owner: 1,
                    right_count: 1,
                    rights: &right,
                };
                assert_eq!(unsafe { whimbrel_access_add(self.client, &entry) }, WHIMBREL_OK);
            }
        }
        for id in 1..=self.servers {
            assert_eq!(self.account(id, shape), WHIMBREL_OK);
        }
    }

    fn account(&mut self, id: u16, shape: u8) -> i32 {
        let account = whimbrel_account_t {
            size: size_of::<whimbrel_account_t>(),
            uri: URIS[usize::from(id - 1)].as_ptr(),
            binding: if shape & 64 == 0 { null() } else { c"UQ".as_ptr() },
            lifetime_s: 600,
            pmin_s: 0,
            pmax_s: 0,
            disable_timeout_s: 0,
            short_server_id: id,
            discard_offline: shape >> 7,
            security: null(),
            bootstrap_server: 0,
            hold_off_s: 0,
            account_timeout_s: 0,
            sms: std::ptr::null(),
        };
        unsafe { whimbrel_account_add(self.client, &account) }
    }

    /// Polls until the client is content with the time.
    pub fn settle(&mut self) -> u64 {
        let waiting: usize = self.world().links.iter().map(|link| link.inbox.len()).sum();
        for _ in 0..PATIENCE + 3 * waiting {
            let mut next = 0;
            assert_eq!(unsafe { whimbrel_client_poll(self.client, &mut next) }, WHIMBREL_OK);
            if next > self.world().now {
                return next;
            }
        }
        panic!("the client finds work for ever");
    }

    /// Does what the next bytes say.
    pub fn step(&mut self, bytes: &mut Bytes<'_>) {
        let choice = bytes.byte();
        let link = usize::from(choice >> 7) % usize::from(self.servers);
        match choice & 0x1f {
            0..=1 => {
                let datagram = bytes.chunk().to_vec();
                self.world().links[link].inbox.push_back(datagram);
            }
            2..=13 => {
                let mut buffer = [0; 1400];
                let id = if bytes.0.first() == Some(&0) { 9 } else { self.world().fresh_id() };
                let length = Request { buffer: &mut buffer, id }.write(bytes);
                self.world().links[link].inbox.push_back(buffer[..length].to_vec());
            }
            14..=15 => {
                let mut buffer = [0; 600];
                let (id, token) = self.world().links[link].last.clone();
                let length = response(&mut buffer, bytes, id, &token);
                self.world().links[link].inbox.push_back(buffer[..length].to_vec());
            }
            16 => {
                let [high, low] = self.world().links[link].last.0.to_be_bytes();
                let first = bytes.pick(&[0x60, 0x70, 0x40]);
                self.world().links[link].inbox.push_back(vec![first, 0, high, low]);
            }
            17..=18 => {
                let step = bytes.pick(&[1, 100, 2_000, 20_000, 100_000, 300_000, 700_000, 90_000_000]);
                self.world().now += step * (1 + u64::from(bytes.byte() % 4));
            }
            19 => self.sleep(),
            20 => note(self.client, path(bytes)),
            21 => self.world().trouble = bytes.byte(),
            22 => self.world().serves = bytes.byte() & 1 != 0,
            23 => {
                let status =
                    bytes.pick(&[0, WHIMBREL_DEFERRED, WHIMBREL_DEFERRED, -1, -2, -4, -5, -8, -9, -12, -999]);
                self.world().refusals.push_back(status);
            }
            24 => {
                let (path, status) = (path(bytes), bytes.pick(&[0, 0, -5, -2]));
                unsafe { whimbrel_complete(self.client, path, status) };
            }
            25 => {
                let how = bytes.byte();
                unsafe { whimbrel_client_network(self.client, (how & 1).into(), (how >> 1 & 1).into()) };
            }
            26 => self.world().nosy = bytes.byte() & 1 != 0,
            _ => self.order(bytes),
        }
        if choice & 0x20 == 0 {
            self.settle();
        }
    }

    /// What an application may ask for at any time.
    fn order(&mut self, bytes: &mut Bytes<'_>) {
        let (choice, id) = (bytes.byte(), u16::from(bytes.byte() % 3));
        unsafe {
            match choice % 8 {
                0 => drop(whimbrel_account_update(self.client, id)),
                1 => drop(whimbrel_account_remove(self.client, id)),
                2 if id != 0 && id <= self.servers => drop(self.account(id, choice)),
                3 => {
                    let data = objects::add(self.world());
                    if whimbrel_instance_add(self.client, objects::THING, id, data) != WHIMBREL_OK {
                        self.world().things.pop();
                        objects::free(data);
                    }
                }
                // the data stays with the world
                4 => drop(whimbrel_instance_remove(self.client, objects::THING, id)),
                5 => drop(whimbrel_device_error(self.client, choice)),
                6 => drop(whimbrel_object_remove(self.client, objects::MACHINE)),
                7 if id == 0 => drop(whimbrel_client_stop(self.client)),
                _ => drop(whimbrel_object_add(self.client, &self._objects[1], self.world.cast())),
            }
        }
    }

    /// Goes on to when the client wants to be called.
    fn sleep(&mut self) {
        let next = self.settle();
        let mut deadline = whimbrel_deadline_t { at: 0, short_server_id: 0, reason: 0 };
        assert_eq!(unsafe { whimbrel_client_deadline(self.client, &mut deadline) }, WHIMBREL_OK);
        assert_eq!(deadline.at, next, "deadline and poll agree");
        if next != u64::MAX {
            self.world().now = next;
        }
    }

    /// Everything works again: the client must come to rest, and who is registered is served.
    pub fn end(mut self) {
        let world = self.world();
        (world.trouble, world.serves, world.nosy) = (0, true, false);
        world.refusals.clear();
        unsafe { whimbrel_client_network(self.client, 1, 0) };
        for _ in 0..8 {
            self.sleep();
        }
        // beyond EXCHANGE_LIFETIME no Message ID is remembered
        self.world().now += 300_000;
        self.settle();
        for id in 1..=self.servers {
            let registered = unsafe { whimbrel_account_registered(self.client, id) };
            assert!(matches!(registered, 0 | 1 | WHIMBREL_ERR_NOT_FOUND), "{registered}");
            if registered == 1 {
                self.is_served(id);
            }
        }
    }

    /// A Read of the manufacturer is answered. The links are in the order in which accounts came: try all.
    fn is_served(&mut self, id: u16) {
        let (mut served, open) = (false, self.open);
        for link in 0..2 {
            if !self.world().links[link].open {
                continue;
            }
            let fresh = self.world().fresh_id();
            let mut buffer = [0; 64];
            let Ok(mut out) = Writer::new(&mut buffer, Kind::Confirmable, Code::GET, fresh, b"end") else {
                return;
            };
            for segment in ["3", "0", "0"] {
                out.option(option::URI_PATH, segment.as_bytes()).expect("room");
            }
            out.option_uint(option::ACCEPT, 0).expect("room");
            let length = out.finish();
            let world = self.world();
            world.links[link].answers.clear();
            world.links[link].inbox.push_back(buffer[..length].to_vec());
            self.settle();
            for answer in &self.world().links[link].answers {
                let message = Message::parse(answer).expect("was checked when it came");
                if message.token == b"end" {
                    let allowed = message.code == Code::CONTENT && answer.ends_with(b"\xffWhimbrel");
                    served |= allowed || (!open && message.code == Code::UNAUTHORIZED);
                }
            }
        }
        assert!(served, "server {id} is registered and not answered");
    }
}

/// A place that may exist.
fn path(bytes: &mut Bytes<'_>) -> whimbrel_path_t {
    let choice = bytes.byte();
    whimbrel_path_t {
        object: bytes.pick(&[3, 1000, 1001, 1, 2, 0, 65535]),
        instance: bytes.pick(&[0, 7, 0, 1, 65535]),
        resource: if choice & 1 == 0 { u16::from(choice >> 2 & 15) } else { WHIMBREL_NONE },
        resource_instance: if choice & 2 == 0 { WHIMBREL_NONE } else { 0 },
    }
}

impl Drop for Bench {
    fn drop(&mut self) {
        assert_eq!(unsafe { whimbrel_client_end(self.client) }, WHIMBREL_OK);
        assert_eq!(unsafe { whimbrel_client_poll(self.client, null_mut()) }, WHIMBREL_ERR_STATE);
        self.memory.fill(0xdead_beef_dead_beef);
        let world = unsafe { Box::from_raw(self.world) };
        assert!(world.links.iter().all(|link| !link.is_used()), "a link is left open");
        for thing in &world.things {
            objects::free(*thing);
        }
    }
}
