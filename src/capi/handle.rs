//! The handle: what lies behind a `whimbrel_client_t *`, and the one way in.

use super::adapter::done;
use super::layout::Parts;
use super::types::{whimbrel_event_t, whimbrel_path_t, whimbrel_port_t};
use crate::client::texting::Lines;
use crate::client::{Context, Engine};
use crate::error::Error;
use crate::path::Path;
use crate::port::{Event, Opening, Port};
use crate::sms::tpdu::TPDU_MAX;
use crate::time::Instant;
use core::ffi::c_void;
use core::ptr;

/// Marks memory that holds a client.
const ALIVE: u32 = 0x5768_696d;

/// A client, in memory of the caller. Opaque.
pub struct whimbrel_client_t {
    alive: u32,
    entered: bool,
    port: CPort,
    mailbox: Mailbox,
    engine: Engine<'static>,
    /// Tables that belong to the skin.
    pub(super) parts: Parts,
}

/// Changes noted by any thread, until the next poll takes them.
struct Mailbox {
    paths: *mut Path,
    capacity: usize,
    count: usize,
    /// More came than fit: everything counts as changed.
    overflowed: bool,
}

/// What stands behind [`Port::table`].
#[derive(Clone, Copy)]
pub(super) struct Table {
    pub port: whimbrel_port_t,
    /// Links that are SMS.
    pub lines: Option<&'static dyn Lines>,
}

impl Table {
    /// Sends a datagram of a security backend.
    ///
    /// # Safety
    /// The contract of whimbrel_port_t.
    pub unsafe fn send(&self, link: u8, datagram: *const u8, size: usize) -> i32 {
        // SAFETY: the contract above
        unsafe {
            let Some(lines) = self.lines else {
                return self.port.link_send.map_or(0, |send| send(self.port.context, link, datagram, size));
            };
            let mut tpdu = [0; TPDU_MAX];
            match lines.submit(link, core::slice::from_raw_parts(datagram, size), &mut tpdu) {
                None => self.port.link_send.map_or(0, |send| send(self.port.context, link, datagram, size)),
                Some(Ok(length)) => {
                    self.port.sms_send.map_or(0, |send| send(self.port.context, tpdu.as_ptr(), length))
                }
                Some(Err(error)) => error.to_c(),
            }
        }
    }
}

/// The platform's table behind the engine's trait.
#[derive(Clone, Copy)]
pub(super) struct CPort {
    table: Table,
    event: Option<unsafe extern "C" fn(*mut c_void, *const whimbrel_event_t)>,
    event_context: *mut c_void,
}

impl From<Path> for whimbrel_path_t {
    fn from(path: Path) -> Self {
        let [object, instance, resource, resource_instance] = path.ids();
        Self { object, instance, resource, resource_instance }
    }
}

impl From<whimbrel_path_t> for Path {
    fn from(path: whimbrel_path_t) -> Self {
        Self {
            object: path.object,
            instance: path.instance,
            resource: path.resource,
            resource_instance: path.resource_instance,
        }
    }
}

// SAFETY of the calls below: whimbrel_client_init refused a table with a function missing, and the application
// promised that they keep their contracts.
impl Port for &CPort {
    fn random(&mut self, buffer: &mut [u8]) {
        if let Some(random) = self.table.port.random {
            unsafe { random(self.table.port.context, buffer.as_mut_ptr(), buffer.len()) }
        }
    }

    fn open(&mut self, link: u8, host: &str, port: u16, how: u8) -> Result<Opening, Error> {
        let open = self.table.port.link_open.ok_or(Error::Link)?;
        let status = unsafe {
            open(self.table.port.context, link, host.as_ptr().cast(), host.len(), port, how.into())
        };
        done(status)?;
        Ok(if status == super::types::WHIMBREL_PENDING { Opening::Pending } else { Opening::Ready })
    }

    fn send(&mut self, link: u8, datagram: &[u8]) -> Result<(), Error> {
        let send = self.table.port.link_send.ok_or(Error::Link)?;
        done(unsafe { send(self.table.port.context, link, datagram.as_ptr(), datagram.len()) })
    }

    fn receive(&mut self, link: u8, buffer: &mut [u8]) -> Result<usize, Error> {
        let receive = self.table.port.link_receive.ok_or(Error::Link)?;
        let status = unsafe { receive(self.table.port.context, link, buffer.as_mut_ptr(), buffer.len()) };
        done(status)?;
        Ok((status as usize).min(buffer.len()))
    }

    fn close(&mut self, link: u8) {
        if let Some(close) = self.table.port.link_close {
            unsafe { close(self.table.port.context, link) }
        }
    }

    fn table(&self) -> *const c_void {
        (&raw const self.table).cast()
    }

    fn event(&mut self, event: Event) {
        let shown = whimbrel_event_t {
            code: event.code as u16,
            short_server_id: event.short_server_id,
            status: event.status,
            path: event.path.into(),
            at: event.at,
        };
        if let Some(tell) = self.event {
            unsafe { tell(self.event_context, &shown) }
        }
    }
}

/// What a new client is made of.
pub(super) struct Making {
    pub port: whimbrel_port_t,
    pub event: Option<unsafe extern "C" fn(*mut c_void, *const whimbrel_event_t)>,
    pub event_context: *mut c_void,
}

impl Making {
    /// The platform for the engine's first words.
    pub fn platform(&self) -> CPort {
        let table = Table { port: self.port, lines: None };
        CPort { table, event: self.event, event_context: self.event_context }
    }

    /// Puts the client into its place.
    ///
    /// # Safety
    /// `place` is aligned and large enough, and nobody else's.
    pub unsafe fn finish(self, place: *mut whimbrel_client_t, engine: Engine<'static>, mut parts: Parts) {
        let table = Table { port: self.port, lines: parts.lines };
        let port = CPort { table, event: self.event, event_context: self.event_context };
        let changes = core::mem::take(&mut parts.changes);
        let mailbox =
            Mailbox { paths: changes.as_mut_ptr(), capacity: changes.len(), count: 0, overflowed: false };
        // SAFETY: the contract above
        unsafe {
            place.write(whimbrel_client_t { alive: ALIVE, entered: false, port, mailbox, engine, parts });
        }
    }
}

/// Enters the client: NULL, foreign memory and re-entry are answered; the clock is read once.
///
/// # Safety
/// `client` is NULL or points to readable memory that, if it holds a client, one thread uses at a time.
pub(super) unsafe fn enter(
    client: *mut whimbrel_client_t,
    job: impl FnOnce(&mut Engine<'static>, &mut Parts, &mut Context<'_>) -> Result<i32, Error>,
) -> i32 {
    // SAFETY: fields are reached one by one, so that whimbrel_changed() may touch the mailbox meanwhile
    unsafe {
        if client.is_null() {
            return Error::Argument.to_c();
        }
        if ptr::read_volatile(&raw const (*client).alive) != ALIVE {
            return Error::State.to_c();
        }
        if (*client).entered {
            return Error::Reentered.to_c();
        }
        (*client).entered = true;
        let mut port = &(*client).port;
        let now = port.table.port.now.map_or(0, |now| now(port.table.port.context));
        let mut context = Context { now: Instant::from_millis(now), port: &mut port };
        let done = job(&mut (*client).engine, &mut (*client).parts, &mut context);
        (*client).entered = false;
        done.unwrap_or_else(Error::to_c)
    }
}

/// Ends the client: its memory may be used for something else.
///
/// # Safety
/// As for [`enter`], which just succeeded.
pub(super) unsafe fn bury(client: *mut whimbrel_client_t) {
    // SAFETY: the contract above
    unsafe { ptr::write_volatile(&raw mut (*client).alive, 0) }
}

/// Notes a change. May run in an interrupt.
///
/// # Safety
/// `client` is NULL or points to readable memory.
pub(super) unsafe fn note(client: *mut whimbrel_client_t, path: Path) -> i32 {
    // SAFETY: only the port table, which never changes, and the mailbox under the platform's lock are touched
    unsafe {
        if client.is_null() {
            return Error::Argument.to_c();
        }
        if ptr::read_volatile(&raw const (*client).alive) != ALIVE {
            return Error::State.to_c();
        }
        let port = &raw const (*client).port.table.port;
        let context = (*port).context;
        let state = (*port).lock.map(|lock| lock(context));
        let mailbox = &raw mut (*client).mailbox;
        if (*mailbox).count < (*mailbox).capacity {
            (*mailbox).paths.add((*mailbox).count).write(path);
            (*mailbox).count = (*mailbox).count.wrapping_add(1);
        } else {
            (*mailbox).overflowed = true;
        }
        if let (Some(unlock), Some(state)) = ((*port).unlock, state) {
            unlock(context, state);
        }
        if let Some(wake) = (*port).wake {
            wake(context);
        }
        0
    }
}

/// Hands the changes noted to the engine.
///
/// # Safety
/// Called from inside [`enter`] of the same client.
pub(super) unsafe fn deliver(client: *mut whimbrel_client_t, engine: &mut Engine<'static>) {
    // SAFETY: as for `note`; the engine is borrowed, the mailbox is not part of it
    unsafe {
        let port = &raw const (*client).port.table.port;
        let context = (*port).context;
        let mailbox = &raw mut (*client).mailbox;
        loop {
            let state = (*port).lock.map(|lock| lock(context));
            let path = if (*mailbox).overflowed {
                (*mailbox).overflowed = false;
                (*mailbox).count = 0;
                Some(Path::ROOT)
            } else if (*mailbox).count > 0 {
                (*mailbox).count -= 1;
                Some((*mailbox).paths.add((*mailbox).count).read())
            } else {
                None
            };
            if let (Some(unlock), Some(state)) = ((*port).unlock, state) {
                unlock(context, state);
            }
            match path {
                Some(path) => engine.changed(path),
                None => return,
            }
        }
    }
}
