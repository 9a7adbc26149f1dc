//! A security backend without a library: the TLS of a modem, which takes keys and then passes plaintext through. It can
//! only Raw Public Keys (mode 1), which Mbed TLS cannot, and shows what reaches a backend.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::ffi::c_void;
use std::slice;
use whimbrel::capi::*;

/// What `start` was given.
#[derive(Clone, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub struct Started {
    pub session: u8,
    pub mode: u8,
    pub mtu: u16,
    pub identity: Vec<u8>,
    pub server_key: Vec<u8>,
    pub secret_key: Vec<u8>,
    pub name: String,
}

/// The backend.
#[derive(Default)]
pub(super) struct Modem {
    pub started: RefCell<Vec<Started>>,
    /// Sessions that live, with the number of records sent; -1 before the first `step`.
    sessions: RefCell<BTreeMap<u8, i64>>,
}

impl Modem {
    /// The table for C, with `self` as its context.
    pub fn table(&self) -> whimbrel_security_t {
        whimbrel_security_t {
            size: size_of::<whimbrel_security_t>(),
            context: std::ptr::from_ref(self).cast_mut().cast(),
            capabilities: Some(capabilities),
            start: Some(start),
            step: Some(step),
            feed: Some(feed),
            write: Some(write),
            state: Some(state),
            save: None,
            load: None,
            fence: None,
            end: Some(end),
        }
    }
}

/// # Safety
/// `context` is a modem that lives.
unsafe fn modem<'a>(context: *mut c_void) -> &'a Modem {
    // SAFETY: the contract above; only shared references are made
    unsafe { &*context.cast::<Modem>() }
}

/// # Safety
/// `length` bytes at `bytes`, or none.
unsafe fn copied(bytes: *const u8, length: usize) -> Vec<u8> {
    if length == 0 {
        return Vec::new();
    }
    // SAFETY: the contract above
    unsafe { slice::from_raw_parts(bytes, length) }.to_vec()
}

unsafe extern "C" fn capabilities(_: *mut c_void) -> u32 {
    WHIMBREL_CAN_RAW_PUBLIC_KEY
}

unsafe extern "C" fn start(context: *mut c_void, session: u8, setup: *const whimbrel_session_t) -> i32 {
    // SAFETY: the client hands over what it was given, and a setup that lives for the call
    let (modem, setup) = unsafe { (modem(context), &*setup) };
    assert_eq!(setup.size, size_of::<whimbrel_session_t>());
    if setup.mode != WHIMBREL_RAW_PUBLIC_KEY {
        return WHIMBREL_ERR_SECURITY_MODE;
    }
    // SAFETY: pointers and lengths belong together
    let started = unsafe {
        Started {
            session,
            mode: setup.mode,
            mtu: setup.mtu,
            identity: copied(setup.identity, setup.identity_length),
            server_key: copied(setup.server_key, setup.server_key_length),
            secret_key: copied(setup.secret_key, setup.secret_key_length),
            name: String::from_utf8(copied(setup.name.cast(), setup.name_length)).expect("UTF-8"),
        }
    };
    modem.started.borrow_mut().push(started);
    let before = modem.sessions.borrow_mut().insert(session, -1);
    assert_eq!(before, None, "session {session} was ended before");
    WHIMBREL_OK
}

unsafe extern "C" fn step(
    context: *mut c_void,
    session: u8,
    _: u64,
    outlet: *const whimbrel_outlet_t,
) -> i32 {
    assert!(!outlet.is_null());
    // SAFETY: the client hands over what it was given
    let mut sessions = unsafe { modem(context) }.sessions.borrow_mut();
    let sent = sessions.get_mut(&session).expect("a session");
    *sent = (*sent).max(0);
    WHIMBREL_OK
}

unsafe extern "C" fn feed(
    context: *mut c_void,
    session: u8,
    _: u64,
    datagram: *const u8,
    size: usize,
    plain: *mut u8,
    room: usize,
    _: *const whimbrel_outlet_t,
) -> i32 {
    // SAFETY: the client hands over what it was given
    assert!(unsafe { modem(context) }.sessions.borrow().contains_key(&session), "a session");
    if size == 0 {
        return 0;
    }
    // SAFETY: `size` bytes at `datagram` and `room` bytes at `plain`, which may be the same memory
    unsafe { std::ptr::copy(datagram, plain, size.min(room)) };
    if size > room { WHIMBREL_ERR_TRUNCATED } else { size as i32 }
}

unsafe extern "C" fn write(
    context: *mut c_void,
    session: u8,
    _: u64,
    plain: *const u8,
    size: usize,
    outlet: *const whimbrel_outlet_t,
) -> i32 {
    // SAFETY: the client hands over what it was given, and an outlet that lives for the call
    let (modem, outlet) = unsafe { (modem(context), &*outlet) };
    let mut sessions = modem.sessions.borrow_mut();
    let sent = sessions.get_mut(&session).filter(|sent| **sent >= 0).expect("an established session");
    *sent += 1;
    // SAFETY: as the client says
    unsafe { outlet.send.expect("a function")(outlet.context, plain, size) };
    WHIMBREL_OK
}

unsafe extern "C" fn state(context: *mut c_void, session: u8, state: *mut whimbrel_session_state_t) {
    // SAFETY: the client hands over what it was given, and a place for the state
    let (modem, state) = unsafe { (modem(context), &mut *state) };
    let sent = *modem.sessions.borrow().get(&session).expect("a session");
    *state = whimbrel_session_state_t {
        deadline_ms: if sent < 0 { 0 } else { u64::MAX },
        sequence: sent.max(0) as u64,
        alert: -1,
        ciphersuite: crate::dtls::ECDSA_CCM_8,
        overhead: 0,
        established: (sent >= 0).into(),
        resumed: 0,
        connection_id: 0,
        savable: 0,
    };
}

unsafe extern "C" fn end(context: *mut c_void, session: u8, _: u64, _: u32, _: *const whimbrel_outlet_t) {
    // SAFETY: the client hands over what it was given
    unsafe { modem(context) }.sessions.borrow_mut().remove(&session);
}
