//! Access Control, object 2 (TS 1.0 section 7.3 and Appendix E.3): which server may do what to which instance.

use crate::error::Error;
use crate::model::definition::{Incoming, Instance, MANDATORY, MULTIPLE, Object, READ, Resource, WRITE};
use crate::model::output::Output;
use crate::model::{Model, rights};
use crate::objects::{Row, take_row};
use crate::path::NONE;
use crate::value::{DataType, Value};
use core::cell::Cell;

/// How many servers one instance can name.
pub const ACL_ENTRIES: usize = 8;

/// Access Control Owner of what only a bootstrap may change.
pub const OWNER_BOOTSTRAP: u16 = NONE;

const OBJECT_ID: u16 = 0;
const INSTANCE_ID: u16 = 1;
const ACL: u16 = 2;
const OWNER: u16 = 3;

const RESOURCES: [Resource; 4] = [
    Resource::new(OBJECT_ID, DataType::Integer, READ, MANDATORY),
    Resource::new(INSTANCE_ID, DataType::Integer, READ, MANDATORY),
    Resource::new(ACL, DataType::Integer, READ | WRITE, MULTIPLE),
    Resource::new(OWNER, DataType::Integer, READ | WRITE, MANDATORY),
];

/// Who may do what, as the client asks it. Named by the configuration; without it every server may do everything.
pub trait Access {
    /// The rights of a server on an object instance; on the object itself where `instance` is [`NONE`].
    fn rights(&self, model: &Model<'_>, short_server_id: u16, object: u16, instance: u16) -> u8;

    /// A server created an instance: it becomes its owner, with all rights (TS 1.0 section 5.4.6).
    fn created(
        &self,
        model: &mut Model<'_>,
        short_server_id: u16,
        object: u16,
        instance: u16,
    ) -> Result<(), Error>;

    /// An instance is gone, and with it its access control instance (TS 1.0 section 7.3.1.2.2).
    fn deleted(&self, model: &mut Model<'_>, object: u16, instance: u16);

    /// What an instance of the object says, for a bootstrap.
    fn entry(&self, instance: &Instance) -> Option<AclEntry>;

    /// Has it say something else.
    fn amend(&self, instance: &Instance, entry: &AclEntry);
}

/// What one instance of the Access Control object says.
#[derive(Clone, Copy, Debug)]
pub struct AclEntry {
    /// Object ID.
    pub object: u16,
    /// Object Instance ID; [`NONE`] for the right to create.
    pub instance: u16,
    /// Access Control Owner.
    pub owner: u16,
    /// Short Server ID and rights; [`NONE`] marks a free place.
    pub rights: [(u16, u8); ACL_ENTRIES],
}

/// One instance of the Access Control object.
pub struct AclRow {
    used: Cell<bool>,
    object: Cell<u16>,
    instance: Cell<u16>,
    owner: Cell<u16>,
    /// Short Server ID and rights; [`NONE`] marks a free place.
    entries: Cell<[(u16, u8); ACL_ENTRIES]>,
}

const NO_ENTRIES: [(u16, u8); ACL_ENTRIES] = [(NONE, 0); ACL_ENTRIES];

impl AclRow {
    /// A row that no instance occupies; copied from, never used as it stands.
    #[allow(clippy::declare_interior_mutable_const)]
    pub const FREE: Self = Self {
        used: Cell::new(false),
        object: Cell::new(0),
        instance: Cell::new(0),
        owner: Cell::new(OWNER_BOOTSTRAP),
        entries: Cell::new(NO_ENTRIES),
    };

    fn entry(&self, short_server_id: u16) -> Option<u8> {
        self.entries.get().iter().find(|entry| entry.0 == short_server_id).map(|entry| entry.1)
    }

    fn grant(&self, short_server_id: u16, rights: u8) -> Result<(), Error> {
        let mut entries = self.entries.get();
        let at = entries
            .iter()
            .position(|entry| entry.0 == short_server_id)
            .or_else(|| entries.iter().position(|entry| entry.0 == NONE))
            .ok_or(Error::Full)?;
        *entries.get_mut(at).ok_or(Error::Full)? = (short_server_id, rights);
        self.entries.set(entries);
        Ok(())
    }
}

impl Row for AclRow {
    fn used(&self) -> &Cell<bool> {
        &self.used
    }
}

/// The Access Control object over its rows; [`Instance::data`] is the row.
pub struct AccessControl<'a> {
    /// The rows.
    pub rows: &'a [AclRow],
}

impl AccessControl<'_> {
    fn row(&self, instance: &Instance) -> Result<&AclRow, Error> {
        self.rows.get(instance.data).ok_or(Error::NotFound)
    }

    fn about(&self, object: u16, instance: u16) -> Option<&AclRow> {
        self.rows
            .iter()
            .find(|row| row.used.get() && row.object.get() == object && row.instance.get() == instance)
    }

    /// Adds an instance with these entries, as a factory or a bootstrap does. `instance` is [`NONE`] for the right
    /// to create. [`Error::Exists`] where the place has one already.
    pub fn add(
        &self,
        model: &mut Model<'_>,
        (object, instance): (u16, u16),
        owner: u16,
        entries: &[(u16, u8)],
    ) -> Result<(), Error> {
        if self.about(object, instance).is_some() {
            return Err(Error::Exists);
        }
        let id = model.free_id(2).ok_or(Error::Full)?;
        let at = take_row(self.rows).ok_or(Error::Full)?;
        let row = self.rows.get(at).ok_or(Error::Full)?;
        row.object.set(object);
        row.instance.set(instance);
        row.owner.set(owner);
        let added = entries
            .iter()
            .try_for_each(|(short_server_id, rights)| row.grant(*short_server_id, *rights))
            .and_then(|()| model.add_instance(2, id, 0b1111, at));
        if added.is_err() {
            self.free(row);
        }
        added
    }

    fn free(&self, row: &AclRow) {
        row.used.set(false);
        row.owner.set(OWNER_BOOTSTRAP);
        row.entries.set(NO_ENTRIES);
    }
}

impl Access for AccessControl<'_> {
    fn rights(&self, model: &Model<'_>, short_server_id: u16, object: u16, instance: u16) -> u8 {
        // an access control instance is managed by its owner alone; others may look
        if object == 2 {
            let row = model.instance(2, instance).and_then(|instance| self.row(instance).ok());
            return match row {
                Some(row) if row.owner.get() == short_server_id => rights::READ | rights::WRITE,
                Some(_) => rights::READ,
                None => 0,
            };
        }
        let Some(row) = self.about(object, instance) else { return 0 };
        let own = row.entry(short_server_id);
        if instance == NONE {
            return own.unwrap_or(0) & rights::CREATE;
        }
        // a right to create means nothing on an instance
        let all = rights::ALL & !rights::CREATE;
        match own {
            Some(granted) => granted & all,
            None if row.owner.get() == short_server_id => all,
            None => row.entry(0).unwrap_or(0) & all,
        }
    }

    fn created(
        &self,
        model: &mut Model<'_>,
        short_server_id: u16,
        object: u16,
        instance: u16,
    ) -> Result<(), Error> {
        let everything = rights::ALL & !rights::CREATE;
        self.add(model, (object, instance), short_server_id, &[(short_server_id, everything)])
    }

    fn deleted(&self, model: &mut Model<'_>, object: u16, instance: u16) {
        let Some(at) = self
            .rows
            .iter()
            .position(|row| row.used.get() && row.object.get() == object && row.instance.get() == instance)
        else {
            return;
        };
        let id = model.instances_of(2).find(|place| place.data == at).map(|place| place.id);
        if let (Some(id), Some(row)) = (id, self.rows.get(at)) {
            // the instance was just found, so it can be removed
            let _ = model.remove_instance(2, id);
            self.free(row);
        }
    }

    fn entry(&self, instance: &Instance) -> Option<AclEntry> {
        let row = self.rows.get(instance.data)?;
        Some(AclEntry {
            object: row.object.get(),
            instance: row.instance.get(),
            owner: row.owner.get(),
            rights: row.entries.get(),
        })
    }

    fn amend(&self, instance: &Instance, entry: &AclEntry) {
        if let Some(row) = self.rows.get(instance.data) {
            row.object.set(entry.object);
            row.instance.set(entry.instance);
            row.owner.set(entry.owner);
            row.entries.set(entry.rights);
        }
    }
}

impl Object for AccessControl<'_> {
    fn id(&self) -> u16 {
        2
    }

    fn flags(&self) -> u8 {
        0
    }

    fn resource(&self, index: usize) -> Option<Resource> {
        RESOURCES.get(index).copied()
    }

    fn read(&self, instance: &Instance, index: usize, out: &mut Output<'_, '_>) -> Result<(), Error> {
        let row = self.row(instance)?;
        match index as u16 {
            OBJECT_ID => out.value(Value::Integer(row.object.get().into())),
            INSTANCE_ID => out.value(Value::Integer(row.instance.get().into())),
            ACL => {
                for (short_server_id, rights) in row.entries.get() {
                    if short_server_id != NONE {
                        out.resource_instance(short_server_id);
                        out.value(Value::Integer(rights.into()))?;
                    }
                }
                Ok(())
            }
            _ => out.value(Value::Integer(row.owner.get().into())),
        }
    }

    fn check(&self, _: &Instance, index: usize, incoming: &Incoming<'_>) -> Result<(), Error> {
        let Value::Integer(number) = incoming.value else { return Err(Error::BadValue) };
        let limit = if index as u16 == ACL { rights::ALL.into() } else { 65535 };
        let named = index as u16 != ACL || incoming.resource_instance != NONE;
        if (0..=limit).contains(&number) && named { Ok(()) } else { Err(Error::BadValue) }
    }

    fn write(&self, instance: &Instance, index: usize, incoming: &Incoming<'_>) -> Result<(), Error> {
        let row = self.row(instance)?;
        let Value::Integer(number) = incoming.value else { return Err(Error::BadValue) };
        match index as u16 {
            OBJECT_ID => row.object.set(number as u16),
            INSTANCE_ID => row.instance.set(number as u16),
            ACL => row.grant(incoming.resource_instance, number as u8)?,
            _ => row.owner.set(number as u16),
        }
        Ok(())
    }

    fn clear(&self, instance: &Instance, index: usize) -> Result<(), Error> {
        if index as u16 == ACL {
            self.row(instance)?.entries.set(NO_ENTRIES);
        }
        Ok(())
    }

    fn create(&self, _: u16) -> Result<usize, Error> {
        take_row(self.rows).ok_or(Error::Full)
    }

    fn delete(&self, instance: &Instance) -> Result<(), Error> {
        self.free(self.row(instance)?);
        Ok(())
    }
}
