//! From one block of memory to the tables of a client.

use super::account::CredentialsReader;
use super::device::Device;
use super::handle::whimbrel_client_t;
use super::object::CObject;
use super::sms::{SmsReader, sms_size};
use super::types::{whimbrel_access_t, whimbrel_limits_t};
use super::uicc::{UICC_MIN, uicc_size};
use crate::client::account::Account;
use crate::client::bootstrap::Bootstrap;
use crate::client::keep::Keeper;
use crate::client::texting::Lines;
use crate::client::{AttributeSet, Memory, Observation, Pending, Session};
use crate::coap::Recent;
use crate::error::Error;
use crate::model::{Instance, Object};
use crate::objects::{
    AccessControl, AclRow, OpenSecurity, OrderedServer, Security, SecurityRow, Server, ServerExtra, ServerRow,
};
use crate::path::Path;
use core::cell::Cell;
use core::mem::{align_of, size_of};
use core::ptr;

/// The limits with their defaults filled in.
#[derive(Clone, Copy)]
pub(crate) struct Limits {
    pub servers: usize,
    pub objects: usize,
    pub instances: usize,
    pub access: usize,
    pub observations: usize,
    pub attributes: usize,
    pub recent: usize,
    pub deferred: usize,
    pub changes: usize,
    pub datagram: usize,
    pub credentials: usize,
    pub undo: usize,
    pub body: usize,
    pub mtu: usize,
    pub bootstrap: usize,
    pub sms: usize,
    pub uicc: usize,
    pub uicc_messages: usize,
}

/// Everything begins at a multiple of 8.
pub(super) const fn round(bytes: usize) -> usize {
    bytes.wrapping_add(7) & !7
}

const fn or(value: u16, default: u16) -> usize {
    if value == 0 { default as usize } else { value as usize }
}

impl Limits {
    /// From what the application gave, NULL for all defaults.
    ///
    /// # Safety
    /// `given` is NULL or points to a whimbrel_limits_t.
    pub unsafe fn read(given: *const whimbrel_limits_t) -> Result<Self, Error> {
        const NONE: whimbrel_limits_t = whimbrel_limits_t {
            size: size_of::<whimbrel_limits_t>(),
            servers: 0,
            objects: 0,
            instances: 0,
            access: 0,
            observations: 0,
            attributes: 0,
            recent: 0,
            deferred: 0,
            changes: 0,
            datagram: 0,
            credentials: 0,
            undo: 0,
            body: 0,
            mtu: 0,
            bootstrap: 0,
            sms: 0,
            uicc: 0,
            uicc_messages: 0,
        };
        // SAFETY: the contract above; behind a size that is not ours there may be less than we know
        let given = match unsafe { given.as_ref() } {
            None => NONE,
            Some(given) if given.size == size_of::<whimbrel_limits_t>() => *given,
            Some(_) => return Err(Error::Argument),
        };
        let limits = Self {
            servers: or(given.servers, 1),
            objects: or(given.objects, 4),
            instances: or(given.instances, 4),
            access: given.access.into(),
            observations: or(given.observations, 4),
            attributes: or(given.attributes, 4),
            recent: or(given.recent, 4),
            deferred: or(given.deferred, 1),
            changes: or(given.changes, 8),
            datagram: or(given.datagram, 1152),
            credentials: or(given.credentials, 128),
            undo: or(given.undo, 256),
            body: given.body as usize,
            mtu: given.mtu.into(),
            bootstrap: given.bootstrap as usize,
            sms: given.sms.into(),
            uicc: given.uicc.into(),
            uicc_messages: given.uicc_messages.into(),
        };
        let sound = limits.servers <= 32
            && limits.observations <= 255
            && limits.datagram >= 128
            && limits.body <= 0x00ff_ffff
            && limits.bootstrap <= 0x00ff_ffff
            && limits.sms <= 64
            && (limits.uicc == 0 || limits.uicc >= UICC_MIN)
            && (limits.mtu == 0 || (140..=16384).contains(&limits.mtu));
        if sound { Ok(limits) } else { Err(Error::Argument) }
    }
}

/// Hands out pieces of the block, or only counts them where there is no block.
pub(crate) struct Carver {
    base: *mut u8,
    at: usize,
    size: usize,
}

impl Carver {
    /// Counts.
    pub const COUNTING: Self = Self { base: ptr::null_mut(), at: 0, size: usize::MAX / 2 };

    /// Carves the block at `base`.
    pub fn new(base: *mut u8, size: usize) -> Self {
        Self { base, at: 0, size }
    }

    /// How much was handed out, ready for another block of the same alignment.
    pub fn used(&self) -> usize {
        self.at
    }

    /// Room for `count` values, not yet initialised; dangling while counting.
    pub fn take<T>(&mut self, count: usize) -> Result<*mut T, Error> {
        const { assert!(align_of::<T>() <= 8) };
        self.take_bytes(size_of::<T>(), count).map(<*mut u8>::cast)
    }

    /// One copy for all types: everything begins at a multiple of 8.
    #[inline(never)]
    fn take_bytes(&mut self, size: usize, count: usize) -> Result<*mut u8, Error> {
        let start = self.at;
        let bytes = size.checked_mul(count).filter(|bytes| *bytes <= self.size.wrapping_sub(start));
        self.at = start.wrapping_add(round(bytes.ok_or(Error::Full)?)).min(self.size);
        Ok(if self.base.is_null() { ptr::null_mut() } else { self.base.wrapping_add(start) })
    }

    /// A slice of `count` zeros.
    ///
    /// # Safety
    /// As for [`Carver::slice`].
    #[inline(never)]
    pub unsafe fn bytes(&mut self, count: usize) -> Result<&'static mut [u8], Error> {
        // SAFETY: the contract above
        unsafe { self.slice(count, || 0) }
    }

    /// A slice of `count` values made by `make`.
    ///
    /// # Safety
    /// The block lives for `'static` as far as the client is concerned, and nobody else uses it.
    pub unsafe fn slice<T: 'static>(
        &mut self,
        count: usize,
        mut make: impl FnMut() -> T,
    ) -> Result<&'static mut [T], Error> {
        let place = self.take::<T>(count)?;
        if place.is_null() || count == 0 {
            return Ok(&mut []);
        }
        for index in 0..count {
            // SAFETY: `take` made sure that `count` values fit, aligned
            unsafe { place.add(index).write(make()) };
        }
        // SAFETY: all of them were written just now
        Ok(unsafe { core::slice::from_raw_parts_mut(place, count) })
    }
}

/// What the skin keeps of the block. Slices are empty while only counting.
pub(crate) struct Parts {
    pub c_objects: &'static mut [Option<CObject>],
    pub access: Option<&'static AccessControl<'static>>,
    pub access_object: Option<&'static dyn Object>,
    pub access_control: Option<&'static whimbrel_access_t>,
    pub acls: &'static [AclRow],
    pub device_place: *mut Device,
    pub read_credentials: Option<CredentialsReader>,
    pub read_sms: Option<SmsReader>,
    pub changes: &'static mut [Path],
    /// Where SMS is, for datagrams of the security backend.
    pub lines: Option<&'static dyn Lines>,
}

impl Parts {
    /// What reads credentials; without DTLS nothing can be done with them.
    pub fn reader(&self) -> Result<CredentialsReader, Error> {
        self.read_credentials.ok_or(Error::SecurityMode)
    }
}

/// Room for what the parts of a client need that are named; empty where the limits say that they are not.
pub(crate) struct Places {
    pub access: *mut AccessControl<'static>,
    /// For whimbrel_dtls and whimbrel_persistence.
    pub sessions: (*mut Session, usize),
    /// For whimbrel_persistence.
    pub keeper: *mut Keeper<'static>,
    /// For whimbrel_bootstrap, to be carved by it.
    pub bootstrap: (*mut u8, usize),
    /// For whimbrel_sms and whimbrel_secured_packets, to be carved by them.
    pub sms: (*mut u8, usize),
    /// How many messages in parts there can be.
    pub sets: usize,
    /// For whimbrel_uicc, to be carved by it.
    pub uicc: (*mut u8, usize),
    /// Of that, bytes to read a card into, and for messages.
    pub uicc_parts: (usize, usize),
}

/// What whimbrel_bootstrap puts into its place.
pub(crate) struct BootstrapPlace {
    pub security: OpenSecurity<'static>,
    pub server: OrderedServer<'static>,
    pub bootstrap: Bootstrap<'static>,
}

impl BootstrapPlace {
    /// Bytes for it and for a row beside each of the Server object; old values lie behind.
    pub const fn size(rows: usize) -> usize {
        let extras = rows.wrapping_mul(size_of::<ServerExtra>());
        round(size_of::<Self>()).wrapping_add(round(extras))
    }
}

/// A block in pieces: the handle, the engine's tables (`None` while only counting), the skin's, and what may be filled in.
pub(crate) type Layout = (*mut whimbrel_client_t, Option<Memory<'static>>, Parts, Places);

/// Carves everything, the handle first.
///
/// # Safety
/// As for [`Carver::slice`].
pub(crate) unsafe fn lay_out(carver: &mut Carver, limits: &Limits) -> Result<Layout, Error> {
    let handle = carver.take::<whimbrel_client_t>(1)?;
    // SAFETY: passed on
    unsafe {
        let rows = limits.servers;
        let bytes = carver.take::<u8>(rows.saturating_mul(limits.credentials))?;
        let mut next = bytes;
        let security = carver.slice(rows, || {
            let mine: &'static mut [u8] = if next.is_null() {
                &mut []
            } else {
                next.write_bytes(0, limits.credentials);
                core::slice::from_raw_parts_mut(next, limits.credentials)
            };
            next = next.wrapping_add(limits.credentials);
            SecurityRow::new(mine)
        })?;
        let security: &'static [SecurityRow<'static>] = security;
        let security = carver.slice(1, || Security { rows: security })?;
        let servers = carver.slice(rows, || ServerRow::FREE)?;
        let servers: &'static [ServerRow] = servers;
        let server =
            carver.slice(1, || Server { rows: servers, texts: Cell::new(0), open: Cell::new(false) })?;
        let acls: &'static [AclRow] = carver.slice(limits.access, || AclRow::FREE)?;
        let keeps = usize::from(limits.mtu != 0 || limits.bootstrap != 0);
        let sessions = rows.saturating_mul(keeps);
        let bootstrap = match limits.bootstrap {
            0 => 0,
            old => BootstrapPlace::size(rows).saturating_add(old),
        };
        let sms = if limits.sms == 0 { 0 } else { sms_size(rows, limits.sms, limits.datagram) };
        let uicc = if limits.uicc == 0 { 0 } else { uicc_size(limits.uicc, limits.uicc_messages) };
        let places = Places {
            access: carver.take(usize::from(limits.access != 0))?,
            sessions: (carver.take(sessions)?, sessions),
            keeper: carver.take(keeps)?,
            bootstrap: (carver.take(bootstrap)?, bootstrap),
            sms: (carver.take(sms)?, sms),
            sets: limits.sms,
            uicc: (carver.take(uicc)?, uicc),
            uicc_parts: (limits.uicc, limits.uicc_messages),
        };
        let objects = carver.slice(limits.objects.saturating_add(3), || None)?;
        let instances = limits.instances.saturating_add(limits.access).saturating_add(rows.saturating_mul(2));
        let instances = carver.slice(instances, || Instance::FREE)?;
        let parts = Parts {
            c_objects: carver.slice(limits.objects, || None)?,
            access: None,
            access_object: None,
            access_control: None,
            acls,
            read_credentials: None,
            read_sms: None,
            device_place: carver.take::<Device>(1)?,
            changes: carver.slice(limits.changes, || Path::ROOT)?,
            lines: None,
        };
        let accounts = carver.slice(rows, || Account::FREE)?;
        let observations = carver.slice(limits.observations, || Observation::FREE)?;
        let attributes = carver.slice(limits.attributes, || AttributeSet::FREE)?;
        let recent = carver.slice(limits.recent, || Recent::FREE)?;
        let pending = carver.slice(limits.deferred, || Pending::FREE)?;
        let receive = carver.bytes(limits.datagram.max(limits.mtu))?;
        let send = carver.bytes(limits.datagram)?;
        let outgoing = carver.bytes(limits.datagram.saturating_mul(rows))?;
        let (body, undo) = (carver.bytes(limits.body)?, carver.bytes(limits.undo)?);
        let memory = security.first().zip(server.first()).map(|(security, server)| Memory {
            objects,
            instances,
            security,
            server,
            first: [security, server],
            accounts,
            sessions: &mut [],
            observations,
            attributes,
            recent,
            pending,
            receive,
            send,
            outgoing,
            body,
            undo,
        });
        Ok((handle, memory, parts, places))
    }
}
