//! Server with what 1.1 adds for bootstrap and ordered registration: the trigger, and resources 13 to 20; and resource 21 for
//! triggers by SMS.
//!
//! It lies over the rows of [`Server`], which is what a client without bootstrap has, with a row of its own beside each.

use crate::error::Error;
use crate::model::definition::{EXECUTE, Incoming, Instance, Object, READ, Resource, WRITE};
use crate::model::output::Output;
use crate::objects::server::{RESOURCES, Server};
use crate::value::{DataType, Value};
use core::cell::Cell;

const TRIGGER: usize = RESOURCES.len();
/// Registration Priority Order.
pub const PRIORITY: usize = TRIGGER + 1;
const INITIAL_DELAY: usize = TRIGGER + 2;
const BLOCK: usize = TRIGGER + 3;
const BOOTSTRAP: usize = TRIGGER + 4;
const RETRY_COUNT: usize = TRIGGER + 5;
/// Communication Retry Timer.
pub const RETRY_TIMER: usize = TRIGGER + 6;
const SEQUENCE_DELAY: usize = TRIGGER + 7;
/// Trigger: of the row of 1.0, because a client without bootstrap has it too, though no server sees it there.
const SMS_TRIGGER: usize = TRIGGER + 9;

/// In the order of their IDs, behind those of 1.0.
const MORE: [Resource; 10] = [
    Resource::new(9, DataType::None, EXECUTE, 0),
    Resource::new(13, DataType::Unsigned, READ, 0),
    Resource::new(14, DataType::Unsigned, READ | WRITE, 0),
    Resource::new(15, DataType::Boolean, READ, 0),
    Resource::new(16, DataType::Boolean, READ, 0),
    Resource::new(17, DataType::Unsigned, READ | WRITE, 0),
    Resource::new(18, DataType::Unsigned, READ | WRITE, 0),
    Resource::new(19, DataType::Unsigned, READ | WRITE, 0),
    Resource::new(20, DataType::Unsigned, READ | WRITE, 0),
    Resource::new(21, DataType::Boolean, READ | WRITE, 0),
];

/// Where a server stands in the order of registrations.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Turn {
    /// Its time has not come.
    Queued,
    /// It is being tried.
    Trying,
    /// It is registered, or was since the order began.
    Done,
    /// All its attempts failed.
    GivenUp,
}

/// What 1.1 adds to an instance, and where its registration stands.
pub struct ServerExtra {
    /// Registration Priority Order.
    pub priority: Cell<u32>,
    /// Initial Registration Delay Timer in seconds.
    pub initial_delay: Cell<u32>,
    /// Registration Failure Block.
    pub block: Cell<bool>,
    /// Bootstrap on Registration Failure.
    pub bootstrap: Cell<bool>,
    /// Communication Retry Count.
    pub retry_count: Cell<u32>,
    /// Communication Retry Timer in seconds.
    pub retry_timer: Cell<u32>,
    /// Communication Sequence Delay Timer in seconds.
    pub sequence_delay: Cell<u32>,
    /// Communication Sequence Retry Count.
    pub sequence_count: Cell<u32>,
    /// Bootstrap-Request Trigger was executed.
    pub trigger: Cell<bool>,
    /// Where it stands in the order.
    pub turn: Cell<Turn>,
    /// How many sequences of attempts failed.
    pub sequences: Cell<u32>,
    /// How many seconds it waits when its turn comes.
    pub pending_delay: Cell<u32>,
    /// Of the account in the place of the same number: where it stood before a bootstrap.
    pub before: Cell<Turn>,
    /// Of the account in the place of the same number: what it was secured with before a bootstrap, as a checksum.
    pub seal: Cell<u32>,
}

impl ServerExtra {
    /// Nothing said: the defaults of 1.1.
    #[allow(clippy::declare_interior_mutable_const)]
    pub const FREE: Self = Self {
        priority: Cell::new(u32::MAX),
        initial_delay: Cell::new(0),
        block: Cell::new(false),
        bootstrap: Cell::new(true),
        retry_count: Cell::new(5),
        retry_timer: Cell::new(60),
        sequence_delay: Cell::new(86_400),
        sequence_count: Cell::new(1),
        trigger: Cell::new(false),
        turn: Cell::new(Turn::Trying),
        sequences: Cell::new(0),
        pending_delay: Cell::new(0),
        before: Cell::new(Turn::Trying),
        seal: Cell::new(0),
    };

    /// A resource as it is when nobody wrote it.
    fn reset(&self, index: usize) {
        let free = Self::FREE;
        match (self.number(index), free.number(index)) {
            (Some(number), Some(default)) => number.set(default.get()),
            _ => self.flag(index).set(free.flag(index).get()),
        }
    }

    fn number(&self, index: usize) -> Option<&Cell<u32>> {
        Some(match index {
            PRIORITY => &self.priority,
            INITIAL_DELAY => &self.initial_delay,
            RETRY_COUNT => &self.retry_count,
            RETRY_TIMER => &self.retry_timer,
            SEQUENCE_DELAY => &self.sequence_delay,
            BLOCK | BOOTSTRAP | SMS_TRIGGER => return None,
            _ => &self.sequence_count,
        })
    }

    fn flag(&self, index: usize) -> &Cell<bool> {
        if index == BLOCK { &self.block } else { &self.bootstrap }
    }
}

/// The Server object with what 1.1 adds.
pub struct OrderedServer<'a> {
    /// The object of 1.0.
    pub server: &'a Server<'a>,
    /// A row for each of its rows.
    pub extras: &'a [ServerExtra],
    /// Whether 1.1 may be spoken: to a client of 1.0 the resources are unknown.
    pub newer: bool,
}

impl OrderedServer<'_> {
    /// Trigger, of the row of 1.0.
    fn sms_trigger(&self, instance: &Instance) -> Result<&Cell<bool>, Error> {
        self.server.row(instance).map(|row| &row.trigger).ok_or(Error::NotFound)
    }

    /// What belongs to an instance.
    pub fn extra(&self, instance: &Instance) -> Result<&ServerExtra, Error> {
        self.extras.get(instance.data).ok_or(Error::NotFound)
    }
}

impl Object for OrderedServer<'_> {
    fn id(&self) -> u16 {
        1
    }

    fn flags(&self) -> u8 {
        self.server.flags()
    }

    fn resource(&self, index: usize) -> Option<Resource> {
        let more = || MORE.get(index.wrapping_sub(TRIGGER)).filter(|_| self.newer).copied();
        self.server.resource(index).or_else(more)
    }

    fn read(&self, instance: &Instance, index: usize, out: &mut Output<'_, '_>) -> Result<(), Error> {
        if index <= TRIGGER {
            return self.server.read(instance, index, out);
        }
        if index == SMS_TRIGGER {
            return out.value(Value::Boolean(self.sms_trigger(instance)?.get()));
        }
        let extra = self.extra(instance)?;
        match extra.number(index) {
            Some(number) => out.value(Value::Unsigned(number.get().into())),
            None => out.value(Value::Boolean(extra.flag(index).get())),
        }
    }

    fn check(&self, instance: &Instance, index: usize, incoming: &Incoming<'_>) -> Result<(), Error> {
        if index < TRIGGER {
            return self.server.check(instance, index, incoming);
        }
        match (index, incoming.value) {
            (BLOCK | BOOTSTRAP | SMS_TRIGGER, Value::Boolean(_)) => Ok(()),
            (BLOCK | BOOTSTRAP | TRIGGER | SMS_TRIGGER, _) => Err(Error::BadValue),
            // any time that is longer is never
            (_, Value::Unsigned(_)) => Ok(()),
            _ => Err(Error::BadValue),
        }
    }

    fn write(&self, instance: &Instance, index: usize, incoming: &Incoming<'_>) -> Result<(), Error> {
        if index < TRIGGER {
            return self.server.write(instance, index, incoming);
        }
        if let (SMS_TRIGGER, Value::Boolean(yes)) = (index, incoming.value) {
            self.sms_trigger(instance)?.set(yes);
            return Ok(());
        }
        let extra = self.extra(instance)?;
        match (extra.number(index), incoming.value) {
            (Some(number), Value::Unsigned(value)) => {
                number.set(u32::try_from(value).unwrap_or(u32::MAX));
            }
            (None, Value::Boolean(yes)) => extra.flag(index).set(yes),
            _ => return Err(Error::BadValue),
        }
        Ok(())
    }

    fn removed(&self, instance: &Instance, index: usize) {
        if let (SMS_TRIGGER, Ok(trigger)) = (index, self.sms_trigger(instance)) {
            return trigger.set(false);
        }
        match self.extra(instance) {
            Ok(extra) if index > TRIGGER => extra.reset(index),
            _ => self.server.removed(instance, index),
        }
    }

    fn execute(&self, instance: &Instance, index: usize, arguments: &[u8]) -> Result<(), Error> {
        if index != TRIGGER {
            return self.server.execute(instance, index, arguments);
        }
        self.extra(instance)?.trigger.set(true);
        Ok(())
    }

    fn create(&self, id: u16) -> Result<usize, Error> {
        self.server.create(id)
    }

    fn delete(&self, instance: &Instance) -> Result<(), Error> {
        let extra = self.extra(instance)?;
        for index in PRIORITY..SMS_TRIGGER {
            extra.reset(index);
        }
        extra.trigger.set(false);
        extra.turn.set(Turn::Trying);
        extra.sequences.set(0);
        extra.pending_delay.set(0);
        self.server.delete(instance)
    }
}
