//! A client with SMS: one server in clear, one in secured packets beside UDP. Nobody else is told anything, nothing goes to the
//! second in clear, and no counter is used twice, whatever arrives and whenever power goes.

use crate::bytes::Bytes;
use core::ffi::{c_char, c_void};
use core::ptr::{null, null_mut};
use std::collections::{HashMap, VecDeque};
use whimbrel::capi::*;
use whimbrel::crypto::Software;
use whimbrel::sms::packet::{self, Keys};

const CLEAR: [u8; 8] = [0x0b, 0x91, 0x51, 0x55, 0x55, 0x05, 0x21, 0xf3];
const PACKED: [u8; 8] = [0x0b, 0x91, 0x51, 0x55, 0x55, 0x05, 0x21, 0xf4];
const FOREIGN: [u8; 8] = [0x0b, 0x91, 0x51, 0x55, 0x55, 0x05, 0x77, 0xf7];
const PARAMETERS: [u8; 6] = [0x12, 0x12, 0x16, 0xb2, 0x02, 0x03];
const KEYS: [u8; 32] = *b"0123456789abcdefFEDCBA9876543210";
/// Of an SMS-SUBMIT with a relative TP-VP.
const HEAD: usize = 14;

fn keys<'k>() -> Keys<'k> {
    Keys::from_resources(&PARAMETERS, &KEYS, false, false).expect("keys")
}

/// What the platform holds.
#[derive(Default)]
struct World {
    now: u64,
    random: u32,
    inbox: VecDeque<Vec<u8>>,
    datagrams: VecDeque<Vec<u8>>,
    records: HashMap<u16, Vec<u8>>,
    /// How many operations of storage work until the next one fails; `None`: all.
    works: Option<u8>,
    refuses: bool,
    /// The last request of the client, by SMS in clear and by UDP.
    asked: [Option<(u16, Vec<u8>)>; 2],
    /// The parts of a packet that is being sent, and its reference.
    parts: Vec<u8>,
    /// The counter of the last packet sent.
    counter: u64,
}

impl World {
    fn said(&mut self, tpdu: &[u8]) {
        assert!(tpdu.len() > HEAD && tpdu[0] & 3 == 1, "an SMS-SUBMIT");
        let (to, data) = (&tpdu[2..10], &tpdu[HEAD..]);
        assert_eq!((data.len(), data.len() <= 140), (tpdu[13].into(), true));
        let header = if tpdu[0] & 0x40 == 0 { &data[..0] } else { &data[1..1 + usize::from(data[0])] };
        let body = &data[if header.is_empty() { 0 } else { 1 + header.len() }..];
        if to == CLEAR {
            if header.is_empty() && body.len() >= 6 && body[0] == 0x42 {
                self.asked[0] = Some((u16::from_be_bytes([body[2], body[3]]), body[4..6].to_vec()));
            }
            return;
        }
        assert_eq!(to, PACKED, "nobody else is told anything");
        let (total, sequence) = if header.first() == Some(&0) { (header[3], header[4]) } else { (1, 1) };
        if sequence == 1 {
            assert!(header.ends_with(&[0x70, 0]), "a command packet");
            self.parts.clear();
        }
        self.parts.extend(body);
        if sequence == total && !header.starts_with(&[0x71]) {
            let mut packet = std::mem::take(&mut self.parts);
            let opened = packet::open(&Software, &keys(), self.counter, &mut packet);
            self.counter = opened.expect("a packet with a counter that is new").counter;
        }
    }
}

unsafe fn world<'w>(context: *mut c_void) -> &'w mut World {
    unsafe { &mut *context.cast() }
}

unsafe fn slice<'s>(data: *const u8, size: usize) -> &'s [u8] {
    if size == 0 { &[] } else { unsafe { std::slice::from_raw_parts(data, size) } }
}

unsafe fn give(from: Option<Vec<u8>>, buffer: *mut u8, size: usize) -> i32 {
    let Some(bytes) = from else { return 0 };
    let length = bytes.len().min(size);
    unsafe { buffer.copy_from_nonoverlapping(bytes.as_ptr(), length) };
    if length < bytes.len() { WHIMBREL_ERR_TRUNCATED } else { length as i32 }
}

unsafe extern "C" fn now(context: *mut c_void) -> u64 {
    unsafe { world(context) }.now
}

unsafe extern "C" fn random(context: *mut c_void, buffer: *mut u8, size: usize) {
    let world = unsafe { world(context) };
    for at in 0..size {
        world.random = world.random.wrapping_mul(1_103_515_245).wrapping_add(12_345);
        unsafe { buffer.add(at).write((world.random >> 16) as u8) };
    }
}

unsafe extern "C" fn open(_: *mut c_void, _: u8, _: *const c_char, _: usize, _: u16, _: i32) -> i32 {
    WHIMBREL_OK
}

unsafe extern "C" fn send(context: *mut c_void, link: u8, data: *const u8, size: usize) -> i32 {
    let (world, data) = unsafe { (world(context), slice(data, size)) };
    assert_eq!(link, 1, "the first server has no link");
    if data.len() >= 6 && data[0] == 0x42 {
        world.asked[1] = Some((u16::from_be_bytes([data[2], data[3]]), data[4..6].to_vec()));
    }
    WHIMBREL_OK
}

unsafe extern "C" fn receive(context: *mut c_void, link: u8, buffer: *mut u8, size: usize) -> i32 {
    assert_eq!(link, 1, "the first server has no link");
    unsafe { give(world(context).datagrams.pop_front(), buffer, size) }
}

unsafe extern "C" fn close(_: *mut c_void, link: u8) {
    assert_eq!(link, 1, "the first server has no link");
}

unsafe extern "C" fn sms_send(context: *mut c_void, tpdu: *const u8, size: usize) -> i32 {
    let (world, tpdu) = unsafe { (world(context), slice(tpdu, size)) };
    world.said(tpdu);
    if world.refuses { WHIMBREL_ERR_BUSY } else { WHIMBREL_OK }
}

unsafe extern "C" fn sms_receive(context: *mut c_void, buffer: *mut u8, size: usize) -> i32 {
    unsafe { give(world(context).inbox.pop_front(), buffer, size) }
}

fn works(world: &mut World) -> bool {
    match &mut world.works {
        None => true,
        Some(0) => false,
        Some(left) => {
            *left -= 1;
            true
        }
    }
}

unsafe extern "C" fn read(context: *mut c_void, record: u16, buffer: *mut u8, size: usize) -> i32 {
    let world = unsafe { world(context) };
    if !works(world) {
        return WHIMBREL_ERR_STORAGE;
    }
    match world.records.get(&record) {
        None => WHIMBREL_ERR_NOT_FOUND,
        Some(content) if content.len() > size => WHIMBREL_ERR_FULL,
        Some(content) => unsafe { give(Some(content.clone()), buffer, size) },
    }
}

unsafe extern "C" fn write(context: *mut c_void, record: u16, data: *const u8, size: usize) -> i32 {
    let (world, data) = unsafe { (world(context), slice(data, size)) };
    if !works(world) {
        // power may have gone in the middle of it
        world.records.insert(record, data[..data.len() / 2].to_vec());
        return WHIMBREL_ERR_STORAGE;
    }
    world.records.insert(record, data.to_vec());
    WHIMBREL_OK
}

/// A client in its world.
pub struct Scene {
    world: Box<World>,
    client: *mut whimbrel_client_t,
    _memory: Vec<u64>,
    flags: u8,
    /// The counter of the last packet of the server.
    said: u64,
}

static FEATURES: [&whimbrel_feature_t; 5] = [
    &whimbrel_reporting,
    &whimbrel_transfers,
    &whimbrel_persistence,
    &whimbrel_sms,
    &whimbrel_secured_packets,
];

struct Formats([*const whimbrel_format_t; 2]);
// SAFETY: nobody writes through them
unsafe impl Sync for Formats {}
static FORMATS: Formats = Formats([&whimbrel_format_tlv, &whimbrel_format_text]);

impl Scene {
    /// The client, with two accounts. The byte chooses what SMS is done like.
    pub fn new(flags: u8) -> Self {
        let mut scene = Self {
            world: Box::default(),
            client: null_mut(),
            _memory: Vec::new(),
            // the keys and what is told to whom stay as this file has them; unknown bits are refused by init
            flags: flags & (WHIMBREL_SMS_SIMILAR | WHIMBREL_SMS_RESPOND),
            said: 0,
        };
        scene.boot();
        scene
    }

    fn boot(&mut self) {
        let limits = whimbrel_limits_t {
            size: size_of::<whimbrel_limits_t>(),
            servers: 2,
            objects: 0,
            instances: 0,
            access: 0,
            observations: 3,
            attributes: 0,
            recent: 0,
            deferred: 0,
            changes: 0,
            datagram: 400,
            credentials: 160,
            undo: 0,
            body: 300,
            mtu: 0,
            bootstrap: 200,
            sms: 2,
            uicc: 0,
            uicc_messages: 0,
        };
        // SAFETY: all of it may be zero
        let mut config: whimbrel_config_t = unsafe { std::mem::zeroed() };
        config.size = size_of::<whimbrel_config_t>();
        config.endpoint = c"fuzz".as_ptr();
        config.limits = &limits;
        config.formats = FORMATS.0.as_ptr();
        config.format_count = 2;
        config.features = FEATURES.as_ptr().cast();
        config.feature_count = FEATURES.len();
        config.sms_flags = self.flags;
        let port = whimbrel_port_t {
            size: size_of::<whimbrel_port_t>(),
            context: (&raw mut *self.world).cast(),
            now: Some(now),
            random: Some(random),
            link_open: Some(open),
            link_send: Some(send),
            link_receive: Some(receive),
            link_close: Some(close),
            lock: None,
            unlock: None,
            wake: None,
            security: null(),
            wall_clock: None,
            storage_read: Some(read),
            storage_write: Some(write),
            sms_send: Some(sms_send),
            sms_receive: Some(sms_receive),
            crypto: &raw const whimbrel_crypto_software,
            uicc_transmit: None,
        };
        unsafe {
            let size = whimbrel_client_size(&limits);
            self._memory = vec![0; size.div_ceil(8)];
            let made = whimbrel_client_init(
                self._memory.as_mut_ptr().cast(),
                size,
                &config,
                &port,
                &mut self.client,
            );
            assert_eq!(made, WHIMBREL_OK);
        }
        self.add(1, WHIMBREL_SMS_NOSEC, c"+15555550123", c"S");
        self.add(2, WHIMBREL_SMS_PACKETS, c"+15555550124", c"US");
    }

    fn add(&mut self, id: u16, mode: u8, number: &core::ffi::CStr, binding: &core::ffi::CStr) {
        let sms = whimbrel_sms_t {
            size: size_of::<whimbrel_sms_t>(),
            mode,
            trigger: 0,
            number: number.as_ptr(),
            parameters: PARAMETERS.as_ptr(),
            parameters_length: PARAMETERS.len(),
            keys: KEYS.as_ptr(),
            keys_length: KEYS.len(),
        };
        // SAFETY: all of it may be zero; the account is copied
        unsafe {
            let mut account: whimbrel_account_t = std::mem::zeroed();
            account.size = size_of::<whimbrel_account_t>();
            account.uri = c"coap://server".as_ptr();
            account.binding = binding.as_ptr();
            account.short_server_id = id;
            account.sms = &sms;
            assert_eq!(whimbrel_account_add(self.client, &account), WHIMBREL_OK);
        }
    }

    fn poll(&mut self) {
        for _ in 0..64 {
            let mut next = 0;
            assert_eq!(unsafe { whimbrel_client_poll(self.client, &mut next) }, WHIMBREL_OK);
            if next > self.world.now {
                return;
            }
        }
        panic!("the client finds work for ever");
    }

    fn deliver(&mut self, header: bool, from: &[u8; 8], data: &[u8]) {
        let data = &data[..data.len().min(140)];
        let mut tpdu = vec![if header { 0x44 } else { 4 }];
        tpdu.extend(from);
        tpdu.extend([0, 4, 0x62, 0x10, 0x20, 0x30, 0x40, 0x50, 0x80, data.len() as u8]);
        tpdu.extend(data);
        self.world.inbox.push_back(tpdu);
    }

    /// 2.01 or 2.04 to what the client asked last.
    fn answer(&mut self, by_udp: bool, code: u8) {
        let Some((id, token)) = self.world.asked[usize::from(by_udp)].clone() else { return };
        let mut answer = vec![0x62, code];
        answer.extend(id.to_be_bytes());
        answer.extend(token);
        answer.extend(*b"\x82rd\x011");
        if by_udp { self.world.datagrams.push_back(answer) } else { self.deliver(false, &CLEAR, &answer) }
    }

    fn packet(&mut self, message: &[u8], step: u8) {
        self.said = self.said.saturating_add(step.into());
        let mut packet = vec![0x02, 0x70, 0x00];
        packet.resize(200, 0);
        let length = packet::protect(&Software, &keys(), self.said, message, &mut packet[3..]).expect("room");
        packet.truncate(3 + length);
        if packet.len() <= 140 {
            self.deliver(true, &PACKED, &packet);
        }
    }

    /// One thing happens.
    pub fn step(&mut self, bytes: &mut Bytes<'_>) {
        let choice = bytes.byte();
        let length = usize::from(bytes.byte());
        match choice % 12 {
            0 => {
                let tpdu = bytes.take(length).to_vec();
                self.world.inbox.push_back(tpdu);
            }
            1 | 2 => {
                let from = [&CLEAR, &PACKED, &FOREIGN][usize::from(choice >> 4) % 3];
                let data = bytes.take(length).to_vec();
                self.deliver(choice % 12 == 1, from, &data);
            }
            3 => self.answer(choice & 0x10 != 0, if choice & 0x20 != 0 { 0x41 } else { 0x44 }),
            4 => {
                let message = bytes.take(length.min(90)).to_vec();
                self.packet(&message, choice >> 4);
            }
            5 => {
                // a Read that is answered, in a packet
                let id = bytes.byte();
                let message = [0x41, 1, 7, id, 9, 0xb1, b'1', 1, b'1', 1, [b'1', b'7', b'0'][length % 3]];
                self.packet(&message, 1);
            }
            6 => self.world.datagrams.push_back(bytes.take(length).to_vec()),
            7 => self.world.now += u64::from(bytes.byte()) << (length % 16),
            8 => self.world.works = (length & 0x80 != 0).then_some(length as u8 & 7),
            9 => self.world.refuses = length & 1 != 0,
            10 => {
                // power goes, and comes again
                unsafe { whimbrel_client_end(self.client) };
                self.world.inbox.clear();
                self.world.datagrams.clear();
                self.world.parts.clear();
                self.world.works = None;
                self.boot();
            }
            _ => {
                unsafe { whimbrel_account_update(self.client, 1 + u16::from(length & 1 != 0)) };
            }
        }
        self.poll();
    }
}

impl Drop for Scene {
    fn drop(&mut self) {
        unsafe { whimbrel_client_end(self.client) };
    }
}
