//! What an object is: its resources, and what can be done to them (TS 1.0 section 6.1, Appendix D.1).

use crate::error::Error;
use crate::model::output::Output;
use crate::path::NONE;
use crate::value::{DataType, Value};
use core::cell::Cell;

/// The resource can be read and observed.
pub const READ: u8 = 1;
/// The resource can be written.
pub const WRITE: u8 = 2;
/// The resource can be executed.
pub const EXECUTE: u8 = 4;

/// The resource has resource instances.
pub const MULTIPLE: u8 = 1;
/// Every object instance has the resource: a Create must bring it, a Replace keeps it.
pub const MANDATORY: u8 = 2;
/// A written value may come in chunks, each handed over as it arrives (RFC 7959).
pub const STREAM: u8 = 4;
/// What was written cannot be read back, not even to undo a failed request.
pub const OPAQUE_STATE: u8 = 8;

/// The object has at most one instance, with ID 0.
pub const SINGLE: u8 = 1;
/// Servers may create and delete instances.
pub const CREATABLE: u8 = 2;
/// No server may see the object: 4.01 to all, and in no list (the Security object).
pub const HIDDEN: u8 = 4;
/// What servers write into the object is stored.
pub const KEPT: u8 = 8;

/// One resource of an object's definition.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Resource {
    /// Resource ID.
    pub id: u16,
    /// Its data type.
    pub data_type: DataType,
    /// [`READ`], [`WRITE`], [`EXECUTE`].
    pub operations: u8,
    /// [`MULTIPLE`], [`MANDATORY`], [`STREAM`], [`OPAQUE_STATE`].
    pub flags: u8,
}

impl Resource {
    /// A resource as tables of built-in objects write it.
    pub const fn new(id: u16, data_type: DataType, operations: u8, flags: u8) -> Self {
        Self { id, data_type, operations, flags }
    }

    /// Whether the operation is supported.
    pub const fn allows(self, operation: u8) -> bool {
        self.operations & operation != 0
    }

    /// Whether the flag is set.
    pub const fn is(self, flag: u8) -> bool {
        self.flags & flag != 0
    }
}

/// Beside the resources of an instance of the objects 0, 1 and 2: a smartcard brought it.
pub const FROM_CARD: u64 = 1 << 63;

/// One object instance that exists.
#[derive(Clone, Debug)]
pub struct Instance {
    /// Object ID.
    pub object: u16,
    /// Object Instance ID.
    pub id: u16,
    /// Which resources are instantiated: a bit for each, in the order of the definition.
    pub present: Cell<u64>,
    /// The owner's own word: an index or an address.
    pub data: usize,
}

impl Instance {
    /// An empty place in the table; copied from, never used as it stands.
    #[allow(clippy::declare_interior_mutable_const)]
    pub const FREE: Self = Self { object: NONE, id: NONE, present: Cell::new(0), data: 0 };

    /// Whether the resource at `index` is instantiated.
    pub fn has(&self, index: usize) -> bool {
        index < 64 && self.present.get() >> index & 1 != 0
    }

    /// Instantiates the resource at `index`, or removes it.
    pub fn set(&self, index: usize, present: bool) {
        if index < 64 {
            let bit = 1u64 << index;
            let bits = self.present.get();
            self.present.set(if present { bits | bit } else { bits & !bit });
        }
    }

    /// Whether a smartcard brought this instance of the objects 0, 1 or 2.
    pub fn is_from_card(&self) -> bool {
        self.present.get() & FROM_CARD != 0
    }

    /// Notes that a smartcard brought it.
    pub fn mark_from_card(&self) {
        self.present.set(self.present.get() | FROM_CARD);
    }
}

/// A value on its way to a resource.
#[derive(Clone, Copy, Debug)]
pub struct Incoming<'a> {
    /// Resource Instance ID, [`NONE`] for a single-instance resource.
    pub resource_instance: u16,
    /// The value, or this chunk of it.
    pub value: Value<'a>,
    /// Where this chunk begins; 0 for a value that comes whole.
    pub offset: usize,
    /// Whether this ends the value.
    pub last: bool,
}

/// An object: a table of resources, and how to reach their values.
///
/// Implementations keep their state in cells: the engine holds shared references only.
pub trait Object {
    /// Object ID.
    fn id(&self) -> u16;

    /// Object version as major and minor; (1, 0) where it is the initial one.
    fn version(&self) -> (u8, u8) {
        (1, 0)
    }

    /// [`SINGLE`], [`CREATABLE`], [`HIDDEN`].
    fn flags(&self) -> u8;

    /// The resource at `index`, in ascending order of ID; at most 64.
    fn resource(&self, index: usize) -> Option<Resource>;

    /// Where the resource `id` stands in the definition.
    fn find(&self, id: u16) -> Option<usize> {
        (0..64)
            .map_while(|index| self.resource(index).map(|r| (index, r)))
            .find(|(_, r)| r.id == id)
            .map(|(i, _)| i)
    }

    /// Puts the value of a resource into `out`; one value a resource instance where it has several.
    /// [`Error::NotFound`] where it has no value now.
    fn read(&self, instance: &Instance, index: usize, out: &mut Output<'_, '_>) -> Result<(), Error>;

    /// Takes a value. [`Error::Deferred`] where the answer comes later.
    fn write(&self, instance: &Instance, index: usize, incoming: &Incoming<'_>) -> Result<(), Error>;

    /// Whether a value would be taken, as far as that can be told without taking it.
    fn check(&self, instance: &Instance, index: usize, incoming: &Incoming<'_>) -> Result<(), Error> {
        let _ = (instance, index, incoming);
        Ok(())
    }

    /// Removes all resource instances of a multiple resource before it is replaced.
    fn clear(&self, instance: &Instance, index: usize) -> Result<(), Error> {
        let _ = (instance, index);
        Ok(())
    }

    /// An optional resource was removed: what it held must not come back when it is written again.
    fn removed(&self, instance: &Instance, index: usize) {
        if self.resource(index).is_some_and(|resource| resource.is(MULTIPLE)) {
            // gone it is in any case: its bit is unset
            let _ = self.clear(instance, index);
        }
    }

    /// Runs an executable resource. [`Error::Deferred`] where the answer comes later.
    fn execute(&self, instance: &Instance, index: usize, arguments: &[u8]) -> Result<(), Error> {
        let _ = (instance, index, arguments);
        Err(Error::NotAllowed)
    }

    /// Makes room for a new instance; gives the word for [`Instance::data`].
    fn create(&self, instance: u16) -> Result<usize, Error> {
        let _ = instance;
        Err(Error::NotAllowed)
    }

    /// Gives up an instance.
    fn delete(&self, instance: &Instance) -> Result<(), Error> {
        let _ = instance;
        Err(Error::NotAllowed)
    }
}
