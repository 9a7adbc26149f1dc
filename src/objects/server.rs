//! LwM2M Server, object 1 (TS 1.0 Appendix E.2): one instance a registration.

use crate::error::Error;
use crate::model::definition::{EXECUTE, Incoming, Instance, MANDATORY, Object, READ, Resource, WRITE};
use crate::model::output::Output;
use crate::objects::{Row, take_row};
use crate::value::{DataType, Value};
use core::cell::Cell;

/// What the client must do after a server wrote or executed, as bits of [`ServerRow::actions`].
pub mod action {
    /// Registration Update Trigger, `/1/x/8`.
    pub const UPDATE: u8 = 1;
    /// Disable, `/1/x/4`.
    pub const DISABLE: u8 = 2;
    /// The lifetime was written.
    pub const LIFETIME: u8 = 4;
    /// The binding was written.
    pub const BINDING: u8 = 8;
    /// A default period was written or removed: observations follow it at once.
    pub const PERIODS: u8 = 16;
}

/// Short Server ID.
pub const SHORT_SERVER_ID: u16 = 0;
/// Lifetime.
pub const LIFETIME: u16 = 1;
/// Default Minimum Period.
pub const DEFAULT_PMIN: u16 = 2;
/// Default Maximum Period.
pub const DEFAULT_PMAX: u16 = 3;
/// Disable.
pub const DISABLE: u16 = 4;
/// Disable Timeout.
pub const DISABLE_TIMEOUT: u16 = 5;
/// Notification Storing When Disabled or Offline.
pub const STORING: u16 = 6;
/// Binding.
pub const BINDING: u16 = 7;
/// Registration Update Trigger.
pub const UPDATE_TRIGGER: u16 = 8;

/// The resources of 1.0.
pub const RESOURCES: [Resource; 9] = [
    Resource::new(SHORT_SERVER_ID, DataType::Integer, READ, MANDATORY),
    Resource::new(LIFETIME, DataType::Integer, READ | WRITE, MANDATORY),
    Resource::new(DEFAULT_PMIN, DataType::Integer, READ | WRITE, 0),
    Resource::new(DEFAULT_PMAX, DataType::Integer, READ | WRITE, 0),
    Resource::new(DISABLE, DataType::None, EXECUTE, 0),
    Resource::new(DISABLE_TIMEOUT, DataType::Integer, READ | WRITE, 0),
    Resource::new(STORING, DataType::Boolean, READ | WRITE, MANDATORY),
    Resource::new(BINDING, DataType::String, READ | WRITE, MANDATORY),
    Resource::new(UPDATE_TRIGGER, DataType::None, EXECUTE, MANDATORY),
];

/// Disable Timeout where the resource is not instantiated, in seconds.
pub const DEFAULT_DISABLE_TIMEOUT: u32 = 86_400;

/// A transport binding and mode (TS 1.0 section 5.3.1.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Binding(u8);

/// All there are, and what they are made of.
const BINDINGS: [(&str, u8); 6] = [
    ("U", UDP),
    ("UQ", UDP | QUEUE),
    ("S", SMS),
    ("SQ", SMS | QUEUE),
    ("US", UDP | SMS),
    ("UQS", UDP | QUEUE | SMS),
];

const UDP: u8 = 1;
const QUEUE: u8 = 2;
const SMS: u8 = 4;

impl Binding {
    /// UDP.
    pub const U: Self = Self(UDP);

    /// The bindings of TS 1.0.
    pub fn parse(text: &str) -> Result<Self, Error> {
        let found = BINDINGS.iter().find(|(name, _)| *name == text);
        found.map(|(_, bits)| Self(*bits)).ok_or(Error::BadValue)
    }

    /// The least [`ServerRow::texts`] that it can be kept with.
    pub fn needs(self) -> u8 {
        match (self.texts(), self.only_texts()) {
            (false, _) => 0,
            (true, true) => 1,
            (true, false) => 2,
        }
    }

    /// The letters.
    pub fn as_str(&self) -> &'static str {
        BINDINGS.iter().find(|(_, bits)| *bits == self.0).map_or("U", |(name, _)| name)
    }

    /// The same without queue mode: a query of its own from 1.1 on.
    pub fn transports(self) -> &'static str {
        Self(self.0 & !QUEUE).as_str()
    }

    /// Whether queue mode is on (TS 1.0 section 8.3).
    pub fn queues(self) -> bool {
        self.0 & QUEUE != 0
    }

    /// Whether the server may send requests by SMS.
    pub fn texts(self) -> bool {
        self.0 & SMS != 0
    }

    /// Whether SMS is all there is.
    pub fn only_texts(self) -> bool {
        self.0 & UDP == 0
    }
}

/// One instance of the Server object.
pub struct ServerRow {
    used: Cell<bool>,
    /// Short Server ID, 1 to 65534.
    pub short_server_id: Cell<u16>,
    /// Lifetime in seconds.
    pub lifetime: Cell<u32>,
    /// Default Minimum Period in seconds, 0 where not instantiated.
    pub pmin: Cell<u32>,
    /// Default Maximum Period in seconds, 0 for none.
    pub pmax: Cell<u32>,
    /// Disable Timeout in seconds.
    pub disable_timeout: Cell<u32>,
    /// Notification Storing When Disabled or Offline.
    pub storing: Cell<bool>,
    /// Binding.
    pub binding: Cell<Binding>,
    /// What a server asked for: bits of [`action`].
    pub actions: Cell<u8>,
    /// Which bindings with SMS can be kept, by what the client does and the account says: 0 none, 1 SMS alone, 2 all.
    pub texts: Cell<u8>,
    /// Trigger, resource 21 of 1.1: the server may trigger by SMS whatever the binding is.
    pub trigger: Cell<bool>,
}

impl ServerRow {
    /// A row that no instance occupies; copied from, never used as it stands.
    #[allow(clippy::declare_interior_mutable_const)]
    pub const FREE: Self = Self {
        used: Cell::new(false),
        short_server_id: Cell::new(0),
        lifetime: Cell::new(86_400),
        pmin: Cell::new(0),
        pmax: Cell::new(0),
        disable_timeout: Cell::new(DEFAULT_DISABLE_TIMEOUT),
        storing: Cell::new(true),
        binding: Cell::new(Binding::U),
        actions: Cell::new(0),
        texts: Cell::new(0),
        trigger: Cell::new(false),
    };

    /// Notes what the client must do.
    fn ask(&self, action: u8) {
        self.actions.set(self.actions.get() | action);
    }
}

impl Row for ServerRow {
    fn used(&self) -> &Cell<bool> {
        &self.used
    }
}

/// The Server object over its rows; [`Instance::data`] is the row.
pub struct Server<'a> {
    /// The rows.
    pub rows: &'a [ServerRow],
    /// What [`ServerRow::texts`] is until the account is known.
    pub texts: Cell<u8>,
    /// Accounts are being made: whether they fit together is looked at when all is there.
    pub open: Cell<bool>,
}

impl Server<'_> {
    /// The row of an instance.
    pub fn row(&self, instance: &Instance) -> Option<&ServerRow> {
        self.rows.get(instance.data)
    }
}

/// Seconds, 0 to 2^32-1: no server needs more than 136 years.
fn period(value: Value<'_>) -> Result<u32, Error> {
    match value {
        Value::Integer(v) => u32::try_from(v).map_err(|_| Error::BadValue),
        _ => Err(Error::BadValue),
    }
}

impl Object for Server<'_> {
    fn id(&self) -> u16 {
        1
    }

    fn flags(&self) -> u8 {
        0
    }

    fn resource(&self, index: usize) -> Option<Resource> {
        RESOURCES.get(index).copied()
    }

    fn find(&self, id: u16) -> Option<usize> {
        // the resources are numbered as they stand
        (usize::from(id) < RESOURCES.len()).then_some(id.into())
    }

    fn read(&self, instance: &Instance, index: usize, out: &mut Output<'_, '_>) -> Result<(), Error> {
        let row = self.row(instance).ok_or(Error::NotFound)?;
        let number = match index as u16 {
            SHORT_SERVER_ID => row.short_server_id.get().into(),
            LIFETIME => row.lifetime.get(),
            DEFAULT_PMIN => row.pmin.get(),
            DEFAULT_PMAX => row.pmax.get(),
            DISABLE_TIMEOUT => row.disable_timeout.get(),
            STORING => return out.value(Value::Boolean(row.storing.get())),
            BINDING => return out.value(Value::String(row.binding.get().as_str())),
            _ => return Err(Error::NotAllowed),
        };
        out.value(Value::Integer(number.into()))
    }

    fn check(&self, instance: &Instance, index: usize, incoming: &Incoming<'_>) -> Result<(), Error> {
        match (index as u16, incoming.value) {
            (STORING, Value::Boolean(_)) => Ok(()),
            (BINDING, Value::String(text)) => {
                let known = self.row(instance).filter(|row| row.used.get() && !self.open.get());
                let texts = known.map_or(self.texts.get(), |row| row.texts.get());
                // a client cannot promise what it cannot keep
                if Binding::parse(text)?.needs() <= texts { Ok(()) } else { Err(Error::BadValue) }
            }
            (SHORT_SERVER_ID, value) => match period(value)? {
                1..=65534 => Ok(()),
                _ => Err(Error::BadValue),
            },
            (_, value) => period(value).map(|_| ()),
        }
    }

    fn write(&self, instance: &Instance, index: usize, incoming: &Incoming<'_>) -> Result<(), Error> {
        let row = self.row(instance).ok_or(Error::NotFound)?;
        let value = incoming.value;
        match index as u16 {
            SHORT_SERVER_ID => row.short_server_id.set(period(value)? as u16),
            LIFETIME => {
                row.lifetime.set(period(value)?);
                row.ask(action::LIFETIME);
            }
            DEFAULT_PMIN => {
                row.pmin.set(period(value)?);
                row.ask(action::PERIODS);
            }
            DEFAULT_PMAX => {
                row.pmax.set(period(value)?);
                row.ask(action::PERIODS);
            }
            DISABLE_TIMEOUT => row.disable_timeout.set(period(value)?),
            STORING => {
                let Value::Boolean(on) = value else { return Err(Error::BadValue) };
                row.storing.set(on);
            }
            BINDING => {
                let Value::String(text) = value else { return Err(Error::BadValue) };
                row.binding.set(Binding::parse(text)?);
                row.ask(action::BINDING);
            }
            _ => return Err(Error::NotAllowed),
        }
        Ok(())
    }

    fn removed(&self, instance: &Instance, index: usize) {
        let Some(row) = self.row(instance) else { return };
        match index as u16 {
            DEFAULT_PMIN => row.pmin.set(0),
            DEFAULT_PMAX => row.pmax.set(0),
            DISABLE_TIMEOUT => row.disable_timeout.set(DEFAULT_DISABLE_TIMEOUT),
            _ => {}
        }
        row.ask(action::PERIODS);
    }

    fn execute(&self, instance: &Instance, index: usize, _: &[u8]) -> Result<(), Error> {
        let row = self.row(instance).ok_or(Error::NotFound)?;
        let wanted = match index as u16 {
            DISABLE => action::DISABLE,
            UPDATE_TRIGGER => action::UPDATE,
            _ => return Err(Error::NotAllowed),
        };
        row.ask(wanted);
        Ok(())
    }

    fn create(&self, _: u16) -> Result<usize, Error> {
        let at = take_row(self.rows).ok_or(Error::Full)?;
        if let Some(row) = self.rows.get(at) {
            row.texts.set(self.texts.get());
        }
        Ok(at)
    }

    fn delete(&self, instance: &Instance) -> Result<(), Error> {
        let row = self.row(instance).ok_or(Error::NotFound)?;
        let free = ServerRow::FREE;
        row.used.set(false);
        row.lifetime.set(free.lifetime.get());
        row.pmin.set(0);
        row.pmax.set(0);
        row.disable_timeout.set(DEFAULT_DISABLE_TIMEOUT);
        row.storing.set(true);
        row.binding.set(Binding::U);
        row.actions.set(0);
        row.texts.set(0);
        row.trigger.set(false);
        Ok(())
    }
}
