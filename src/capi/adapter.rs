//! The platform's security table and storage functions behind the engine's traits.

use super::account::read_credentials;
use super::handle::Table;
use super::layout::{BootstrapPlace, Carver};
use super::security::*;
use super::types::{Fitting, whimbrel_port_t};
use crate::client::Session;
use crate::client::bootstrap::Bootstrap;
use crate::client::keep::Keeper;
use crate::error::Error;
use crate::objects::{OpenSecurity, OrderedServer, ServerExtra};
use crate::port::Port;
use crate::secure::{Backend, CIPHERSUITES, Setup, Standing};
use crate::storage::Storage;
use crate::time::Instant;
use core::ffi::c_void;
use core::ptr;

/// The functions of `whimbrel_port_t.security` and `.storage_…`.
pub(super) struct Platform;

/// Where a backend's datagrams go: to the link of the session's number.
struct Outlet {
    port: *const Table,
    link: u8,
}

impl Outlet {
    fn of(port: &dyn Port, link: u8) -> Self {
        Self { port: port.table().cast(), link }
    }

    fn table(&self) -> whimbrel_outlet_t {
        whimbrel_outlet_t { context: ptr::from_ref(self).cast_mut().cast(), send: Some(forward) }
    }
}

/// `whimbrel_outlet_t.send`
unsafe extern "C" fn forward(context: *mut c_void, datagram: *const u8, size: usize) -> i32 {
    // SAFETY: the outlet and the port live for the call that the outlet was given to
    unsafe {
        let outlet = &*context.cast::<Outlet>();
        (*outlet.port).send(outlet.link, datagram, size)
    }
}

/// Whether a table has all that the client calls.
///
/// # Safety
/// `table` is NULL or points to a whimbrel_security_t.
unsafe fn is_complete(table: *const whimbrel_security_t) -> bool {
    // SAFETY: the contract above; behind a size that is not ours there may be less than we know
    unsafe {
        table.as_ref().filter(|table| table.size == size_of::<whimbrel_security_t>()).is_some_and(|table| {
            table.capabilities.is_some()
                && table.start.is_some()
                && table.step.is_some()
                && table.feed.is_some()
                && table.write.is_some()
                && table.state.is_some()
                && table.end.is_some()
                && table.capabilities.is_some_and(|known| {
                    // without `fence` what was received before a power cut could be replayed
                    known(table.context) & WHIMBREL_CAN_SAVE == 0
                        || (table.save.is_some() && table.load.is_some() && table.fence.is_some())
                })
        })
    }
}

/// whimbrel_dtls: a session for each account.
///
/// # Safety
/// The contract of whimbrel_client_init(); `parts` come from the layout.
pub(super) unsafe fn attach_dtls(fitting: &mut Fitting<'_>) -> Result<(), Error> {
    // SAFETY: the contract above
    unsafe {
        if fitting.config.mtu == 0 || !is_complete(fitting.port.security) {
            return Err(Error::Argument);
        }
        make_sessions(fitting)?;
    }
    fitting.parts.read_credentials = Some(read_credentials);
    Ok(())
}

/// Room for what is known about each account's link.
unsafe fn make_sessions(fitting: &mut Fitting<'_>) -> Result<(), Error> {
    let (place, count) = fitting.places.sessions;
    if place.is_null() || count == 0 {
        return Err(Error::Argument);
    }
    if !fitting.tables.sessions.is_empty() {
        return Ok(());
    }
    // SAFETY: the place was carved for this and is used once
    unsafe {
        for at in 0..count {
            place.add(at).write(Session::CLEAR);
        }
        fitting.tables.sessions = core::slice::from_raw_parts_mut(place, count);
    }
    Ok(())
}

/// whimbrel_persistence: the platform has storage.
pub(super) unsafe fn attach_persistence(fitting: &mut Fitting<'_>) -> Result<(), Error> {
    let complete = fitting.port.storage_read.is_some() && fitting.port.storage_write.is_some();
    let place = fitting.places.keeper;
    if !complete || place.is_null() {
        return Err(Error::Argument);
    }
    // SAFETY: the place was carved for this and is used once
    unsafe {
        make_sessions(fitting)?;
        place.write(Keeper::new(&Platform));
        fitting.config.features.keeping = Some(&*place);
    }
    Ok(())
}

/// whimbrel_bootstrap: the objects 0 and 1 get the resources that it needs.
pub(super) unsafe fn attach_bootstrap(fitting: &mut Fitting<'_>) -> Result<(), Error> {
    let (place, size) = fitting.places.bootstrap;
    let rows = fitting.tables.accounts.len();
    if place.is_null() || size == 0 {
        return Err(Error::Argument);
    }
    let newer = fitting.config.versions.1 > 0;
    let mut carver = Carver::new(place, size);
    // SAFETY: the place was carved for this and is used once; each reference is to what was written before
    unsafe {
        let place = carver.take::<BootstrapPlace>(1)?;
        let extras: &'static [ServerExtra] = carver.slice(rows, || ServerExtra::FREE)?;
        let old = carver.bytes(size.saturating_sub(carver.used()))?;
        (&raw mut (*place).security).write(OpenSecurity(fitting.tables.security));
        (&raw mut (*place).server).write(OrderedServer { server: fitting.tables.server, extras, newer });
        let server: &'static OrderedServer<'static> = &(*place).server;
        (&raw mut (*place).bootstrap).write(Bootstrap::new(server, old));
        let place: &'static BootstrapPlace = &*place;
        fitting.tables.first = [&place.security, &place.server];
        fitting.config.features.bootstrapping = Some(&place.bootstrap);
    }
    Ok(())
}

// SAFETY of what follows: whimbrel_client_init refused a client with this part and an incomplete table, and the
// application promised that the functions keep their contracts.
pub(super) fn platform(port: &dyn Port) -> &whimbrel_port_t {
    unsafe { &(*port.table().cast::<Table>()).port }
}

fn table(port: &dyn Port) -> Option<&whimbrel_security_t> {
    unsafe { platform(port).security.as_ref() }
}

/// What a function of the application answers when it gives nothing else.
pub(super) fn done(status: i32) -> Result<(), Error> {
    if status < 0 { Err(Error::from_c(status)) } else { Ok(()) }
}

pub(super) fn count(status: i32, room: usize) -> Result<usize, Error> {
    done(status)?;
    Ok((status as usize).min(room))
}

/// Shows a setup as C sees it.
fn with_setup(
    port: &dyn Port,
    setup: &Setup<'_>,
    job: &dyn Fn(&whimbrel_session_t) -> i32,
) -> Result<(), Error> {
    let platform = platform(port);
    let mut suites = [0; CIPHERSUITES];
    let mut known = 0usize;
    for (slot, pair) in suites.iter_mut().zip(setup.ciphersuites.as_chunks::<2>().0) {
        *slot = u16::from_be_bytes(*pair);
        known = known.wrapping_add(1);
    }
    done(job(&whimbrel_session_t {
        size: size_of::<whimbrel_session_t>(),
        mode: setup.mode,
        serves: setup.serves.into(),
        certificate_usage: setup.usage,
        matching_type: setup.matching,
        check_name: setup.check_name.into(),
        name_is_address: setup.name_is_address.into(),
        mtu: setup.mtu,
        first_timeout_ms: setup.timeouts_ms.0,
        longest_timeout_ms: setup.timeouts_ms.1,
        wall_clock_s: platform.wall_clock.map_or(-1, |clock| unsafe { clock(platform.context) }),
        ciphersuites: if known == 0 { ptr::null() } else { suites.as_ptr() },
        ciphersuite_count: known,
        identity: setup.identity.as_ptr(),
        identity_length: setup.identity.len(),
        server_key: setup.server_key.as_ptr(),
        server_key_length: setup.server_key.len(),
        secret_key: setup.secret_key.as_ptr(),
        secret_key_length: setup.secret_key.len(),
        name: setup.name.as_ptr().cast(),
        name_length: setup.name.len(),
    }))
}

impl Backend for Platform {
    fn capabilities(&self, port: &dyn Port) -> u32 {
        let found = table(port).and_then(|t| Some((t.context, t.capabilities?)));
        found.map_or(0, |(context, capabilities)| unsafe { capabilities(context) })
    }

    fn start(&self, port: &dyn Port, session: u8, setup: &Setup<'_>) -> Result<(), Error> {
        let (context, start) = table(port).and_then(|t| Some((t.context, t.start?))).ok_or(Error::State)?;
        with_setup(port, setup, &|setup| unsafe { start(context, session, setup) })
    }

    fn step(&self, port: &dyn Port, session: u8, now: Instant) -> Result<(), Error> {
        let (context, step) = table(port).and_then(|t| Some((t.context, t.step?))).ok_or(Error::State)?;
        let outlet = Outlet::of(port, session);
        done(unsafe { step(context, session, now.as_millis(), &outlet.table()) })
    }

    fn feed(
        &self,
        port: &dyn Port,
        session: u8,
        now: Instant,
        buffer: &mut [u8],
        length: usize,
    ) -> Result<usize, Error> {
        let (context, feed) = table(port).and_then(|t| Some((t.context, t.feed?))).ok_or(Error::State)?;
        let (outlet, room) = (Outlet::of(port, session), buffer.len());
        // one pointer for both, because they are the same memory
        let bytes = buffer.as_mut_ptr();
        let length = length.min(room);
        let status =
            unsafe { feed(context, session, now.as_millis(), bytes, length, bytes, room, &outlet.table()) };
        count(status, room)
    }

    fn write(&self, port: &dyn Port, session: u8, now: Instant, plain: &[u8]) -> Result<(), Error> {
        let (context, write) = table(port).and_then(|t| Some((t.context, t.write?))).ok_or(Error::State)?;
        let outlet = Outlet::of(port, session);
        done(unsafe {
            write(context, session, now.as_millis(), plain.as_ptr(), plain.len(), &outlet.table())
        })
    }

    fn state(&self, port: &dyn Port, session: u8) -> Standing {
        let mut told = whimbrel_session_state_t {
            deadline_ms: u64::MAX,
            sequence: 0,
            alert: -1,
            ciphersuite: 0,
            overhead: 0,
            established: 0,
            resumed: 0,
            connection_id: 0,
            savable: 0,
        };
        if let Some((context, state)) = table(port).and_then(|t| Some((t.context, t.state?))) {
            unsafe { state(context, session, &mut told) }
        }
        Standing {
            deadline: Instant::from_millis(told.deadline_ms),
            sequence: told.sequence,
            alert: told.alert,
            ciphersuite: told.ciphersuite,
            overhead: told.overhead,
            established: told.established != 0,
            resumed: told.resumed != 0,
            connection_id: told.connection_id != 0,
            savable: told.savable != 0,
        }
    }

    fn save(&self, port: &dyn Port, session: u8, buffer: &mut [u8]) -> Result<usize, Error> {
        let found = table(port).and_then(|t| Some((t.context, t.save?)));
        let (context, save) = found.ok_or(Error::NotSupported)?;
        let room = buffer.len();
        count(unsafe { save(context, session, buffer.as_mut_ptr(), room) }, room)
    }

    fn load(
        &self,
        port: &dyn Port,
        session: u8,
        setup: &Setup<'_>,
        data: &[u8],
        sequence: u64,
    ) -> Result<(), Error> {
        let found = table(port).and_then(|t| Some((t.context, t.load?)));
        let (context, load) = found.ok_or(Error::NotSupported)?;
        with_setup(port, setup, &|setup| unsafe {
            load(context, session, setup, data.as_ptr(), data.len(), sequence)
        })
    }

    fn fence(&self, port: &dyn Port, session: u8) {
        if let Some((context, fence)) = table(port).and_then(|t| Some((t.context, t.fence?))) {
            unsafe { fence(context, session) }
        }
    }

    fn end(&self, port: &dyn Port, session: u8, now: Instant, how: u32) {
        if let Some((context, end)) = table(port).and_then(|t| Some((t.context, t.end?))) {
            let outlet = Outlet::of(port, session);
            unsafe { end(context, session, now.as_millis(), how, &outlet.table()) }
        }
    }
}

impl Storage for Platform {
    fn read(&self, port: &dyn Port, slot: u16, buffer: &mut [u8]) -> Result<usize, Error> {
        let platform = platform(port);
        let read = platform.storage_read.ok_or(Error::Storage)?;
        let room = buffer.len();
        count(unsafe { read(platform.context, slot, buffer.as_mut_ptr(), room) }, room)
    }

    fn write(&self, port: &dyn Port, slot: u16, data: &[u8]) -> Result<(), Error> {
        let platform = platform(port);
        let write = platform.storage_write.ok_or(Error::Storage)?;
        done(unsafe { write(platform.context, slot, data.as_ptr(), data.len()) })
    }
}

// The bits that the engine means.
const _: () = {
    use crate::secure::{can, end};
    assert!(WHIMBREL_CAN_PSK == can::PSK);
    assert!(WHIMBREL_CAN_RAW_PUBLIC_KEY == can::RAW_PUBLIC_KEY);
    assert!(WHIMBREL_CAN_CERTIFICATE == can::CERTIFICATE);
    assert!(WHIMBREL_CAN_SAVE == can::SAVE);
    assert!(WHIMBREL_USAGE_DOMAIN_ISSUED_CERTIFICATE == crate::objects::USAGE_DOMAIN_ISSUED);
    assert!(WHIMBREL_END_NOTIFY == end::NOTIFY);
    assert!(WHIMBREL_END_FORGET == end::FORGET);
};
