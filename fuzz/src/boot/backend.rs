//! A DTLS backend whose peers never answer: accounts with keys can be there, and fail.

use core::ffi::c_void;
use whimbrel::capi::{
    WHIMBREL_CAN_CERTIFICATE, WHIMBREL_CAN_PSK, WHIMBREL_CAN_RAW_PUBLIC_KEY, WHIMBREL_ERR_TIMEOUT,
    WHIMBREL_OK, whimbrel_outlet_t, whimbrel_security_t, whimbrel_session_state_t, whimbrel_session_t,
};

/// How long a handshake may take, in milliseconds.
const PATIENCE: u64 = 60_000;

/// When the handshake of each session has failed.
pub type Handshakes = [u64; crate::world::LINKS];

/// The table over `handshakes`.
pub fn table(handshakes: &mut Handshakes) -> whimbrel_security_t {
    whimbrel_security_t {
        size: size_of::<whimbrel_security_t>(),
        context: (&raw mut *handshakes).cast(),
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

unsafe fn handshake<'h>(context: *mut c_void, session: u8) -> &'h mut u64 {
    unsafe { &mut (*context.cast::<Handshakes>())[usize::from(session)] }
}

unsafe extern "C" fn capabilities(_: *mut c_void) -> u32 {
    WHIMBREL_CAN_PSK | WHIMBREL_CAN_RAW_PUBLIC_KEY | WHIMBREL_CAN_CERTIFICATE
}

unsafe extern "C" fn start(context: *mut c_void, session: u8, _: *const whimbrel_session_t) -> i32 {
    unsafe { *handshake(context, session) = u64::MAX };
    WHIMBREL_OK
}

unsafe extern "C" fn step(context: *mut c_void, session: u8, now: u64, _: *const whimbrel_outlet_t) -> i32 {
    let end = unsafe { handshake(context, session) };
    *end = (*end).min(now + PATIENCE);
    if now < *end { WHIMBREL_OK } else { WHIMBREL_ERR_TIMEOUT }
}

unsafe extern "C" fn feed(
    _: *mut c_void,
    _: u8,
    _: u64,
    _: *const u8,
    _: usize,
    _: *mut u8,
    _: usize,
    _: *const whimbrel_outlet_t,
) -> i32 {
    0
}

unsafe extern "C" fn write(
    _: *mut c_void,
    _: u8,
    _: u64,
    _: *const u8,
    _: usize,
    _: *const whimbrel_outlet_t,
) -> i32 {
    panic!("nothing is written before a session is established");
}

unsafe extern "C" fn state(context: *mut c_void, session: u8, state: *mut whimbrel_session_state_t) {
    unsafe {
        state.write(whimbrel_session_state_t {
            deadline_ms: *handshake(context, session),
            sequence: 0,
            alert: -1,
            ciphersuite: 0,
            overhead: 0,
            established: 0,
            resumed: 0,
            connection_id: 0,
            savable: 0,
        });
    }
}

unsafe extern "C" fn end(_: *mut c_void, _: u8, _: u64, _: u32, _: *const whimbrel_outlet_t) {}
