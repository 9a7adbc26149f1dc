//! The port of the device: virtual clock, seeded chance, links as queues, events as a list.

use super::serial::Serial;
use super::slot::Reader;
use super::state::State;
use super::storage::Storage;
use crate::Random;
use crate::net::Peer;
use crate::sms::Phone;
use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, VecDeque};
use std::ffi::{c_char, c_void};
use std::rc::Rc;
use whimbrel::capi::*;

/// What the client told the application.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Event {
    /// When.
    pub time: u64,
    /// WHIMBREL_EVENT_…
    pub code: u16,
    /// Short Server ID.
    pub server: u16,
    /// Why.
    pub status: i32,
    /// Where, such as `/3303/0/5700`.
    pub path: String,
    /// The time concerned.
    pub at: u64,
}

/// A link that is open.
#[derive(Debug)]
struct Line {
    peer: Peer,
    /// From when on each can be taken.
    waiting: VecDeque<(u64, Vec<u8>)>,
    /// What `link_receive` says from now on, until the link is closed.
    dead: Option<i32>,
}

/// What stands behind the C table, and what the handlers share.
pub(super) struct Platform {
    /// The bench's clock.
    pub now: Cell<u64>,
    /// When the device was switched on: its own clock begins there.
    booted: u64,
    /// The time of day at the bench's time 0, in seconds since 1970, where it is known.
    pub wall_clock: Cell<Option<i64>>,
    pub storage: Storage,
    /// Whether there is a security backend.
    pub secured: Cell<bool>,
    /// How long a modem takes to hand over a datagram that has come.
    pub latency: Cell<u64>,
    random: RefCell<Random>,
    lines: RefCell<BTreeMap<u8, Line>>,
    pub outbox: RefCell<VecDeque<(Peer, Vec<u8>)>>,
    pub events: RefCell<Vec<Event>>,
    /// The modem, where there is one: by an API of its own, or at a serial line.
    pub phone: RefCell<Option<Phone>>,
    pub serial: RefCell<Option<Serial>>,
    /// The slot for a card, and how it is read.
    pub reader: RefCell<Option<Reader>>,
    /// How often the user was asked for a PIN, and how many tries were left then.
    pub pins: Cell<u32>,
    pub tries: Cell<u8>,
    /// A message has come for the card, and the modem tells.
    pub card_told: Cell<bool>,
    /// How many the modem has no room for.
    pub refused_texts: Cell<u32>,
    pub failing_texts: Cell<Option<i32>>,
    pub pending: Cell<u32>,
    pub broken: Cell<bool>,
    /// When links were opened, and how many events had been told by then.
    pub opened: RefCell<Vec<(u64, usize)>>,
    pub state: State,
}

impl Platform {
    pub fn new(seed: u64, booted: u64, storage: Storage) -> Self {
        Self {
            now: Cell::new(booted),
            booted,
            wall_clock: Cell::new(None),
            storage,
            secured: Cell::new(false),
            latency: Cell::new(0),
            random: RefCell::new(Random::new(seed)),
            lines: RefCell::default(),
            outbox: RefCell::default(),
            events: RefCell::default(),
            phone: RefCell::default(),
            serial: RefCell::default(),
            reader: RefCell::default(),
            pins: Cell::new(0),
            tries: Cell::new(0),
            card_told: Cell::new(false),
            refused_texts: Cell::new(0),
            failing_texts: Cell::new(None),
            pending: Cell::new(0),
            broken: Cell::new(false),
            opened: RefCell::default(),
            state: State::new(),
        }
    }

    /// All links that are open fail from now on.
    pub fn die(&self, status: i32) {
        for line in self.lines.borrow_mut().values_mut() {
            line.dead = Some(status);
        }
    }

    /// How many links are open.
    pub fn open_links(&self) -> usize {
        self.lines.borrow().len()
    }

    /// A datagram from the network: for every link to its sender, lost if there is none.
    pub fn arrive(&self, from: Peer, datagram: &[u8]) {
        for line in self.lines.borrow_mut().values_mut().filter(|line| line.peer == from) {
            line.waiting.push_back((self.now.get() + self.latency.get(), datagram.to_vec()));
        }
    }

    /// When the next datagram can be taken from a link that works.
    pub fn ready_at(&self) -> Option<u64> {
        let lines = self.lines.borrow();
        lines.values().filter_map(|line| line.waiting.front()).map(|(ready, _)| *ready).min()
    }

    /// A time of the device's clock on the bench's.
    pub const fn on_the_bench(&self, at: u64) -> u64 {
        if at == 0 || at == u64::MAX { at } else { at + self.booted }
    }
}

/// The table for C.
pub(super) fn port(platform: &Rc<Platform>) -> whimbrel_port_t {
    whimbrel_port_t {
        size: size_of::<whimbrel_port_t>(),
        context: Rc::as_ptr(platform).cast_mut().cast(),
        now: Some(now),
        random: Some(random),
        link_open: Some(open),
        link_send: Some(send),
        link_receive: Some(receive),
        link_close: Some(close),
        lock: None,
        unlock: None,
        wake: None,
        security: std::ptr::null(),
        wall_clock: Some(wall_clock),
        storage_read: Some(storage_read),
        storage_write: Some(storage_write),
        sms_send: Some(super::sms::send),
        sms_receive: Some(super::sms::receive),
        crypto: &raw const whimbrel_crypto_software,
        uicc_transmit: Some(super::slot::transmit),
    }
}

/// # Safety
/// `context` came from `port`, whose platform lives.
pub(super) unsafe fn platform<'a>(context: *mut c_void) -> &'a Platform {
    // SAFETY: the contract above; only shared references are ever made
    unsafe { &*context.cast::<Platform>() }
}

unsafe extern "C" fn now(context: *mut c_void) -> u64 {
    // SAFETY: the client hands over what it was given
    let platform = unsafe { platform(context) };
    platform.now.get() - platform.booted
}

unsafe extern "C" fn wall_clock(context: *mut c_void) -> i64 {
    // SAFETY: the client hands over what it was given
    let platform = unsafe { platform(context) };
    platform.wall_clock.get().map_or(-1, |start| start + (platform.now.get() / 1000) as i64)
}

unsafe extern "C" fn storage_read(context: *mut c_void, record: u16, buffer: *mut u8, size: usize) -> i32 {
    // SAFETY: `size` bytes at `buffer`
    let (platform, buffer) = unsafe { (platform(context), std::slice::from_raw_parts_mut(buffer, size)) };
    match platform.storage.read(record) {
        Err(status) => status,
        Ok(None) => WHIMBREL_ERR_NOT_FOUND,
        Ok(Some(content)) => match buffer.get_mut(..content.len()) {
            None => WHIMBREL_ERR_FULL,
            Some(room) => {
                room.copy_from_slice(&content);
                content.len() as i32
            }
        },
    }
}

unsafe extern "C" fn storage_write(context: *mut c_void, record: u16, data: *const u8, size: usize) -> i32 {
    // SAFETY: the client hands over what it was given
    let platform = unsafe { platform(context) };
    // SAFETY: `size` bytes at `data`, which may be NULL if there are none
    let content = if size == 0 { &[] } else { unsafe { std::slice::from_raw_parts(data, size) } };
    platform.storage.write(record, content).map_or_else(|status| status, |()| WHIMBREL_OK)
}

unsafe extern "C" fn random(context: *mut c_void, buffer: *mut u8, size: usize) {
    // SAFETY: `size` bytes at `buffer`
    let (platform, buffer) = unsafe { (platform(context), std::slice::from_raw_parts_mut(buffer, size)) };
    buffer.fill_with(|| platform.random.borrow_mut().next() as u8);
}

unsafe extern "C" fn open(
    context: *mut c_void,
    link: u8,
    host: *const c_char,
    length: usize,
    port: u16,
    how: i32,
) -> i32 {
    // SAFETY: `length` bytes at `host`
    let (platform, host) =
        unsafe { (platform(context), std::slice::from_raw_parts(host.cast::<u8>(), length)) };
    assert!(
        how & i32::from(WHIMBREL_LINK_SECURE) == 0 || platform.secured.get(),
        "no security was configured"
    );
    platform.opened.borrow_mut().push((platform.now.get(), platform.events.borrow().len()));
    if platform.broken.get() {
        return WHIMBREL_ERR_LINK;
    }
    if platform.pending.get() > 0 {
        platform.pending.set(platform.pending.get() - 1);
        return WHIMBREL_PENDING;
    }
    let address = std::str::from_utf8(host).ok().and_then(|host| host.parse().ok()).expect("an address");
    let line = Line { peer: Peer::new(address, port), waiting: VecDeque::new(), dead: None };
    let before = platform.lines.borrow_mut().insert(link, line);
    assert!(before.is_none(), "link {link} is opened a second time");
    WHIMBREL_OK
}

unsafe extern "C" fn send(context: *mut c_void, link: u8, data: *const u8, size: usize) -> i32 {
    // SAFETY: `size` bytes at `data`
    let (platform, data) = unsafe { (platform(context), std::slice::from_raw_parts(data, size)) };
    let peer = platform.lines.borrow().get(&link).expect("an open link").peer;
    if !platform.storage.is_dead() {
        platform.outbox.borrow_mut().push_back((peer, data.to_vec()));
    }
    WHIMBREL_OK
}

unsafe extern "C" fn receive(context: *mut c_void, link: u8, buffer: *mut u8, size: usize) -> i32 {
    // SAFETY: `size` bytes at `buffer`
    let (platform, buffer) = unsafe { (platform(context), std::slice::from_raw_parts_mut(buffer, size)) };
    let mut lines = platform.lines.borrow_mut();
    let line = lines.get_mut(&link).expect("an open link");
    if let Some(status) = line.dead {
        return status;
    }
    let now = platform.now.get();
    let ready = line.waiting.front().is_some_and(|(ready, _)| *ready <= now);
    let Some((_, datagram)) = ready.then(|| line.waiting.pop_front()).flatten() else { return 0 };
    let kept = datagram.len().min(size);
    buffer[..kept].copy_from_slice(&datagram[..kept]);
    if kept < datagram.len() { WHIMBREL_ERR_TRUNCATED } else { kept as i32 }
}

unsafe extern "C" fn close(context: *mut c_void, link: u8) {
    // SAFETY: the client hands over what it was given
    unsafe { platform(context) }.lines.borrow_mut().remove(&link);
}

pub(super) unsafe extern "C" fn event(context: *mut c_void, event: *const whimbrel_event_t) {
    // SAFETY: the client hands over what it was given, and an event that lives for the call
    let (platform, event) = unsafe { (platform(context), &*event) };
    let ids = [event.path.object, event.path.instance, event.path.resource, event.path.resource_instance];
    platform.events.borrow_mut().push(Event {
        time: platform.now.get(),
        code: event.code,
        server: event.short_server_id,
        status: event.status,
        path: ids.iter().take_while(|id| **id != WHIMBREL_NONE).map(|id| format!("/{id}")).collect(),
        at: platform.on_the_bench(event.at),
    });
}
