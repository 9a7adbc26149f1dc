//! LwM2M Security, object 0 (TS 1.0 Appendix E.1): where a server is, and the keys to reach it. No server sees it.

use crate::error::Error;
use crate::model::definition::{HIDDEN, Incoming, Instance, MANDATORY, Object, Resource, WRITE};
use crate::model::output::Output;
use crate::objects::{Row, take_row};
use crate::value::{DataType, Value};
use core::cell::Cell;

/// The resources of variable length, which share the row's bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u16)]
pub enum Field {
    /// LwM2M Server URI, resource 0.
    Uri = 0,
    /// Public Key or Identity, resource 3.
    Identity = 1,
    /// Server Public Key, resource 4.
    ServerKey = 2,
    /// Secret Key, resource 5.
    SecretKey = 3,
}

/// Security Mode "NoSec".
pub const MODE_NOSEC: u8 = 3;

const URI: u16 = 0;
const BOOTSTRAP_SERVER: u16 = 1;
const SECURITY_MODE: u16 = 2;
const IDENTITY: u16 = 3;
const SERVER_KEY: u16 = 4;
const SECRET_KEY: u16 = 5;
const SHORT_SERVER_ID: u16 = 10;
const HOLD_OFF: u16 = 11;
const ACCOUNT_TIMEOUT: u16 = 12;

const RESOURCES: [Resource; 9] = [
    Resource::new(URI, DataType::String, WRITE, MANDATORY),
    Resource::new(BOOTSTRAP_SERVER, DataType::Boolean, WRITE, MANDATORY),
    Resource::new(SECURITY_MODE, DataType::Integer, WRITE, MANDATORY),
    Resource::new(IDENTITY, DataType::Opaque, WRITE, MANDATORY),
    Resource::new(SERVER_KEY, DataType::Opaque, WRITE, MANDATORY),
    Resource::new(SECRET_KEY, DataType::Opaque, WRITE, MANDATORY),
    Resource::new(SHORT_SERVER_ID, DataType::Integer, WRITE, 0),
    Resource::new(HOLD_OFF, DataType::Integer, WRITE, 0),
    Resource::new(ACCOUNT_TIMEOUT, DataType::Integer, WRITE, 0),
];

/// One instance of the Security object.
pub struct SecurityRow<'a> {
    used: Cell<bool>,
    /// Short Server ID; 0 for a bootstrap server.
    pub short_server_id: Cell<u16>,
    /// Whether this is the account of a bootstrap server.
    pub bootstrap: Cell<bool>,
    /// Security Mode, 0 to 4.
    pub mode: Cell<u8>,
    /// Client Hold Off Time in seconds.
    pub hold_off: Cell<u32>,
    /// Bootstrap-Server Account Timeout in seconds, 0 for never.
    pub account_timeout: Cell<u32>,
    bytes: Cell<&'a mut [u8]>,
    lengths: Cell<[u16; 4]>,
}

impl<'a> SecurityRow<'a> {
    /// A row that no instance occupies; `bytes` holds URI and keys together.
    pub fn new(bytes: &'a mut [u8]) -> Self {
        Self {
            used: Cell::new(false),
            short_server_id: Cell::new(0),
            bootstrap: Cell::new(false),
            mode: Cell::new(MODE_NOSEC),
            hold_off: Cell::new(0),
            account_timeout: Cell::new(0),
            bytes: Cell::new(bytes),
            lengths: Cell::new([0; 4]),
        }
    }

    /// Shows the bytes of a field.
    pub fn field<R>(&self, field: Field, show: impl FnOnce(&[u8]) -> R) -> R {
        let (from, length) = self.span(field);
        let bytes = self.bytes.take();
        let shown = show(bytes.get(from..from.saturating_add(length)).unwrap_or(&[]));
        self.bytes.set(bytes);
        shown
    }

    /// Replaces the bytes of a field. [`Error::Full`] where they do not fit beside the others.
    pub fn set_field(&self, field: Field, new: &[u8]) -> Result<(), Error> {
        let mut lengths = self.lengths.get();
        let (from, old) = self.span(field);
        let used: usize = lengths.iter().map(|n| usize::from(*n)).sum();
        let bytes = self.bytes.take();
        let done = replace(bytes, used, from, old, new);
        self.bytes.set(bytes);
        if let (Ok(()), Some(length)) = (done, lengths.get_mut(field as usize)) {
            *length = new.len() as u16;
            self.lengths.set(lengths);
        }
        done
    }

    fn span(&self, field: Field) -> (usize, usize) {
        let lengths = self.lengths.get();
        let from = lengths.iter().take(field as usize).map(|n| usize::from(*n)).sum();
        (from, lengths.get(field as usize).copied().unwrap_or(0).into())
    }

    /// Forgets everything; keys are overwritten.
    pub fn wipe(&self) {
        let bytes = self.bytes.take();
        for byte in bytes.iter_mut() {
            *byte = 0;
        }
        // a wiped key must not be optimised away because nobody reads it again
        core::hint::black_box(&mut *bytes);
        self.bytes.set(bytes);
        self.lengths.set([0; 4]);
        self.used.set(false);
        self.short_server_id.set(0);
        self.bootstrap.set(false);
        self.mode.set(MODE_NOSEC);
        self.hold_off.set(0);
        self.account_timeout.set(0);
    }
}

/// Exchanges `old` bytes at `from` for `new` in the first `used` bytes.
fn replace(bytes: &mut [u8], used: usize, from: usize, old: usize, new: &[u8]) -> Result<(), Error> {
    let total = used.saturating_sub(old).saturating_add(new.len());
    if total > bytes.len() || new.len() > usize::from(u16::MAX) {
        return Err(Error::Full);
    }
    let tail = bytes.get_mut(from..).ok_or(Error::Full)?;
    let behind = used.saturating_sub(from).saturating_sub(old);
    // move what stands behind, byte by byte, in the direction that overwrites nothing unread
    for step in 0..behind {
        let step = if new.len() > old { behind - 1 - step } else { step };
        let byte = tail.get(old.saturating_add(step)).copied().unwrap_or(0);
        if let Some(place) = tail.get_mut(new.len().saturating_add(step)) {
            *place = byte;
        }
    }
    for (place, byte) in tail.iter_mut().zip(new) {
        *place = *byte;
    }
    Ok(())
}

impl Row for SecurityRow<'_> {
    fn used(&self) -> &Cell<bool> {
        &self.used
    }
}

/// The Security object over its rows; [`Instance::data`] is the row.
pub struct Security<'a> {
    /// The rows.
    pub rows: &'a [SecurityRow<'a>],
}

impl<'a> Security<'a> {
    /// The row of an instance.
    pub fn row(&self, instance: &Instance) -> Option<&'a SecurityRow<'a>> {
        self.rows.get(instance.data)
    }
}

fn number<T: TryFrom<i64>>(value: Value<'_>) -> Result<T, Error> {
    match value {
        Value::Integer(v) => T::try_from(v).map_err(|_| Error::BadValue),
        _ => Err(Error::BadValue),
    }
}

impl Object for Security<'_> {
    fn id(&self) -> u16 {
        0
    }

    fn flags(&self) -> u8 {
        HIDDEN
    }

    fn resource(&self, index: usize) -> Option<Resource> {
        RESOURCES.get(index).copied()
    }

    fn read(&self, instance: &Instance, index: usize, out: &mut Output<'_, '_>) -> Result<(), Error> {
        // for undoing a write: no server ever reads this object
        let row = self.row(instance).ok_or(Error::NotFound)?;
        let resource = self.resource(index).ok_or(Error::NotFound)?;
        match resource.id {
            URI => row.field(Field::Uri, |b| {
                out.value(Value::String(core::str::from_utf8(b).map_err(|_| Error::BadValue)?))
            }),
            BOOTSTRAP_SERVER => out.value(Value::Boolean(row.bootstrap.get())),
            SECURITY_MODE => out.value(Value::Integer(row.mode.get().into())),
            IDENTITY => row.field(Field::Identity, |b| out.value(Value::Opaque(b))),
            SERVER_KEY => row.field(Field::ServerKey, |b| out.value(Value::Opaque(b))),
            SECRET_KEY => row.field(Field::SecretKey, |b| out.value(Value::Opaque(b))),
            SHORT_SERVER_ID => out.value(Value::Integer(row.short_server_id.get().into())),
            HOLD_OFF => out.value(Value::Integer(row.hold_off.get().into())),
            _ => out.value(Value::Integer(row.account_timeout.get().into())),
        }
    }

    fn write(&self, instance: &Instance, index: usize, incoming: &Incoming<'_>) -> Result<(), Error> {
        let row = self.row(instance).ok_or(Error::NotFound)?;
        let resource = self.resource(index).ok_or(Error::NotFound)?;
        match (resource.id, incoming.value) {
            (URI, Value::String(text)) => row.set_field(Field::Uri, text.as_bytes())?,
            (BOOTSTRAP_SERVER, Value::Boolean(on)) => row.bootstrap.set(on),
            (SECURITY_MODE, value) => match number(value)? {
                mode @ 0..=4 => row.mode.set(mode),
                _ => return Err(Error::BadValue),
            },
            (IDENTITY, Value::Opaque(bytes)) => row.set_field(Field::Identity, bytes)?,
            (SERVER_KEY, Value::Opaque(bytes)) => row.set_field(Field::ServerKey, bytes)?,
            (SECRET_KEY, Value::Opaque(bytes)) => row.set_field(Field::SecretKey, bytes)?,
            (SHORT_SERVER_ID, value) => row.short_server_id.set(number(value)?),
            (HOLD_OFF, value) => row.hold_off.set(number(value)?),
            (ACCOUNT_TIMEOUT, value) => row.account_timeout.set(number(value)?),
            _ => return Err(Error::BadValue),
        }
        Ok(())
    }

    fn create(&self, _: u16) -> Result<usize, Error> {
        take_row(self.rows).ok_or(Error::Full)
    }

    fn delete(&self, instance: &Instance) -> Result<(), Error> {
        self.row(instance).ok_or(Error::NotFound)?.wipe();
        Ok(())
    }
}
