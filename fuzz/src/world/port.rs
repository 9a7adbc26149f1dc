//! The platform of the world: port functions in C's calling convention.

use super::World;
use core::ffi::{c_char, c_void};
use whimbrel::capi::{
    WHIMBREL_ERR_FULL, WHIMBREL_ERR_LINK, WHIMBREL_ERR_NOT_FOUND, WHIMBREL_ERR_STORAGE,
    WHIMBREL_ERR_TRUNCATED, WHIMBREL_EVENT_BOOTSTRAP_FAILED, WHIMBREL_EVENT_BOOTSTRAP_STARTED,
    WHIMBREL_EVENT_BOOTSTRAPPED, WHIMBREL_LINK_LISTEN, WHIMBREL_OK, WHIMBREL_PENDING, whimbrel_changed,
    whimbrel_event_t, whimbrel_path_t, whimbrel_port_t,
};

const SEND_FAILS: u8 = 1;
const RECEIVE_FAILS: u8 = 2;
const TRUNCATES: u8 = 4;
const PENDING: u8 = 8;
const OPEN_FAILS: u8 = 16;

/// Bits of [`super::Shelf::trouble`].
const READ_FAILS: u8 = 1;
const WRITE_FAILS: u8 = 2;
const WRITE_TEARS: u8 = 4;

pub fn table(world: *mut World) -> whimbrel_port_t {
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
        security: core::ptr::null(),
        wall_clock: None,
        storage_read: Some(storage_read),
        storage_write: Some(storage_write),
        sms_send: None,
        sms_receive: None,
        crypto: std::ptr::null(),
        uicc_transmit: None,
    }
}

/// The world behind a context. Nothing keeps the reference beyond a line that calls the client.
pub unsafe fn world<'w>(context: *mut c_void) -> &'w mut World {
    unsafe { &mut *context.cast::<World>() }
}

unsafe extern "C" fn now(context: *mut c_void) -> u64 {
    unsafe { world(context) }.now
}

unsafe extern "C" fn random(context: *mut c_void, buffer: *mut u8, size: usize) {
    let world = unsafe { world(context) };
    for at in 0..size {
        world.chance = world.chance.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        unsafe { buffer.add(at).write((world.chance >> 24) as u8) };
    }
}

unsafe extern "C" fn link_open(
    context: *mut c_void,
    link: u8,
    host: *const c_char,
    length: usize,
    port: u16,
    how: i32,
) -> i32 {
    let world = unsafe { world(context) };
    let host = unsafe { core::slice::from_raw_parts(host.cast::<u8>(), length) };
    assert!(!host.is_empty() && port != 0 && how & !i32::from(world.ways) == 0);
    world.trace("opens", link.into(), host);
    let link = &mut world.links[usize::from(link)];
    assert!(!link.open, "an open link is opened");
    link.bootstraps = how & i32::from(WHIMBREL_LINK_LISTEN) != 0;
    (link.opening, link.open) = match world.trouble {
        trouble if trouble & OPEN_FAILS != 0 => (false, false),
        trouble if trouble & PENDING != 0 => (true, false),
        _ => (false, true),
    };
    match (link.opening, link.open) {
        (_, true) => WHIMBREL_OK,
        (true, _) => WHIMBREL_PENDING,
        _ => WHIMBREL_ERR_LINK,
    }
}

unsafe extern "C" fn link_send(context: *mut c_void, link: u8, data: *const u8, size: usize) -> i32 {
    let world = unsafe { world(context) };
    let link = usize::from(link);
    assert!(world.links[link].open, "a closed link is used");
    let datagram = unsafe { core::slice::from_raw_parts(data, size) }.to_vec();
    if world.trouble & SEND_FAILS != 0 {
        return WHIMBREL_ERR_LINK;
    }
    world.said(link, &datagram);
    WHIMBREL_OK
}

unsafe extern "C" fn link_receive(context: *mut c_void, link: u8, buffer: *mut u8, size: usize) -> i32 {
    let world = unsafe { world(context) };
    assert!(world.links[usize::from(link)].open, "a closed link is read");
    if world.trouble & RECEIVE_FAILS != 0 {
        return WHIMBREL_ERR_LINK;
    }
    let truncates = world.trouble & TRUNCATES != 0;
    // a datagram of no bytes cannot be told from none
    let inbox = &mut world.links[usize::from(link)].inbox;
    let Some(datagram) = core::iter::from_fn(|| inbox.pop_front()).find(|datagram| !datagram.is_empty())
    else {
        return 0;
    };
    world.heard(link.into(), &datagram);
    let length = datagram.len().min(size).min(if truncates { 6 } else { size });
    unsafe { buffer.copy_from_nonoverlapping(datagram.as_ptr(), length) };
    if length < datagram.len() { WHIMBREL_ERR_TRUNCATED } else { length as i32 }
}

unsafe extern "C" fn link_close(context: *mut c_void, link: u8) {
    let link = &mut unsafe { world(context) }.links[usize::from(link)];
    assert!(link.is_used(), "a closed link is closed");
    (link.opening, link.open) = (false, false);
    link.inbox.clear();
}

pub unsafe extern "C" fn storage_read(context: *mut c_void, slot: u16, buffer: *mut u8, size: usize) -> i32 {
    let world = unsafe { world(context) };
    if world.shelf.trouble & READ_FAILS != 0 {
        return WHIMBREL_ERR_STORAGE;
    }
    let Some(held) = world.shelf.records.get(&slot) else { return WHIMBREL_ERR_NOT_FOUND };
    if held.len() > size {
        return WHIMBREL_ERR_FULL;
    }
    unsafe { buffer.copy_from_nonoverlapping(held.as_ptr(), held.len()) };
    held.len() as i32
}

pub unsafe extern "C" fn storage_write(context: *mut c_void, slot: u16, data: *const u8, size: usize) -> i32 {
    let world = unsafe { world(context) };
    if world.shelf.trouble & WRITE_FAILS != 0 {
        return WHIMBREL_ERR_STORAGE;
    }
    let data = if size == 0 { &[][..] } else { unsafe { core::slice::from_raw_parts(data, size) } };
    world.trace("stores", slot.into(), data);
    let tears = world.shelf.trouble & WRITE_TEARS != 0;
    let data = &data[..if tears { size / 2 } else { size }];
    let before = world.shelf.records.remove(&slot);
    if !data.is_empty() {
        world.shelf.records.insert(slot, data.to_vec());
    }
    world.shelf.history.extend(before.map(|before| (slot, before)));
    if tears { WHIMBREL_ERR_STORAGE } else { WHIMBREL_OK }
}

pub unsafe extern "C" fn event(context: *mut c_void, event: *const whimbrel_event_t) {
    let (code, path) = unsafe { ((*event).code, (*event).path) };
    let world = unsafe { world(context) };
    assert!((1..=world.most).contains(&code), "event {code}");
    world.events.push(unsafe { *event });
    match code {
        WHIMBREL_EVENT_BOOTSTRAP_STARTED => world.quiet = true,
        WHIMBREL_EVENT_BOOTSTRAPPED | WHIMBREL_EVENT_BOOTSTRAP_FAILED => world.quiet = false,
        _ => {}
    }
    world.trace("event", code.into(), &unsafe { (*event).status }.to_be_bytes());
    if world.nosy && !world.client.is_null() {
        note(world.client, path);
    }
}

/// A change, noted from wherever we are.
pub fn note(client: *mut whimbrel::capi::whimbrel_client_t, path: whimbrel_path_t) {
    assert_eq!(unsafe { whimbrel_changed(client, path) }, WHIMBREL_OK);
}
