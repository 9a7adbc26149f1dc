//! The security table between client and backend: passes everything on, and checks that each keeps its side of the
//! contract of `whimbrel_security_t`.

use super::LONGEST_HANDSHAKE;
use super::world::{Guarded, World};
use core::ffi::c_void;
use core::slice::from_raw_parts;
use std::collections::HashSet;
use whimbrel::capi::*;

/// The longest time between two retransmissions, with what Mbed TLS may add.
const LONGEST_WAIT: u64 = 2 * super::LONGEST_TIMEOUT as u64;

/// The table for the port. The backend's own is the world's `guarded.inner`.
pub fn table(world: *mut World) -> whimbrel_security_t {
    whimbrel_security_t {
        size: size_of::<whimbrel_security_t>(),
        context: world.cast(),
        capabilities: Some(capabilities),
        start: Some(start),
        step: Some(step),
        feed: Some(feed),
        write: Some(write),
        state: Some(state),
        save: Some(save),
        load: Some(load),
        fence: Some(fence),
        end: Some(end),
    }
}

/// What a state must say of itself; `established`: what it said before.
pub fn check_state(state: &whimbrel_session_state_t, established: bool, now: u64, serves: bool) {
    if state.established == 0 {
        assert!(!established, "an established session is none any more");
        assert!(
            state.resumed == 0 && state.connection_id == 0 && state.savable == 0,
            "flags without a session"
        );
        assert!(serves || state.deadline_ms <= now + LONGEST_WAIT, "a handshake that waits for ever");
        return;
    }
    assert!(state.ciphersuite != 0, "a session without a cipher suite");
    assert!(matches!(state.overhead, 21..=120), "{} bytes around a message", state.overhead);
    assert!(state.sequence < 1 << 48, "record {}", state.sequence);
}

unsafe fn guarded<'w>(context: *mut c_void) -> &'w mut Guarded {
    &mut unsafe { World::at(context) }.guarded
}

/// A call begins, of a session that lives or of one that does not.
unsafe fn enter(context: *mut c_void, session: u8, live: bool) -> whimbrel_security_t {
    let guarded = unsafe { guarded(context) };
    assert_eq!(session, 0);
    assert_eq!(guarded.live, live, "a session that was not begun, or twice");
    assert!(!guarded.over, "a session that is over");
    assert_eq!(guarded.depth, 0, "a call in a call");
    guarded.depth += 1;
    unsafe { *guarded.inner }
}

/// It has ended, with `status`.
unsafe fn leave(context: *mut c_void, status: i32, forgiven: i32) -> i32 {
    let world = unsafe { World::at(context) };
    let now = world.now;
    world.guarded.depth -= 1;
    if status < 0 && status != forgiven {
        world.trace("session over", &status.to_be_bytes());
        world.guarded.over = true;
        return status;
    }
    let inner = unsafe { *world.guarded.inner };
    let told = unsafe { tell(&inner, 0) };
    let guarded = unsafe { guarded(context) };
    check_state(&told, guarded.established, now, false);
    if told.established != 0 {
        assert!(!guarded.established || told.sequence >= guarded.sequence, "numbers go back");
        (guarded.established, guarded.sequence) = (true, told.sequence);
    } else {
        let since = guarded.begun.max(guarded.free_since);
        assert!(now <= since.saturating_add(LONGEST_HANDSHAKE), "a handshake has no end");
    }
    status
}

/// Where a session of a backend stands.
///
/// # Safety
/// The table is a backend's that is open.
pub unsafe fn tell(table: &whimbrel_security_t, session: u8) -> whimbrel_session_state_t {
    let mut told = whimbrel_session_state_t {
        deadline_ms: 0,
        sequence: 0,
        alert: 0,
        ciphersuite: 0,
        overhead: 0,
        established: 0,
        resumed: 0,
        connection_id: 0,
        savable: 0,
    };
    unsafe { table.state.expect("a whole table")(table.context, session, &mut told) };
    told
}

/// A session has begun; its records are numbered along with those of `association`, or are the first.
unsafe fn begin(context: *mut c_void, association: Option<usize>) {
    let world = unsafe { World::at(context) };
    let (now, guarded) = (world.now, &mut world.guarded);
    (guarded.live, guarded.established) = (true, association.is_some());
    (guarded.begun, guarded.sequence) = (now, 0);
    (guarded.offered, guarded.taken, guarded.loaded) = (0, 0, association.is_some());
    guarded.current = association.unwrap_or(guarded.numbers.len());
    if guarded.current == guarded.numbers.len() {
        guarded.numbers.push(HashSet::new());
    }
}

unsafe extern "C" fn capabilities(context: *mut c_void) -> u32 {
    let inner = unsafe { *guarded(context).inner };
    unsafe { inner.capabilities.expect("a whole table")(inner.context) }
}

unsafe extern "C" fn start(context: *mut c_void, session: u8, setup: *const whimbrel_session_t) -> i32 {
    unsafe {
        let inner = enter(context, session, false);
        let status = inner.start.expect("a whole table")(inner.context, session, setup);
        assert_eq!(status, WHIMBREL_OK, "credentials that are right are refused");
        begin(context, None);
        leave(context, status, 0)
    }
}

unsafe extern "C" fn step(
    context: *mut c_void,
    session: u8,
    now: u64,
    outlet: *const whimbrel_outlet_t,
) -> i32 {
    unsafe {
        let inner = enter(context, session, true);
        let status = inner.step.expect("a whole table")(inner.context, session, now, outlet);
        leave(context, status, 0)
    }
}

#[expect(clippy::too_many_arguments, reason = "the table has them")]
unsafe extern "C" fn feed(
    context: *mut c_void,
    session: u8,
    now: u64,
    datagram: *const u8,
    size: usize,
    plain: *mut u8,
    room: usize,
    outlet: *const whimbrel_outlet_t,
) -> i32 {
    unsafe {
        let inner = enter(context, session, true);
        let feed = inner.feed.expect("a whole table");
        let status = feed(inner.context, session, now, datagram, size, plain, room, outlet);
        assert!(status <= room as i32, "more than there is room for");
        assert!(status <= 0 || tell(&inner, session).established != 0, "content without a session");
        let guarded = guarded(context);
        guarded.taken += usize::from(status > 0);
        assert!(guarded.taken <= guarded.offered || guarded.loaded, "a replay is taken for a message");
        leave(context, status, WHIMBREL_ERR_TRUNCATED)
    }
}

unsafe extern "C" fn write(
    context: *mut c_void,
    session: u8,
    now: u64,
    plain: *const u8,
    size: usize,
    outlet: *const whimbrel_outlet_t,
) -> i32 {
    unsafe {
        let inner = enter(context, session, true);
        assert!(guarded(context).established, "a message before the handshake is done");
        World::at(context).trace("device says", from_raw_parts(plain, size));
        let status = inner.write.expect("a whole table")(inner.context, session, now, plain, size, outlet);
        leave(context, status, WHIMBREL_ERR_TOO_LARGE)
    }
}

unsafe extern "C" fn state(context: *mut c_void, session: u8, state: *mut whimbrel_session_state_t) {
    unsafe {
        let inner = *guarded(context).inner;
        inner.state.expect("a whole table")(inner.context, session, state);
    }
}

unsafe extern "C" fn save(context: *mut c_void, session: u8, buffer: *mut u8, size: usize) -> i32 {
    unsafe {
        let inner = enter(context, session, true);
        let (before, current) = (tell(&inner, session), guarded(context).current);
        let length = inner.save.expect("a whole table")(inner.context, session, buffer, size);
        guarded(context).depth -= 1;
        if length >= 0 {
            assert!(before.savable != 0 && length as usize <= size, "{length} bytes of {size} are saved");
            guarded(context).images.insert(from_raw_parts(buffer, length as usize).to_vec(), current);
        }
        let after = tell(&inner, session);
        assert_eq!((after.established, after.sequence), (1, before.sequence), "saving changes the session");
        length
    }
}

unsafe extern "C" fn load(
    context: *mut c_void,
    session: u8,
    setup: *const whimbrel_session_t,
    data: *const u8,
    size: usize,
    sequence: u64,
) -> i32 {
    unsafe {
        let inner = enter(context, session, false);
        let status = inner.load.expect("a whole table")(inner.context, session, setup, data, size, sequence);
        World::at(context).trace("load", &status.to_be_bytes());
        if status < 0 {
            guarded(context).depth -= 1;
            return status;
        }
        let guarded = guarded(context);
        let known = guarded.images.get(from_raw_parts(data, size)).copied().filter(|_| !guarded.forged);
        begin(context, Some(known.unwrap_or(guarded.numbers.len())));
        assert!(tell(&inner, session).sequence >= sequence, "numbers that were reserved for another life");
        leave(context, status, 0)
    }
}

unsafe extern "C" fn fence(context: *mut c_void, session: u8) {
    unsafe {
        let inner = enter(context, session, true);
        inner.fence.expect("a whole table")(inner.context, session);
        leave(context, 0, 0);
    }
}

unsafe extern "C" fn end(
    context: *mut c_void,
    session: u8,
    now: u64,
    how: u32,
    outlet: *const whimbrel_outlet_t,
) {
    unsafe {
        assert_eq!((session, guarded(context).depth), (0, 0));
        guarded(context).depth = 1;
        let inner = *guarded(context).inner;
        inner.end.expect("a whole table")(inner.context, session, now, how, outlet);
        let guarded = guarded(context);
        (guarded.depth, guarded.live, guarded.over, guarded.established) = (0, false, false, false);
    }
}
