//! Writing as a whole: every record is checked before the first is applied, and what was applied is undone when a
//! later one fails (TS 1.0 sections 5.4.3, 5.4.6 and 7.3.2.3).

use crate::error::Error;
use crate::format::{Cursor, Encoder, Format, Record, Window};
use crate::model::definition::{
    EXECUTE, Incoming, Instance, MANDATORY, MULTIPLE, OPAQUE_STATE, Object, Resource, SINGLE, WRITE,
};
use crate::model::probe::Snapshot;
use crate::model::read::{Reading, has_resource_instance};
use crate::model::registry::Model;
use crate::path::{NONE, Path};
use crate::value::Value;

/// How many object instances one Create may bring.
const CREATED: usize = 8;

/// Room for the values as they were before a write.
pub struct Undo<'u> {
    buffer: &'u mut [u8],
    used: usize,
    touched: u64,
}

impl<'u> Undo<'u> {
    /// An empty log in `buffer`.
    pub fn new(buffer: &'u mut [u8]) -> Self {
        Self { buffer, used: 0, touched: 0 }
    }
}

/// A payload to be written below `base`.
pub struct Change<'c> {
    /// How the payload is packed.
    pub format: &'c dyn Format,
    /// The place addressed: an object (Create), an instance, a resource or a resource instance.
    pub base: Path,
    /// The payload.
    pub payload: &'c [u8],
    /// PUT: what the payload does not name is removed where it is optional. Else only what it names changes.
    pub replace: bool,
}

/// A record's place in the definition, and its value when there is one.
struct Target<'r> {
    index: usize,
    resource: Resource,
    record: Record<'r>,
}

impl Change<'_> {
    /// Writes to the instance at `base`. Either all of it happens, and the resources touched are told as bits in
    /// the order of the definition, or nothing.
    pub fn write(&self, model: &Model<'_>, scratch: &mut [u8], undo: &mut Undo<'_>) -> Result<u64, Error> {
        let object = model.object(self.base.object).ok_or(Error::NotFound)?;
        let instance = model.instance(self.base.object, self.base.instance).ok_or(Error::NotFound)?;
        self.check(model, object, instance, scratch)?;
        let before = instance.present.get();
        match self.apply(model, object, instance, scratch, undo) {
            Ok(touched) => Ok(touched),
            Err(Error::Deferred) if self.base.depth() > 2 => Err(Error::Deferred),
            Err(error) => {
                undo.roll_back(object, instance, before);
                Err(if error == Error::Deferred { Error::Handler } else { error })
            }
        }
    }

    /// Creates the instances that the payload describes, or none; tells their IDs.
    #[inline(never)]
    pub fn create(&self, model: &mut Model<'_>, scratch: &mut [u8]) -> Result<Created, Error> {
        let object = model.object(self.base.object).ok_or(Error::NotFound)?;
        let mut created = Created { ids: [NONE; CREATED], count: 0, chosen: false };
        self.check_create(model, object, scratch, &mut created)?;
        for at in 0..created.count {
            let id = created.ids.get(at).copied().unwrap_or(NONE);
            if let Err(error) = self.create_one(model, object, id, created.chosen, scratch) {
                for id in created.ids.iter().take(at) {
                    give_up(model, object, *id);
                }
                // a creation is done or undone: nobody can finish it later
                return Err(if error == Error::Deferred { Error::Handler } else { error });
            }
        }
        Ok(created)
    }

    fn create_one(
        &self,
        model: &mut Model<'_>,
        object: &dyn Object,
        id: u16,
        chosen: bool,
        scratch: &mut [u8],
    ) -> Result<(), Error> {
        let data = object.create(id)?;
        let outcome = model.add_instance(object.id(), id, initially_present(object), data).and_then(|()| {
            let instance = model.instance(object.id(), id).ok_or(Error::NotFound)?;
            let mine = if chosen { NONE } else { id };
            self.each(object, &mut |target| {
                if target.record.path.instance == mine {
                    self.put(object, instance, &target, scratch)?;
                }
                Ok(())
            })
        });
        if outcome.is_err() {
            if model.instance(object.id(), id).is_some() {
                give_up(model, object, id);
            } else {
                let place = Instance { object: object.id(), id, data, ..Instance::FREE };
                // nothing can be done about a table that refuses to free its place
                let _ = object.delete(&place);
            }
        }
        outcome
    }

    /// Checks every record against the definition without touching anything.
    fn check(
        &self,
        model: &Model<'_>,
        object: &dyn Object,
        instance: &Instance,
        scratch: &mut [u8],
    ) -> Result<(), Error> {
        let depth = self.base.depth();
        let mut values = 0u32;
        if depth > 2 {
            let index = object.find(self.base.resource).ok_or(Error::NotFound)?;
            let resource = object.resource(index).ok_or(Error::NotFound)?;
            if !resource.allows(WRITE) || (depth == 4 && !resource.is(MULTIPLE)) {
                return Err(Error::NotAllowed);
            }
            if depth == 4
                && !has_resource_instance(model, object, instance, index, self.base.resource_instance)
            {
                return Err(Error::NotFound);
            }
            if !self.format.structured() && resource.is(MULTIPLE) && depth == 3 {
                return Err(Error::BadValue);
            }
        }
        self.each(object, &mut |target| {
            if !target.resource.allows(WRITE) {
                return Err(Error::NotAllowed);
            }
            values = values.wrapping_add(1);
            self.check_value(model, object, instance, &target, scratch)
        })?;
        if values == 0 && (depth > 2 || !self.replace) { Err(Error::BadValue) } else { Ok(()) }
    }

    fn check_value(
        &self,
        model: &Model<'_>,
        object: &dyn Object,
        instance: &Instance,
        target: &Target<'_>,
        scratch: &mut [u8],
    ) -> Result<(), Error> {
        let Some(raw) = target.record.raw else { return Ok(()) };
        let value = self.format.decode(raw, target.resource.data_type, scratch)?;
        if let Value::Objlnk(linked, at) = value {
            let known =
                model.object(linked).is_some() && (at == NONE || model.instance(linked, at).is_some());
            if !known && (linked, at) != (NONE, NONE) {
                return Err(Error::BadValue);
            }
        }
        let resource_instance = target.record.path.resource_instance;
        object.check(instance, target.index, &Incoming { resource_instance, value, offset: 0, last: true })
    }

    fn check_create(
        &self,
        model: &Model<'_>,
        object: &dyn Object,
        scratch: &mut [u8],
        created: &mut Created,
    ) -> Result<(), Error> {
        let single = object.flags() & SINGLE != 0;
        let nobody = Instance::FREE;
        let mut seen = 0u64;
        let needed = mandatory(object);
        let mut cursor = Cursor::new(self.payload, self.base);
        let mut current = None;
        while let Some(record) = self.format.next(&mut cursor)? {
            if current != Some(record.path.instance) {
                if current.is_some() && seen & needed != needed {
                    return Err(Error::BadValue);
                }
                current = Some(record.path.instance);
                seen = 0;
                created.add(record.path.instance)?;
            }
            let Some(target) = self.target(object, record)? else { continue };
            if target.resource.allows(WRITE) {
                seen |= 1u64.wrapping_shl(target.index as u32);
                self.check_value(model, object, &nobody, &target, scratch)?;
            }
        }
        if seen & needed != needed {
            return Err(Error::BadValue);
        }
        created.settle(model, object.id(), single)
    }

    fn apply(
        &self,
        model: &Model<'_>,
        object: &dyn Object,
        instance: &Instance,
        scratch: &mut [u8],
        undo: &mut Undo<'_>,
    ) -> Result<u64, Error> {
        let mut touched = 0u64;
        // what cannot be put back goes last, so that its failure can still undo the rest
        for last in [false, true] {
            self.each(object, &mut |target| {
                if target.resource.is(OPAQUE_STATE) != last {
                    return Ok(());
                }
                let bit = 1u64.wrapping_shl(target.index as u32);
                if touched & bit == 0 {
                    // a single value that is refused has not been written
                    if self.base.depth() == 2 || target.resource.is(MULTIPLE) {
                        undo.keep(model, object, instance, &target)?;
                    }
                    touched |= bit;
                    // what a Replace removed may still lie in the application's list
                    let fresh = !instance.has(target.index) || (self.replace && self.base.depth() < 4);
                    if target.resource.is(MULTIPLE) && fresh {
                        object.clear(instance, target.index)?;
                    }
                }
                self.put(object, instance, &target, scratch)
            })?;
        }
        if self.replace && self.base.depth() == 2 {
            touched |= remove_unnamed(object, instance, touched);
        }
        Ok(touched)
    }

    fn put(
        &self,
        object: &dyn Object,
        instance: &Instance,
        target: &Target<'_>,
        scratch: &mut [u8],
    ) -> Result<(), Error> {
        // only a Create meets these here: the client owns them
        if !target.resource.allows(WRITE) {
            return Ok(());
        }
        if let Some(raw) = target.record.raw {
            let value = self.format.decode(raw, target.resource.data_type, scratch)?;
            let resource_instance = target.record.path.resource_instance;
            object.write(
                instance,
                target.index,
                &Incoming { resource_instance, value, offset: 0, last: true },
            )?;
        }
        instance.set(target.index, true);
        Ok(())
    }

    /// Runs over the records that concern resources of the definition.
    fn each(
        &self,
        object: &dyn Object,
        take: &mut dyn FnMut(Target<'_>) -> Result<(), Error>,
    ) -> Result<(), Error> {
        let mut cursor = Cursor::new(self.payload, self.base);
        while let Some(record) = self.format.next(&mut cursor)? {
            if let Some(target) = self.target(object, record)? {
                take(target)?;
            }
        }
        Ok(())
    }

    /// Finds a record's resource. Optional resources that the client does not know are passed over.
    fn target<'r>(&self, object: &dyn Object, record: Record<'r>) -> Result<Option<Target<'r>>, Error> {
        let path = record.path;
        if path.resource == NONE {
            return Ok(None);
        }
        let found = object.find(path.resource).and_then(|index| object.resource(index).map(|r| (index, r)));
        let Some((index, resource)) = found else {
            return if self.base.depth() > 2 { Err(Error::NotFound) } else { Ok(None) };
        };
        let many = record.raw.is_none() || path.resource_instance != NONE;
        if many != resource.is(MULTIPLE) && resource.allows(WRITE) {
            return Err(Error::BadValue);
        }
        Ok(Some(Target { index, resource, record }))
    }
}

/// The instances of a Create.
#[derive(Clone, Copy, Debug)]
pub struct Created {
    ids: [u16; CREATED],
    count: usize,
    /// Whether the client chose the ID, and so must tell it (Location-Path).
    pub chosen: bool,
}

impl Created {
    /// The IDs created.
    pub fn ids(&self) -> &[u16] {
        self.ids.get(..self.count).unwrap_or(&[])
    }

    fn add(&mut self, id: u16) -> Result<(), Error> {
        if self.ids().contains(&id) {
            return Err(Error::BadValue);
        }
        *self.ids.get_mut(self.count).ok_or(Error::TooLarge)? = id;
        self.count = self.count.wrapping_add(1);
        Ok(())
    }

    /// Chooses the ID where the payload leaves it open; refuses IDs in use.
    fn settle(&mut self, model: &Model<'_>, object: u16, single: bool) -> Result<(), Error> {
        if self.count == 0 {
            self.add(NONE)?;
        }
        if self.ids().contains(&NONE) {
            if self.count != 1 {
                return Err(Error::BadValue);
            }
            let id = model.free_id(object).ok_or(Error::Full)?;
            if let Some(first) = self.ids.first_mut() {
                *first = id;
            }
            self.chosen = true;
        }
        for id in self.ids() {
            if single && model.instances_of(object).next().is_some() {
                return Err(Error::NotAllowed);
            }
            if model.instance(object, *id).is_some() || (single && *id != 0) {
                return Err(Error::Exists);
            }
        }
        Ok(())
    }
}

impl Undo<'_> {
    /// Logs a resource's values as they are. What is not instantiated needs no log.
    fn keep(
        &mut self,
        model: &Model<'_>,
        object: &dyn Object,
        instance: &Instance,
        target: &Target<'_>,
    ) -> Result<(), Error> {
        self.touched |= 1u64.wrapping_shl(target.index as u32);
        if !instance.has(target.index) || target.resource.is(OPAQUE_STATE) {
            return Ok(());
        }
        let room = self.buffer.get_mut(self.used..).unwrap_or(&mut []);
        let (head, body) = room.split_first_chunk_mut::<4>().ok_or(Error::Full)?;
        let mut out = Encoder::new(Window::new(body, 0), Path::ROOT, false);
        let reading = Reading { model, format: &Snapshot, may: &|_| true };
        match reading.resource(object, instance, (target.index, target.resource), NONE, &mut out) {
            Ok(_) | Err(Error::NotFound) => {}
            // an old value that comes later cannot be kept
            Err(Error::Deferred) => return Err(Error::Handler),
            Err(error) => return Err(error),
        }
        if out.window.overflowed() {
            return Err(Error::Full);
        }
        let length = out.window.total();
        *head = ((target.index as u32) << 24 | length as u32 & 0x00ff_ffff).to_ne_bytes();
        self.used = self.used.wrapping_add(length).wrapping_add(4);
        Ok(())
    }

    /// Puts everything back. A handler that refuses its own old value leaves nothing better to do.
    fn roll_back(&self, object: &dyn Object, instance: &Instance, before: u64) {
        let mut rest = self.buffer.get(..self.used).unwrap_or(&[]);
        instance.present.set(before);
        for index in 0..64 {
            if self.touched >> index & 1 != 0 && object.resource(index).is_some_and(|r| r.is(MULTIPLE)) {
                let _ = object.clear(instance, index);
            }
        }
        while let Some((head, body)) = rest.split_first_chunk::<4>() {
            let head = u32::from_ne_bytes(*head);
            let (index, length) = ((head >> 24) as usize, (head & 0x00ff_ffff) as usize);
            let Some((values, next)) = body.split_at_checked(length) else { return };
            rest = next;
            let Some(resource) = object.resource(index) else { continue };
            let mut cursor = Cursor::new(values, Path::ROOT);
            while let Ok(Some(record)) = Snapshot.next(&mut cursor) {
                let Some(raw) = record.raw else { continue };
                let Ok(value) = Snapshot.decode(raw, resource.data_type, &mut []) else { continue };
                let resource_instance = record.path.resource_instance;
                let incoming = Incoming { resource_instance, value, offset: 0, last: true };
                let _ = object.write(instance, index, &incoming);
            }
        }
    }
}

/// Removes optional resources that a Replace did not name; tells which.
#[inline(always)]
pub(crate) fn remove_unnamed(object: &dyn Object, instance: &Instance, named: u64) -> u64 {
    let mut removed = 0;
    let mut index = 0;
    while let Some(resource) = object.resource(index) {
        let bit = 1u64.wrapping_shl(index as u32);
        if resource.allows(WRITE) && !resource.is(MANDATORY) && named & bit == 0 && instance.has(index) {
            instance.set(index, false);
            object.removed(instance, index);
            removed |= bit;
        }
        index = index.wrapping_add(1);
    }
    removed
}

/// The resources that a Create must bring: mandatory and writable.
fn mandatory(object: &dyn Object) -> u64 {
    select(object, |resource| resource.is(MANDATORY) && resource.allows(WRITE))
}

/// The resources that exist before anything is written: the client's own and the executable ones.
pub(crate) fn initially_present(object: &dyn Object) -> u64 {
    select(object, |resource| !resource.allows(WRITE) || resource.allows(EXECUTE))
}

/// Bits of the resources for which `wanted` holds.
pub(crate) fn select(object: &dyn Object, wanted: impl Fn(Resource) -> bool) -> u64 {
    let mut bits = 0;
    let mut index = 0;
    while let Some(resource) = object.resource(index) {
        if wanted(resource) {
            bits |= 1u64.wrapping_shl(index as u32);
        }
        index = index.wrapping_add(1);
    }
    bits
}

/// Deletes an instance that a failed Create left.
pub(crate) fn give_up(model: &mut Model<'_>, object: &dyn Object, id: u16) {
    if let Some(instance) = model.instance(object.id(), id) {
        let _ = object.delete(instance);
    }
    let _ = model.remove_instance(object.id(), id);
}
